//! What the rows of the catalogue read off a target or a snapshot: a function each, that only looks and never computes what the
//! model could know.

pub(super) mod exporter;
pub(super) mod facts;
pub(super) mod live;
pub(super) mod targets;
pub(super) mod task;

use super::lines::Lines;
use super::value::Value;
use super::view::View;
use crate::model::{ScanStanding, Tally, TaskType};

/// The states that something is in, each with its value where there is one.
type States<V, const N: usize> = [(&'static str, Option<V>); N];

/// The task types of a target, in the order of their labels.
fn scans<'v>(view: &View<'v>) -> impl Iterator<Item = &'v ScanStanding> + use<'v> {
    view.standing.scans.iter()
}

/// Every task type of which it is said how things stand, with what is said.
fn tallies<'v>(view: &View<'v>) -> impl Iterator<Item = (TaskType, &'v Tally)> + use<'v> {
    scans(view).filter_map(|scan| Some((scan.task_type, scan.live.as_ref()?)))
}

/// Adds one series for every task type that has such a value.
fn each_scan<V: Into<Value>>(view: &View<'_>, out: &mut Lines<'_>, value: impl Fn(&ScanStanding) -> Option<V>) {
    for scan in scans(view) {
        out.add_known([scan.task_type.as_str()], value(scan));
    }
}
