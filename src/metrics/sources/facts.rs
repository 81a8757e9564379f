//! What stays true: the latest run of each kind, and the runs that ended, counted.

use super::{States, scans};
use crate::metrics::samples::{Samples, Value};
use crate::model::facts::TriggerCounts;
use crate::model::{Counts, KindFacts, Outcome, Snapshot, TaskType};

pub(in crate::metrics) fn latest_start<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_kind(snapshot, out, |facts| facts.latest.start);
}

pub(in crate::metrics) fn latest_end<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_kind(snapshot, out, |facts| Some(facts.latest.end));
}

pub(in crate::metrics) fn latest_outcome<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_state(snapshot, out, |facts| {
        let latest = facts.latest.outcome();
        Outcome::ALL.map(|outcome| (outcome.as_str(), Some(outcome == latest)))
    });
}

pub(in crate::metrics) fn latest_clusters<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_state(snapshot, out, |facts| match facts.latest.counts {
        Counts::Clusters { success, failed, .. } => [("failed", failed), ("success", success)],
        Counts::Files { .. } => [("failed", None), ("success", None)],
    });
}

pub(in crate::metrics) fn latest_files<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_state(snapshot, out, |facts| match facts.latest.counts {
        Counts::Files { success, failed, .. } => [("failed", failed), ("success", success)],
        Counts::Clusters { .. } => [("failed", None), ("success", None)],
    });
}

pub(in crate::metrics) fn latest_scan_files<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_kind(snapshot, out, |facts| match facts.latest.counts {
        Counts::Files { total, .. } => total,
        Counts::Clusters { .. } => None,
    });
}

pub(in crate::metrics) fn last_success_end<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_kind(snapshot, out, |facts| facts.last_success_end);
}

pub(in crate::metrics) fn last_failed_end<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_kind(snapshot, out, |facts| facts.last_failed_end);
}

pub(in crate::metrics) fn finished<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_trigger(snapshot, out, |counts| counts.finished);
}

pub(in crate::metrics) fn finished_with_failures<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_trigger(snapshot, out, |counts| counts.with_failures);
}

pub(in crate::metrics) fn clusters_scanned<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_trigger_of(snapshot, out, TaskType::ClusterScan, |counts| counts.scanned);
}

pub(in crate::metrics) fn clusters_scan_failed<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_trigger_of(snapshot, out, TaskType::ClusterScan, |counts| counts.failed);
}

pub(in crate::metrics) fn files_scanned<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_trigger_of(snapshot, out, TaskType::IacScan, |counts| counts.scanned);
}

pub(in crate::metrics) fn files_scan_failed<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_trigger_of(snapshot, out, TaskType::IacScan, |counts| counts.failed);
}

pub(in crate::metrics) fn duration<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    super::each_scan(snapshot, out, |scan| {
        let (sum, count) = (scan.counters.duration_sum.as_secs_f64(), scan.counters.duration_count);
        Some(Value::Summary { sum, count })
    });
}

fn each_kind<'a, V: Into<Value>>(snapshot: &'a Snapshot, out: &mut Samples<'a>, value: fn(&KindFacts) -> Option<V>) {
    for (target, scan) in scans(snapshot) {
        let [account, project, enterprise_project] = target.labels();
        for (kind, facts) in scan.facts.kinds() {
            let kind = [scan.task_type.as_str(), kind.trigger.as_str(), kind.scan.as_str()];
            out.add_known([account, project, enterprise_project].into_iter().chain(kind), value(facts));
        }
    }
}

fn each_state<'a, V: Into<Value>, const N: usize>(
    snapshot: &'a Snapshot,
    out: &mut Samples<'a>,
    states: fn(&KindFacts) -> States<V, N>,
) {
    for (target, scan) in scans(snapshot) {
        let [account, project, enterprise_project] = target.labels();
        for (kind, facts) in scan.facts.kinds() {
            for (state, value) in states(facts) {
                let labels = [scan.task_type.as_str(), kind.trigger.as_str(), kind.scan.as_str(), state];
                out.add_known([account, project, enterprise_project].into_iter().chain(labels), value);
            }
        }
    }
}

fn each_trigger<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>, value: fn(TriggerCounts) -> u64) {
    for (target, scan) in scans(snapshot) {
        let [account, project, enterprise_project] = target.labels();
        for (trigger, counts) in scan.counters.triggers() {
            let labels = [account, project, enterprise_project, scan.task_type.as_str(), trigger.as_str()];
            out.add(labels, value(counts));
        }
    }
}

/// Of families that are about one task type, and do not have it as a label.
fn each_trigger_of<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>, of: TaskType, value: fn(TriggerCounts) -> u64) {
    for (target, scan) in scans(snapshot).filter(|(_, scan)| scan.task_type == of) {
        let [account, project, enterprise_project] = target.labels();
        for (trigger, counts) in scan.counters.triggers() {
            out.add([account, project, enterprise_project, trigger.as_str()], value(counts));
        }
    }
}
