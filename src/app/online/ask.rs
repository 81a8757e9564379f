//! What the cloud is asked, and when no more: a refused credential or a closed way is not tried for every target.

use super::report::{Counts, Outcome, is_divided};
use crate::config::{Account, Config, Filter, Watch};
use crate::hss::{List, Page, Query, TaskList};
use crate::model::{EnterpriseProject, Failure, Status, Target, TaskType};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// With more scopes, what runs and what waits is told only where it costs nothing: the check should not take an hour.
const FEW: usize = 15;

/// So many refusals in a row are the account's, although it had good answers before.
const REFUSALS: u32 = 3;

/// So long a request takes of the budget.
const PERMIT: Duration = Duration::from_secs(61);

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// A page for each scope.
    Totals,
    /// And where that does not hold all tasks, what runs and what waits.
    Statuses,
}

impl Depth {
    pub(super) fn of(config: &Config) -> Self {
        let watches = config.accounts.iter().flat_map(|account| &account.watches);
        if watches.map(|watch| watch.types.len()).sum::<usize>() <= FEW { Self::Statuses } else { Self::Totals }
    }

    /// How many requests a scope takes at most.
    const fn requests(self) -> usize {
        match self {
            Self::Totals => 1,
            Self::Statuses => 3,
        }
    }
}

/// How many requests are sent to the task list at most, retries aside, and how long the budget makes them take.
pub(super) fn effort(config: &Config) -> (usize, Duration) {
    let depth = Depth::of(config);
    let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
    for account in &config.accounts {
        let scopes: usize = account.watches.iter().map(|watch| watch.types.len()).sum();
        let requests = scopes * depth.requests() + divided(account).len();
        *hosts.entry(account.hss_endpoint.authority()).or_default() += requests;
    }
    let per_minute = config.refresh.requests_per_minute.get();
    // Accounts are asked one after the other.
    let pauses = hosts.values().map(|requests| requests.saturating_sub(1) / usize::try_from(per_minute).unwrap_or(1));
    let pauses = u32::try_from(pauses.sum::<usize>()).unwrap_or(u32::MAX);
    (hosts.values().sum(), PERMIT.saturating_mul(pauses))
}

/// What one request can read.
pub(super) struct Scope<'a> {
    pub(super) watch: &'a Watch,
    pub(super) task_type: TaskType,
}

/// One task type of a project, with all enterprise projects.
pub(super) struct Whole {
    pub(super) watch: Watch,
    pub(super) task_type: TaskType,
}

impl Whole {
    pub(super) const fn as_scope(&self) -> Scope<'_> {
        Scope { watch: &self.watch, task_type: self.task_type }
    }
}

/// The projects of an account of which single enterprise projects are watched.
pub(super) fn divided(account: &Account) -> Vec<Whole> {
    let mut seen = BTreeSet::new();
    let mut wholes = Vec::new();
    for watch in account.watches.iter().filter(|watch| is_divided(&watch.target)) {
        for task_type in &watch.types {
            if seen.insert((&watch.target.project.id, *task_type)) {
                let target = Target { enterprise_project: EnterpriseProject::All, ..(*watch.target).clone() };
                wholes
                    .push(Whole { watch: Watch { target: Arc::new(target), ..watch.clone() }, task_type: *task_type });
            }
        }
    }
    wholes
}

/// Asks for one account.
pub(super) struct Asker {
    list: Result<TaskList, Failure>,
    depth: Depth,
    /// Whether there was any good answer.
    good: bool,
    refusals: u32,
    /// Why nothing more is asked.
    stopped: Option<Failure>,
}

impl Asker {
    /// Through this list, if requests can be made at all.
    pub(super) const fn new(list: Result<TaskList, Failure>, depth: Depth) -> Self {
        Self { list, depth, good: false, refusals: 0, stopped: None }
    }

    /// Asks about a scope. With its numbers comes the page that showed them.
    pub(super) async fn scope(&mut self, scope: &Scope<'_>) -> (Outcome, Option<Page>) {
        if let Some(failure) = &self.stopped {
            return (Outcome::Spared(failure.clone()), None);
        }
        match self.page(scope, List::Newest).await {
            Ok(page) => (Outcome::Read(self.counts(scope, &page).await), Some(page)),
            Err(failure) => (Outcome::Failed(failure), None),
        }
    }

    /// How many tasks there are; `None` if that is not asked any more.
    pub(super) async fn total(&mut self, scope: &Scope<'_>) -> Option<Result<Option<u64>, Failure>> {
        if self.stopped.is_some() {
            return None;
        }
        Some(self.page(scope, List::Newest).await.map(|page| page.total))
    }

    async fn page(&mut self, scope: &Scope<'_>, list: List) -> Result<Page, Failure> {
        let query = Query { list, offset: 0 };
        let answer = match &self.list {
            Ok(tasks) => tasks.read(scope.watch, scope.task_type, &query, &mut 0).await,
            Err(failure) => Err(failure.clone()),
        };
        match &answer {
            Ok(_) => (self.good, self.refusals) = (true, 0),
            Err(failure) if failure.reason.concerns_all() => {
                self.refusals += 1;
                if !self.good || self.refusals >= REFUSALS {
                    self.stopped = Some(failure.clone());
                }
            }
            Err(_) => {}
        }
        answer
    }

    /// What runs and what waits: off the page where it holds everything, else from the statistics, else by a request each.
    async fn counts(&mut self, scope: &Scope<'_>, page: &Page) -> Counts {
        let of = |status| page.tasks.iter().filter(|task| task.status == status).count() as u64;
        let mut counts = Counts { total: page.total, running: None, ready: None };
        if page.total.is_some_and(|total| total <= u64::from(page.listed)) {
            return Counts { running: Some(of(Status::Running)), ready: Some(of(Status::Ready)), ..counts };
        }
        // They know no filter.
        if let (Ok(tasks), true) = (&self.list, scope.watch.filter == Filter::default()) {
            let statistics = tasks.statistics(scope.watch, scope.task_type).await;
            counts.running = statistics.and_then(|answer| answer.ok()?.running);
        }
        if self.depth == Depth::Statuses {
            if counts.running.is_none() {
                counts.running = self.page(scope, List::Running).await.ok().and_then(|page| page.total);
            }
            counts.ready = self.page(scope, List::Ready).await.ok().and_then(|page| page.total);
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Loaded};

    fn configured(projects: &str) -> Config {
        let text = format!("accounts: [{{ name: a, region: cn-north-4, projects: [{projects}] }}]");
        let environment = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"].map(|name| (name.to_owned(), "x".to_owned()));
        let Ok(Loaded { config, .. }) = config::parse(&text, "test", &environment) else { panic!("{text}") };
        config
    }

    #[test]
    fn it_is_said_beforehand_how_long_asking_will_take() {
        // Two scopes with three requests each: one more than go at once.
        let (requests, takes) = effort(&configured("{ id: p }"));
        assert_eq!((requests, takes), (6, Duration::from_secs(61)));
        let (requests, takes) = effort(&configured("{ id: p, types: [iac_scan] }"));
        assert_eq!((requests, takes), (3, Duration::ZERO));
        // The whole project is asked for beside its enterprise projects.
        let (requests, _) = effort(&configured("{ id: p, types: [iac_scan], enterprise_projects: [\"0\", \"7\"] }"));
        assert_eq!(requests, 2 * 3 + 1);
        // Many scopes take a request each.
        let many: Vec<String> = (0..100).map(|n| format!("{{ id: p{n} }}")).collect();
        let (requests, takes) = effort(&configured(&many.join(", ")));
        assert_eq!((requests, takes), (200, Duration::from_secs(39 * 61)));
    }
}
