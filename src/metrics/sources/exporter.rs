//! What the exporter is held to, as far as the snapshot knows it.

use crate::metrics::lines::Lines;
use crate::metrics::value::Value;
use crate::metrics::view::View;
use crate::model::{AccountStanding, Snapshot};

pub(in crate::metrics) fn targets(snapshot: &Snapshot, out: &mut Lines<'_>) {
    each_account(snapshot, out, |account| account.targets);
}

pub(in crate::metrics) fn refresh_interval(snapshot: &Snapshot, out: &mut Lines<'_>) {
    each_account(snapshot, out, |account| account.refresh_interval);
}

pub(in crate::metrics) fn stale_after(snapshot: &Snapshot, out: &mut Lines<'_>) {
    each_account(snapshot, out, |account| account.stale_after);
}

pub(in crate::metrics) fn unwatched_tasks(snapshot: &Snapshot, out: &mut Lines<'_>) {
    for account in snapshot.accounts.iter() {
        for ((project, task_type), tasks) in &account.unwatched {
            out.add([&*account.name, &**project, task_type.as_str()], *tasks);
        }
    }
}

pub(in crate::metrics) fn task_series_limit(snapshot: &Snapshot, out: &mut Lines<'_>) {
    if let Some(limits) = snapshot.series {
        out.add(["target"], limits.target);
        out.add(["total"], limits.total);
    }
}

pub(in crate::metrics) fn tasks_withheld(view: &View<'_>, out: &mut Lines<'_>) {
    out.add_known([], view.withheld);
}

fn each_account<V: Into<Value>>(snapshot: &Snapshot, out: &mut Lines<'_>, value: fn(&AccountStanding) -> V) {
    for account in snapshot.accounts.iter() {
        out.add([&*account.name], value(account));
    }
}
