//! Who and what there is in the account, and the rules of signing in: what tests choose and change.

use super::super::log::Api;
use super::super::metadata::Metadata;
use super::super::options::RateLimit;
use super::super::pod_identity::PodIdentity;
use super::people::{Agency, IdentityProvider, User};

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

/// The account: its users, agencies and projects. The projects of the world belong to it without being named here.
#[derive(Clone, Debug)]
pub struct Directory {
    /// The region of the simulated HSS. Its own project has the same name: the first one of the world.
    pub region: String,
    /// The account.
    pub domain: Domain,
    /// Who can sign in with a password. A credential whose user is not among them may do everything.
    pub users: Vec<User>,
    /// Who can be stood in for.
    pub agencies: Vec<Agency>,
    /// Whose tokens are taken for a password.
    pub identity_provider: IdentityProvider,
    /// Projects that are none of the simulated HSS.
    pub projects: Vec<OtherProject>,
    /// Ids of projects and enterprise projects that are disabled.
    pub disabled: Vec<String>,
    /// Which user (or agency) may not call which API.
    pub denied: Vec<(String, Api)>,
    /// How long, how often, how large.
    pub rules: Rules,
    /// What an instance is told of itself.
    pub metadata: Metadata,
    /// What a pod is told.
    pub pod_identity: PodIdentity,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            region: "cn-north-4".to_owned(),
            domain: Domain::new("0d0000000000000000000000000000d0", "simulated"),
            users: vec![User::new("demo", "simulated-password-of-no-value")],
            agencies: vec![Agency::new("hss-reader", "simulated")],
            identity_provider: IdentityProvider {
                id: "cluster".to_owned(),
                token: "simulated-id-token-of-no-value".to_owned(),
                user: "demo".to_owned(),
            },
            projects: Vec::new(),
            disabled: Vec::new(),
            denied: Vec::new(),
            rules: Rules::default(),
            metadata: Metadata::default(),
            pod_identity: PodIdentity::default(),
        }
    }
}

impl Directory {
    /// The user of that name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// The user of that name, to be changed.
    pub fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.name == name)
    }

    pub(in super::super) fn denies(&self, user: &str, api: Api) -> bool {
        self.denied.iter().any(|(name, denied)| name == user && *denied == api)
    }

    pub(in super::super) fn disabled(&self, id: &str) -> bool {
        self.disabled.iter().any(|disabled| disabled == id)
    }

    pub(in super::super) fn agency(&self, name: &str) -> Option<&Agency> {
        self.agencies.iter().find(|agency| agency.name == name)
    }
}

/// An account, which the API calls a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The account's name.
    pub name: String,
}

impl Domain {
    /// An account.
    pub fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned() }
    }
}

/// A project that is none of the simulated HSS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherProject {
    /// The id.
    pub id: String,
    /// The name: a region's, or one that begins with a region's and `_`.
    pub name: String,
}

impl OtherProject {
    /// A project.
    pub fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned() }
    }

    /// One of another region, and one of object storage, which belongs to none.
    pub fn of_elsewhere() -> Vec<Self> {
        vec![
            Self::new("0e0000000000000000000000000000e3", "ap-southeast-3"),
            Self::new("0e00000000000000000000000000005e", "MOS"),
        ]
    }
}

/// How long, how often, how large. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long a token is good.
    pub token_lifetime: u64,
    /// How long a token is, in characters.
    pub token_length: usize,
    /// How long a temporary key is good; `None`: as long as is asked for.
    pub key_lifetime: Option<u64>,
    /// So many wrong passwords in a row lock a login.
    pub login_failures: u32,
    /// For so long.
    pub login_lock: u64,
    /// How often each API of IAM and EPS may be called; `None`: as often as one likes.
    pub rate_limit: Option<RateLimit>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            token_lifetime: DAY_MS,
            token_length: 2048,
            key_lifetime: None,
            login_failures: 5,
            login_lock: 15 * MINUTE_MS,
            rate_limit: None,
        }
    }
}
