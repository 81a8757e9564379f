//! What the world answers to a question.

use super::super::answer;
use super::super::list::Direction;
use super::super::query::{ALL_ENTERPRISE_PROJECTS, Query, StatisticsQuery};
use super::super::refusal::Refusal;
use super::super::task::Status;
use super::{Project, World};
use serde_json::Value;

impl World {
    /// Answers ListTasks for a project. `visible` says which enterprise projects the caller may see.
    pub(in crate::simulator) fn list(
        &self,
        project: &Project,
        query: Query,
        visible: &dyn Fn(&str) -> bool,
    ) -> Result<Value, Refusal> {
        let filter = query.filter.within(self.asked(project, &query.enterprise_project, visible)?);
        let list = project.list(query.task_type);
        let tasks = list.in_order(self.now, self.ready, query.direction);
        Ok(if filter.takes_all() {
            answer::page(list.len(), tasks.skip(query.offset).take(query.limit), self.now, self.ready_times)
        } else {
            let (mut total, mut page) = (0_usize, Vec::new());
            for task in tasks.filter(|task| filter.takes(task, self.now)) {
                if total >= query.offset && page.len() < query.limit {
                    page.push(task);
                }
                total = total.saturating_add(1);
            }
            answer::page(total, page.into_iter(), self.now, self.ready_times)
        })
    }

    /// Answers ShowTaskStatistics for a project. `visible` says which enterprise projects the caller may see.
    pub(in crate::simulator) fn statistics(
        &self,
        project: &Project,
        query: &StatisticsQuery,
        visible: &dyn Fn(&str) -> bool,
    ) -> Result<Value, Refusal> {
        let asked = self.asked(project, &query.enterprise_project, visible)?;
        let (mut total, mut running, mut newest) = (0, 0, None);
        for task in project.list(query.task_type).in_order(self.now, self.ready, Direction::NewestFirst) {
            if asked.is_empty() || asked.iter().any(|id| **id == *task.enterprise_project) {
                total += 1;
                running += usize::from(task.status(self.now) == Status::Running);
                newest = newest.max(Some(task.created));
            }
        }
        Ok(answer::statistics(total, running, newest))
    }

    /// The enterprise projects that are asked about, if there are any; none stands for all of the project. An enterprise
    /// project is the account's: a project in which it has nothing answers that there is nothing.
    fn asked(&self, project: &Project, id: &str, visible: &dyn Fn(&str) -> bool) -> Result<Vec<String>, Refusal> {
        let own = project.enterprise_projects.iter().map(|one| one.id.to_string());
        let elsewhere = || self.projects.iter().any(|other| other.enterprise_projects.iter().any(|one| *one.id == *id));
        let asked: Vec<String> = match id {
            ALL_ENTERPRISE_PROJECTS => own.filter(|id| visible(id)).collect(),
            id => own.filter(|other| other == id && visible(id)).collect(),
        };
        match asked.len() {
            0 if visible(id) && elsewhere() => Ok(vec![id.to_owned()]),
            0 => Err(Refusal::no_permission()),
            all if all == project.enterprise_projects.len() => Ok(Vec::new()),
            _ => Ok(asked),
        }
    }
}
