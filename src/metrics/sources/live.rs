//! How things stand: the tallies of what was read lately enough.

use super::tallies;
use crate::metrics::lines::Lines;
use crate::metrics::value::Value;
use crate::metrics::view::View;
use crate::model::{Running, TaskType, Unfinished};

pub(in crate::metrics) fn tasks(view: &View<'_>, out: &mut Lines<'_>) {
    for (task_type, tally) in tallies(view) {
        for (status, tasks) in &tally.statuses {
            out.add([task_type.as_str(), status.as_str()], *tasks);
        }
    }
}

pub(in crate::metrics) fn recent(view: &View<'_>, out: &mut Lines<'_>) {
    for (task_type, tally) in tallies(view) {
        for ((trigger, outcome), runs) in &tally.recent {
            let kind = [task_type.as_str(), trigger.as_str(), outcome.as_str()];
            out.add(kind, *runs);
        }
    }
}

pub(in crate::metrics) fn running_clusters(view: &View<'_>, out: &mut Lines<'_>) {
    running(view, out, TaskType::ClusterScan, |running| {
        [("failed", running.failed), ("scanning", running.scanning), ("success", running.success)]
    });
}

pub(in crate::metrics) fn running_files(view: &View<'_>, out: &mut Lines<'_>) {
    running(view, out, TaskType::IacScan, |running| {
        [("failed", running.failed), ("remaining", running.remaining), ("success", running.success)]
    });
}

pub(in crate::metrics) fn estimated_remaining(view: &View<'_>, out: &mut Lines<'_>) {
    unfinished(view, out, |unfinished| unfinished.estimated_remaining);
}

pub(in crate::metrics) fn earliest_estimated_end(view: &View<'_>, out: &mut Lines<'_>) {
    unfinished(view, out, |unfinished| unfinished.earliest_estimated_end);
}

pub(in crate::metrics) fn oldest_running_start(view: &View<'_>, out: &mut Lines<'_>) {
    unfinished(view, out, |unfinished| unfinished.oldest_running_start);
}

pub(in crate::metrics) fn oldest_ready_first_seen(view: &View<'_>, out: &mut Lines<'_>) {
    unfinished(view, out, |unfinished| unfinished.oldest_ready_first_seen);
}

fn running(view: &View<'_>, out: &mut Lines<'_>, of: TaskType, states: fn(&Running) -> [(&'static str, u64); 3]) {
    for (_, tally) in tallies(view).filter(|(task_type, _)| *task_type == of) {
        for (state, number) in states(&tally.running) {
            out.add([state], number);
        }
    }
}

fn unfinished<V: Into<Value>>(view: &View<'_>, out: &mut Lines<'_>, value: fn(&Unfinished) -> Option<V>) {
    for (task_type, tally) in tallies(view) {
        for (trigger, unfinished) in &tally.unfinished {
            let labels = [task_type.as_str(), trigger.as_str()];
            out.add_known(labels, value(unfinished));
        }
    }
}
