//! What the exporter is held to, as far as the snapshot knows it.

use crate::metrics::samples::{Samples, Value};
use crate::model::observe::Api;
use crate::model::{AccountStanding, Snapshot};

pub(in crate::metrics) fn targets<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_account(snapshot, out, |account| account.targets);
}

pub(in crate::metrics) fn refresh_interval<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_account(snapshot, out, |account| account.refresh_interval);
}

pub(in crate::metrics) fn stale_after<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_account(snapshot, out, |account| account.stale_after);
}

pub(in crate::metrics) fn requests_per_minute<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    for account in snapshot.accounts.iter() {
        for api in Api::ALL {
            out.add([&*account.name, api.as_str()], u64::from(account.requests_per_minute));
        }
    }
}

pub(in crate::metrics) fn unwatched_tasks<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    for account in snapshot.accounts.iter() {
        for ((project, task_type), tasks) in &account.unwatched {
            out.add([&*account.name, &**project, task_type.as_str()], *tasks);
        }
    }
}

pub(in crate::metrics) fn task_series_limit<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    if let Some(limits) = snapshot.series {
        out.add(["target"], limits.target);
        out.add(["total"], limits.total);
    }
}

pub(in crate::metrics) fn tasks_withheld<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    for shown in snapshot.targets.iter().filter(|_| snapshot.series.is_some()) {
        out.add(shown.standing.target.labels(), shown.withheld());
    }
}

fn each_account<'a, V: Into<Value>>(snapshot: &'a Snapshot, out: &mut Samples<'a>, value: fn(&AccountStanding) -> V) {
    for account in snapshot.accounts.iter() {
        out.add([&*account.name], value(account));
    }
}
