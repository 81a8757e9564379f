//! A client of its own, down to the bytes: what it sees is what is on the wire.

use hss_exporter::cloud::sign;
use hss_exporter::simulator::{Clock, Options, Simulator};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// 2025-09-08T02:53:20Z
pub(crate) const BORN: u64 = 1_757_300_000_000;
pub(crate) const MINUTE: u64 = 60_000;

/// A simulated cloud with a clock that stands still.
pub(crate) struct Ground {
    pub(crate) simulator: Simulator,
    now: Arc<AtomicU64>,
}

impl Ground {
    pub(crate) async fn new(options: Options) -> Self {
        let now = Arc::new(AtomicU64::new(BORN));
        let clock: Clock = Arc::new({
            let now = now.clone();
            move || now.load(Ordering::SeqCst)
        });
        let simulator = Simulator::start(([127, 0, 0, 1], 0).into(), options, clock).await.unwrap();
        Self { simulator, now }
    }

    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }

    pub(crate) fn pass(&self, milliseconds: u64) {
        self.now.fetch_add(milliseconds, Ordering::SeqCst);
    }

    pub(crate) fn project(&self, number: usize) -> String {
        self.simulator.edit(|world| world.projects()[number].id().to_owned())
    }

    /// A request of the first project for all its enterprise projects, by the demo's key.
    pub(crate) fn ask(&self, body: impl Into<String>) -> Ask {
        Ask {
            address: self.simulator.address().to_string(),
            method: "POST",
            path: format!("/v5/{}/common/tasks/batch-query", self.project(0)),
            query: "enterprise_project_id=all_granted_eps&limit=200".to_owned(),
            key: ("SIMULATEDACCESSKEY".to_owned(), "simulated-secret-of-no-value".to_owned()),
            date: self.now() / 1000,
            signed: vec![("Content-Type".into(), "application/json".into())],
            unsigned: Vec::new(),
            sign_host: true,
            sign: true,
            body: body.into(),
        }
    }

    /// Any other request, of nobody so far.
    pub(crate) fn call(&self, method: &'static str, path: &str, body: impl Into<String>) -> Ask {
        let unsigned = vec![("Content-Type".into(), "application/json;charset=utf8".into())];
        let (path, query) = (path.to_owned(), String::new());
        Ask { method, path, query, signed: Vec::new(), unsigned, sign: false, ..self.ask(body) }
    }
}

/// A request to be sent.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) address: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) key: (String, String),
    pub(crate) date: u64,
    pub(crate) signed: Vec<(String, String)>,
    pub(crate) unsigned: Vec<(String, String)>,
    pub(crate) sign_host: bool,
    pub(crate) sign: bool,
    pub(crate) body: String,
}

impl Ask {
    pub(crate) fn query(mut self, query: &str) -> Self {
        self.query = query.to_owned();
        self
    }

    pub(crate) fn signed(mut self, name: &str, value: &str) -> Self {
        self.signed.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn unsigned(mut self, name: &str, value: &str) -> Self {
        self.unsigned.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Signed with that key.
    pub(crate) fn key(self, id: &str, secret: &str) -> Self {
        Self { key: (id.to_owned(), secret.to_owned()), sign: true, ..self }
    }

    /// Signed with a temporary key, as an answer shows it.
    pub(crate) fn temporary_key(self, answer: &Value) -> Self {
        let part = |name: &str| answer["credential"][name].as_str().unwrap().to_owned();
        self.key(&part("access"), &part("secret")).signed("X-Security-Token", &part("securitytoken"))
    }

    pub(crate) fn token(mut self, token: &str) -> Self {
        self.sign = false;
        let mut headers = std::mem::take(&mut self.signed);
        self.unsigned.append(&mut headers);
        self.unsigned("X-Auth-Token", token)
    }

    fn bytes(&self) -> Vec<u8> {
        let mut headers = self.unsigned.clone();
        headers.push(("Host".into(), self.address.clone()));
        if self.sign {
            let date = sign::date(self.date);
            let mut signed = self.signed.clone();
            signed.push(("X-Sdk-Date".into(), date.clone()));
            headers.extend(signed.clone());
            if self.sign_host {
                signed.push(("host".into(), self.address.clone()));
            }
            let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (&**name, &**value)).collect();
            let canonical =
                sign::canonical_request(self.method, &self.path, &self.query, &signed, self.body.as_bytes());
            let canonical = match headers.iter().find(|(name, _)| name == "X-Sdk-Content-Sha256") {
                Some((_, hash)) => format!("{}\n{hash}", canonical.rsplit_once('\n').unwrap().0),
                None => canonical,
            };
            let signature = sign::signature(&self.key.1, &sign::string_to_sign(&date, &canonical));
            let authorization = sign::authorization(&self.key.0, &sign::signed_headers(&signed), &signature);
            headers.push(("Authorization".into(), authorization));
        }
        let mut head = format!("{} {}?{} HTTP/1.1\r\nConnection: close\r\n", self.method, self.path, self.query);
        headers.push(("Content-Length".into(), self.body.len().to_string()));
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        [head.as_bytes(), b"\r\n", self.body.as_bytes()].concat()
    }

    /// All that comes back, until the connection ends. Errors: it was reset.
    pub(crate) async fn raw(&self) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.write_all(&self.bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        Ok(Answer::read(&bytes))
    }

    pub(crate) async fn send(&self) -> Answer {
        self.raw().await.unwrap()
    }

    /// The page; the answer must be one.
    #[track_caller]
    pub(crate) fn page(&self) -> impl Future<Output = Value> {
        let ask = self.clone();
        async move {
            let answer = ask.send().await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            answer.json()
        }
    }
}

/// An answer as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { status, headers: lines.filter_map(header).collect(), body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn text(&self) -> String {
        if self.header("content-encoding") == Some("gzip") {
            let mut text = String::new();
            flate2::read::GzDecoder::new(&self.body[..]).read_to_string(&mut text).unwrap();
            return text;
        }
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// (status, text), of an error as IAM lays it out.
    pub(crate) fn iam_error(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["error"]["code"], self.status, "{body}");
        (self.status, body["error"]["message"].as_str().unwrap_or_default().to_owned())
    }

    /// (status, error code, error text).
    pub(crate) fn error(&self) -> (u16, String, String) {
        let body = self.json();
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        (self.status, text("error_code"), text("error_msg"))
    }
}
