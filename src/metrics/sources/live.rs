//! How things stand: the tallies of what was read lately enough.

use super::tallies;
use crate::metrics::samples::{Samples, Value};
use crate::model::{Running, Snapshot, TaskType, Unfinished};

pub(in crate::metrics) fn tasks<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    for (target, task_type, tally) in tallies(snapshot) {
        let [account, project, enterprise_project] = target.labels();
        for (status, tasks) in &tally.statuses {
            out.add([account, project, enterprise_project, task_type.as_str(), status.as_str()], *tasks);
        }
    }
}

pub(in crate::metrics) fn recent<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    for (target, task_type, tally) in tallies(snapshot) {
        let [account, project, enterprise_project] = target.labels();
        for ((trigger, outcome), runs) in &tally.recent {
            let kind = [task_type.as_str(), trigger.as_str(), outcome.as_str()];
            out.add([account, project, enterprise_project].into_iter().chain(kind), *runs);
        }
    }
}

pub(in crate::metrics) fn running_clusters<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    running(snapshot, out, TaskType::ClusterScan, |running| {
        [("failed", running.failed), ("scanning", running.scanning), ("success", running.success)]
    });
}

pub(in crate::metrics) fn running_files<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    running(snapshot, out, TaskType::IacScan, |running| {
        [("failed", running.failed), ("remaining", running.remaining), ("success", running.success)]
    });
}

pub(in crate::metrics) fn estimated_remaining<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    unfinished(snapshot, out, |unfinished| unfinished.estimated_remaining);
}

pub(in crate::metrics) fn earliest_estimated_end<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    unfinished(snapshot, out, |unfinished| unfinished.earliest_estimated_end);
}

pub(in crate::metrics) fn oldest_running_start<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    unfinished(snapshot, out, |unfinished| unfinished.oldest_running_start);
}

pub(in crate::metrics) fn oldest_ready_first_seen<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    unfinished(snapshot, out, |unfinished| unfinished.oldest_ready_first_seen);
}

fn running<'a>(
    snapshot: &'a Snapshot,
    out: &mut Samples<'a>,
    of: TaskType,
    states: fn(&Running) -> [(&'static str, u64); 3],
) {
    for (target, _, tally) in tallies(snapshot).filter(|(_, task_type, _)| *task_type == of) {
        let [account, project, enterprise_project] = target.labels();
        for (state, number) in states(&tally.running) {
            out.add([account, project, enterprise_project, state], number);
        }
    }
}

fn unfinished<'a, V: Into<Value>>(snapshot: &'a Snapshot, out: &mut Samples<'a>, value: fn(&Unfinished) -> Option<V>) {
    for (target, task_type, tally) in tallies(snapshot) {
        let [account, project, enterprise_project] = target.labels();
        for (trigger, unfinished) in &tally.unfinished {
            let labels = [account, project, enterprise_project, task_type.as_str(), trigger.as_str()];
            out.add_known(labels, value(unfinished));
        }
    }
}
