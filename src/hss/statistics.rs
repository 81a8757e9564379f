//! How many tasks of a type a target has, and how many of them run. The call is small and has a budget of its own; it
//! knows no filter, and nothing promises that its answer is fresh.

use super::TaskList;
use super::wire;
use crate::cloud::{Call, Scope};
use crate::config::Watch;
use crate::model::observe::Api;
use crate::model::{Failure, Reason, TaskType, Timestamp};

/// An answer. What is null, absent or no number is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// When the cloud gave it, by its own clock.
    pub at: Timestamp,
    /// `total_num`: how many tasks there are.
    pub total: Option<u64>,
    /// `running_num`: how many of them run.
    pub running: Option<u64>,
    /// `last_task_start_time`: when the newest of them was *created*.
    pub newest: Option<Timestamp>,
}

impl TaskList {
    /// Asks for the statistics once, if the budget has a request to spare; `None` if it has not.
    ///
    /// # Errors
    /// What the attempt failed with.
    pub async fn statistics(&self, watch: &Watch, task_type: TaskType) -> Option<Result<Statistics, Failure>> {
        let target = &watch.target;
        let call = Call {
            api: Api::ShowTaskStatistics,
            what: format!("ShowTaskStatistics({}) of {target}", task_type.as_str()),
            method: "GET",
            path: format!("/v5/{}/common/task-statistics", target.project.id),
            query: vec![
                ("enterprise_project_id", target.enterprise_project.id().to_owned()),
                ("task_type", task_type.as_str().to_owned()),
            ],
            body: Vec::new().into(),
            scope: Scope::Project(&target.project.id),
        };
        let read = |answer: &crate::cloud::Answer| {
            wire::statistics(&answer.body, answer.at).map_err(|why| (Reason::Decode, why))
        };
        self.connection.call_in_passing(&call, read).await
    }
}
