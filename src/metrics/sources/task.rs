//! The tasks that have series of their own.

use super::States;
use crate::metrics::lines::Lines;
use crate::metrics::value::Value;
use crate::metrics::view::View;
use crate::model::{Counts, Status, TaskRow};

pub(in crate::metrics) fn info(view: &View<'_>, out: &mut Lines<'_>) {
    for (id, row) in view.tasks() {
        let task = &row.task;
        let name = task.name.as_deref().unwrap_or_default();
        let described = [id, task.task_type().as_str(), task.trigger.as_str(), task.scan.as_str(), name];
        out.add(described, true);
    }
}

/// Of the documented states exactly one is 1: a task in another has no such series.
pub(in crate::metrics) fn status(view: &View<'_>, out: &mut Lines<'_>) {
    const STATES: [Status; 3] = [Status::Finished, Status::Ready, Status::Running];
    each_state(view, out, |row| {
        let known = STATES.contains(&row.task.status);
        STATES.map(|state| (state.as_str(), known.then_some(state == row.task.status)))
    });
}

pub(in crate::metrics) fn start(view: &View<'_>, out: &mut Lines<'_>) {
    each(view, out, |row| row.start);
}

pub(in crate::metrics) fn end(view: &View<'_>, out: &mut Lines<'_>) {
    each(view, out, |row| row.end);
}

pub(in crate::metrics) fn estimated_remaining(view: &View<'_>, out: &mut Lines<'_>) {
    for row in view.rows().filter(|row| row.task.status == Status::Running) {
        out.add_known([&*row.task.id], row.task.estimated_remaining);
    }
}

pub(in crate::metrics) fn clusters(view: &View<'_>, out: &mut Lines<'_>) {
    each_state(view, out, |row| match row.task.counts {
        Counts::Clusters { scanning, success, failed } => {
            [("failed", failed), ("scanning", scanning), ("success", success)]
        }
        Counts::Files { .. } => [("failed", None), ("scanning", None), ("success", None)],
    });
}

pub(in crate::metrics) fn files(view: &View<'_>, out: &mut Lines<'_>) {
    each_state(view, out, |row| match row.task.counts {
        Counts::Files { success, failed, .. } => [("failed", failed), ("success", success)],
        Counts::Clusters { .. } => [("failed", None), ("success", None)],
    });
}

pub(in crate::metrics) fn scan_files(view: &View<'_>, out: &mut Lines<'_>) {
    each(view, out, |row| match row.task.counts {
        Counts::Files { total, .. } => total,
        Counts::Clusters { .. } => None,
    });
}

fn each<V: Into<Value>>(view: &View<'_>, out: &mut Lines<'_>, value: fn(&TaskRow) -> Option<V>) {
    for (id, row) in view.tasks() {
        out.add_known([&**id], value(row));
    }
}

fn each_state<V: Into<Value>, const N: usize>(
    view: &View<'_>,
    out: &mut Lines<'_>,
    states: fn(&TaskRow) -> States<V, N>,
) {
    for (id, row) in view.tasks() {
        for (state, value) in states(row) {
            out.add_known([&**id, state], value);
        }
    }
}
