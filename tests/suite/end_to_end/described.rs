//! A world, described once more: as tasks for the simulated cloud, and as the numbers that Prometheus must see, by the
//! rules of the documentation and not by the product's code.

use super::rig::{BORN, DAY};
use hss_exporter::simulator::task::{FileType, Name, Scan, ScanType};
use hss_exporter::simulator::{Task, TaskId};
use std::collections::{BTreeMap, BTreeSet};

/// What is scanned.
#[derive(Clone, Copy)]
pub(super) enum Of {
    Clusters(&'static [ScanType], &'static str),
    Files(FileType, &'static str),
}

/// How far a task is. Times are in milliseconds.
#[derive(Clone, Copy)]
pub(super) enum How {
    Waiting,
    Running { since: u64, minutes: u32 },
    Finished { start: u64, end: u64 },
}

/// A task.
#[derive(Clone)]
pub(super) struct Described {
    pub(super) id: u128,
    /// The target's labels.
    pub(super) target: [&'static str; 3],
    /// Its project's and enterprise project's ids.
    pub(super) place: [&'static str; 2],
    pub(super) of: Of,
    /// The label `trigger_type`.
    pub(super) trigger: &'static str,
    pub(super) name: Option<&'static str>,
    pub(super) how: How,
    /// What succeeded, failed, and is left.
    pub(super) done: [u32; 3],
    /// In a status that nobody knows.
    pub(super) odd: bool,
}

impl Described {
    pub(super) fn task(&self) -> Task {
        let [success, failed, left] = self.done;
        let scan = match self.of {
            Of::Clusters(types, _) => Scan::Cluster(types),
            Of::Files(of, _) => Scan::Iac(of),
        };
        let mut task = Task::new(scan, BORN - DAY).owned_by(self.place[1]);
        task.id = TaskId(self.id);
        task.name = self.name.map_or(Name::Null, |name| Name::Text(name.into()));
        if self.trigger == "schedule" {
            task = task.scheduled();
        }
        task = match self.how {
            How::Waiting => task,
            How::Running { since, minutes } => Task { estimate: minutes, ..task.running(since, left) },
            How::Finished { start, end } => task.finished(start, end, success, failed),
        };
        Task { success, failed, left, ..task }
    }

    pub(super) fn id(&self) -> String {
        TaskId(self.id).to_string()
    }

    pub(super) fn task_type(&self) -> &'static str {
        match self.of {
            Of::Clusters(..) => "cluster_scan",
            Of::Files(..) => "iac_scan",
        }
    }

    fn scan(&self) -> &'static str {
        let (Of::Clusters(_, name) | Of::Files(_, name)) = self.of;
        name
    }

    fn status(&self) -> &'static str {
        match self.how {
            _ if self.odd => "other",
            How::Waiting => "ready",
            How::Running { .. } => "running",
            How::Finished { .. } => "finished",
        }
    }

    /// Of a finished run, by the documentation: nothing done is empty, nothing good is failed, all good is success, and
    /// everything else is partial.
    fn outcome(&self) -> &'static str {
        match self.done {
            [0, 0, _] => "empty",
            [0, _, _] => "failed",
            [_, 0, 0] => "success",
            _ => "partial",
        }
    }
}

/// What Prometheus must see: a line, and its value.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) lines: BTreeMap<String, f64>,
    /// Every family of which something is wanted, or none of it is there.
    pub(super) families: BTreeSet<&'static str>,
}

impl Wanted {
    pub(super) fn line(&mut self, family: &'static str, labels: &[(&str, &str)], value: f64) {
        let labels: BTreeMap<_, _> = labels.iter().copied().collect();
        let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}={value:?}")).collect();
        self.families.insert(family);
        let twin = self.lines.insert(format!("{family}{{{}}}", labels.join(",")), value);
        assert!(twin.is_none(), "the description says a series twice: {family}{labels:?}");
    }

    fn states(&mut self, family: &'static str, labels: &[(&str, &str)], states: &[(&str, u64)], of: &str) {
        for (state, value) in states {
            self.line(family, &[labels, &[(of, *state)]].concat(), *value as f64);
        }
    }
}

/// The numbers of one target and task type with these tasks, at `now`, when all that is unfinished was first seen at `BORN`.
pub(super) fn scope(wanted: &mut Wanted, target: [&str; 3], task_type: &str, tasks: &[&Described], now: u64) {
    let place = [("account", target[0]), ("project", target[1]), ("enterprise_project", target[2])];
    let scope = [&place[..], &[("task_type", task_type)]].concat();
    let count = |status: &str| tasks.iter().filter(|task| task.status() == status).count() as u64;
    let statuses = ["ready", "running", "finished", "other"].map(|status| (status, count(status)));
    wanted.states("hss_tasks", &scope, &statuses, "status");
    sums(wanted, &place, task_type, tasks);
    for trigger in ["manual", "schedule", "other"] {
        let labels = [&scope[..], &[("trigger_type", trigger)]].concat();
        let of_trigger: Vec<&Described> = tasks.iter().copied().filter(|task| task.trigger == trigger).collect();
        let recent = |outcome: &str| {
            let ended = |task: &&&Described| matches!(task.how, How::Finished { end, .. } if end > now - 7 * DAY);
            of_trigger.iter().filter(ended).filter(|task| task.outcome() == outcome).count() as u64
        };
        let outcomes = ["empty", "failed", "partial", "success"].map(|outcome| (outcome, recent(outcome)));
        wanted.states("hss_recent_tasks", &labels, &outcomes, "outcome");
        unfinished(wanted, &labels, &of_trigger);
        let scans: BTreeSet<_> = of_trigger.iter().map(|task| task.scan()).collect();
        for scan in scans {
            let of_kind: Vec<&Described> = of_trigger.iter().copied().filter(|task| task.scan() == scan).collect();
            kind(wanted, &[&labels[..], &[("scan", scan)]].concat(), &of_kind);
        }
    }
    for task in tasks {
        if !matches!(task.how, How::Finished { end, .. } if end + DAY <= now) {
            one(wanted, &place, task);
        }
    }
}

fn sums(wanted: &mut Wanted, place: &[(&str, &str)], task_type: &str, tasks: &[&Described]) {
    let running = tasks.iter().filter(|task| task.status() == "running");
    let [success, failed, left] = running.fold([0; 3], |sum, task| [0, 1, 2].map(|i| sum[i] + u64::from(task.done[i])));
    let (family, rest) = match task_type {
        "cluster_scan" => ("hss_running_clusters", "scanning"),
        _ => ("hss_running_files", "remaining"),
    };
    wanted.states(family, place, &[("success", success), ("failed", failed), (rest, left)], "state");
}

fn unfinished(wanted: &mut Wanted, labels: &[(&str, &str)], tasks: &[&Described]) {
    let running = || {
        tasks.iter().filter(|task| !task.odd).filter_map(|task| match task.how {
            How::Running { since, minutes } => Some((since, u64::from(minutes) * 60)),
            _ => None,
        })
    };
    if let Some(since) = running().map(|(since, _)| since).min() {
        let estimates = || running().map(|(_, seconds)| seconds);
        let first_end = BORN / 1000 + estimates().min().unwrap();
        wanted.line("hss_oldest_running_task_start_timestamp_seconds", labels, seconds(since));
        wanted.line("hss_estimated_remaining_seconds", labels, estimates().max().unwrap() as f64);
        wanted.line("hss_earliest_estimated_end_timestamp_seconds", labels, first_end as f64);
    }
    if tasks.iter().any(|task| matches!(task.how, How::Waiting)) {
        wanted.line("hss_oldest_ready_task_first_seen_timestamp_seconds", labels, seconds(BORN));
    }
}

/// The facts of one kind.
fn kind(wanted: &mut Wanted, labels: &[(&str, &str)], tasks: &[&Described]) {
    let mut finished: Vec<(u64, u64, &Described)> = tasks
        .iter()
        .filter_map(|task| match task.how {
            How::Finished { start, end } => Some((end, start, *task)),
            _ => None,
        })
        .collect();
    finished.sort_by_key(|(end, start, task)| (*end, *start, task.id));
    let Some((end, start, latest)) = finished.last() else { return };
    wanted.line("hss_latest_task_start_timestamp_seconds", labels, seconds(*start));
    wanted.line("hss_latest_task_end_timestamp_seconds", labels, seconds(*end));
    let outcomes =
        ["empty", "failed", "partial", "success"].map(|outcome| (outcome, u64::from(outcome == latest.outcome())));
    wanted.states("hss_latest_task_outcome", labels, &outcomes, "outcome");
    let [success, failed, left] = latest.done.map(u64::from);
    let states = [("success", success), ("failed", failed)];
    match latest.of {
        Of::Clusters(..) => wanted.states("hss_latest_task_clusters", labels, &states, "state"),
        Of::Files(..) => {
            wanted.states("hss_latest_task_files", labels, &states, "state");
            wanted.line("hss_latest_task_scan_files", labels, (success + failed + left) as f64);
        }
    }
    let last = |outcomes: &[&str]| finished.iter().rfind(|(.., task)| outcomes.contains(&task.outcome()));
    if let Some((end, ..)) = last(&["success"]) {
        wanted.line("hss_last_successful_task_end_timestamp_seconds", labels, seconds(*end));
    }
    if let Some((end, ..)) = last(&["failed", "partial"]) {
        wanted.line("hss_last_failed_task_end_timestamp_seconds", labels, seconds(*end));
    }
}

/// The series of one task.
fn one(wanted: &mut Wanted, place: &[(&str, &str)], task: &Described) {
    let id = task.id();
    let labels = [place, &[("task_id", &*id)]].concat();
    let info = [
        ("task_type", task.task_type()),
        ("trigger_type", task.trigger),
        ("scan", task.scan()),
        ("task_name", task.name.unwrap_or_default()),
    ];
    wanted.line("hss_task_info", &[&labels[..], &info].concat(), 1.0);
    if !task.odd {
        let states = ["ready", "running", "finished"].map(|status| (status, u64::from(task.status() == status)));
        wanted.states("hss_task_status", &labels, &states, "status");
    }
    match task.how {
        How::Running { since, minutes } if !task.odd => {
            wanted.line("hss_task_start_timestamp_seconds", &labels, seconds(since));
            wanted.line("hss_task_estimated_remaining_seconds", &labels, f64::from(minutes * 60));
        }
        How::Finished { start, end } => {
            wanted.line("hss_task_start_timestamp_seconds", &labels, seconds(start));
            wanted.line("hss_task_end_timestamp_seconds", &labels, seconds(end));
        }
        How::Running { .. } | How::Waiting => {}
    }
    let [mut success, mut failed, mut left] = task.done.map(u64::from);
    let total = success + failed + left;
    if matches!(task.how, How::Waiting) {
        [success, failed, left] = [0; 3];
    }
    match task.of {
        Of::Clusters(..) => {
            let states = [("success", success), ("failed", failed), ("scanning", left)];
            wanted.states("hss_task_clusters", &labels, &states, "state");
        }
        Of::Files(..) => {
            wanted.states("hss_task_files", &labels, &[("success", success), ("failed", failed)], "state");
            wanted.line("hss_task_scan_files", &labels, total as f64);
        }
    }
}

/// As Prometheus counts.
pub(super) fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
