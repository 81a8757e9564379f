//! The project of a region, for those who have given no project: IAM knows it.

use crate::cloud::{Cloud, Project};
use crate::config::Account;
use crate::model::{Failure, Reason};
use std::sync::Arc;
use std::time::Duration;

/// After a look-up that may fare better in a moment.
const PAUSE: Duration = Duration::from_secs(10);

/// After one that was refused. Five wrong signatures in a row lock the key, so this process must not end: whoever
/// restarts it at once would send them.
const REFUSED_PAUSE: Duration = Duration::from_secs(300);

/// The one project that has the region's name. Waits for as long as IAM cannot be asked.
///
/// # Errors
/// If there is none, or several, or IAM does not tell: a sentence that says what to do.
pub(super) async fn find(cloud: &Arc<Cloud>, account: &Account) -> Result<Project, String> {
    let connection = cloud.connect(account).map_err(|failure| failure.to_string())?;
    loop {
        let failure = match connection.projects(Some(&account.region)).await {
            Ok(projects) => return one(projects, &account.region),
            Err(failure) => failure,
        };
        let Some(pause) = pause(&failure) else {
            return Err(format!("{failure}; or give the project's id: --project=..."));
        };
        let again = humantime::format_duration(pause);
        tracing::error!(region = %account.region, %failure, %again, "the region's project is not found yet");
        tokio::time::sleep(pause).await;
    }
}

/// How long to wait before asking again, if that may help.
fn pause(failure: &Failure) -> Option<Duration> {
    match failure.reason {
        Reason::Auth | Reason::TokenExpired | Reason::Blocked => Some(REFUSED_PAUSE),
        Reason::Throttled | Reason::Server | Reason::Timeout | Reason::Connect | Reason::Decode => {
            Some(failure.retry_after.unwrap_or(PAUSE).max(PAUSE))
        }
        Reason::Permission
        | Reason::Invalid
        | Reason::NotFound
        | Reason::Tls
        | Reason::TooLarge
        | Reason::Inconsistent => None,
    }
}

fn one(projects: Vec<Project>, region: &str) -> Result<Project, String> {
    let mut usable: Vec<Project> =
        projects.into_iter().filter(|project| project.enabled && &*project.name == region).collect();
    match (usable.pop(), usable.len()) {
        (Some(project), 0) => Ok(project),
        (None, _) => Err(format!(
            "IAM lists no project `{region}` for this credential: check the region, or give the project's id \
             (--project=..., from the console: My Credentials, API Credentials)"
        )),
        (Some(last), _) => {
            let ids: Vec<&str> = usable.iter().map(|project| &*project.id).chain([&*last.id]).collect();
            Err(format!(
                "IAM lists several projects `{region}`: {}; choose one by its id: --project=...",
                ids.join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(id: &str, name: &str, enabled: bool) -> Project {
        Project { id: id.into(), name: name.into(), enabled }
    }

    #[test]
    fn the_regions_own_project_is_the_one_with_its_name() {
        let listed = vec![
            project("p1", "cn-north-4_payments", true),
            project("p2", "cn-north-4", true),
            project("p3", "cn-north-4", false),
            project("p4", "MOS", true),
        ];
        assert_eq!(&*one(listed, "cn-north-4").unwrap().id, "p2");
    }

    #[test]
    fn none_and_several_are_told_apart() {
        let none = one(vec![project("p1", "MOS", true)], "cn-north-4").unwrap_err();
        assert!(none.contains("no project `cn-north-4`") && none.contains("--project"), "{none}");
        let several = vec![project("p1", "cn-north-4", true), project("p2", "cn-north-4", true)];
        let several = one(several, "cn-north-4").unwrap_err();
        assert!(several.contains("several projects `cn-north-4`: p1, p2"), "{several}");
    }
}
