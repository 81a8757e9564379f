//! Who can sign in, and who can be stood in for.

use super::super::auth::{Credential, Granted};
use std::fmt;

/// An IAM user.
#[derive(Clone)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// Whether they may sign in at all.
    pub enabled: bool,
    /// Whether they may stand in for agencies (`Agent Operator`).
    pub agent_operator: bool,
    /// Project ids that they may see.
    pub projects: Granted,
    /// Enterprise project ids that they may see.
    pub enterprise_projects: Granted,
}

impl User {
    /// A user who may see and do everything.
    pub fn new(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            enabled: true,
            agent_operator: true,
            projects: Granted::All,
            enterprise_projects: Granted::All,
        }
    }
}

/// Without the password.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({})", self.name)
    }
}

/// What an account lets others do in its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// The name.
    pub name: String,
    /// The name of the account that delegates.
    pub domain: String,
    /// Project ids that may be seen.
    pub projects: Granted,
    /// Enterprise project ids that may be seen.
    pub enterprise_projects: Granted,
}

impl Agency {
    /// An agency that may see everything.
    pub fn new(name: &str, domain: &str) -> Self {
        let (projects, enterprise_projects) = (Granted::All, Granted::All);
        Self { name: name.to_owned(), domain: domain.to_owned(), projects, enterprise_projects }
    }
}

/// An identity provider of OpenID Connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProvider {
    /// As `X-Idp-Id` names it.
    pub id: String,
    /// The one token of it that is good.
    pub token: String,
    /// The user that its bearer is.
    pub user: String,
}

/// Somebody, and what they may see: what a token or a temporary key is issued for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Principal {
    pub(in super::super) user: String,
    pub(in super::super) projects: Granted,
    pub(in super::super) enterprise_projects: Granted,
}

impl From<&User> for Principal {
    fn from(user: &User) -> Self {
        let (projects, enterprise_projects) = (user.projects.clone(), user.enterprise_projects.clone());
        Self { user: user.name.clone(), projects, enterprise_projects }
    }
}

impl From<&Agency> for Principal {
    fn from(agency: &Agency) -> Self {
        let (projects, enterprise_projects) = (agency.projects.clone(), agency.enterprise_projects.clone());
        Self { user: agency.name.clone(), projects, enterprise_projects }
    }
}

impl From<&Credential> for Principal {
    fn from(credential: &Credential) -> Self {
        let (projects, enterprise_projects) = (credential.projects.clone(), credential.enterprise_projects.clone());
        Self { user: credential.user.clone(), projects, enterprise_projects }
    }
}
