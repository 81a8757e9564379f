//! What stands in for IAM: who signs in how, and what they get for it.
//!
//! Shapes and texts as the vendor's API pages and SDKs show them.

pub mod directory;
pub mod people;

mod issued;
mod keys;
mod projects;
mod tokens;

pub use directory::{Directory, Domain, OtherProject, Rules};
pub use people::{Agency, IdentityProvider, User};

pub(super) use issued::{Issued, Scope};
pub(super) use people::Principal;
pub(super) use projects::is_of_another_region;

use self::issued::Issuer;
use super::auth::Access;
use std::collections::HashMap;

/// The account, and what was issued in it.
pub struct Iam {
    /// Who and what there is.
    pub directory: Directory,
    issuer: Issuer,
    /// By the name of the user, for those who exist.
    logins: HashMap<String, Login>,
    pub(super) metadata: super::metadata::Sessions,
}

/// How signing in with a password went lately.
#[derive(Clone, Copy, Default)]
struct Login {
    failures: u32,
    locked_until: u64,
}

impl Iam {
    pub(super) fn new(directory: Directory, seed: u64) -> Self {
        let (issuer, logins, metadata) = (Issuer::new(seed), HashMap::new(), super::metadata::Sessions::default());
        Self { directory, issuer, logins, metadata }
    }

    pub(super) fn issued(&self) -> &[Issued] {
        &self.issuer.issued
    }

    /// Another password for a user. As in the cloud, their tokens die of it.
    pub fn change_password(&mut self, user: &str, password: &str) {
        if let Some(user) = self.directory.user_mut(user) {
            password.clone_into(&mut user.password);
        }
        self.issuer.issued.retain(|one| one.credential.user != user || !is_token(&one.credential.access));
    }

    /// Kills all tokens and temporary keys of a user or an agency.
    pub fn revoke(&mut self, user: &str) {
        self.issuer.issued.retain(|one| one.credential.user != user);
        self.metadata.forget_key();
    }

    /// Kills all tokens and temporary keys.
    pub fn revoke_all(&mut self) {
        self.issuer.issued.clear();
        self.metadata.forget_key();
    }

    /// Lets a user sign in again at once.
    pub fn unlock(&mut self, user: &str) {
        self.logins.remove(user);
    }

    /// Locks the login of a user until then, in milliseconds since the Unix epoch.
    pub fn lock(&mut self, user: &str, until: u64) {
        self.logins.insert(user.to_owned(), Login { failures: 0, locked_until: until });
    }

    /// A temporary key for that long, as answers show it.
    pub(super) fn issue_key(&mut self, who: Principal, now: u64, lifetime: u64) -> serde_json::Value {
        self.issuer.key(who, now, lifetime)
    }
}

const fn is_token(access: &Access) -> bool {
    matches!(access, Access::Token { .. })
}
