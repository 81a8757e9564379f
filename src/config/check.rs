//! The rules between keys, and the checked configuration that is left when none is broken.

use super::budget;
use super::expect;
use super::raw::{Context, Raw, RawAccount, RawProject, RawRefresh};
use super::report::{At, Fault, Located, Report};
use super::tasks::{RawSeries, Settings};
use super::{Account, Config, Manner, Refresh, Search};
use crate::model::{EnterpriseProject, Project, Target, TaskType};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// So many intervals pass before data is withdrawn, where `stale_after` is left out.
const STALE_AFTER_INTERVALS: u32 = 6;

/// With fewer intervals, one failed refresh would already withdraw good data.
const MIN_STALE_AFTER_INTERVALS: u32 = 2;

/// So many intervals of its own a project is allowed at least, where `stale_after` was chosen for another interval.
const OWN_STALE_AFTER_INTERVALS: u32 = 3;

/// Applies the rules between keys. None if something is missing; what it is has been reported.
pub(super) fn check(raw: Raw, cx: &mut Context<'_>) -> Option<Config> {
    check_accounts(&raw, &mut cx.report);
    check_targets(&raw.accounts, &mut cx.report);
    expect::check(&raw, &mut cx.report);
    if let (Some(series), Some(window)) = (&raw.tasks.series, raw.refresh.window) {
        check_series(series, window, &mut cx.report);
    }
    let interval = raw.refresh.interval.clone();
    let refresh = refresh(raw.refresh, &mut cx.report);
    let refresh = refresh?;
    let settings = raw.tasks.settings;
    let accounts = raw.accounts.into_iter().map(|raw| account(raw, &settings, &refresh));
    let accounts = accounts.collect::<Option<Vec<Account>>>()?;
    let config = Config { accounts, refresh, series: raw.tasks.series.map(|raw| raw.series) };
    budget::check(&config, &interval?, &mut cx.report);
    Some(config)
}

fn check_accounts(raw: &Raw, report: &mut Report) {
    let mut names: HashMap<&str, &At> = HashMap::new();
    for Located { at, value: name, .. } in raw.accounts.iter().filter_map(|account| account.name.as_ref()) {
        match names.get(name.as_ref()) {
            None => {
                names.insert(name, at);
            }
            Some(first) => {
                let reason = format!("is the name of another account too: {}", first.reference());
                report.refuse(at, Some(name), Fault::new(reason, "give each account a name of its own"));
            }
        }
    }
}

/// No target twice, neither to Prometheus nor to the cloud.
fn check_targets(accounts: &[RawAccount], report: &mut Report) {
    let mut labels: HashMap<[&str; 3], &At> = HashMap::new();
    let mut ids: HashMap<(&str, &str), &At> = HashMap::new();
    let mut undivided: HashMap<&str, &At> = HashMap::new();
    let mut divided: HashMap<&str, &At> = HashMap::new();
    for (account, project, Located { at, value: one, .. }) in targets(accounts) {
        let written = match one {
            EnterpriseProject::All => one.name(),
            EnterpriseProject::One { .. } => one.id(),
        };
        if let Some(first) = ids.get(&(project.id.as_ref(), one.id())) {
            let reason = format!(
                "is the same project and enterprise project as {}: its tasks would be counted twice",
                first.reference()
            );
            report.refuse(at, Some(written), Fault::new(reason, "keep one of the two"));
            continue;
        }
        ids.insert((&project.id, one.id()), at);
        let key = [account.unwrap_or_default(), &project.name, one.name()];
        match labels.get(&key) {
            Some(first) if account.is_some() => {
                let reason = format!("gets the same labels as {}", first.reference());
                let name = format!("{}/{}/{}", key[0], project.name, one.name());
                report.refuse(
                    at,
                    Some(&name),
                    Fault::new(reason, "give the project or the enterprise project another `name`"),
                );
            }
            _ => {
                labels.insert(key, at);
            }
        }
        let (same, others) = match one {
            EnterpriseProject::All => (&mut undivided, &divided),
            EnterpriseProject::One { .. } => (&mut divided, &undivided),
        };
        if let Some(other) = others.get(project.id.as_ref()) {
            let reason =
                format!("overlaps with {}: `all` holds every enterprise project of the project", other.reference());
            report.refuse(at, Some(written), Fault::new(reason, "keep either `all` or the single ones"));
        }
        same.entry(&project.id).or_insert(at);
    }
}

type RawTarget<'a> = (Option<&'a str>, &'a Project, &'a Located<EnterpriseProject>);

/// Every target that is written well enough to be compared with others.
fn targets(accounts: &[RawAccount]) -> impl Iterator<Item = RawTarget<'_>> {
    accounts.iter().flat_map(|account| {
        let name = account.name.as_ref().map(|name| name.value.as_ref());
        account.projects.iter().flat_map(move |raw| {
            raw.enterprise_projects.iter().filter_map(move |one| Some((name, raw.project.as_ref()?, one)))
        })
    })
}

fn check_series(raw: &RawSeries, window: Duration, report: &mut Report) {
    if raw.series.finished_for > window {
        let reason = format!(
            "is longer than `refresh.window` ({}): older tasks are not known",
            humantime::format_duration(window)
        );
        report.warn(&raw.at, raw.shown.as_deref(), Fault::new(reason, "shorten it, or lengthen the window"));
    }
}

fn refresh(raw: RawRefresh, report: &mut Report) -> Option<Refresh> {
    let interval = raw.interval?.value;
    let least = interval.saturating_mul(MIN_STALE_AFTER_INTERVALS);
    let stale_after = match raw.stale_after {
        None => interval.saturating_mul(STALE_AFTER_INTERVALS),
        Some(Located { at, shown, value }) => {
            if value < least {
                let reason = format!(
                    "is less than twice the interval ({}): one failed refresh would withdraw good data",
                    humantime::format_duration(interval)
                );
                let remedy =
                    format!("write {} or more, or leave it out for six intervals", humantime::format_duration(least));
                report.refuse(&at, shown.as_deref(), Fault::new(reason, remedy));
            }
            value
        }
    };
    Some(Refresh {
        interval,
        window: raw.window?,
        stale_after,
        reconcile_every: raw.reconcile_every?,
        requests_per_minute: raw.requests_per_minute?,
        timeout: raw.timeout?,
        max_attempts: raw.max_attempts?,
    })
}

fn account(raw: RawAccount, settings: &Settings, refresh: &Refresh) -> Option<Account> {
    let (name, region) = (raw.name?.value, raw.region?);
    let (mut watches, mut searches) = (Vec::new(), Vec::new());
    for raw in raw.projects {
        let manner = manner(&raw, settings, refresh);
        let RawProject { project, enterprise_projects, sought, .. } = raw;
        let names = sought.enterprise_projects.map(|names| names.value);
        match (sought.projects, project, names) {
            (Some(projects), _, enterprise_projects) => {
                searches.push(Search::Projects { names: projects, enterprise_projects, manner });
            }
            (None, project, Some(names)) => {
                searches.push(Search::EnterpriseProjects { project: project?, names, manner });
            }
            (None, project, None) => {
                let project = project?;
                let target = |enterprise_project: Located<EnterpriseProject>| Target {
                    account: Arc::clone(&name),
                    project: project.clone(),
                    enterprise_project: enterprise_project.value,
                    region: Arc::clone(&region),
                };
                watches.extend(enterprise_projects.into_iter().map(|one| manner.watch(target(one))));
            }
        }
    }
    let (credentials, hss_endpoint) = (raw.credentials?, raw.hss_endpoint?);
    let (iam_endpoint, eps_endpoint, ca_file) = (raw.iam_endpoint, raw.eps_endpoint, raw.ca_file);
    Some(Account { name, region, credentials, hss_endpoint, iam_endpoint, eps_endpoint, ca_file, watches, searches })
}

/// The global settings with the project's own laid over them.
fn manner(raw: &RawProject, settings: &Settings, refresh: &Refresh) -> Manner {
    let own = raw.own.interval.as_ref().map(|interval| interval.value);
    Manner {
        types: raw.own.types.clone().or_else(|| settings.types.clone()).unwrap_or_else(|| TaskType::ALL.to_vec()),
        interval: own.unwrap_or(refresh.interval),
        stale_after: own
            .map_or(refresh.stale_after, |own| refresh.stale_after.max(own.saturating_mul(OWN_STALE_AFTER_INTERVALS))),
        filter: raw.own.filter.clone().or_else(|| settings.filter.clone()).unwrap_or_default(),
        expect: expect::of_project(raw, settings),
    }
}
