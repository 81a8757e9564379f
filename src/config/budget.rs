//! Whether the intervals can be kept within the request budget, and if not, which could.

use super::report::{Fault, Located, Report};
use super::{Account, Config, Watch};
use crate::model::plural::counted;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// A request's permit comes back so long after the request has ended: a minute, and a second for the clocks.
const PERMIT: Duration = Duration::from_secs(61);

/// Warns for each endpoint host whose accounts ask for more than the budget gives. The interval is `refresh.interval`.
pub(super) fn check(config: &Config, interval: &Located<Duration>, report: &mut Report) {
    let mut hosts: BTreeMap<&str, Vec<&Watch>> = BTreeMap::new();
    for Account { hss_endpoint, watches, .. } in &config.accounts {
        hosts.entry(hss_endpoint.authority()).or_default().extend(watches);
    }
    let refresh = &config.refresh;
    // A default stands nowhere, and is shown all the same.
    let default = humantime::format_duration(interval.value).to_string();
    let shown = interval.shown.as_ref().unwrap_or(&default);
    for (host, watches) in hosts {
        if let Some(fault) = shortage(host, &watches, refresh.interval, refresh.requests_per_minute.get()) {
            report.warn(&interval.at, Some(shown), fault);
        }
    }
}

impl Config {
    /// How often a target of `account` whose interval is configured so can be refreshed in truth: where the budget does not
    /// suffice, all that share it become equally late.
    pub fn kept_interval(&self, account: &Account, interval: Duration) -> Duration {
        let host = account.hss_endpoint.authority();
        let sharers = self.accounts.iter().filter(|sharer| sharer.hss_endpoint.authority() == host);
        let load = load(sharers.flat_map(|sharer| &sharer.watches), self.refresh.requests_per_minute.get());
        if load > 1.0 { interval.mul_f64(load) } else { interval }
    }
}

/// How much of a host's budget is asked for: above 1, it is too much.
fn load<'a>(watches: impl Iterator<Item = &'a Watch>, per_minute: u32) -> f64 {
    lists(watches).map(|watch| one(per_minute) / watch.interval.as_secs_f64()).sum()
}

/// The lists that a refresh asks for, each as one of the watches that share it: at least one request each.
fn lists<'a>(watches: impl Iterator<Item = &'a Watch>) -> impl Iterator<Item = &'a Watch> {
    let mut seen = HashSet::new();
    let scopes = watches.flat_map(|watch| watch.types.iter().map(move |task_type| (watch, *task_type)));
    scopes.filter(move |(watch, task_type)| seen.insert(watch.shared_list(*task_type))).map(|(watch, _)| watch)
}

/// What one request takes of the budget, in seconds.
fn one(per_minute: u32) -> f64 {
    PERMIT.as_secs_f64() / f64::from(per_minute)
}

/// What is asked of one host, if it is too much.
fn shortage(host: &str, watches: &[&Watch], interval: Duration, per_minute: u32) -> Option<Fault> {
    let load = load(watches.iter().copied(), per_minute);
    let requests = lists(watches.iter().copied()).count();
    if load <= 1.0 {
        return None;
    }
    let kept = written(interval.as_secs_f64() * load);
    let raise = "raise `refresh.requests_per_minute` if the vendor allows you more";
    let counted_requests = |n: u64| counted(n, "request", "requests");
    let allowed = counted_requests(per_minute.into());
    let budget = format!("{allowed} a minute (each is free again {} s after its end)", PERMIT.as_secs());
    if watches.iter().all(|watch| watch.interval == interval) {
        let targets = counted(watches.len() as u64, "target", "targets");
        let whole = written(one(per_minute) * count(requests));
        let requests = counted_requests(requests as u64);
        return Some(Fault::new(
            format!("cannot be kept at {host}: one refresh of its {targets} is {requests}, or {whole} at {budget}"),
            format!("set an interval of {kept} or more, watch less, or {raise}"),
        ));
    }
    Some(Fault::new(
        format!(
            "and the projects' own intervals cannot be kept at {host}: they ask for {load:.1} times as much as {budget}"
        ),
        format!("make all of them {load:.1} times as long (`refresh.interval: {kept}`), watch less, or {raise}"),
    ))
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}

/// A duration as one would write it, rounded up.
fn written(seconds: f64) -> String {
    let step = match seconds {
        ..60.0 => 1.0,
        ..600.0 => 10.0,
        _ => 60.0,
    };
    let rounded = Duration::try_from_secs_f64((seconds / step).ceil() * step).unwrap_or(Duration::MAX);
    humantime::format_duration(rounded).to_string()
}
