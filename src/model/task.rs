//! A scan task as HSS reports it, with every value checked, and what its result means.

use super::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// Which kind of scan a task runs: the API is asked once for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskType {
    /// `cluster_scan`: container clusters.
    ClusterScan,
    /// `iac_scan`: infrastructure-as-code files.
    IacScan,
}

impl TaskType {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 2] = [Self::ClusterScan, Self::IacScan];

    /// As the API and the label `task_type` spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClusterScan => "cluster_scan",
            Self::IacScan => "iac_scan",
        }
    }
}

/// What started a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// `manual`: a person.
    Manual,
    /// `schedule`: the clock.
    Schedule,
    /// Anything else, or nothing said.
    Other,
}

impl Trigger {
    /// All of them, in the order of their label values.
    pub const ALL: [Self; 3] = [Self::Manual, Self::Other, Self::Schedule];

    /// As the label `trigger_type` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Schedule => "schedule",
            Self::Other => "other",
        }
    }
}

/// How far a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// `ready`: waiting to run.
    Ready,
    /// `running`.
    Running,
    /// `finished`; how it went is in the counts, see [`Outcome`].
    Finished,
    /// A status that the API did not have when this was written, or none at all.
    Other,
}

impl Status {
    /// All of them, in the order of their label values.
    pub const ALL: [Self; 4] = [Self::Finished, Self::Other, Self::Ready, Self::Running];

    /// As the label `status` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Other => "other",
        }
    }
}

/// A set of the scan types of a cluster scan. A set of four can have sixteen values, which bounds the label `scan`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScanTypes(u8);

impl ScanTypes {
    /// `benchmark`.
    pub const BENCHMARK: Self = Self(1);
    /// `cluster_vul`.
    pub const CLUSTER_VUL: Self = Self(2);
    /// Any scan type that the API did not have when this was written.
    pub const OTHER: Self = Self(4);
    /// `risk_assessment`.
    pub const RISK_ASSESSMENT: Self = Self(8);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The documented scan types of the set, as the API spells them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [Self::BENCHMARK, Self::CLUSTER_VUL, Self::RISK_ASSESSMENT]
            .into_iter()
            .filter(move |one| self.0 & one.0 != 0)
            .map(Self::as_str)
    }

    /// Whether there is nothing in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn as_str(self) -> &'static str {
        match self.0 & 15 {
            1 => "benchmark",
            2 => "cluster_vul",
            3 => "benchmark+cluster_vul",
            4 => "other",
            5 => "benchmark+other",
            6 => "cluster_vul+other",
            7 => "benchmark+cluster_vul+other",
            8 => "risk_assessment",
            9 => "benchmark+risk_assessment",
            10 => "cluster_vul+risk_assessment",
            11 => "benchmark+cluster_vul+risk_assessment",
            12 => "other+risk_assessment",
            13 => "benchmark+other+risk_assessment",
            14 => "cluster_vul+other+risk_assessment",
            15 => "benchmark+cluster_vul+other+risk_assessment",
            _ => "",
        }
    }
}

/// What an IaC scan reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileType {
    /// `dockerfile`.
    Dockerfile,
    /// `k8s_yaml`.
    K8sYaml,
    /// A file type that the API did not have when this was written.
    Other,
}

impl FileType {
    /// As the API and the label `scan` spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::K8sYaml => "k8s_yaml",
            Self::Other => "other",
        }
    }
}

/// What is scanned: with the trigger, the *kind* of which "the latest scan" is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scan {
    /// A cluster scan's scan types.
    Cluster(ScanTypes),
    /// An IaC scan's file type, where the API gave one.
    Iac(Option<FileType>),
}

impl Scan {
    /// The label `scan`: the sorted scan types joined by `+`, or the file type; empty if the API gave neither.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cluster(types) => types.as_str(),
            Self::Iac(Some(file_type)) => file_type.as_str(),
            Self::Iac(None) => "",
        }
    }
}

/// How many clusters or files a task has dealt with. What the API left out is `None`, which is not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// Of a cluster scan.
    Clusters {
        /// `scanning_cluster_num`
        scanning: Option<u64>,
        /// `success_cluster_num`
        success: Option<u64>,
        /// `failed_cluster_num`
        failed: Option<u64>,
    },
    /// Of an IaC scan.
    Files {
        /// `scan_file_num`: all of them.
        total: Option<u64>,
        /// `success_file_num`
        success: Option<u64>,
        /// `failed_file_num`
        failed: Option<u64>,
    },
}

impl Counts {
    /// Clusters or files that were scanned well, and those that were not; what is unknown counts as none.
    pub fn done(self) -> (u64, u64) {
        let (Self::Clusters { success, failed, .. } | Self::Files { success, failed, .. }) = self;
        (success.unwrap_or(0), failed.unwrap_or(0))
    }

    /// Whether the counts of a finished run still have to settle: nothing was done at all, something is still being
    /// scanned, or more was done than there was.
    pub fn unsettled(self) -> bool {
        let (success, failed) = self.done();
        let done = success.saturating_add(failed);
        done == 0
            || match self {
                Self::Clusters { scanning, .. } => scanning.is_some_and(|n| n > 0),
                Self::Files { total, .. } => total.is_some_and(|total| done > total),
            }
    }

    /// What a finished run with these counts came to.
    pub fn outcome(self) -> Outcome {
        let all_done = match self {
            Self::Clusters { scanning, .. } => scanning.is_none_or(|n| n == 0),
            Self::Files { total, success, .. } => total.is_none_or(|total| success.unwrap_or(0) >= total),
        };
        match self.done() {
            (0, 0) => Outcome::Empty,
            (0, _) => Outcome::Failed,
            (_, 0) if all_done => Outcome::Success,
            _ => Outcome::Partial,
        }
    }
}

/// What a finished run came to. The API has no status "failed": this is read off the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Nothing succeeded and nothing failed.
    Empty,
    /// Some failed, none succeeded.
    Failed,
    /// Everything else.
    Partial,
    /// Some succeeded, none failed, and nothing is left over.
    Success,
}

impl Outcome {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 4] = [Self::Empty, Self::Failed, Self::Partial, Self::Success];

    /// As the label `outcome` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Failed => "failed",
            Self::Partial => "partial",
            Self::Success => "success",
        }
    }

    /// Whether something failed.
    pub const fn with_failures(self) -> bool {
        matches!(self, Self::Failed | Self::Partial)
    }
}

/// One scan task as HSS reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// `task_id`
    pub id: Arc<str>,
    /// `task_name`
    pub name: Option<Arc<str>>,
    /// `trigger_type`
    pub trigger: Trigger,
    /// `task_status`
    pub status: Status,
    /// `start_time`; a waiting task has none: a planned start is not when it began, and says nothing of its place in the list.
    pub start: Option<Timestamp>,
    /// `end_time`, of a finished task only: the API repeats the start as the end of a running one.
    pub end: Option<Timestamp>,
    /// `estimated_time`: how long the task will still run.
    pub estimated_remaining: Option<Duration>,
    /// `scan_type_list` or `file_type`
    pub scan: Scan,
    /// The counts of `cluster_scan_info` or `iac_scan_info`.
    pub counts: Counts,
}

impl Task {
    /// Which kind of scan this is.
    pub const fn task_type(&self) -> TaskType {
        match self.scan {
            Scan::Cluster(_) => TaskType::ClusterScan,
            Scan::Iac(_) => TaskType::IacScan,
        }
    }
}
