//! How often scans should succeed: `expect`, for all projects or for one.

use super::raw::{Raw, RawProject};
use super::reader::Group;
use super::report::{Fault, Located, Report};
use super::scalar;
use super::tasks::{Settings, TRIGGERS, TYPES};
use super::{Expectation, Filter};
use crate::model::TaskType;
use std::time::Duration;

/// Reads `expect`. None: it is not written. An empty list: nothing is expected.
pub(super) fn read(group: &Group<'_>, report: &mut Report) -> Option<Vec<Located<Expectation>>> {
    let list = group.list("expect", report)?;
    let mut expected: Vec<Located<Expectation>> = Vec::new();
    for group in list.groups(report) {
        let Some(next) = one(&group, report) else { continue };
        let twice = expected.iter().find(|other| other.value.of() == next.value.of());
        if let Some(first) = twice {
            let reason = format!("is about the same scans as {}", first.at.reference());
            report.refuse(&next.at, None, Fault::new(reason, "keep one of the two"));
            continue;
        }
        expected.push(next);
    }
    Some(expected)
}

fn one(group: &Group<'_>, report: &mut Report) -> Option<Located<Expectation>> {
    let task_type = group.required(
        "task_type",
        report,
        |text| scalar::word(text, &TYPES),
        "write which scans are meant: `cluster_scan` or `iac_scan`",
    );
    let trigger = group.required(
        "trigger_type",
        report,
        |text| scalar::word(text, &TRIGGERS),
        "write what starts them: `schedule` or `manual`",
    );
    let every = group.required(
        "every",
        report,
        scalar::duration,
        "write how long it may take from one good scan to the next, such as `26h`",
    );
    let value = Expectation { task_type: task_type?.value, trigger: trigger?.value, every: every?.value };
    Some(Located { at: group.at.clone(), shown: None, value })
}

/// What can never be met because it is not read is no expectation but a mistake; and what is longer than the window is
/// forgotten at a restart.
pub(super) fn check(raw: &Raw, report: &mut Report) {
    let all = &raw.tasks.settings;
    let projects = || raw.accounts.iter().flat_map(|account| &account.projects);
    for project in projects() {
        for expected in project.own.expect.iter().flatten() {
            if let Some(fault) = why_unread(project, all, expected.value) {
                report.refuse(&expected.at, None, fault);
            }
        }
    }
    for expected in all.expect.iter().flatten() {
        let mut faults = projects()
            .filter(|project| project.own.expect.is_none())
            .map(|project| why_unread(project, all, expected.value));
        let first = faults.next().flatten();
        if let Some(fault) = first.filter(|_| faults.all(|fault| fault.is_some())) {
            report.refuse(&expected.at, None, fault);
        }
    }
    let every =
        projects().map(|project| &project.own).chain([all]).flat_map(|settings| settings.expect.iter().flatten());
    if let Some(window) = raw.refresh.window {
        every.filter(|expected| expected.value.every > window).for_each(|long| warn_of_window(long, window, report));
    }
}

/// What is expected in a project: its own list, or of the list for all projects what is read here.
pub(super) fn of_project(project: &RawProject, all: &Settings) -> Vec<Expectation> {
    let values = |list: &[Located<Expectation>]| list.iter().map(|located| located.value).collect::<Vec<_>>();
    match &project.own.expect {
        Some(own) => values(own),
        None => {
            let mut expected = values(all.expect.as_deref().unwrap_or_default());
            expected.retain(|expectation| why_unread(project, all, *expectation).is_none());
            expected
        }
    }
}

/// Why no such scan is ever seen in a project, if that is so.
fn why_unread(project: &RawProject, all: &Settings, expected: Expectation) -> Option<Fault> {
    let types = project.own.types.as_ref().or(all.types.as_ref()).map_or(&TaskType::ALL[..], Vec::as_slice);
    let filter = project.own.filter.as_ref().or(all.filter.as_ref());
    let task_type = expected.task_type.as_str();
    match filter {
        _ if !types.contains(&expected.task_type) => Some(Fault::new(
            format!("expects scans of the type `{task_type}`, which is not watched: they would be missed for ever"),
            format!("add `{task_type}` to `types`, or leave the expectation out"),
        )),
        Some(Filter { trigger: Some(only), .. }) if *only != expected.trigger => Some(Fault::new(
            format!(
                "expects `{}` scans, but `filter.trigger_type` lets only `{}` through: they would be missed for ever",
                expected.trigger.as_str(),
                only.as_str()
            ),
            "change the filter, or leave the expectation out",
        )),
        _ => None,
    }
}

fn warn_of_window(expected: &Located<Expectation>, window: Duration, report: &mut Report) {
    let reason = format!(
        "allows {} from one good scan to the next, longer than `refresh.window` ({}): after a restart, a scan that \
         succeeded before the window is not known, and seems never to have succeeded",
        humantime::format_duration(expected.value.every),
        humantime::format_duration(window)
    );
    report.warn(&expected.at, None, Fault::new(reason, "lengthen the window, or expect scans more often"));
}
