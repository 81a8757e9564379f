//! What stays true: the latest run of each kind, and the runs that ended, counted.

use super::{States, scans};
use crate::metrics::lines::Lines;
use crate::metrics::value::Value;
use crate::metrics::view::View;
use crate::model::facts::TriggerCounts;
use crate::model::{Counts, KindFacts, Outcome, TaskType};

pub(in crate::metrics) fn latest_start(view: &View<'_>, out: &mut Lines<'_>) {
    each_kind(view, out, |facts| facts.latest.start);
}

pub(in crate::metrics) fn latest_end(view: &View<'_>, out: &mut Lines<'_>) {
    each_kind(view, out, |facts| Some(facts.latest.end));
}

pub(in crate::metrics) fn latest_outcome(view: &View<'_>, out: &mut Lines<'_>) {
    each_state(view, out, |facts| {
        let latest = facts.latest.outcome();
        Outcome::ALL.map(|outcome| (outcome.as_str(), Some(outcome == latest)))
    });
}

pub(in crate::metrics) fn latest_clusters(view: &View<'_>, out: &mut Lines<'_>) {
    each_state(view, out, |facts| match facts.latest.counts {
        Counts::Clusters { success, failed, .. } => [("failed", failed), ("success", success)],
        Counts::Files { .. } => [("failed", None), ("success", None)],
    });
}

pub(in crate::metrics) fn latest_files(view: &View<'_>, out: &mut Lines<'_>) {
    each_state(view, out, |facts| match facts.latest.counts {
        Counts::Files { success, failed, .. } => [("failed", failed), ("success", success)],
        Counts::Clusters { .. } => [("failed", None), ("success", None)],
    });
}

pub(in crate::metrics) fn latest_scan_files(view: &View<'_>, out: &mut Lines<'_>) {
    each_kind(view, out, |facts| match facts.latest.counts {
        Counts::Files { total, .. } => total,
        Counts::Clusters { .. } => None,
    });
}

pub(in crate::metrics) fn last_success_end(view: &View<'_>, out: &mut Lines<'_>) {
    each_kind(view, out, |facts| facts.last_success_end);
}

pub(in crate::metrics) fn last_failed_end(view: &View<'_>, out: &mut Lines<'_>) {
    each_kind(view, out, |facts| facts.last_failed_end);
}

pub(in crate::metrics) fn finished(view: &View<'_>, out: &mut Lines<'_>) {
    each_trigger(view, out, |counts| counts.finished);
}

pub(in crate::metrics) fn finished_with_failures(view: &View<'_>, out: &mut Lines<'_>) {
    for scan in scans(view) {
        for (trigger, counts) in scan.counters.triggers() {
            out.add([scan.task_type.as_str(), trigger.as_str()], counts.with_failures);
            if let Some(run) = scan.counters.last_with_failures(trigger) {
                out.exemplar(run, 1);
            }
        }
    }
}

pub(in crate::metrics) fn clusters_scanned(view: &View<'_>, out: &mut Lines<'_>) {
    each_trigger_of(view, out, TaskType::ClusterScan, |counts| counts.scanned);
}

pub(in crate::metrics) fn clusters_scan_failed(view: &View<'_>, out: &mut Lines<'_>) {
    each_failure_of(view, out, TaskType::ClusterScan);
}

pub(in crate::metrics) fn files_scanned(view: &View<'_>, out: &mut Lines<'_>) {
    each_trigger_of(view, out, TaskType::IacScan, |counts| counts.scanned);
}

pub(in crate::metrics) fn files_scan_failed(view: &View<'_>, out: &mut Lines<'_>) {
    each_failure_of(view, out, TaskType::IacScan);
}

pub(in crate::metrics) fn duration(view: &View<'_>, out: &mut Lines<'_>) {
    super::each_scan(view, out, |scan| {
        let (sum, count) = (scan.counters.duration_sum.as_secs_f64(), scan.counters.duration_count);
        Some(Value::Summary { sum, count })
    });
}

fn each_kind<V: Into<Value>>(view: &View<'_>, out: &mut Lines<'_>, value: fn(&KindFacts) -> Option<V>) {
    for scan in scans(view) {
        for (kind, facts) in scan.facts.kinds() {
            let kind = [scan.task_type.as_str(), kind.trigger.as_str(), kind.scan.as_str()];
            out.add_known(kind, value(facts));
        }
    }
}

fn each_state<V: Into<Value>, const N: usize>(
    view: &View<'_>,
    out: &mut Lines<'_>,
    states: fn(&KindFacts) -> States<V, N>,
) {
    for scan in scans(view) {
        for (kind, facts) in scan.facts.kinds() {
            for (state, value) in states(facts) {
                let labels = [scan.task_type.as_str(), kind.trigger.as_str(), kind.scan.as_str(), state];
                out.add_known(labels, value);
            }
        }
    }
}

fn each_trigger(view: &View<'_>, out: &mut Lines<'_>, value: fn(TriggerCounts) -> u64) {
    for scan in scans(view) {
        for (trigger, counts) in scan.counters.triggers() {
            let labels = [scan.task_type.as_str(), trigger.as_str()];
            out.add(labels, value(counts));
        }
    }
}

/// Of families that are about one task type, and do not have it as a label.
fn each_trigger_of(view: &View<'_>, out: &mut Lines<'_>, of: TaskType, value: fn(TriggerCounts) -> u64) {
    for scan in scans(view).filter(|scan| scan.task_type == of) {
        for (trigger, counts) in scan.counters.triggers() {
            out.add([trigger.as_str()], value(counts));
        }
    }
}

/// The same of what failed.
fn each_failure_of(view: &View<'_>, out: &mut Lines<'_>, of: TaskType) {
    for scan in scans(view).filter(|scan| scan.task_type == of) {
        for (trigger, counts) in scan.counters.triggers() {
            out.add([trigger.as_str()], counts.failed);
            if let Some((run, (_, failed @ 1..))) =
                scan.counters.last_with_failures(trigger).map(|run| (run, run.counts.done()))
            {
                out.exemplar(run, failed);
            }
        }
    }
}
