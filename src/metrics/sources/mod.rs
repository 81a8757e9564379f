//! What the rows of the catalogue read off a snapshot: a function each, that only looks and never computes what the
//! model could know.

pub(super) mod exporter;
pub(super) mod facts;
pub(super) mod live;
pub(super) mod targets;
pub(super) mod task;

use super::samples::{Samples, Value};
use crate::model::{ScanStanding, Snapshot, Tally, Target, TaskType};

/// The states that something is in, each with its value where there is one.
type States<V, const N: usize> = [(&'static str, Option<V>); N];

/// Every (target, task type), in the order of their labels.
fn scans(snapshot: &Snapshot) -> impl Iterator<Item = (&Target, &ScanStanding)> {
    snapshot
        .targets
        .iter()
        .flat_map(|shown| shown.standing.scans.iter().map(|scan| (shown.standing.target.as_ref(), scan)))
}

/// Every (target, task type) of which it is said how things stand, with what is said.
fn tallies(snapshot: &Snapshot) -> impl Iterator<Item = (&Target, TaskType, &Tally)> {
    scans(snapshot).filter_map(|(target, scan)| Some((target, scan.task_type, scan.live.as_ref()?)))
}

/// Adds one series for every (target, task type) that has such a value.
fn each_scan<'a, V: Into<Value>>(
    snapshot: &'a Snapshot,
    out: &mut Samples<'a>,
    value: impl Fn(&'a ScanStanding) -> Option<V>,
) {
    for (target, scan) in scans(snapshot) {
        let [account, project, enterprise_project] = target.labels();
        out.add_known([account, project, enterprise_project, scan.task_type.as_str()], value(scan));
    }
}
