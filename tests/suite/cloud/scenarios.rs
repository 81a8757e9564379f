//! Where credentials come from: each folder of `tests/data/credentials` is a case. What stands in the environment and in
//! files, what is asked for and what is answered, and what comes of it.
//!
//! `credentials.yml` is what the configuration says (left out: the default), `environment` has the variables, `traffic` the
//! requests (`>`) and their answers (`<`), `outcome` says `ok`, or `failure` with its reason and what it `says`. `{folder}`
//! and `{stub}` are the folder and the server, at which everything is. The last request of a good case is the one that the
//! credential was needed for.

use super::rig::{NOW, Rig, ask};
use super::stub::{Act, Received, Stub, answer};
use hss_exporter::config::{self, Account, Credentials, Endpoint, PlainHttp};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const CASES: &str = "tests/data/credentials";

/// A request that is expected, and what is done to it.
#[derive(Debug, Default)]
struct Exchange {
    /// Method and target.
    request: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    status: String,
    answer_headers: Vec<(String, String)>,
    answer: String,
}

/// A case, its placeholders filled in.
struct Case {
    name: String,
    files: BTreeMap<String, String>,
}

impl Case {
    fn read(path: &Path, folder: &Path, stub: &str) -> Self {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let text = text.replace("{folder}", &folder.display().to_string()).replace("{stub}", stub);
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            fs::write(folder.join(&file), &text).unwrap();
            files.insert(file, text);
        }
        Self { name, files }
    }

    fn file(&self, name: &str) -> &str {
        self.files.get(name).map(String::as_str).unwrap_or_default()
    }

    fn environment(&self) -> Vec<(String, String)> {
        let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.file("environment").lines().map(|line| pair(line).expect("NAME=VALUE")).collect()
    }

    fn exchanges(&self) -> Vec<Exchange> {
        self.file("traffic").split("\n\n").filter(|block| !block.trim().is_empty()).map(exchange).collect()
    }

    /// The account, all of whose endpoints are the server's.
    fn account(&self, stub: &str) -> Account {
        let credentials: String = self.file("credentials.yml").lines().map(|line| format!("    {line}\n")).collect();
        let text = format!(
            "accounts:\n  - name: prod\n    region: cn-north-4\n    endpoints: {{ hss: \"{stub}\", iam: \"{stub}\" }}\n    \
             projects: [{{ id: 0123456789abcdef0123456789abcdef }}]\n{credentials}"
        );
        let loaded = config::parse(&text, "case.yml", &self.environment());
        let loaded = loaded.unwrap_or_else(|problems| panic!("{}: {problems}", self.name));
        let mut account = loaded.config.accounts[0].clone();
        if let Credentials::Default(chain) = &mut account.credentials {
            chain.metadata = Endpoint::parse(stub, PlainHttp::Anywhere).unwrap();
        }
        account
    }
}

fn exchange(block: &str) -> Exchange {
    let mut exchange = Exchange::default();
    for line in block.lines() {
        let header = |text: &str| text.split_once(": ").map(|(k, v)| (k.to_lowercase(), v.to_owned()));
        match line.split_at(2) {
            ("> ", text) if exchange.request.is_empty() => text.clone_into(&mut exchange.request),
            ("> ", text) if text.starts_with('{') => exchange.body = Some(text.to_owned()),
            ("> ", text) => exchange.headers.push(header(text).expect("name: value")),
            ("< ", text) if exchange.status.is_empty() => text.clone_into(&mut exchange.status),
            ("< ", text) if !text.starts_with(['{', '<']) && header(text).is_some() => {
                exchange.answer_headers.extend(header(text));
            }
            ("< ", text) => text.clone_into(&mut exchange.answer),
            other => panic!("{other:?}"),
        }
    }
    exchange
}

impl Exchange {
    fn act(&self) -> Act {
        match self.status.as_str() {
            "reset" => Act::Reset,
            "nothing" => Act::Stall(Vec::new()),
            status => {
                let headers: Vec<_> = self.answer_headers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                answer(status.parse().unwrap(), &headers, self.answer.as_bytes())
            }
        }
    }

    #[track_caller]
    fn check(&self, case: &str, received: &Received) {
        assert_eq!(format!("{} {}", received.method, received.target), self.request, "{case}");
        for (name, expected) in &self.headers {
            let value = received.header(name);
            let good = match expected.strip_suffix("...") {
                Some(begin) => value.is_some_and(|value| value.starts_with(begin)),
                None => value == (expected != "none").then_some(expected),
            };
            assert!(good, "{case}: {name} is {value:?} and not {expected}");
        }
        if let Some(expected) = &self.body {
            let json = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).expect("JSON");
            assert_eq!(json(&received.body), json(expected.as_bytes()), "{case}");
        }
    }
}

async fn play(path: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let exchanges: Arc<OnceLock<Vec<Exchange>>> = Arc::default();
    let script = Arc::clone(&exchanges);
    // What comes after the last one is answered as that was.
    let stub = Stub::start(move |number, _| {
        let exchanges = script.get().unwrap();
        exchanges.get(number).or(exchanges.last()).map_or(Act::Reset, Exchange::act)
    })
    .await;
    let case = Case::read(path, folder.path(), &stub.url());
    let exchanges = {
        exchanges.set(case.exchanges()).unwrap();
        exchanges.get().unwrap()
    };
    let rig = Rig { timeout: Duration::from_secs(1), ..Rig::new(stub.url()) };
    let connection = rig.cloud().connect(&case.account(&stub.url())).unwrap();
    let name = case.name.as_str();
    let outcome = ask(&connection).await;
    let requests = stub.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.target.as_str()).collect();
    assert_eq!(requests.len(), exchanges.len(), "{name}: {lines:?} {outcome:?}");
    exchanges.iter().zip(&requests).for_each(|(exchange, request)| exchange.check(name, request));
    let mut expected = case.file("outcome").lines();
    let again = ask(&connection).await;
    match (expected.next(), outcome) {
        (Some("ok"), Ok(_)) => {
            assert!(again.is_ok(), "{name}");
            assert_eq!(stub.requests().len(), requests.len() + 1, "{name}: what is at hand is not asked for again");
        }
        (Some(first), Err(failure)) => {
            assert_eq!(first, format!("failure {}", failure.reason.as_str()), "{name}: {failure}");
            let shown = failure.to_string();
            for line in expected {
                let said = line.strip_prefix("says ").expect("says ...").replace("{folder}", "");
                assert!(shown.contains(&said), "{name} lacks\n  {said}\nit says\n  {shown}");
            }
            assert!(!shown.contains("canary") && !format!("{failure:?}").contains("canary"), "{name}: {shown}");
            assert_eq!(stub.requests().len(), requests.len(), "{name}: what was refused is not asked again at once");
        }
        (expected, outcome) => panic!("{name}: {expected:?} {outcome:?}"),
    }
}

#[tokio::test]
async fn each_way_to_a_credential_goes_as_its_folder_says() {
    // 2025-09-08T00:00:00Z, by which the answers' moments are chosen.
    assert_eq!(NOW, 1_757_289_600);
    let mut cases: Vec<PathBuf> = fs::read_dir(CASES).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 25, "only {} of them", cases.len());
    for case in cases {
        play(&case).await;
    }
}
