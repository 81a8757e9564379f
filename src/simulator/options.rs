//! What can be chosen about the simulated cloud.

use super::auth::Credential;
use super::iam::Directory;
use std::str::FromStr;

/// The choices. `Default` is what `demo` runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// What goes on.
    pub scenario: Scenario,
    /// The same seed makes the same world.
    pub seed: u64,
    /// How many projects there are.
    pub projects: usize,
    /// How many tasks of the past each project has, over all its enterprise projects and both task types.
    pub tasks: usize,
    /// Where ready tasks stand in the list.
    pub ready: ReadyOrder,
    /// What ready tasks have for the times that they do not have yet.
    pub ready_times: ReadyTimes,
    /// How often may be asked; `None`: as often as one likes.
    pub rate_limit: Option<RateLimit>,
    /// Whether there are statistics.
    pub statistics: Statistics,
    /// Answers of at least so many bytes are compressed if the client takes gzip; `None`: never.
    pub gzip_from: Option<usize>,
    /// Who may ask.
    pub credentials: Vec<Credential>,
    /// Who can sign in, and where to.
    pub directory: Directory,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scenario: Scenario::Demo,
            seed: 1,
            projects: 3,
            tasks: 200,
            ready: ReadyOrder::Head,
            ready_times: ReadyTimes::Absent,
            rate_limit: None,
            statistics: Statistics::Answered,
            gzip_from: Some(1024),
            credentials: vec![Credential::demo_key(), Credential::demo_token()],
            directory: Directory::default(),
        }
    }
}

/// What goes on in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Nightly scans, scans by hand every minute or two, one that hangs, one that waits.
    Demo,
    /// History and nothing else: nothing moves.
    Quiet,
    /// Projects without a task.
    Empty,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Demo, Self::Quiet, Self::Empty];

    /// As `--scenario` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Quiet => "quiet",
            Self::Empty => "empty",
        }
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|scenario| scenario.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no scenario `{text}`; there are: {names}")
        })
    }
}

/// Where tasks without a start time stand in a list that is sorted by it, newest first. The API page does not say;
/// in the other direction they stand at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyOrder {
    /// Before all others.
    Head,
    /// After all others.
    Tail,
    /// Among the others, as if they had started when they were made.
    Mixed,
}

/// What a ready task shows as `start_time`, `end_time` and `estimated_time`. The API page does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadyTimes {
    /// The keys are not there.
    Absent,
    /// `null`
    Null,
    /// `0`
    Zero,
}

/// What comes of it when ShowTaskStatistics is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistics {
    /// An answer.
    Answered,
    /// 404: this cloud does not have the API.
    LeftOut,
    /// 403: nobody may call it.
    Refused,
}

/// How many calls of one API are let through in any minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Of one user.
    pub per_user: usize,
    /// From one source address.
    pub per_address: usize,
    /// In all.
    pub total: usize,
}

impl RateLimit {
    /// What the vendor documents.
    pub const DOCUMENTED: Self = Self { per_user: 5, per_address: 5, total: 600 };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scenario_is_told_which_there_are() {
        assert_eq!("quiet".parse(), Ok(Scenario::Quiet));
        let error = "loud".parse::<Scenario>().unwrap_err();
        assert_eq!(error, "there is no scenario `loud`; there are: demo, quiet, empty");
    }
}
