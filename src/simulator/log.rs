//! What was asked, and what came of it: for tests and benchmarks.

use super::query::parameter;
use super::route::Route;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};

/// Older requests are forgotten, so that a demo can run for weeks. Counters go on.
const KEPT: usize = 20_000;

/// The APIs of the simulated cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    /// `POST /v5/{project_id}/common/tasks/batch-query`
    ListTasks,
    /// `GET /v5/{project_id}/common/task-statistics`
    ShowTaskStatistics,
    /// `POST /v3/auth/tokens` and `POST /v3.0/OS-AUTH/id-token/tokens`
    CreateToken,
    /// `POST /v3.0/OS-CREDENTIAL/securitytokens`
    CreateTemporaryAccessKey,
    /// `GET /v3/projects` and `GET /v3/auth/projects`
    ListProjects,
    /// `GET /v3/auth/domains`
    ListDomains,
    /// `GET /v1.0/enterprise-projects`
    ListEnterpriseProjects,
    /// `PUT /meta-data/latest/api/token` and `GET /openstack/latest/securitykey`
    InstanceMetadata,
    /// `POST` at [`Simulator::pod_identity_uri`](super::Simulator::pod_identity_uri)
    PodIdentity,
}

impl Api {
    /// Whether it is IAM's, whose answers have a trace id beside the request id.
    pub(super) const fn is_of_iam(self) -> bool {
        matches!(self, Self::CreateToken | Self::CreateTemporaryAccessKey | Self::ListProjects | Self::ListDomains)
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedRequest {
    /// The first request has number 1.
    pub number: u64,
    /// When it came, in milliseconds since the Unix epoch, by the cloud's clock.
    pub at: u64,
    /// Which API; `None` if there is no such.
    pub api: Option<Api>,
    /// The path as it was sent.
    pub path: String,
    /// The query as it was sent, without its `?`.
    pub query: String,
    /// The project of the path.
    pub project: String,
    /// `enterprise_project_id`, `0` where it was not sent.
    pub enterprise_project: String,
    /// `offset`, 0 where it was not sent.
    pub offset: u64,
    /// `limit`, 10 where it was not sent.
    pub limit: u64,
    /// The body; null if it is not JSON.
    pub body: Value,
    /// The access key's id, or `token`; empty if the request had neither.
    pub credential: String,
    /// The status of the answer; `None` while there is none, and where the connection was reset.
    pub status: Option<u16>,
    /// `task_type` of the query.
    pub(super) type_of_query: String,
}

impl LoggedRequest {
    /// `task_type` of the body or of the query, or "".
    pub fn task_type(&self) -> &str {
        self.body.get("task_type").and_then(Value::as_str).unwrap_or(&self.type_of_query)
    }

    pub(super) fn read(at: u64, path: &str, query: &str, body: &[u8]) -> Self {
        let (route, project) = Route::read(path).unzip();
        let number = |name, default| parameter(query, name).and_then(|text| text.parse().ok()).unwrap_or(default);
        Self {
            number: 0,
            at,
            api: route.map(Route::api),
            path: path.to_owned(),
            query: query.to_owned(),
            project: project.unwrap_or_default().to_owned(),
            enterprise_project: parameter(query, "enterprise_project_id").unwrap_or_else(|| "0".to_owned()),
            offset: number("offset", 0),
            limit: number("limit", 10),
            body: serde_json::from_slice(body).unwrap_or_default(),
            credential: String::new(),
            status: None,
            type_of_query: parameter(query, "task_type").unwrap_or_default(),
        }
    }
}

/// The latest requests, and how many there were.
#[derive(Debug, Default)]
pub(super) struct Log {
    requests: VecDeque<LoggedRequest>,
    count: u64,
    by_api: HashMap<Api, u64>,
}

impl Log {
    /// Takes a request in, and says its number.
    pub(super) fn push(&mut self, request: LoggedRequest) -> u64 {
        self.count = self.count.saturating_add(1);
        if let Some(api) = request.api {
            let calls = self.by_api.entry(api).or_default();
            *calls = calls.saturating_add(1);
        }
        if self.requests.len() >= KEPT {
            self.requests.pop_front();
        }
        self.requests.push_back(LoggedRequest { number: self.count, ..request });
        self.count
    }

    pub(super) fn answered(&mut self, number: u64, status: u16) {
        let found = self.requests.iter_mut().rev().find(|request| request.number == number);
        if let Some(request) = found {
            request.status = Some(status);
        }
    }

    pub(super) fn requests(&self) -> Vec<LoggedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(super) fn count(&self, api: Api) -> u64 {
        self.by_api.get(&api).copied().unwrap_or_default()
    }
}
