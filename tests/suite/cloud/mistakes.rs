//! The mistakes of `docs/troubleshooting.md`: each is made, and what comes of it must read as the page says.

use super::paths::{Private, bare};
use super::rig::{ID, NOW, Rig, SECRET, access_key, call};
use super::stub::{Stub, answer, json};
use hss_exporter::cloud::{Call, Connection};
use hss_exporter::config::{self, Credentials, Secret, SecretSource};
use hss_exporter::hss::{query, wire};
use hss_exporter::model::{Failure, TaskType};
use hss_exporter::simulator::{Access, Api, Credential, Fault, Granted, Options, Refusal, Scenario, Simulator};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const PAGE: &str = "docs/troubleshooting.md";
const PROJECT: &str = "0123456789abcdef0123456789abcdef";

/// What a mistake leads to: what is shown, and the sentence about what to do.
#[derive(Debug)]
struct Told {
    shown: String,
    advice: String,
}

impl From<Failure> for Told {
    fn from(failure: Failure) -> Self {
        let (shown, advice) = (failure.to_string(), failure.advice().into_owned());
        assert!(shown.ends_with(&advice), "the log says what the page says: {shown}");
        Self { shown, advice }
    }
}

/// Asks for a page, and reads it as the exporter does.
async fn told_of(connection: &Connection, call: &Call<'_>) -> Told {
    let read =
        |answer: &hss_exporter::cloud::Answer| wire::page(&answer.body, TaskType::ClusterScan, query::PAGE, answer.at);
    connection.call(call, &mut 0, read).await.unwrap_err().into()
}

async fn told(rig: &Rig) -> Told {
    told_of(&rig.connect(), &call()).await
}

fn ask_of(project: &str, enterprise_project: &str) -> Call<'static> {
    let query = vec![("limit", "10".to_owned()), ("enterprise_project_id", enterprise_project.to_owned())];
    Call { path: format!("/v5/{project}/common/tasks/batch-query"), query, ..call() }
}

/// A simulated cloud with one project; its clock is ahead of ours by so many minutes.
async fn cloud(minutes_ahead: u64) -> Simulator {
    let options = Options { scenario: Scenario::Empty, projects: 0, ..Options::default() };
    let clock = Arc::new(move || (NOW + minutes_ahead * 60) * 1000);
    let cloud = Simulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), options, clock).await.unwrap();
    cloud.edit(|world| world.add_project(PROJECT, "payments", &[("0", "default"), ("7", "team")]));
    cloud.set_credentials(vec![key()]);
    cloud
}

fn key() -> Credential {
    Credential::new("u", Access::Key { id: ID.to_owned(), secret: SECRET.to_owned(), security_token: None })
}

fn value(text: &str) -> SecretSource {
    SecretSource::Value(Secret::new(text))
}

fn key_of(id: &str, secret: &str) -> Credentials {
    Credentials::AccessKey { id: value(id), secret: value(secret), security_token: None }
}

type Mistakes = BTreeMap<&'static str, Told>;

/// Who we are, and what we may see.
async fn of_credentials(all: &mut Mistakes) {
    let cloud = cloud(0).await;
    let rig = |credentials| Rig { credentials, ..Rig::new(cloud.endpoint()) };
    all.insert("The secret is not the key's", told(&rig(key_of(ID, "another-secret"))).await);
    let swapped = told(&rig(key_of(SECRET, ID))).await;
    assert!(!swapped.shown.contains(SECRET), "a secret in the id's place is still a secret: {}", swapped.shown);
    all.insert("Id and secret are swapped", swapped);
    all.insert("The key was deleted or disabled", told(&rig(key_of("AKOFLASTYEAR", SECRET))).await);
    all.insert(
        "The key is another cloud's (international, China, a partner's)",
        told(&rig(key_of("AKFROMELSEWHERE", SECRET))).await,
    );
    for _ in 0..5 {
        told(&rig(key_of(ID, "another-secret"))).await;
    }
    all.insert("The key is locked", told(&rig(access_key(None))).await);
    all.insert("The token is not whole", told(&rig(Credentials::Token(value("MIIDkg")))).await);
    let expired = Access::Token { value: "MIIDkgYJKoZI".to_owned(), expires: Some(NOW * 1000) };
    cloud.set_credentials(vec![Credential::new("u", expired)]);
    all.insert("The token has expired", told(&rig(Credentials::Token(value("MIIDkgYJKoZI")))).await);

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sk");
    std::fs::write(&file, "\n").unwrap();
    let emptied = Credentials::AccessKey { id: value(ID), secret: SecretSource::File(file), security_token: None };
    let Told { shown, advice } = told(&rig(emptied)).await;
    let shown = shown.replace(&dir.path().display().to_string(), "/run/secrets");
    all.insert("The secret's file was emptied while running", Told { shown, advice });

    let ahead = self::cloud(20).await;
    all.insert("This machine's clock is off", told(&Rig::new(ahead.endpoint())).await);
}

async fn of_permissions(all: &mut Mistakes) {
    let cloud = cloud(0).await;
    let connection = Rig::new(cloud.endpoint()).connect();
    let with = |fault: Refusal| cloud.faults().push(Fault::refuse(fault));
    let all_tasks = |project: &str| ask_of(project, "all_granted_eps");
    all.insert(
        "The project's id is mistyped",
        told_of(&connection, &all_tasks("0123456789abcdef0123456789abcdee")).await,
    );
    all.insert(
        "The project is in another region",
        told_of(&connection, &all_tasks("fedcba9876543210fedcba9876543210")).await,
    );
    all.insert("The enterprise project's id is mistyped", told_of(&connection, &ask_of(PROJECT, "77")).await);
    cloud.set_credentials(vec![Credential { enterprise_projects: Granted::Only(vec!["0".to_owned()]), ..key() }]);
    all.insert("The enterprise project is not granted", told_of(&connection, &ask_of(PROJECT, "7")).await);
    cloud.set_credentials(vec![Credential { projects: Granted::Only(Vec::new()), ..key() }]);
    all.insert("The key is another account's", told_of(&connection, &all_tasks(PROJECT)).await);
    cloud.set_credentials(vec![key()]);
    with(Refusal::gateway(403, "0802", "The IAM user is forbidden in the currently selected region"));
    all.insert("The account may not use the region", told_of(&connection, &all_tasks(PROJECT)).await);
    with(Refusal::not_allowed());
    all.insert("The user may not use HSS", told_of(&connection, &all_tasks(PROJECT)).await);
    with(Refusal::examples().into_iter().find(|(name, _)| *name == "identity policy").unwrap().1);
    all.insert("A policy denies it", told_of(&connection, &all_tasks(PROJECT)).await);
    with(Refusal::unauthorized("the IAM user is locked"));
    all.insert("The IAM user is locked", told_of(&connection, &all_tasks(PROJECT)).await);
    with(Refusal::no_such_api());
    all.insert("A partner's cloud without `endpoints.hss`", told_of(&connection, &all_tasks(PROJECT)).await);
    cloud.faults().push(Fault::html(403));
    all.insert("A firewall's page refuses", told_of(&connection, &all_tasks(PROJECT)).await);
    cloud.faults().push(Fault::html(200));
    all.insert("A portal's page says welcome", told_of(&connection, &all_tasks(PROJECT)).await);
}

/// What is to be discovered, and may not be seen.
async fn of_discovery(all: &mut Mistakes) {
    let cloud = cloud(0).await;
    let connection = Rig::new(cloud.endpoint()).connect();
    let denied = [Api::ListProjects, Api::ListEnterpriseProjects].map(|api| ("u".to_owned(), api));
    cloud.edit_iam(|iam| iam.directory.denied = denied.to_vec());
    all.insert("The user may not list projects", connection.projects(None).await.unwrap_err().into());
    all.insert("The user may not list enterprise projects", connection.enterprise_projects().await.unwrap_err().into());
}

/// Another connection each, because a refusal makes all who share the budget pause.
async fn of_limits(all: &mut Mistakes) {
    for (mistake, policy) in
        [("Another program uses up the user's limit", "user"), ("Another program uses up the address's limit", "ip")]
    {
        let cloud = cloud(0).await;
        cloud.faults().push(Fault::refuse(Refusal::throttled(policy, 5)));
        all.insert(mistake, told(&Rig::new(cloud.endpoint())).await);
    }
}

/// The way to the cloud.
async fn of_ways(all: &mut Mistakes) {
    let tls = Private::new("127.0.0.1", &[]);
    let stub = Stub::start_tls(tls.acceptor.clone(), |_, _| json(200, "{}")).await;
    let by_ip = format!("https://127.0.0.1:{}", stub.port);
    let other = Private::new("127.0.0.1", &[]);
    let with_ca = |private: &Private, url: &str| bare(Rig { ca_file: Some(private.ca_file.clone()), ..Rig::new(url) });
    all.insert("A private authority signed the certificate", told(&with_ca(&other, &by_ip)).await);
    let by_name = Private::new("hss.example.com", &[]);
    let named = Stub::start_tls(by_name.acceptor.clone(), |_, _| json(200, "{}")).await;
    all.insert(
        "The endpoint is an IP address",
        told(&with_ca(&by_name, &format!("https://127.0.0.1:{}", named.port))).await,
    );
    all.insert(
        "No authorities are installed",
        bare(Rig::new("https://hss.cn-north-4.myhuaweicloud.com")).try_connect().unwrap_err().into(),
    );
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let no_tls = format!("https://{}", plain.local_addr().unwrap());
    let speaker = std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        stream
    });
    all.insert("`https://` where no TLS is spoken", told(&with_ca(&tls, &no_tls)).await);
    drop(speaker.join().unwrap());
    let nginx = "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>";
    let port = Stub::start(|_, _| answer(400, &[("content-type", "text/html")], nginx.as_bytes())).await;
    all.insert("`http://` where TLS is spoken", told(&Rig::new(port.url())).await);
    let login = Stub::start(|_, _| answer(302, &[("location", "https://auth.example.com/login")], b"")).await;
    all.insert("The endpoint is the console's", told(&Rig::new(login.url())).await);
    let proxy = Stub::start(|_, _| answer(407, &[("proxy-authenticate", "Basic realm=\"x\"")], b"")).await;
    let through = with_ca(&tls, "https://hss.example.invalid").environment("HTTPS_PROXY", proxy.url());
    all.insert("The proxy wants a password", told(&through).await);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    all.insert("The port is wrong", told(&Rig::new(format!("http://{closed}"))).await);
    all.insert("The host's name is unknown", told(&Rig::new("http://hss.example.invalid")).await);
    // Nobody takes up the connection: the first bytes of TLS are swallowed.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let rig = with_ca(&tls, &format!("https://{}", silent.local_addr().unwrap()));
    let rig = Rig { timeout: Duration::from_secs(1), ..rig };
    all.insert("A firewall swallows everything", told(&rig).await);
}

/// What is found before anything is asked.
fn of_configuration(all: &mut Mistakes) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hss-exporter.yml");
    std::fs::write(dir.path().join("sk"), "\n").unwrap();
    let mut check = |mistake: &'static str, account: &str| {
        std::fs::write(&file, format!("accounts:\n  - {{ name: prod, projects: [{{ id: {PROJECT} }}], {account} }}\n"))
            .unwrap();
        let environment = [("HUAWEICLOUD_SDK_AK", "AKEXAMPLE"), ("HUAWEICLOUD_SDK_SK", "")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let problem = config::load(&file, &environment).unwrap_err().0.remove(0);
        all.insert(mistake, Told { shown: problem.to_string(), advice: problem.remedy });
    };
    let key = "credentials: { access_key: { id: AKEXAMPLE, secret_env: HUAWEICLOUD_SDK_SK } }";
    check("The variable is empty", &format!("region: cn-north-4, {key}"));
    check("Half of a credential is given", "region: cn-north-4");
    check(
        "The secret's file is empty",
        "region: cn-north-4, credentials: { access_key: { id: AKEXAMPLE, secret_file: ./sk } }",
    );
    let good = "credentials: { access_key: { id: AKEXAMPLE, secret: s } }";
    check("The region is misspelt", &format!("region: cn-nroth-4, {good}"));
    check(
        "`http://` beyond this machine",
        &format!("region: cn-north-4, {good}, endpoints: {{ hss: \"http://hss.example.com\" }}"),
    );
}

/// The rows of the page's tables: the mistake, what is shown, what to do.
fn rows(page: &str) -> BTreeMap<String, (String, String)> {
    let cells = |line: &str| -> Option<Vec<String>> {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        Some(line.split(" | ").map(str::to_owned).collect())
    };
    let rows = page.lines().filter_map(cells).filter(|cells| cells[0] != "mistake");
    rows.map(|cells| {
        let [mistake, shown, advice] = <[String; 3]>::try_from(cells).unwrap();
        (mistake, (shown, advice))
    })
    .collect()
}

#[tokio::test]
async fn the_page_about_mistakes_says_what_is_said_when_they_are_made() {
    let mut told = Mistakes::new();
    of_credentials(&mut told).await;
    of_permissions(&mut told).await;
    of_discovery(&mut told).await;
    of_limits(&mut told).await;
    of_ways(&mut told).await;
    of_configuration(&mut told);
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap();
    let rows = rows(&page);
    let mut wrong = Vec::new();
    for (mistake, Told { shown, advice }) in &told {
        let Some((said, remedy)) = rows.get(*mistake) else {
            wrong.push(format!("{PAGE} lacks a row:\n| {mistake} | `{shown}` | {advice} |"));
            continue;
        };
        let pieces: Vec<&str> = said.split('`').skip(1).step_by(2).collect();
        if pieces.is_empty() || pieces.iter().any(|piece| !shown.contains(piece)) {
            wrong.push(format!("{PAGE}: {mistake}: {said}\n  but this is shown: {shown}"));
        }
        if remedy != advice {
            wrong.push(format!("{PAGE}: {mistake}: {remedy}\n  but this is said: {advice}"));
        }
    }
    let known: BTreeSet<&str> = told.keys().copied().collect();
    wrong.extend(
        rows.keys().filter(|row| !known.contains(row.as_str())).map(|row| format!("{PAGE}: nobody tries: {row}")),
    );
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
