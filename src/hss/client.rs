//! The call itself: one page of one target's task list.

use super::query::Query;
use super::wire::{self, Page};
use crate::cloud::{Call, Connection, Scope};
use crate::config::Watch;
use crate::model::observe::{Api, Observe};
use crate::model::{CloudTime, Failure, TaskType};
use std::sync::Arc;

/// The task lists that an account may read.
pub struct TaskList {
    pub(super) connection: Arc<Connection>,
    account: Arc<str>,
    observer: Arc<dyn Observe>,
}

impl TaskList {
    /// The task lists that `account` reaches over `connection`.
    pub fn new(connection: impl Into<Arc<Connection>>, account: Arc<str>, observer: Arc<dyn Observe>) -> Self {
        Self { connection: connection.into(), account, observer }
    }

    /// Reads one page. Waits for the budget, and tries again where that may help; each attempt is added to `attempts`.
    ///
    /// # Errors
    /// What the last attempt failed with.
    pub async fn read(
        &self,
        watch: &Watch,
        task_type: TaskType,
        query: &Query,
        attempts: &mut u64,
    ) -> Result<Page, Failure> {
        let target = &watch.target;
        let call = Call {
            api: Api::ListTasks,
            what: format!("ListTasks({}) of {target}", task_type.as_str()),
            method: "POST",
            path: format!("/v5/{}/common/tasks/batch-query", target.project.id),
            query: query.parameters(&target.enterprise_project),
            body: query.body(task_type, &watch.filter).into(),
            scope: Scope::Project(&target.project.id),
        };
        let page = self
            .connection
            .call(&call, attempts, |answer| {
                let page = wire::page(&answer.body, task_type, query.limit(), answer.at)?;
                Ok(Page { base: answer.base, ..page })
            })
            .await?;
        page.oddities.report(&self.account, &*self.observer);
        Ok(page)
    }

    /// What time it is in the cloud, as far as its answers have said.
    pub fn time(&self) -> CloudTime {
        self.connection.time()
    }

    /// Grows whenever the account's credential has changed.
    pub fn credential_generation(&self) -> u64 {
        self.connection.credential_generation()
    }
}
