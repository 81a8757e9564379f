//! The tasks that have series of their own.

use super::States;
use crate::metrics::samples::{Samples, Value};
use crate::model::{Counts, Snapshot, Status, TaskRow};

pub(in crate::metrics) fn info<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    for ([account, project, enterprise_project], row) in rows(snapshot) {
        let task = &row.task;
        let labels = [
            account,
            project,
            enterprise_project,
            &task.id,
            task.task_type().as_str(),
            task.trigger.as_str(),
            task.scan.as_str(),
            task.name.as_deref().unwrap_or_default(),
        ];
        out.add(labels, true);
    }
}

/// Of the documented states exactly one is 1: a task in another has no such series.
pub(in crate::metrics) fn status<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    const STATES: [Status; 3] = [Status::Finished, Status::Ready, Status::Running];
    each_state(snapshot, out, |row| {
        let known = STATES.contains(&row.task.status);
        STATES.map(|state| (state.as_str(), known.then_some(state == row.task.status)))
    });
}

pub(in crate::metrics) fn start<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each(snapshot, out, |row| row.start);
}

pub(in crate::metrics) fn end<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each(snapshot, out, |row| row.end);
}

pub(in crate::metrics) fn estimated_remaining<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each(snapshot, out, |row| row.task.estimated_remaining.filter(|_| row.task.status == Status::Running));
}

pub(in crate::metrics) fn clusters<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_state(snapshot, out, |row| match row.task.counts {
        Counts::Clusters { scanning, success, failed } => {
            [("failed", failed), ("scanning", scanning), ("success", success)]
        }
        Counts::Files { .. } => [("failed", None), ("scanning", None), ("success", None)],
    });
}

pub(in crate::metrics) fn files<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_state(snapshot, out, |row| match row.task.counts {
        Counts::Files { success, failed, .. } => [("failed", failed), ("success", success)],
        Counts::Clusters { .. } => [("failed", None), ("success", None)],
    });
}

pub(in crate::metrics) fn scan_files<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each(snapshot, out, |row| match row.task.counts {
        Counts::Files { total, .. } => total,
        Counts::Clusters { .. } => None,
    });
}

fn rows(snapshot: &Snapshot) -> impl Iterator<Item = ([&str; 3], &TaskRow)> {
    snapshot.targets.iter().flat_map(|shown| shown.tasks().map(|row| (shown.standing.target.labels(), row)))
}

fn each<'a, V: Into<Value>>(snapshot: &'a Snapshot, out: &mut Samples<'a>, value: fn(&TaskRow) -> Option<V>) {
    for ([account, project, enterprise_project], row) in rows(snapshot) {
        out.add_known([account, project, enterprise_project, &row.task.id], value(row));
    }
}

fn each_state<'a, V: Into<Value>, const N: usize>(
    snapshot: &'a Snapshot,
    out: &mut Samples<'a>,
    states: fn(&TaskRow) -> States<V, N>,
) {
    for ([account, project, enterprise_project], row) in rows(snapshot) {
        for (state, value) in states(row) {
            out.add_known([account, project, enterprise_project, &row.task.id, state], value);
        }
    }
}
