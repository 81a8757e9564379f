//! The same series by way of the `prometheus` crate: a gauge vector a family, gathered and written by its encoder.

use hss_exporter::model::{Counts, Snapshot, Status, TaskRow};
use prometheus::{GaugeVec, Opts, Registry, TextEncoder};
use std::collections::BTreeMap;

const LABELS: [&str; 4] = ["account", "project", "enterprise_project", "task_id"];

/// The families of single tasks, as an exporter would have them that keeps them in the crate.
pub(crate) struct Peer {
    registry: Registry,
    info: GaugeVec,
    status: GaugeVec,
    start: GaugeVec,
    end: GaugeVec,
    clusters: GaugeVec,
    files: GaugeVec,
    scan_files: GaugeVec,
}

impl Peer {
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let family = |name: &str, more: &[&str]| {
            let labels: Vec<&str> = LABELS.iter().chain(more).copied().collect();
            let family = GaugeVec::new(Opts::new(name, "The same."), &labels)?;
            registry.register(Box::new(family.clone()))?;
            Ok::<_, prometheus::Error>(family)
        };
        Ok(Self {
            info: family("hss_task_info", &["task_type", "trigger_type", "scan", "task_name"])?,
            status: family("hss_task_status", &["status"])?,
            start: family("hss_task_start_timestamp_seconds", &[])?,
            end: family("hss_task_end_timestamp_seconds", &[])?,
            clusters: family("hss_task_clusters", &["state"])?,
            files: family("hss_task_files", &["state"])?,
            scan_files: family("hss_task_scan_files", &[])?,
            registry,
        })
    }

    /// Sets what the snapshot says. What it does not say any more stays.
    pub(crate) fn fill(&self, snapshot: &Snapshot) {
        for shown in &snapshot.targets {
            let [account, project, enterprise_project] = shown.standing.target.labels();
            shown.tasks().for_each(|row| self.set([account, project, enterprise_project, &row.task.id], row));
        }
    }

    pub(crate) fn clear(&self) {
        let Self { info, status, start, end, clusters, files, scan_files, .. } = self;
        [info, status, start, end, clusters, files, scan_files].into_iter().for_each(GaugeVec::reset);
    }

    pub(crate) fn text(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }

    fn set(&self, labels: [&str; 4], TaskRow { task, start, end }: &TaskRow) {
        let set = |family: &GaugeVec, more: &[&str], value: Option<f64>| {
            if let Some(value) = value {
                let labels: Vec<&str> = labels.iter().chain(more).copied().collect();
                family.with_label_values(&labels).set(value);
            }
        };
        let number = |number: Option<u64>| number.map(|number| number as f64);
        let name = task.name.as_deref().unwrap_or_default();
        let described = [task.task_type().as_str(), task.trigger.as_str(), task.scan.as_str(), name];
        set(&self.info, &described, Some(1.0));
        for status in [Status::Ready, Status::Running, Status::Finished] {
            set(&self.status, &[status.as_str()], Some(f64::from(u8::from(status == task.status))));
        }
        set(&self.start, &[], start.map(|start| start.as_secs_f64()));
        set(&self.end, &[], end.map(|end| end.as_secs_f64()));
        match task.counts {
            Counts::Clusters { scanning, success, failed } => {
                set(&self.clusters, &["scanning"], number(scanning));
                set(&self.clusters, &["success"], number(success));
                set(&self.clusters, &["failed"], number(failed));
            }
            Counts::Files { total, success, failed } => {
                set(&self.files, &["success"], number(success));
                set(&self.files, &["failed"], number(failed));
                set(&self.scan_files, &[], number(total));
            }
        }
    }
}

/// Whether both pages have the same series of tasks with the same values, and at least so many.
pub(crate) fn compare(ours: &str, theirs: &str, at_least: usize) -> Result<(), String> {
    let (ours, theirs) = (series(ours), series(theirs));
    if ours != theirs || ours.len() < at_least {
        return Err(format!("the pages differ: {} series, and {} of the peer", ours.len(), theirs.len()));
    }
    Ok(())
}

/// Every series of a task, whatever the order of its labels, with its value. No label value has a quote or a comma.
fn series(page: &str) -> BTreeMap<(&str, Vec<&str>), Option<f64>> {
    let lines = page.lines().filter(|line| line.starts_with("hss_task_") && !line.contains("_duration_"));
    let parts = lines.filter_map(|line| {
        let (name, rest) = line.split_once('{')?;
        let (labels, value) = rest.split_once("} ")?;
        let mut labels: Vec<&str> = labels.split(',').collect();
        labels.sort_unstable();
        Some(((name, labels), value.parse().ok()))
    });
    parts.collect()
}
