//! What is watched, what is expected of it, and whether what is said about it can be believed.

use super::{each_scan, scans};
use crate::metrics::samples::Samples;
use crate::model::Snapshot;

pub(in crate::metrics) fn info<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    for shown in &snapshot.targets {
        let target = &shown.standing.target;
        let [account, project, enterprise_project] = target.labels();
        let ids = [&*target.region, &*target.project.id, target.enterprise_project.id()];
        out.add([account, project, enterprise_project].into_iter().chain(ids), true);
    }
}

pub(in crate::metrics) fn up<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_scan(snapshot, out, |scan| scan.reading.up());
}

pub(in crate::metrics) fn down_reason<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    for (target, scan) in scans(snapshot) {
        if let Some(failure) = scan.reading.trouble() {
            let [account, project, enterprise_project] = target.labels();
            let task_type = scan.task_type.as_str();
            out.add([account, project, enterprise_project, task_type, failure.reason.as_str()], true);
        }
    }
}

pub(in crate::metrics) fn last_success<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_scan(snapshot, out, |scan| scan.reading.last_success);
}

pub(in crate::metrics) fn last_attempt<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_scan(snapshot, out, |scan| scan.reading.last_attempt);
}

pub(in crate::metrics) fn complete<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_scan(snapshot, out, |scan| Some(scan.complete));
}

pub(in crate::metrics) fn expected_interval<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    for (target, scan) in scans(snapshot) {
        let [account, project, enterprise_project] = target.labels();
        for (trigger, every) in &scan.expected {
            out.add([account, project, enterprise_project, scan.task_type.as_str(), trigger.as_str()], *every);
        }
    }
}

pub(in crate::metrics) fn refresh_duration<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_scan(snapshot, out, |scan| scan.reading.duration);
}

pub(in crate::metrics) fn refresh_requests<'a>(snapshot: &'a Snapshot, out: &mut Samples<'a>) {
    each_scan(snapshot, out, |scan| scan.reading.requests);
}
