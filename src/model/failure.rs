//! Why something that was asked of the cloud failed, in a closed set of reasons, and what the cloud said.

mod advice;

use std::fmt;
use std::time::Duration;

/// Why a request or a refresh failed. A closed set: alerts and retries branch on it, and it is a label value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The cloud does not accept the credential or the signature.
    Auth,
    /// The token has to be renewed, or belongs to another region.
    TokenExpired,
    /// The credential is good, but may not do this.
    Permission,
    /// Too many requests.
    Throttled,
    /// The cloud understood the request and does not accept it.
    Invalid,
    /// There is no such API, project or task.
    NotFound,
    /// The cloud failed.
    Server,
    /// No whole answer in time.
    Timeout,
    /// No connection, or it broke.
    Connect,
    /// No trust in the server's certificate, or no common TLS.
    Tls,
    /// The answer is not what the API promises.
    Decode,
    /// The answer is larger than anything the API promises.
    TooLarge,
    /// The pages of a list do not fit together, however often they are read.
    Inconsistent,
    /// Nothing is asked, because the cloud does not accept a credential any more that it did accept.
    Blocked,
}

impl Reason {
    /// What one request can fail with: the label values of the error counters.
    pub const OF_REQUESTS: [Self; 12] = [
        Self::Auth,
        Self::Connect,
        Self::Decode,
        Self::Invalid,
        Self::NotFound,
        Self::Permission,
        Self::Server,
        Self::Throttled,
        Self::Timeout,
        Self::Tls,
        Self::TokenExpired,
        Self::TooLarge,
    ];

    /// As the label `reason` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::TokenExpired => "token_expired",
            Self::Permission => "permission",
            Self::Throttled => "throttled",
            Self::Invalid => "invalid",
            Self::NotFound => "not_found",
            Self::Server => "server",
            Self::Timeout => "timeout",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Decode => "decode",
            Self::TooLarge => "too_large",
            Self::Inconsistent => "inconsistent",
            Self::Blocked => "blocked",
        }
    }

    /// Whether it is about everything that is asked with the credential at the endpoint, and not only about the target that
    /// was asked for.
    pub const fn concerns_all(self) -> bool {
        match self {
            Self::Auth | Self::TokenExpired | Self::Blocked | Self::Throttled | Self::Connect | Self::Tls => true,
            Self::Permission
            | Self::Invalid
            | Self::NotFound
            | Self::Server
            | Self::Timeout
            | Self::Decode
            | Self::TooLarge
            | Self::Inconsistent => false,
        }
    }
}

/// Something that was asked of the cloud, and failed. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: Reason,
    /// What was tried and where, such as ``ListTasks(cluster_scan) at https://hss.cn-north-4.myhuaweicloud.com``.
    pub tried: String,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// The cloud's own error code, such as `APIGW.0301`.
    pub code: Option<String>,
    /// The cloud's own words, or what went wrong on the way.
    pub message: String,
    /// What the cloud's support asks for.
    pub request_id: Option<String>,
    /// How long the cloud asks us to wait.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tried, self.reason.as_str())?;
        if let Some(status) = self.status {
            write!(f, ", HTTP {status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, ", {code}")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        write!(f, "; what to do: {}", self.advice())
    }
}

impl std::error::Error for Failure {}
