//! What is watched, what is expected of it, and whether what is said about it can be believed.

use super::{each_scan, scans};
use crate::metrics::lines::Lines;
use crate::metrics::view::View;

pub(in crate::metrics) fn info(view: &View<'_>, out: &mut Lines<'_>) {
    let target = &view.standing.target;
    out.add([&*target.region, &*target.project.id, target.enterprise_project.id()], true);
}

pub(in crate::metrics) fn up(view: &View<'_>, out: &mut Lines<'_>) {
    each_scan(view, out, |scan| scan.reading.up());
}

pub(in crate::metrics) fn down_reason(view: &View<'_>, out: &mut Lines<'_>) {
    for scan in scans(view) {
        if let Some(failure) = scan.reading.trouble() {
            let task_type = scan.task_type.as_str();
            out.add([task_type, failure.reason.as_str()], true);
        }
    }
}

pub(in crate::metrics) fn last_success(view: &View<'_>, out: &mut Lines<'_>) {
    each_scan(view, out, |scan| scan.reading.last_success);
}

pub(in crate::metrics) fn last_attempt(view: &View<'_>, out: &mut Lines<'_>) {
    each_scan(view, out, |scan| scan.reading.last_attempt);
}

pub(in crate::metrics) fn complete(view: &View<'_>, out: &mut Lines<'_>) {
    each_scan(view, out, |scan| Some(scan.complete));
}

pub(in crate::metrics) fn expected_interval(view: &View<'_>, out: &mut Lines<'_>) {
    for scan in scans(view) {
        for (trigger, every) in &scan.expected {
            out.add([scan.task_type.as_str(), trigger.as_str()], *every);
        }
    }
}

pub(in crate::metrics) fn refresh_duration(view: &View<'_>, out: &mut Lines<'_>) {
    each_scan(view, out, |scan| scan.reading.duration);
}

pub(in crate::metrics) fn refresh_requests(view: &View<'_>, out: &mut Lines<'_>) {
    each_scan(view, out, |scan| scan.reading.requests);
}
