//! Huawei Cloud in general: how a request is signed, sent, paid for and tried again, and what an answer means.
//!
//! A [`Cloud`] is shared by all accounts: the connections, the budgets, the clock, and who counts. A [`Connection`] is one
//! account's way to it, and a [`Call`] is what is asked.

pub mod sign;

mod answer;
mod budget;
mod clock;
mod connection;
mod credentials;
mod eps;
mod error_body;
mod iam;
mod limits;
mod line;
mod proxies;
mod redact;
pub(crate) mod repair;
mod retry;
mod roots;
mod spelling;
mod tls;
mod transport;
mod words;

pub use clock::{ANSWERS as MOST_FIRST_ANSWERS, CloudClock, Verdict};
pub use connection::Connection;
pub use eps::EnterpriseProject;
pub use iam::{Domain, Project};

use crate::config;
use crate::model::observe::{Api, Observe};
use crate::model::{ClockBase, Failure, Timestamp};
use budget::Budget;
use bytes::Bytes;
use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use transport::Transport;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What all accounts share.
pub struct Cloud {
    clock: Clock,
    observer: Arc<dyn Observe>,
    transport: Transport,
    max_attempts: NonZeroU32,
    requests_per_minute: NonZeroU32,
    /// By the endpoint's host and port, and API: the vendor counts by address, so accounts share.
    budgets: Mutex<HashMap<(String, Api), Arc<Budget>>>,
}

/// A question to the cloud.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Whose budget it takes, and how it is counted.
    pub api: Api,
    /// For people: what is asked, and of which target, such as `ListTasks(cluster_scan) of prod/payments/default`.
    pub what: String,
    /// `GET`, `POST`, ...
    pub method: &'a str,
    /// Begins with `/`; encoded or not.
    pub path: String,
    /// Values are not encoded.
    pub query: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Bytes,
    /// What the credential is used on.
    pub scope: Scope<'a>,
}

/// On what a credential is used: a header that the signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// A project, by its id: `X-Project-Id`.
    Project(&'a str),
    /// A domain, by its id: `X-Domain-Id`.
    Domain(&'a str),
    /// Whatever it is good for.
    None,
}

/// The cloud's answer to a call: any status from 200 to 299.
#[derive(Clone, Debug)]
pub struct Answer {
    /// 200 to 299.
    pub status: u16,
    /// What the cloud's support asks for.
    pub request_id: Option<String>,
    /// Unpacked, and no longer than answers of this API are; not yet looked at.
    pub body: Bytes,
    /// When the cloud answered, by its own clock: its `Date`, if that is believed, else what the clock shows without it.
    pub at: Timestamp,
    /// That clock's setting.
    pub base: ClockBase,
    /// The token that was asked for: the header `X-Subject-Token`.
    pub token: Option<config::Secret>,
}

impl Cloud {
    /// `environment` names the proxies, if any.
    pub fn new(
        clock: Clock,
        observer: Arc<dyn Observe>,
        refresh: &config::Refresh,
        environment: &[(String, String)],
    ) -> Self {
        Self {
            clock,
            observer,
            transport: Transport::new(environment, refresh.timeout),
            max_attempts: refresh.max_attempts,
            requests_per_minute: refresh.requests_per_minute,
            budgets: Mutex::new(HashMap::new()),
        }
    }

    /// An account's way to the cloud. Nothing is sent yet, and no credential is looked at.
    ///
    /// # Errors
    /// When no request could be made: no certificate authorities, an unreadable `ca_file`, an unusable proxy.
    pub fn connect(self: &Arc<Self>, account: &config::Account) -> Result<Connection, Failure> {
        Connection::new(self, account)
    }

    fn budget(&self, authority: &str, api: Api) -> Arc<Budget> {
        // Nothing can panic while it is held.
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = budgets.entry((authority.to_owned(), api));
        let new = || Arc::new(Budget::new(api, self.requests_per_minute, Arc::clone(&self.observer)));
        Arc::clone(budget.or_insert_with(new))
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud")
            .field("max_attempts", &self.max_attempts)
            .field("requests_per_minute", &self.requests_per_minute)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn accounts_on_one_host_share_a_budget() {
        let refresh = config::Refresh {
            interval: Duration::from_mins(5),
            window: Duration::from_hours(168),
            stale_after: Duration::from_mins(30),
            reconcile_every: Duration::from_secs(86_400),
            requests_per_minute: NonZeroU32::MIN,
            timeout: Duration::from_secs(30),
            max_attempts: NonZeroU32::MIN,
        };
        let cloud = Cloud::new(Arc::new(Timestamp::default), Arc::new(()), &refresh, &[]);
        let budget = |authority| cloud.budget(authority, Api::ListTasks);
        assert!(Arc::ptr_eq(&budget("hss.example.com"), &budget("hss.example.com")));
        assert!(!Arc::ptr_eq(&budget("hss.example.com"), &budget("hss.example.com:8443")));
    }
}
