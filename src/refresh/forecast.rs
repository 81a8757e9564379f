//! What a configuration will cost, before it runs: requests against the budget, and what the page will hold.

use super::board::Place;
use super::run;
use crate::config::Config;
use crate::hss::Page;
use crate::hss::query::PAGE;
use crate::model::{Snapshot, Task, Timestamp};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// What is left of a minute's budget in an hour: each request's permit comes back 61 seconds after it.
const MINUTES: f64 = 3600.0 / 61.0;

/// A list that does not fit on a page is asked so often an hour for what runs and what waits far down.
const HOURLY: f64 = 2.0;

/// The newest tasks of a scope, as one page showed them.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The target's place among all targets of the configuration, and the task type's with the target.
    pub place: Place,
    /// The page.
    pub page: Page,
}

/// What is asked of one endpoint, where nothing changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// The endpoint.
    pub endpoint: String,
    /// How many targets are read there.
    pub targets: usize,
    /// How many requests it takes to refresh them all once: the enterprise projects of a project are read together.
    pub requests_per_refresh: usize,
    /// How many requests an hour takes.
    pub requests_per_hour: f64,
    /// How many requests an hour may take.
    pub budget_per_hour: f64,
    /// The longest configured interval.
    pub interval: Duration,
    /// The interval that can be kept in its place.
    pub kept_interval: Duration,
}

/// What is asked of each endpoint, in the order of their names. What is known of the lists' lengths stands in `samples`.
pub fn loads(config: &Config, samples: &[Sample]) -> Vec<Load> {
    let long = |target: usize, scan: usize| {
        let place = Place { target, scan };
        let sample = samples.iter().find(|sample| sample.place == place);
        sample.is_some_and(|sample| sample.page.total.is_some_and(|total| total > u64::from(PAGE)))
    };
    let mut loads: BTreeMap<&str, Load> = BTreeMap::new();
    let mut lists = HashSet::new();
    let watches = config.accounts.iter().flat_map(|account| account.watches.iter().map(move |watch| (account, watch)));
    for (target, (account, watch)) in watches.enumerate() {
        let load = loads.entry(account.hss_endpoint.authority()).or_insert_with(|| Load {
            endpoint: account.hss_endpoint.to_string(),
            targets: 0,
            requests_per_refresh: 0,
            requests_per_hour: 0.0,
            budget_per_hour: f64::from(config.refresh.requests_per_minute.get()) * MINUTES,
            interval: Duration::ZERO,
            kept_interval: Duration::ZERO,
        });
        let kept = config.kept_interval(account, watch.interval);
        load.targets += 1;
        load.interval = load.interval.max(watch.interval);
        load.kept_interval = load.kept_interval.max(kept);
        for (scan, task_type) in watch.types.iter().enumerate() {
            if lists.insert(watch.shared_list(*task_type)) {
                load.requests_per_refresh += 1;
                load.requests_per_hour += 3600.0 / kept.as_secs_f64();
            }
            if long(target, scan) {
                load.requests_per_hour += HOURLY;
            }
        }
    }
    loads.into_values().collect()
}

/// How many tasks a page of the future is taken to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// No more than the samples show.
    Seen,
    /// As many as there are, and as the limits let through: as if all of them had ended just now.
    Most,
}

/// What there will be to show once everything has been read, as far as the samples tell.
pub fn snapshot(config: &Config, samples: &[Sample], extent: Extent, now: Timestamp) -> Arc<Snapshot> {
    let board = run::board(config, now);
    for Sample { place, page } in samples {
        let limit = config.series.as_ref().map_or(0, |series| series.limit);
        let tasks = match extent {
            Extent::Seen => page.tasks.clone(),
            Extent::Most => padded(page, limit),
        };
        board.write(*place, |book| {
            book.ledger.apply(page.at, tasks);
            book.ledger.count_total(page.total);
            let reading = &mut book.reading;
            (reading.last_attempt, reading.last_success) = (Some(now), Some(now));
            (reading.duration, reading.requests) = (Some(Duration::ZERO), Some(1));
        });
    }
    board.publish(samples.iter().map(|sample| sample.place.target), now);
    board.subscribe().borrow().clone()
}

/// The tasks of a page, and others like the last finished one of them: as many as there are, `limit` at most.
fn padded(page: &Page, limit: usize) -> Vec<Task> {
    let mut tasks = page.tasks.clone();
    let Some(like) = tasks.iter().rev().find(|task| task.end.is_some()).or(tasks.last()).cloned() else { return tasks };
    let total = page.total.and_then(|total| usize::try_from(total).ok()).unwrap_or(tasks.len());
    for n in tasks.len()..total.min(limit) {
        let end = like.end.map(|_| page.at);
        tasks.push(Task { id: format!("{}~{n}", like.id).into(), end, ..like.clone() });
    }
    tasks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Loaded};

    fn configured(projects: &str, interval: &str) -> Config {
        let text = format!(
            "accounts:\n  - {{ name: a, region: cn-north-4, projects: [{projects}] }}\nrefresh: {{ interval: {interval} }}"
        );
        let environment = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"].map(|name| (name.to_owned(), "x".to_owned()));
        let Ok(Loaded { config, .. }) = config::parse(&text, "test", &environment) else { panic!("{text}") };
        config
    }

    fn of(total: u64, target: usize) -> Sample {
        let page = Page {
            at: Timestamp::default(),
            base: Default::default(),
            total: Some(total),
            tasks: Vec::new(),
            listed: 0,
            oddities: Default::default(),
        };
        Sample { place: Place { target, scan: 0 }, page }
    }

    #[test]
    fn enterprise_projects_of_a_project_cost_one_request_together() {
        let config = configured("{ id: p, enterprise_projects: [\"0\", \"7\"] }, { id: q, types: [iac_scan] }", "10m");
        let [load] = &loads(&config, &[])[..] else { panic!("one endpoint") };
        assert_eq!((load.targets, load.requests_per_refresh), (3, 3));
        assert_eq!((load.interval, load.kept_interval), (Duration::from_secs(600), Duration::from_secs(600)));
        assert!(
            (load.requests_per_hour - 18.0).abs() < 1e-9 && (load.budget_per_hour - 5.0 * 3600.0 / 61.0).abs() < 1e-9
        );
        // What a page does not hold is looked for far down.
        let [load] = &loads(&config, &[of(200, 0), of(201, 1)])[..] else { panic!("one endpoint") };
        assert!((load.requests_per_hour - 20.0).abs() < 1e-9);
    }

    #[test]
    fn entries_of_a_project_that_are_configured_differently_cost_a_request_each() {
        let entry = |id, settings| format!("{{ id: p, types: [iac_scan], enterprise_projects: [\"{id}\"]{settings} }}");
        for (settings, requests) in
            [("", 1), (", interval: 10m", 1), (", interval: 20m", 2), (", filter: { trigger_type: manual }", 2)]
        {
            let config = configured(&format!("{}, {}", entry("0", ""), entry("7", settings)), "10m");
            let [load] = &loads(&config, &[])[..] else { panic!("one endpoint") };
            assert_eq!((load.targets, load.requests_per_refresh), (2, requests), "{settings}");
        }
        // Another task type is another list anyway.
        let config = configured(
            "{ id: p, types: [iac_scan], enterprise_projects: [\"0\"] }, { id: p, enterprise_projects: [\"7\"] }",
            "10m",
        );
        assert_eq!(loads(&config, &[])[0].requests_per_refresh, 2);
    }

    #[test]
    fn what_cannot_be_kept_takes_the_whole_budget() {
        let config = configured("{ id: p }, { id: q }, { id: r }, { id: s }", "1m");
        let [load] = &loads(&config, &[])[..] else { panic!("one endpoint") };
        assert_eq!(load.requests_per_refresh, 8);
        assert!((load.kept_interval.as_secs_f64() - 8.0 * 61.0 / 5.0).abs() < 1e-6, "{load:?}");
        assert!((load.requests_per_hour - load.budget_per_hour).abs() < 1e-6, "{load:?}");
    }
}
