//! What stands on our side of a test: an account, a cloud, a call, and who writes down what was counted.

use bytes::Bytes;
use hss_exporter::cloud::{Answer, Call, Cloud, Connection, Scope};
use hss_exporter::config::{Account, Credentials, Endpoint, PlainHttp, Refresh, Secret, SecretSource};
use hss_exporter::model::observe::{Api, Note, Observe};
use hss_exporter::model::{Failure, Timestamp};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const ID: &str = "AKEXAMPLE";
pub(super) const SECRET: &str = "canary-secret-of-the-access-key";

/// 2025-09-08T00:00:00Z, by our clock.
pub(super) const NOW: u64 = 1_757_289_600;

/// More than any test asks for.
const REQUESTS_PER_MINUTE: u32 = 10_000;

/// Writes down what was noted, without durations.
#[derive(Default)]
pub(super) struct Notes(Mutex<Vec<String>>);

impl Observe for Notes {
    fn note(&self, note: Note<'_>) {
        let said = match note {
            Note::Attempt { code: Some(code), .. } => format!("attempt {code}"),
            Note::Attempt { code: None, .. } => "attempt error".to_owned(),
            Note::Error { reason, .. } => format!("error {}", reason.as_str()),
            Note::Retry { .. } => "retry".to_owned(),
            Note::ClockSkew { seconds, .. } => format!("skew {seconds}"),
            // Every connection begins with it.
            Note::Budget { requests_per_minute: REQUESTS_PER_MINUTE, .. } => return,
            Note::Budget { requests_per_minute, .. } => format!("budget {requests_per_minute}"),
            other => format!("{other:?}"),
        };
        self.0.lock().unwrap().push(said);
    }
}

impl Notes {
    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// How a test differs from the usual.
pub(super) struct Rig {
    pub(super) endpoint: String,
    pub(super) credentials: Credentials,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) timeout: Duration,
    pub(super) max_attempts: u32,
    pub(super) notes: Arc<Notes>,
}

impl Rig {
    /// One attempt, an access key, no proxies.
    pub(super) fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            credentials: access_key(None),
            ca_file: None,
            environment: Vec::new(),
            timeout: Duration::from_secs(30),
            max_attempts: 1,
            notes: Arc::default(),
        }
    }

    pub(super) fn environment(mut self, variable: &str, value: impl Into<String>) -> Self {
        self.environment.push((variable.to_owned(), value.into()));
        self
    }

    pub(super) fn cloud(&self) -> Arc<Cloud> {
        let refresh = Refresh {
            interval: Duration::from_secs(300),
            window: Duration::from_secs(7 * 86_400),
            stale_after: Duration::from_secs(1800),
            reconcile_every: Duration::from_secs(86_400),
            requests_per_minute: NonZeroU32::new(REQUESTS_PER_MINUTE).unwrap(),
            timeout: self.timeout,
            max_attempts: NonZeroU32::new(self.max_attempts).unwrap(),
        };
        let observer: Arc<dyn Observe> = self.notes.clone();
        Arc::new(Cloud::new(Arc::new(|| Timestamp::from_secs(NOW)), observer, &refresh, &self.environment))
    }

    pub(super) fn account(&self) -> Account {
        Account {
            name: "prod".into(),
            region: "cn-north-4".into(),
            credentials: self.credentials.clone(),
            hss_endpoint: Endpoint::parse(&self.endpoint, PlainHttp::Anywhere).unwrap(),
            iam_endpoint: Endpoint::parse(&self.endpoint, PlainHttp::Anywhere).ok(),
            eps_endpoint: Endpoint::parse(&self.endpoint, PlainHttp::Anywhere).ok(),
            ca_file: self.ca_file.clone(),
            watches: Vec::new(),
            searches: Vec::new(),
        }
    }

    pub(super) fn try_connect(&self) -> Result<Connection, Failure> {
        self.cloud().connect(&self.account())
    }

    pub(super) fn connect(&self) -> Connection {
        self.try_connect().unwrap()
    }

    /// Asks once, and expects to fail.
    pub(super) async fn failure(&self) -> Failure {
        ask(&self.connect()).await.unwrap_err()
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) body: Bytes,
    pub(super) at: Timestamp,
    pub(super) attempts: u64,
}

/// Asks what a refresh asks.
pub(super) async fn ask(connection: &Connection) -> Result<Asked, Failure> {
    ask_for(connection, &call()).await
}

pub(super) async fn ask_for(connection: &Connection, call: &Call<'_>) -> Result<Asked, Failure> {
    let mut attempts = 0;
    let Answer { body, at, .. } = connection.call(call, &mut attempts, |answer| Ok(answer.clone())).await?;
    Ok(Asked { body, at, attempts })
}

pub(super) fn access_key(security_token: Option<&str>) -> Credentials {
    let value = |text: &str| SecretSource::Value(Secret::new(text));
    Credentials::AccessKey { id: value(ID), secret: value(SECRET), security_token: security_token.map(value) }
}

pub(super) fn call() -> Call<'static> {
    Call {
        api: Api::ListTasks,
        what: "ListTasks(cluster_scan) of prod/payments/default".to_owned(),
        method: "POST",
        path: "/v5/0123456789abcdef0123456789abcdef/common/tasks/batch-query".to_owned(),
        query: vec![("limit", "200".to_owned()), ("enterprise_project_id", "all_granted_eps".to_owned())],
        body: Bytes::from_static(br#"{"task_type":"cluster_scan"}"#),
        scope: Scope::Project("0123456789abcdef0123456789abcdef"),
    }
}
