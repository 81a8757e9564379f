//! What the operator writes, as values that cannot be wrong.
//!
//! The checked types. `load` makes them out of a file and the environment, or says everything that is wrong with it.

mod budget;
mod check;
mod credentials;
mod discovery;
mod endpoint;
mod endpoints;
mod expect;
mod layers;
mod listen;
mod load;
mod nearest;
mod problem;
mod profile;
mod raw;
mod reader;
mod report;
mod scalar;
mod schema;
mod sdk;
mod secret;
mod tasks;
mod yaml;

pub use discovery::{Manner, Names, Search};
pub use endpoint::{Endpoint, EndpointError, PlainHttp};
pub use listen::ListenAddress;
pub use load::{Loaded, WithoutFile, from_environment, load, parse};
pub use problem::{Problem, Problems};
pub use profile::{Profile, ProfileHolds};
pub use schema::{defaults, keys};
pub use sdk::{NO_POD_VARIABLES, NO_SDK_VARIABLES};
pub use secret::{Secret, SecretSource};

use crate::model::{FileType, ScanTypes, Target, TaskType, Timestamp, Trigger};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// All that the operator decides. No target twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Each with at least one target, or a search for targets; their names are unique.
    pub accounts: Vec<Account>,
    /// How reading is paced.
    pub refresh: Refresh,
    /// Whether, and how many, tasks have series of their own. `None`: `tasks.series.enabled: false`.
    pub series: Option<Series>,
}

/// One set of credentials in one region, and what is watched with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The label value `account`.
    pub name: Arc<str>,
    /// Such as `cn-north-4`.
    pub region: Arc<str>,
    /// How requests are authenticated.
    pub credentials: Credentials,
    /// Where HSS answers.
    pub hss_endpoint: Endpoint,
    /// Where IAM answers, if that is known.
    pub iam_endpoint: Option<Endpoint>,
    /// Where the enterprise project service answers, if that is known.
    pub eps_endpoint: Option<Endpoint>,
    /// A PEM file with authorities to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// What is watched: one for each target that is given.
    pub watches: Vec<Watch>,
    /// What else is to be watched, once it is found.
    pub searches: Vec<Search>,
}

/// How the requests of an account are authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Requests are signed.
    AccessKey {
        /// The access key's id (AK). It is no secret by itself, but may come from a file like one.
        id: SecretSource,
        /// The access key's secret (SK).
        secret: SecretSource,
        /// What a temporary access key needs beside them.
        security_token: Option<SecretSource>,
    },
    /// The header `X-Auth-Token`.
    Token(SecretSource),
    /// An IAM user signs in.
    Password {
        /// The name of the domain that the user belongs to.
        domain: Arc<str>,
        /// The user's name.
        user: Arc<str>,
        /// The user's password.
        password: SecretSource,
    },
    /// A token of another identity provider (OpenID Connect) is shown.
    IdToken {
        /// The provider's id in IAM.
        provider: Arc<str>,
        /// The provider's token.
        token: SecretSource,
    },
    /// Another account has allowed us to act for it.
    Agency {
        /// The name of the domain that gave the permission.
        domain: Arc<str>,
        /// The agency's name.
        agency: Arc<str>,
        /// Who we are; never an agency itself.
        source: Box<Credentials>,
    },
    /// The instance that we run on has an agency: where its metadata are served.
    Metadata(Endpoint),
    /// The profile file of the vendor's SDKs.
    Profile(PathBuf),
    /// The pod that we run in has an identity.
    PodIdentity(PodIdentity),
    /// What the vendor's SDKs look for, where the environment holds no credential.
    Default(DefaultChain),
}

/// How a pod shows who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodIdentity {
    /// Where it asks.
    pub endpoint: Endpoint,
    /// What it asks for; begins with `/`.
    pub path: String,
    /// The file that holds its token.
    pub token_file: PathBuf,
}

/// Where the vendor's SDKs look for a credential after the environment, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultChain {
    /// The profile file, where there may be one.
    pub profile: Option<PathBuf>,
    /// Where the instance's metadata are served.
    pub metadata: Endpoint,
    /// How the pod shows who it is, where the environment says so.
    pub pod_identity: Option<PodIdentity>,
}

/// A target, and how it is watched: the global settings with the project's own laid over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// What is watched.
    pub target: Arc<Target>,
    /// Which task types; at least one, each once, in their own order.
    pub types: Vec<TaskType>,
    /// How often it is brought up to date.
    pub interval: Duration,
    /// How old its data may become before it is withdrawn.
    pub stale_after: Duration,
    /// Which tasks.
    pub filter: Filter,
    /// How often scans should succeed: each task type and trigger at most once, and only those that are read.
    pub expect: Vec<Expectation>,
}

impl Watch {
    /// The list that the target's tasks of this type are read from.
    pub fn shared_list(&self, task_type: TaskType) -> SharedList<'_> {
        SharedList {
            account: &self.target.account,
            project_id: &self.target.project.id,
            task_type,
            filter: &self.filter,
            interval: self.interval,
            stale_after: self.stale_after,
        }
    }
}

/// A list that several enterprise projects of a project can be read from together. One request is sent with one filter
/// at one moment, so targets share a list only if all of this is configured alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SharedList<'a> {
    account: &'a str,
    project_id: &'a str,
    task_type: TaskType,
    filter: &'a Filter,
    interval: Duration,
    stale_after: Duration,
}

/// How often a scan should succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Which scans; watched.
    pub task_type: TaskType,
    /// What starts them; never [`Trigger::Other`].
    pub trigger: Trigger,
    /// The longest time from one good scan to the next; not zero.
    pub every: Duration,
}

impl Expectation {
    /// The scans that it is about.
    fn of(self) -> (TaskType, Trigger) {
        (self.task_type, self.trigger)
    }
}

/// Which tasks are asked for. What is left out does not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    /// `trigger_type`; never [`Trigger::Other`].
    pub trigger: Option<Trigger>,
    /// `task_name`: fuzzy, as the API matches it.
    pub task_name: Option<Arc<str>>,
    /// Tasks created at or after this moment.
    pub created_after: Option<Timestamp>,
    /// Tasks created at or before this moment.
    pub created_before: Option<Timestamp>,
    /// Cluster scans that have all of these; empty: any. Never [`ScanTypes::OTHER`].
    pub scan_types: ScanTypes,
    /// IaC scans of this file type; never [`FileType::Other`].
    pub file_type: Option<FileType>,
}

/// How reading is paced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// How often each target is brought up to date.
    pub interval: Duration,
    /// How far back finished tasks are kept.
    pub window: Duration,
    /// How old data may become before it is withdrawn; at least twice the interval.
    pub stale_after: Duration,
    /// How long it may take until everything in the window has been read again, as a safety net.
    pub reconcile_every: Duration,
    /// For each API and endpoint host.
    pub requests_per_minute: NonZeroU32,
    /// For one attempt, its body included.
    pub timeout: Duration,
    /// How often a request is tried before it has failed.
    pub max_attempts: NonZeroU32,
}

/// How many tasks have series of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// How long after its end a finished task still has them.
    pub finished_for: Duration,
    /// How many tasks, per target.
    pub limit: usize,
    /// How many tasks, over all targets.
    pub total_limit: usize,
}
