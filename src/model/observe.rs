//! What happens on the way and is worth counting: a closed set of notes, and who takes them.

use super::{Reason, Timestamp};
use std::time::Duration;

/// The APIs that are called: the label `api`, in the vendor's spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Api {
    /// A temporary access key, for a token or an agency.
    CreateTemporaryAccessKey,
    /// A token, for a password or the token of another identity provider.
    CreateToken,
    /// What the machine that we run on is given.
    InstanceMetadata,
    /// Which domains, as IAM calls the vendor's customers, a credential is of.
    ListDomains,
    /// Which enterprise projects a credential can see.
    ListEnterpriseProjects,
    /// Which projects a credential can see.
    ListProjects,
    /// The task list.
    ListTasks,
    /// What the pod that we run in is given.
    PodIdentity,
    /// How many tasks there are, and how many of them run.
    ShowTaskStatistics,
}

impl Api {
    /// Those that every account uses, in the order of their names.
    pub const OF_HSS: [Self; 2] = [Self::ListTasks, Self::ShowTaskStatistics];

    /// As the vendor and the label `api` spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateTemporaryAccessKey => "CreateTemporaryAccessKey",
            Self::CreateToken => "CreateToken",
            Self::InstanceMetadata => "InstanceMetadata",
            Self::ListDomains => "ListDomains",
            Self::ListEnterpriseProjects => "ListEnterpriseProjects",
            Self::ListProjects => "ListProjects",
            Self::ListTasks => "ListTasks",
            Self::PodIdentity => "PodIdentity",
            Self::ShowTaskStatistics => "ShowTaskStatistics",
        }
    }
}

/// What is looked for: the label `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sought {
    /// The enterprise projects of an account.
    EnterpriseProjects,
    /// The projects of a region.
    Projects,
}

impl Sought {
    /// As the label `kind` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EnterpriseProjects => "enterprise_projects",
            Self::Projects => "projects",
        }
    }
}

/// The enumerated fields of a task, in which the API may add values: the label `field`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `file_type`
    FileType,
    /// `scan_type_list`
    ScanTypeList,
    /// `task_status`
    TaskStatus,
    /// `trigger_type`
    TriggerType,
}

impl Field {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 4] = [Self::FileType, Self::ScanTypeList, Self::TaskStatus, Self::TriggerType];

    /// As the API and the label `field` spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FileType => "file_type",
            Self::ScanTypeList => "scan_type_list",
            Self::TaskStatus => "task_status",
            Self::TriggerType => "trigger_type",
        }
    }
}

/// How loud a line of the log is: the label `level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// Something does not work.
    Error,
    /// Something will not work for long, or is not as it should be.
    Warn,
    /// What an operator wants to know.
    Info,
    /// What helps to find a fault.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// All of them, the loudest first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// As the log, the command line and the label `level` spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "a field's name and type say it: whose, which API, how long")]
pub enum Note<'a> {
    /// A request ended: with an HTTP status, or without one.
    Attempt { account: &'a str, api: Api, code: Option<u16>, took: Duration },
    /// A request failed.
    Error { account: &'a str, api: Api, reason: Reason },
    /// A request is sent again.
    Retry { account: &'a str, api: Api },
    /// A request had to wait for the budget.
    BudgetWait { account: &'a str, api: Api, waited: Duration },
    /// So many requests a minute are allowed from now on.
    Budget { account: &'a str, api: Api, requests_per_minute: u32 },
    /// Whether the account is asked nothing, because its credential was refused.
    Blocked { account: &'a str, blocked: bool },
    /// Our clock less the server's, in seconds.
    ClockSkew { account: &'a str, seconds: f64 },
    /// The `Date` of an answer was not believed.
    DateDistrusted { account: &'a str },
    /// The account's credential ends then, by the cloud's clock; `None`: it does not, or nobody knows when.
    CredentialExpiry { account: &'a str, at: Option<Timestamp> },
    /// Something was looked for and found, at this moment of our clock.
    Discovered { account: &'a str, kind: Sought, at: Timestamp },
    /// Something was looked for in vain so many times, or there was too much of it.
    DiscoveryErrors { account: &'a str, kind: Sought, count: u64 },
    /// Items of a page that are no tasks.
    MalformedTasks { account: &'a str, count: u64 },
    /// Items that stand twice on one page.
    DuplicateTasks { account: &'a str, count: u64 },
    /// A page was read again, because the list had moved.
    PageReread { account: &'a str },
    /// The statistics said what the list refuted.
    StatisticsDistrusted { account: &'a str },
    /// A value that the API did not have when this was written.
    UnknownValues { field: Field, count: u64 },
    /// A line was logged.
    LogMessage { level: LogLevel },
    /// Lines of the log were dropped, because they were not read fast enough.
    LogMessagesDropped { count: u64 },
}

/// Who counts.
pub trait Observe: Send + Sync {
    /// Takes note of something. Cheap, and never fails.
    fn note(&self, note: Note<'_>);
}

/// Counts nothing: where nobody asks.
impl Observe for () {
    fn note(&self, _: Note<'_>) {}
}
