//! What goes on in a world: which scans are made when, and how they end.
//!
//! Every task belongs to a slot: (project, series, day) or (project, beat). All about it is rolled from the seed and
//! its slot, so it does not matter in what steps time passes, or which slots were looked at before.

use super::dice::{chance, dice};
use super::options::Scenario;
use super::task::{FileType, NEVER, Name, Scan, ScanType, Task, TaskId, Trigger};
use super::world::{EnterpriseProject, Project};
use std::sync::Arc;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A large history makes the days fuller, not the past longer.
const HISTORY_DAYS: usize = 365;
/// Scans a day and project, at least.
const SERIES: usize = 12;
/// In the demo, each project starts a short scan by hand so often.
const BEAT: u64 = 100 * SECOND;
/// In the demo, short scans have been going on since so long before the world began.
const LEAD_IN: u64 = 15 * MINUTE;

/// What a world is made from.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) scenario: Scenario,
    pub(super) seed: u64,
    /// Tasks of the past, per project.
    pub(super) tasks: usize,
    /// When the world began.
    pub(super) born: u64,
}

/// A scan that is run every day.
struct Series {
    number: usize,
    scan: Scan,
    trigger: Trigger,
    enterprise_project: Arc<str>,
    name: Name,
    /// When on a day it is made.
    at: u64,
    /// Clusters or files.
    size: u32,
    usual: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Success,
    Partial,
    Failed,
}

const NIGHTLY: Trigger = Trigger::Schedule;
const BY_HAND: Trigger = Trigger::Manual;
const VULNERABILITIES: Scan = Scan::Cluster(&[ScanType::ClusterVul]);
const BENCHMARK: Scan = Scan::Cluster(&[ScanType::Benchmark]);
const RISKS: Scan = Scan::Cluster(&[ScanType::ClusterVul, ScanType::RiskAssessment]);
const ALL_OF_IT: Scan = Scan::Cluster(&[ScanType::ClusterVul, ScanType::RiskAssessment, ScanType::Benchmark]);
const MANIFESTS: Scan = Scan::Iac(FileType::K8sYaml);
const DOCKERFILES: Scan = Scan::Iac(FileType::Dockerfile);

/// What a project's series are, over and over. An empty name: none.
const KINDS: [(Scan, Trigger, &str); 10] = [
    (RISKS, NIGHTLY, "nightly cluster scan"),
    (MANIFESTS, NIGHTLY, "nightly manifests"),
    (VULNERABILITIES, NIGHTLY, "夜间集群漏洞扫描"),
    (DOCKERFILES, NIGHTLY, "nightly Dockerfiles"),
    (VULNERABILITIES, BY_HAND, "before the release"),
    (MANIFESTS, NIGHTLY, "K8s \"prod\" 清单"),
    (DOCKERFILES, BY_HAND, ""),
    (ALL_OF_IT, NIGHTLY, "nightly full scan"),
    (BENCHMARK, BY_HAND, ""),
    (MANIFESTS, BY_HAND, "check of C:\\charts"),
];

/// What is started by hand in the demo.
const SHORT_SCANS: [(Scan, &str); 4] = [
    (VULNERABILITIES, "cluster scan by hand"),
    (MANIFESTS, "manifests by hand"),
    (BENCHMARK, ""),
    (DOCKERFILES, "Dockerfiles by hand"),
];

impl Plan {
    /// The first `count` projects, without tasks. Enterprise projects belong to the whole account, as in the real cloud.
    pub(super) fn projects(&self, count: usize) -> Vec<Project> {
        let enterprise_projects: Vec<EnterpriseProject> = ["default", "production", "staging"]
            .iter()
            .zip(0..)
            .map(|(name, number)| EnterpriseProject {
                id: if number == 0 { "0".into() } else { self.id(&[1, number]).to_string().into() },
                name: (*name).into(),
            })
            .collect();
        let name = |number: usize| match number {
            0 => "payments".to_owned(),
            1 => "storefront".to_owned(),
            2 => "data-platform".to_owned(),
            _ => format!("project-{}", number.saturating_add(1)),
        };
        let project = |number: usize| {
            let shared = enterprise_projects.len().saturating_sub(number % enterprise_projects.len().max(1));
            Project::new(
                number,
                format!("{:032x}", self.id(&[0, number as u64]).0),
                name(number),
                enterprise_projects.iter().take(shared).cloned().collect(),
            )
        };
        (0..count).map(project).collect()
    }

    /// What is there when the world begins.
    pub(super) fn history(&self, project: &Project) -> Vec<Task> {
        if self.scenario == Scenario::Empty {
            return Vec::new();
        }
        let is_past = |task: &Task| match self.scenario {
            Scenario::Demo => task.created <= self.born,
            Scenario::Quiet | Scenario::Empty => task.end <= self.born,
        };
        let series = self.series(project);
        let days = (0..=self.born / DAY).rev();
        let nightly = days.flat_map(|day| series.iter().map(move |series| self.slot(project, series, day)));
        let mut tasks: Vec<Task> = nightly.filter(is_past).take(self.tasks).collect();
        if self.scenario == Scenario::Demo {
            tasks.extend(self.standing(project));
            tasks.extend(self.beats(project, self.born.saturating_sub(LEAD_IN), self.born));
        }
        tasks
    }

    /// What is made after `after`, up to `until`.
    pub(super) fn arrivals(&self, project: &Project, after: u64, until: u64) -> Vec<Task> {
        if self.scenario != Scenario::Demo || until <= after {
            return Vec::new();
        }
        let made = |at: u64| after < at && at <= until;
        let series = self.series(project);
        let mut tasks = Vec::new();
        for day in after / DAY..=until / DAY {
            let due = series.iter().filter(|series| made(day * DAY + series.at));
            tasks.extend(due.map(|series| self.slot(project, series, day)));
        }
        tasks.extend(self.beats(project, after, until));
        tasks
    }

    fn series(&self, project: &Project) -> Vec<Series> {
        let count = self.tasks.div_ceil(HISTORY_DAYS).max(SERIES);
        // By twos, so that each enterprise project has scans of both types.
        let owners = project.enterprise_projects.iter().flat_map(|owner| [owner, owner]).cycle();
        let kinds = KINDS.iter().cycle().take(count).zip(owners).enumerate();
        kinds.map(|(number, (kind, owner))| self.one_series(project.number, number, kind, owner)).collect()
    }

    fn one_series(
        &self,
        project: u64,
        number: usize,
        &(scan, trigger, name): &(Scan, Trigger, &str),
        owner: &EnterpriseProject,
    ) -> Series {
        let dice = &mut dice(self.seed, &[2, project, number as u64]);
        let name = match (name, number / KINDS.len()) {
            ("", _) if number.is_multiple_of(4) => Name::Null,
            ("", _) => Name::Absent,
            (name, 0) => Name::Text(name.into()),
            (name, round) => Name::Text(format!("{name} {}", round.saturating_add(1)).into()),
        };
        Series {
            number,
            scan,
            trigger,
            enterprise_project: owner.id.clone(),
            name,
            at: match trigger {
                // Half of the nightly scans begin in the same second: ties are what a real list is full of.
                NIGHTLY if number.is_multiple_of(2) => 0,
                NIGHTLY => dice.u64(0..36) * 5 * MINUTE,
                BY_HAND => 7 * HOUR + dice.u64(0..12 * 60) * MINUTE + dice.u64(0..MINUTE),
            },
            size: match scan {
                Scan::Cluster(_) => dice.u32(1..8),
                Scan::Iac(_) => dice.u32(10..100),
            },
            usual: match (project, number) {
                (0, 2) => Outcome::Failed,
                (1, 1) => Outcome::Partial,
                _ => Outcome::Success,
            },
        }
    }

    /// The task of a series on a day.
    fn slot(&self, project: &Project, series: &Series, day: u64) -> Task {
        let place = [3, project.number, series.number as u64, day];
        let dice = &mut dice(self.seed, &place);
        let created = day * DAY + series.at;
        let start = match series.trigger {
            NIGHTLY if chance(dice, 25) => created + 90 * SECOND,
            NIGHTLY => created,
            BY_HAND => created + dice.u64(5..60) * SECOND,
        };
        let length = match series.scan {
            Scan::Cluster(_) => dice.u64(10 * 60..50 * 60) * SECOND,
            Scan::Iac(_) => dice.u64(2 * 60..15 * 60) * SECOND,
        };
        let outcome = match dice.u32(0..100) {
            0..4 => Outcome::Failed,
            4..12 => Outcome::Partial,
            _ => series.usual,
        };
        let (success, failed) = split(series.size, outcome, dice);
        Task {
            id: self.id(&place),
            name: series.name.clone(),
            enterprise_project: series.enterprise_project.clone(),
            trigger: series.trigger,
            ..Task::new(series.scan, created).finished(start, start + length, success, failed)
        }
    }

    /// The short scans that are started by hand after `after`, up to `until`.
    fn beats(&self, project: &Project, after: u64, until: u64) -> Vec<Task> {
        let beat = |beat: u64| {
            let place = [4, project.number, beat];
            let dice = &mut dice(self.seed, &place);
            let created = beat * BEAT + dice.u64(0..BEAT);
            let start = created + dice.u64(10..45) * SECOND;
            let length = dice.u64(60..6 * 60) * SECOND;
            let (scan, name) = dice.choice(SHORT_SCANS).unwrap_or((VULNERABILITIES, ""));
            let owner = dice.choice(&project.enterprise_projects).map_or_else(|| "0".into(), |owner| owner.id.clone());
            let outcome = match dice.u32(0..10) {
                0 => Outcome::Failed,
                1 | 2 => Outcome::Partial,
                _ => Outcome::Success,
            };
            let (success, failed) = split(dice.u32(2..9), outcome, dice);
            Task {
                id: self.id(&place),
                name: if name.is_empty() { Name::Absent } else { Name::Text(name.into()) },
                enterprise_project: owner,
                ..Task::new(scan, created).finished(start, start + length, success, failed)
            }
        };
        let beats = (after / BEAT..=until / BEAT).map(beat);
        beats.filter(|task| after < task.created && task.created <= until).collect()
    }

    /// What does not move: in the first project a scan that hangs, in the second one that waits.
    fn standing(&self, project: &Project) -> Option<Task> {
        let ago = |hours: u64| self.born.saturating_sub(hours * HOUR);
        let task = match project.number {
            0 => Task { success: 3, estimate: 12, ..Task::cluster(ago(26)).running(ago(26), 2) }.named("hanging scan"),
            1 => Task { start: NEVER, left: 24, ..Task::iac(ago(60)) }.named("weekly manifests"),
            _ => return None,
        };
        Some(Task { id: self.id(&[5, project.number]), ..task.scheduled() })
    }

    fn id(&self, place: &[u64]) -> TaskId {
        let mut dice = dice(self.seed, place);
        // The marks of a random UUID.
        let marks = (0xf000 << 64 | 0xc << 60, 0x4000 << 64 | 0x8 << 60);
        TaskId(dice.u128(..) & !marks.0 | marks.1)
    }
}

/// (success, failed) of so many clusters or files.
fn split(size: u32, outcome: Outcome, dice: &mut fastrand::Rng) -> (u32, u32) {
    let failed = match outcome {
        Outcome::Success => 0,
        Outcome::Failed => size,
        Outcome::Partial if size < 2 || chance(dice, 50) => size.div_ceil(2),
        Outcome::Partial => 1,
    };
    (size.saturating_sub(failed), failed)
}
