//! A scan task of the world: what is planned for it, and how it looks at a given moment.
//!
//! A task holds its whole life from the start (when it will run, how long, how it will end), so that its looks are a
//! function of the time alone. The words are those of the API page.

use std::fmt;
use std::sync::Arc;

/// The time of what will not happen.
pub const NEVER: u64 = u64::MAX;

/// A task's id. On the wire it looks like a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u128);

impl TaskId {
    /// Reads an id as [`fmt::Display`] writes it.
    pub fn parse(text: &str) -> Option<Self> {
        let id = Self(u128::from_str_radix(&text.replace('-', ""), 16).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = [96, 80, 64, 48].map(|shift| self.0 >> shift);
        let (b, c, d, e) = (b & 0xffff, c & 0xffff, d & 0xffff, self.0 & 0xffff_ffff_ffff);
        write!(f, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
    }
}

/// `task_type`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskType {
    /// `cluster_scan`
    ClusterScan,
    /// `iac_scan`
    IacScan,
}

/// `trigger_type`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// `manual`
    Manual,
    /// `schedule`
    Schedule,
}

/// `task_status`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// `ready`
    Ready,
    /// `running`
    Running,
    /// `finished`
    Finished,
}

/// An element of `scan_type_list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScanType {
    /// `cluster_vul`
    ClusterVul,
    /// `risk_assessment`
    RiskAssessment,
    /// `benchmark`
    Benchmark,
}

/// `file_type`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileType {
    /// `dockerfile`
    Dockerfile,
    /// `k8s_yaml`
    K8sYaml,
}

/// An enumeration of the API: its values, and how each is spelled.
pub(super) trait Spelled: Copy + 'static {
    const ALL: &'static [Self];
    fn as_str(self) -> &'static str;

    fn read(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.as_str() == text)
    }
}

macro_rules! spelled {
    ($($name:ident { $($value:ident = $text:literal),+ })+) => {$(
        impl Spelled for $name {
            const ALL: &'static [Self] = &[$(Self::$value),+];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text),+
                }
            }
        }
    )+};
}

spelled! {
    TaskType { ClusterScan = "cluster_scan", IacScan = "iac_scan" }
    Trigger { Manual = "manual", Schedule = "schedule" }
    Status { Ready = "ready", Running = "running", Finished = "finished" }
    ScanType { ClusterVul = "cluster_vul", RiskAssessment = "risk_assessment", Benchmark = "benchmark" }
    FileType { Dockerfile = "dockerfile", K8sYaml = "k8s_yaml" }
}

/// What is scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// Clusters, for these things.
    Cluster(&'static [ScanType]),
    /// Files of this type.
    Iac(FileType),
}

/// `task_name`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// The key is not there.
    Absent,
    /// The key is there, its value is null.
    Null,
    /// A name.
    Text(Arc<str>),
}

/// A task and its plan. Times are milliseconds since the Unix epoch, or [`NEVER`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Zero: the world chooses one.
    pub id: TaskId,
    /// Its name.
    pub name: Name,
    /// The id of its enterprise project.
    pub enterprise_project: Arc<str>,
    /// What is scanned.
    pub scan: Scan,
    /// What made it.
    pub trigger: Trigger,
    /// When it was made. No answer shows it; two filters ask for it.
    pub created: u64,
    /// When it starts to run; until then it is ready.
    pub start: u64,
    /// When it is finished.
    pub end: u64,
    /// Clusters or files that are scanned well by the end.
    pub success: u32,
    /// Clusters or files that fail by the end.
    pub failed: u32,
    /// Clusters or files with which it never gets done. With an end, an inconsistent result.
    pub left: u32,
    /// The minutes that it claims to need, if it never ends.
    pub estimate: u32,
}

/// How a task looks at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looks {
    /// Its status.
    pub status: Status,
    /// When it started, unless it is ready.
    pub start: Option<u64>,
    /// When it ended; of a running task, when it started.
    pub end: Option<u64>,
    /// The minutes that it still needs, unless it is ready.
    pub estimate: Option<u64>,
    /// What is not yet done.
    pub scanning: u32,
    /// What was done well.
    pub success: u32,
    /// What failed.
    pub failed: u32,
}

impl Task {
    /// A ready task of the default enterprise project, made by hand at `created`, that will not start by itself.
    pub fn new(scan: Scan, created: u64) -> Self {
        Self {
            id: TaskId(0),
            name: Name::Absent,
            enterprise_project: "0".into(),
            scan,
            trigger: Trigger::Manual,
            created,
            start: NEVER,
            end: NEVER,
            success: 0,
            failed: 0,
            left: 1,
            estimate: 5,
        }
    }

    /// A ready scan of clusters for vulnerabilities.
    pub fn cluster(created: u64) -> Self {
        Self::new(Scan::Cluster(&[ScanType::ClusterVul]), created)
    }

    /// A ready scan of Kubernetes manifests.
    pub fn iac(created: u64) -> Self {
        Self::new(Scan::Iac(FileType::K8sYaml), created)
    }

    /// This task, called so.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: Name::Text(name.into()), ..self }
    }

    /// This task, of that enterprise project.
    #[must_use]
    pub fn owned_by(self, enterprise_project: &str) -> Self {
        Self { enterprise_project: enterprise_project.into(), ..self }
    }

    /// This task, made by the clock.
    #[must_use]
    pub fn scheduled(self) -> Self {
        Self { trigger: Trigger::Schedule, ..self }
    }

    /// This task, running since `at` with all of `left` before it, and without an end.
    #[must_use]
    pub fn running(self, at: u64, left: u32) -> Self {
        Self { start: at, end: NEVER, success: 0, failed: 0, left, ..self }
    }

    /// This task, running from `start` to `end` with this result.
    #[must_use]
    pub fn finished(self, start: u64, end: u64, success: u32, failed: u32) -> Self {
        Self { start, end, success, failed, left: 0, ..self }
    }

    /// `task_type`
    pub fn task_type(&self) -> TaskType {
        match self.scan {
            Scan::Cluster(_) => TaskType::ClusterScan,
            Scan::Iac(_) => TaskType::IacScan,
        }
    }

    /// `task_status` at `now`.
    pub fn status(&self, now: u64) -> Status {
        if now < self.start {
            Status::Ready
        } else if now < self.end {
            Status::Running
        } else {
            Status::Finished
        }
    }

    /// How the task looks at `now`.
    pub fn looks(&self, now: u64) -> Looks {
        let status = self.status(now);
        let total = self.success.saturating_add(self.failed).saturating_add(self.left);
        let (start, end, estimate, (success, failed)) = match status {
            Status::Ready => (None, None, None, (0, 0)),
            Status::Running => (Some(self.start), Some(self.start), Some(self.remaining(now)), self.done(now)),
            Status::Finished => (Some(self.start), Some(self.end), Some(0), (self.success, self.failed)),
        };
        let scanning = match status {
            Status::Ready => 0,
            _ => total.saturating_sub(success).saturating_sub(failed),
        };
        Looks { status, start, end, estimate, scanning, success, failed }
    }

    /// All clusters or files of the task.
    pub fn total(&self) -> u32 {
        self.success.saturating_add(self.failed).saturating_add(self.left)
    }

    /// Begun minutes until the end; what the task claims, where there is none.
    fn remaining(&self, now: u64) -> u64 {
        match self.end {
            NEVER => u64::from(self.estimate),
            end => end.saturating_sub(now).div_ceil(60_000),
        }
    }

    /// (success, failed) so far: in proportion to the time, failures spread evenly. A task without an end stands still.
    fn done(&self, now: u64) -> (u32, u32) {
        if self.end == NEVER {
            return (self.success, self.failed);
        }
        let part = |of: u32| {
            let length = u128::from(self.end.saturating_sub(self.start)).max(1);
            let done = u128::from(of) * u128::from(now.saturating_sub(self.start)) / length;
            u32::try_from(done).unwrap_or(of).min(of)
        };
        (part(self.success), part(self.failed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_ready_then_runs_then_is_finished() {
        let task = Task::cluster(0).finished(60_000, 660_000, 3, 2);
        let looks = |minute: u64| {
            let looks = task.looks(minute * 60_000);
            (looks.status, looks.estimate, looks.scanning, looks.success, looks.failed)
        };
        assert_eq!(looks(0), (Status::Ready, None, 0, 0, 0));
        assert_eq!(looks(1), (Status::Running, Some(10), 5, 0, 0));
        assert_eq!(looks(6), (Status::Running, Some(5), 3, 1, 1));
        assert_eq!(looks(11), (Status::Finished, Some(0), 0, 3, 2));
    }

    #[test]
    fn a_running_task_repeats_its_start_as_its_end() {
        let looks = Task::cluster(0).running(7, 1).looks(100);
        assert_eq!((looks.start, looks.end), (Some(7), Some(7)));
    }

    #[test]
    fn ids_read_as_they_are_written() {
        let id = TaskId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(id.to_string(), "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(TaskId::parse(&id.to_string()), Some(id));
        assert_eq!(TaskId::parse("0123456789abcdef0123456789abcdef"), None);
        assert_eq!(TaskId::parse("+1"), None);
    }
}
