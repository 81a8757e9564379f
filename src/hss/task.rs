//! One item of the task list, field by field, and the task that it is.

use super::json::{Any, Fields, Number, Object, Text, Wanted, skip};
use super::wire::{Oddities, moment};
use crate::model::observe::Field;
use crate::model::text::{is_printable, printable};
use crate::model::{Counts, FileType, Scan, ScanTypes, Status, Task, TaskType, Timestamp, Trigger};
use serde::de::{MapAccess, SeqAccess};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// The vendor's ids have 36 characters. A longer one is none, so that ids take no more memory than tasks.
const LONGEST_ID: usize = 128;

/// No moment of a task lies so long after the answer that shows it. Taken at its word, such an end would be the latest
/// for good, since facts move only forward.
const FUTURE: Duration = Duration::from_secs(24 * 3600);

/// An item, as far as it has been read. Its texts are used again for the next one.
pub(super) struct Item {
    id: String,
    name: String,
    /// Whether it says that it is of another task type than was asked for.
    is_other_type: bool,
    trigger: Option<Trigger>,
    status: Option<Status>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// In minutes.
    estimated: Option<u64>,
    info: Info,
}

/// What it says of its scan.
enum Info {
    Cluster(ClusterScanInfo),
    Iac(IacScanInfo),
}

#[derive(Default)]
struct ClusterScanInfo {
    types: ScanTypes,
    unknown_types: u64,
    scanning: Option<u64>,
    success: Option<u64>,
    failed: Option<u64>,
}

#[derive(Default)]
struct IacScanInfo {
    file_type: Option<FileType>,
    total: Option<u64>,
    success: Option<u64>,
    failed: Option<u64>,
}

impl Item {
    /// Nothing yet, of a list of this type.
    pub(super) fn new(task_type: TaskType) -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            is_other_type: false,
            trigger: None,
            status: None,
            start: None,
            end: None,
            estimated: None,
            info: match task_type {
                TaskType::ClusterScan => Info::Cluster(ClusterScanInfo::default()),
                TaskType::IacScan => Info::Iac(IacScanInfo::default()),
            },
        }
    }

    /// Forgets what has been read.
    pub(super) fn clear(&mut self) {
        self.id.clear();
        self.name.clear();
        let (id, name) = (std::mem::take(&mut self.id), std::mem::take(&mut self.name));
        *self = Self { id, name, ..Self::new(self.task_type()) };
    }

    const fn task_type(&self) -> TaskType {
        match self.info {
            Info::Cluster(_) => TaskType::ClusterScan,
            Info::Iac(_) => TaskType::IacScan,
        }
    }

    /// The task that it was at `at`, if it is one.
    pub(super) fn task(&self, at: Timestamp, names: &mut HashSet<Arc<str>>, oddities: &mut Oddities) -> Option<Task> {
        if self.id.is_empty() || self.is_other_type {
            return None;
        }
        let unknown = |is_unknown: bool| u64::from(is_unknown);
        oddities.unknown(Field::TriggerType, unknown(self.trigger == Some(Trigger::Other)));
        oddities.unknown(Field::TaskStatus, unknown(self.status == Some(Status::Other)));
        let (scan, counts) = match &self.info {
            Info::Cluster(ClusterScanInfo { types, unknown_types, scanning, success, failed }) => {
                oddities.unknown(Field::ScanTypeList, *unknown_types);
                let counts = Counts::Clusters { scanning: *scanning, success: *success, failed: *failed };
                (Scan::Cluster(*types), counts)
            }
            Info::Iac(IacScanInfo { file_type, total, success, failed }) => {
                oddities.unknown(Field::FileType, unknown(*file_type == Some(FileType::Other)));
                (Scan::Iac(*file_type), Counts::Files { total: *total, success: *success, failed: *failed })
            }
        };
        let status = self.status.unwrap_or(Status::Other);
        let believed = |moment: &Timestamp| *moment <= at.plus(FUTURE);
        Some(Task {
            id: self.id.as_str().into(),
            name: (!self.name.is_empty()).then(|| shared(names, &self.name)),
            trigger: self.trigger.unwrap_or(Trigger::Other),
            status,
            start: self.start.filter(believed).filter(|_| status != Status::Ready),
            end: self.end.filter(believed).filter(|_| status == Status::Finished),
            estimated_remaining: self
                .estimated
                .filter(|_| status == Status::Running)
                .map(|minutes| Duration::from_secs(minutes.saturating_mul(60))),
            scan,
            counts,
        })
    }
}

/// Tasks of one schedule have one name: it is kept once for all of them on the page.
fn shared(names: &mut HashSet<Arc<str>>, name: &str) -> Arc<str> {
    if let Some(known) = names.get(name) {
        return Arc::clone(known);
    }
    let name: Arc<str> = name.into();
    names.insert(Arc::clone(&name));
    name
}

impl Fields for Item {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        let task_type = self.task_type();
        match (name, &mut self.info) {
            ("task_id", _) => {
                self.id.clear();
                value.next_value_seed(Any(Text(|id: &str| self.id.push_str(if is_id(id) { id } else { "" }))))?;
            }
            ("task_name", _) => {
                self.name.clear();
                value.next_value_seed(Any(Text(|name: &str| self.name.push_str(&printable(name)))))?;
            }
            ("task_type", _) => {
                let is_other = value.next_value_seed(Any(Text(|given: &str| given != task_type.as_str())))?;
                self.is_other_type = is_other == Some(true);
            }
            ("trigger_type", _) => self.trigger = value.next_value_seed(Any(Text(trigger)))?,
            ("task_status", _) => self.status = value.next_value_seed(Any(Text(status)))?,
            ("start_time", _) => self.start = value.next_value_seed(Any(Number))?.and_then(moment),
            ("end_time", _) => self.end = value.next_value_seed(Any(Number))?.and_then(moment),
            ("estimated_time", _) => self.estimated = value.next_value_seed(Any(Number))?,
            ("cluster_scan_info", Info::Cluster(info)) => {
                *info = ClusterScanInfo::default();
                value.next_value_seed(Any(Object(info)))?;
            }
            ("iac_scan_info", Info::Iac(info)) => {
                *info = IacScanInfo::default();
                value.next_value_seed(Any(Object(info)))?;
            }
            _ => skip(value)?,
        }
        Ok(())
    }
}

/// Whether it can be told from another one, and shown. Where a character was mended, it cannot.
fn is_id(id: &str) -> bool {
    id.chars().count() <= LONGEST_ID && id.chars().all(|c| is_printable(c) && c != char::REPLACEMENT_CHARACTER)
}

fn trigger(name: &str) -> Trigger {
    match name {
        "manual" => Trigger::Manual,
        "schedule" => Trigger::Schedule,
        _ => Trigger::Other,
    }
}

fn status(name: &str) -> Status {
    match name {
        "ready" => Status::Ready,
        "running" => Status::Running,
        "finished" => Status::Finished,
        _ => Status::Other,
    }
}

impl Fields for ClusterScanInfo {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "scan_type_list" => {
                (self.types, self.unknown_types) = (ScanTypes::default(), 0);
                value.next_value_seed(Any(ScanTypeList(self)))?;
            }
            "scanning_cluster_num" => self.scanning = value.next_value_seed(Any(Number))?,
            "success_cluster_num" => self.success = value.next_value_seed(Any(Number))?,
            "failed_cluster_num" => self.failed = value.next_value_seed(Any(Number))?,
            _ => skip(value)?,
        }
        Ok(())
    }
}

impl Fields for IacScanInfo {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "file_type" => self.file_type = value.next_value_seed(Any(Text(file_type)))?,
            "scan_file_num" => self.total = value.next_value_seed(Any(Number))?,
            "success_file_num" => self.success = value.next_value_seed(Any(Number))?,
            "failed_file_num" => self.failed = value.next_value_seed(Any(Number))?,
            _ => skip(value)?,
        }
        Ok(())
    }
}

fn file_type(name: &str) -> FileType {
    match name {
        "dockerfile" => FileType::Dockerfile,
        "k8s_yaml" => FileType::K8sYaml,
        _ => FileType::Other,
    }
}

/// `scan_type_list`
struct ScanTypeList<'a>(&'a mut ClusterScanInfo);

impl<'de> Wanted<'de> for ScanTypeList<'_> {
    type Value = ();

    fn other(self) {}

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(scan_type) = items.next_element_seed(Any(ScanType))? {
            self.0.types = self.0.types.with(scan_type);
            self.0.unknown_types += u64::from(scan_type == ScanTypes::OTHER);
        }
        Ok(())
    }
}

/// An element of it: a set of one, or of none where it is null.
struct ScanType;

impl Wanted<'_> for ScanType {
    type Value = ScanTypes;

    fn other(self) -> ScanTypes {
        ScanTypes::OTHER
    }

    fn null(self) -> ScanTypes {
        ScanTypes::default()
    }

    fn text(self, name: &str) -> ScanTypes {
        match name {
            "benchmark" => ScanTypes::BENCHMARK,
            "cluster_vul" => ScanTypes::CLUSTER_VUL,
            "risk_assessment" => ScanTypes::RISK_ASSESSMENT,
            _ => ScanTypes::OTHER,
        }
    }
}
