//! Which tasks are watched: `types` and `filter`, for all projects or for one, and `series`. (`expect` is next door.)

use super::expect;
use super::reader::Group;
use super::report::{At, Fault, Located, Report};
use super::scalar;
use super::{Expectation, Filter, Series};
use crate::model::{FileType, ScanTypes, TaskType, Timestamp, Trigger};
use std::time::Duration;

/// A page with so many tasks on it could not be scraped any more.
const MAX_SERIES: u32 = 1_000_000;

pub(super) const TRIGGERS: [(&str, Trigger); 2] =
    [(Trigger::Manual.as_str(), Trigger::Manual), (Trigger::Schedule.as_str(), Trigger::Schedule)];

pub(super) const TYPES: [(&str, TaskType); 2] =
    [(TaskType::ClusterScan.as_str(), TaskType::ClusterScan), (TaskType::IacScan.as_str(), TaskType::IacScan)];

const SCAN_TYPES: [(&str, ScanTypes); 3] = [
    ("benchmark", ScanTypes::BENCHMARK),
    ("cluster_vul", ScanTypes::CLUSTER_VUL),
    ("risk_assessment", ScanTypes::RISK_ASSESSMENT),
];

const FILE_TYPES: [(&str, FileType); 2] = [("dockerfile", FileType::Dockerfile), ("k8s_yaml", FileType::K8sYaml)];

/// The group `tasks`.
pub(super) struct RawTasks {
    pub(super) settings: Settings,
    /// None: not wanted, or not readable.
    pub(super) series: Option<RawSeries>,
}

pub(super) struct RawSeries {
    /// Where and how `finished_for` stands.
    pub(super) at: At,
    pub(super) shown: Option<String>,
    pub(super) series: Series,
}

/// What a project may set for itself.
pub(super) struct Settings {
    /// Not under `tasks`: there it is `refresh.interval`.
    pub(super) interval: Option<Located<Duration>>,
    pub(super) types: Option<Vec<TaskType>>,
    pub(super) filter: Option<Filter>,
    pub(super) expect: Option<Vec<Located<Expectation>>>,
}

/// Reads the group `tasks`.
pub(super) fn read(root: &Group<'_>, report: &mut Report) -> RawTasks {
    let group = root.group_or_empty("tasks", report);
    RawTasks { settings: settings(&group, report), series: series(&group, report) }
}

/// Reads what a project may set for itself, out of its group or `tasks`.
pub(super) fn settings(group: &Group<'_>, report: &mut Report) -> Settings {
    Settings {
        interval: group.scalar("interval", report, scalar::duration),
        types: types(group, report),
        filter: group.group("filter", report).map(|group| filter(&group, report)),
        expect: expect::read(group, report),
    }
}

fn types(group: &Group<'_>, report: &mut Report) -> Option<Vec<TaskType>> {
    let list = group.list("types", report)?;
    if list.items.is_empty() {
        report.refuse(
            &list.at,
            None,
            Fault::new("is empty: nothing would be read", "list a task type, or leave the key out"),
        );
        return None;
    }
    let mut types = list.scalars(report, |text| scalar::word(text, &TYPES))?;
    types.sort();
    Some(types)
}

fn filter(group: &Group<'_>, report: &mut Report) -> Filter {
    let trigger = group.scalar("trigger_type", report, |text| scalar::word(text, &TRIGGERS));
    let task_name = group.scalar("task_name", report, scalar::name);
    let created_after = group.scalar("created_after", report, scalar::moment);
    let created_before = group.scalar("created_before", report, scalar::moment);
    check_order(created_after.as_ref(), created_before.as_ref(), report);
    let cluster_scan = group.group_or_empty("cluster_scan", report);
    let iac_scan = group.group_or_empty("iac_scan", report);
    Filter {
        trigger: trigger.map(|located| located.value),
        task_name: task_name.map(|located| located.value),
        created_after: created_after.map(|located| located.value),
        created_before: created_before.map(|located| located.value),
        scan_types: scan_types(&cluster_scan, report),
        file_type: iac_scan
            .scalar("file_type", report, |text| scalar::word(text, &FILE_TYPES))
            .map(|located| located.value),
    }
}

fn check_order(after: Option<&Located<Timestamp>>, before: Option<&Located<Timestamp>>, report: &mut Report) {
    let (Some(after), Some(before)) = (after, before) else { return };
    if after.value >= before.value {
        let reason = format!("is not later than {}: no task lies between them", after.at.reference());
        report.refuse(&before.at, None, Fault::new(reason, "exchange the two, or leave one out"));
    }
}

fn scan_types(group: &Group<'_>, report: &mut Report) -> ScanTypes {
    let Some(list) = group.list("scan_types", report) else { return ScanTypes::default() };
    if list.items.is_empty() {
        report.refuse(
            &list.at,
            None,
            Fault::new("is empty", "list a scan type, or leave the key out: then any will do"),
        );
    }
    let types = list.scalars(report, |text| scalar::word(text, &SCAN_TYPES)).unwrap_or_default();
    types.into_iter().fold(ScanTypes::default(), ScanTypes::with)
}

fn series(tasks: &Group<'_>, report: &mut Report) -> Option<RawSeries> {
    let group = tasks.group_or_empty("series", report);
    let limit = |text: &str| {
        let limit = scalar::count(text, MAX_SERIES)?;
        usize::try_from(limit.get()).map_err(|_| Fault::new("is too large for this machine", "write a smaller number"))
    };
    let enabled = group.scalar("enabled", report, scalar::switch);
    let finished_for = group.scalar("finished_for", report, scalar::duration_or_none);
    let per_target = group.scalar("limit", report, limit);
    let total = group.scalar("total_limit", report, limit);
    if !enabled?.value {
        return None;
    }
    let Located { at, shown, value: finished_for } = finished_for?;
    Some(RawSeries { at, shown, series: Series { finished_for, limit: per_target?.value, total_limit: total?.value } })
}
