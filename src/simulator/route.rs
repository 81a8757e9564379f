//! Which path is which call. One listener stands in for all services: their paths do not collide.

use super::log::Api;

/// Where the simulated cloud hands out pod identities.
pub(super) const POD_IDENTITY_PATH: &str = "/pod-identity/v1/credentials";

/// A call that the simulated cloud knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    ListTasks,
    ShowTaskStatistics,
    /// A token for a password or an agency.
    Token,
    /// A token for the token of another identity provider.
    IdToken,
    TemporaryKey,
    /// All projects of the account, as an administrator lists them.
    Projects,
    /// The projects that the caller may enter.
    OwnProjects,
    Domains,
    EnterpriseProjects,
    MetadataToken,
    MetadataKey,
    PodIdentity,
}

impl Route {
    /// The calls whose path names nothing.
    const FIXED: [(&str, Self); 10] = [
        ("/v3/auth/tokens", Self::Token),
        ("/v3.0/OS-AUTH/id-token/tokens", Self::IdToken),
        ("/v3.0/OS-CREDENTIAL/securitytokens", Self::TemporaryKey),
        ("/v3/projects", Self::Projects),
        ("/v3/auth/projects", Self::OwnProjects),
        ("/v3/auth/domains", Self::Domains),
        ("/v1.0/enterprise-projects", Self::EnterpriseProjects),
        ("/meta-data/latest/api/token", Self::MetadataToken),
        ("/openstack/latest/securitykey", Self::MetadataKey),
        (POD_IDENTITY_PATH, Self::PodIdentity),
    ];
    /// Those of HSS, by what their path has behind the project.
    const OF_A_PROJECT: [(&str, Self); 2] =
        [("/common/tasks/batch-query", Self::ListTasks), ("/common/task-statistics", Self::ShowTaskStatistics)];

    /// The call of a path, and the project that it names, or "".
    pub(super) fn read(path: &str) -> Option<(Self, &str)> {
        if let Some((_, route)) = Self::FIXED.into_iter().find(|(fixed, _)| *fixed == path) {
            return Some((route, ""));
        }
        Self::OF_A_PROJECT.into_iter().find_map(|(end, route)| {
            let project = path.strip_prefix("/v5/")?.strip_suffix(end)?;
            (!project.is_empty() && !project.contains('/')).then_some((route, project))
        })
    }

    pub(super) const fn api(self) -> Api {
        match self {
            Self::ListTasks => Api::ListTasks,
            Self::ShowTaskStatistics => Api::ShowTaskStatistics,
            Self::Token | Self::IdToken => Api::CreateToken,
            Self::TemporaryKey => Api::CreateTemporaryAccessKey,
            Self::Projects | Self::OwnProjects => Api::ListProjects,
            Self::Domains => Api::ListDomains,
            Self::EnterpriseProjects => Api::ListEnterpriseProjects,
            Self::MetadataToken | Self::MetadataKey => Api::InstanceMetadata,
            Self::PodIdentity => Api::PodIdentity,
        }
    }

    /// Its only HTTP method.
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::ListTasks | Self::Token | Self::IdToken | Self::TemporaryKey | Self::PodIdentity => "POST",
            Self::MetadataToken => "PUT",
            Self::ShowTaskStatistics
            | Self::Projects
            | Self::OwnProjects
            | Self::Domains
            | Self::EnterpriseProjects
            | Self::MetadataKey => "GET",
        }
    }

    /// How callers prove who they are.
    pub(super) const fn door(self) -> Door {
        match self {
            Self::ListTasks | Self::ShowTaskStatistics => Door::Hss,
            Self::Projects | Self::OwnProjects | Self::Domains => Door::Iam,
            Self::EnterpriseProjects => Door::Eps,
            Self::Token | Self::TemporaryKey => Door::SignIn,
            Self::IdToken | Self::MetadataToken | Self::MetadataKey | Self::PodIdentity => Door::Open,
        }
    }
}

/// How callers prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// By a key or a token that is good for a project.
    Hss,
    /// By any key or token. IAM itself refuses tokens, in its own words.
    Iam,
    /// By a key or a token that is good for the account.
    Eps,
    /// As for [`Door::Iam`], where there is a key or a token; otherwise the body has to prove it.
    SignIn,
    /// Not at the gateway: the call itself looks.
    Open,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_call_and_names_a_project_or_nothing() {
        assert_eq!(Route::read("/v5/p/common/tasks/batch-query"), Some((Route::ListTasks, "p")));
        assert_eq!(Route::read("/v3/projects"), Some((Route::Projects, "")));
        for nothing in ["/v5//common/task-statistics", "/v5/a/b/common/task-statistics", "/v3/projects/", "/"] {
            assert_eq!(Route::read(nothing), None, "{nothing}");
        }
    }
}
