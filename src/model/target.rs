//! What is watched: one enterprise project (or all of them, undivided) of one project of one account.

use std::sync::Arc;

/// A project of Huawei Cloud: `id` goes into requests, `name` is the label value `project`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Project {
    /// As Huawei Cloud knows it.
    pub id: Arc<str>,
    /// As the operator calls it; the id where no name was given.
    pub name: Arc<str>,
}

/// Which enterprise projects of a project a target covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnterpriseProject {
    /// Every one that the caller may see, undivided.
    All,
    /// One of them. Id `0` is the default one.
    One {
        /// As Huawei Cloud knows it.
        id: Arc<str>,
        /// As the operator calls it; the id where no name was given.
        name: Arc<str>,
    },
}

impl EnterpriseProject {
    /// The value of the query parameter `enterprise_project_id`.
    pub fn id(&self) -> &str {
        match self {
            Self::All => "all_granted_eps",
            Self::One { id, .. } => id,
        }
    }

    /// The label value `enterprise_project`.
    pub fn name(&self) -> &str {
        match self {
            Self::All => "all",
            Self::One { name, .. } => name,
        }
    }
}

/// One (project, enterprise project) that is watched. Ordered by its label values, which are unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The label value `account`: one set of credentials in one region.
    pub account: Arc<str>,
    /// The project.
    pub project: Project,
    /// The enterprise project, or all of them.
    pub enterprise_project: EnterpriseProject,
    /// The account's region, for the reader.
    pub region: Arc<str>,
}

impl Target {
    /// The label values `account`, `project`, `enterprise_project`, in this order.
    pub fn labels(&self) -> [&str; 3] {
        [&self.account, &self.project.name, self.enterprise_project.name()]
    }
}

impl std::fmt::Display for Target {
    /// `account/project/enterprise project`, as logs and errors name a target.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [account, project, enterprise_project] = self.labels();
        write!(f, "{account}/{project}/{enterprise_project}")
    }
}
