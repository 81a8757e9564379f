//! What the cloud is asked, and when no more: a refused credential or a closed way is not tried for every target.

use super::report::{Counts, Outcome, is_divided};
use crate::cloud::MOST_FIRST_ANSWERS;
use crate::config::{Account, Config, Credentials, Filter, Watch};
use crate::hss::{List, Page, Query, TaskList};
use crate::model::{EnterpriseProject, Failure, Status, Target, TaskType};
use std::collections::BTreeMap;
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

    /// How many requests to the task list a scope takes at most.
    const fn lists(self) -> u64 {
        match self {
            Self::Totals => 1,
            Self::Statuses => 3,
        }
    }
}

/// How much is asked of HSS at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effort {
    /// How many requests, if none has to be sent again.
    pub(super) requests: u64,
    /// How many requests, if each has to be sent again as often as it may be.
    pub(super) with_retries: u64,
    /// How long the budget makes them take, if none has to be sent again.
    pub(super) takes: Duration,
}

impl Effort {
    pub(super) fn of(config: &Config) -> Self {
        let depth = Depth::of(config);
        let mut effort = Self { requests: 0, with_retries: 0, takes: Duration::ZERO };
        let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
        for account in &config.accounts {
            let mut lists = divided(account).len() as u64;
            let mut statistics = 0;
            for watch in &account.watches {
                let scopes = watch.types.len() as u64;
                lists += scopes * depth.lists();
                statistics += if has_statistics(watch) { scopes } else { 0 };
            }
            effort.requests += lists + statistics;
            // Statistics are never asked for again. The first list is, while its answers dispute what time it is.
            let repeats = u64::from(MOST_FIRST_ANSWERS) - 1;
            effort.with_retries += lists * attempts(account, config) + statistics + repeats;
            *hosts.entry(account.hss_endpoint.authority()).or_default() += lists;
        }
        let per_minute = u64::from(config.refresh.requests_per_minute.get());
        // Accounts are asked one after the other. Statistics have a budget of their own, and do not wait for it.
        let pauses: u64 = hosts.values().map(|lists| lists.saturating_sub(1) / per_minute).sum();
        effort.takes = PERMIT.saturating_mul(u32::try_from(pauses).unwrap_or(u32::MAX));
        effort
    }
}

/// How often a request to the task list is sent at most. A credential that can be replaced is, once, when it is refused.
fn attempts(account: &Account, config: &Config) -> u64 {
    let replaced = !matches!(account.credentials, Credentials::AccessKey { .. });
    u64::from(config.refresh.max_attempts.get()) + u64::from(replaced)
}

/// Whether the statistics say something of a target: they know no filter.
fn has_statistics(watch: &Watch) -> bool {
    watch.filter == Filter::default()
}

/// What one request can read.
pub(super) struct Scope<'a> {
    pub(super) watch: &'a Watch,
    pub(super) task_type: TaskType,
}

/// One task type of a project, with all enterprise projects, as the filter of some of them lets it through.
pub(super) struct Whole {
    pub(super) watch: Watch,
    pub(super) task_type: TaskType,
    /// The targets that have this filter.
    pub(super) members: Vec<Arc<Target>>,
    pub(super) filters: Filters,
}

/// How the targets of one project are filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filters {
    /// All alike: one list shows what all of them do.
    Alike,
    /// Not all alike: no list shows what all of them do.
    Different,
}

impl Whole {
    pub(super) const fn as_scope(&self) -> Scope<'_> {
        Scope { watch: &self.watch, task_type: self.task_type }
    }
}

/// The projects of an account of which single enterprise projects are watched, once for each filter.
pub(super) fn divided(account: &Account) -> Vec<Whole> {
    let mut wholes: Vec<Whole> = Vec::new();
    // The wholes of each project.
    let mut projects: BTreeMap<(&str, TaskType), Vec<usize>> = BTreeMap::new();
    for watch in account.watches.iter().filter(|watch| is_divided(&watch.target)) {
        for task_type in &watch.types {
            let of_project = projects.entry((&watch.target.project.id, *task_type)).or_default();
            let same = |number: &&usize| wholes.get(**number).is_some_and(|whole| whole.watch.filter == watch.filter);
            let number = of_project.iter().find(same).copied().unwrap_or_else(|| {
                let target = Target { enterprise_project: EnterpriseProject::All, ..(*watch.target).clone() };
                let watch = Watch { target: Arc::new(target), ..watch.clone() };
                of_project.push(wholes.len());
                wholes.push(Whole { watch, task_type: *task_type, members: Vec::new(), filters: Filters::Alike });
                wholes.len() - 1
            });
            if let Some(whole) = wholes.get_mut(number) {
                whole.members.push(Arc::clone(&watch.target));
            }
        }
    }
    for number in projects.into_values().filter(|of_project| of_project.len() > 1).flatten() {
        if let Some(whole) = wholes.get_mut(number) {
            whole.filters = Filters::Different;
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
        if let (Ok(tasks), true) = (&self.list, has_statistics(scope.watch)) {
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

    #[track_caller]
    fn check_effort(projects: &str, requests: u64, with_retries: u64, takes: u64) {
        let expected = Effort { requests, with_retries, takes: Duration::from_secs(takes) };
        assert_eq!(Effort::of(&configured(projects)), expected, "{projects}");
    }

    #[test]
    fn it_is_said_beforehand_how_much_is_asked_and_how_long_that_will_take() {
        // Two scopes with three requests each, one more than go at once; and their statistics.
        check_effort("{ id: p }", 6 + 2, 4 * 6 + 2 + 2, 61);
        check_effort("{ id: p, types: [iac_scan] }", 3 + 1, 4 * 3 + 1 + 2, 0);
        check_effort("{ id: p, types: [iac_scan], filter: { trigger_type: manual } }", 3, 4 * 3 + 2, 0);
        // The whole project is asked for beside its enterprise projects, once for each filter.
        let entry = |ids: &str, filter: &str| {
            format!("{{ id: p, types: [iac_scan], enterprise_projects: [{ids}], filter: {{ {filter} }} }}")
        };
        check_effort(&entry("0, 7", ""), 2 * 3 + 1 + 2, 4 * (2 * 3 + 1) + 2 + 2, 61);
        let two = [entry("0", ""), entry("7", "task_name: nightly"), entry("8", "")].join(", ");
        check_effort(&two, 3 * 3 + 2 + 2, 4 * (3 * 3 + 2) + 2 + 2, 2 * 61);
        // Many scopes take a request each.
        let many: Vec<String> = (0..100).map(|n| format!("{{ id: p{n} }}")).collect();
        check_effort(&many.join(", "), 200 + 200, 4 * 200 + 200 + 2, 39 * 61);
    }

    #[test]
    fn what_no_entry_watches_is_known_only_where_all_are_filtered_alike() {
        let entry = |id: &str, more: &str| format!("{{ id: p, types: [iac_scan], enterprise_projects: [{id}]{more} }}");
        let wholes = |entries: String| divided(&configured(&entries).accounts[0]);
        let alike = wholes([entry("0", ""), entry("7", ", interval: 1h")].join(", "));
        let [whole] = &alike[..] else { panic!("one list") };
        assert_eq!((whole.members.len(), whole.filters), (2, Filters::Alike));
        let different = wholes([entry("0", ""), entry("7", ", filter: { task_name: nightly }")].join(", "));
        assert_eq!(different.len(), 2);
        assert!(different.iter().all(|whole| whole.members.len() == 1 && whole.filters == Filters::Different));
    }
}
