//! The tasks that are measured with: half cluster scans, half IaC scans, all finished within the window.

use hss_exporter::model::{
    AccountStanding, Book, ClockOffset, Counts, EnterpriseProject, FileType, Ledger, Project, Reading, Scan, ScanTypes,
    SeriesLimits, Snapshot, Standing, Status, Target, Task, TaskType, Timestamp, Trigger,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// A task of ours has so many series: one that describes it, three of its status, start, end, three of its counts.
const SERIES_OF_TASK: usize = 9;

const TARGETS: usize = 10;

/// The moment at which everything happens.
pub(crate) const fn now() -> Timestamp {
    Timestamp::from_secs(1_790_000_000)
}

/// A snapshot whose tasks have at least so many series.
pub(crate) fn snapshot(series: usize) -> Snapshot {
    let tasks = series.div_ceil(SERIES_OF_TASK);
    let limits = SeriesLimits { finished_for: WINDOW, target: tasks, total: tasks };
    let standings: Vec<_> = (0..TARGETS)
        .map(|number| {
            let own = (number..tasks).step_by(TARGETS);
            let books = TaskType::ALL.map(|task_type| {
                let mut ledger = Ledger::new(WINDOW);
                ledger.apply(now(), own.clone().map(task).filter(|task| task.task_type() == task_type).collect());
                book(task_type, ledger)
            });
            Arc::new(Standing::of(&target(number), &books, Some(limits), now()))
        })
        .collect();
    let account = AccountStanding {
        name: "production".into(),
        targets: TARGETS,
        refresh_interval: Duration::from_secs(300),
        stale_after: Duration::from_secs(1800),
        unwatched: BTreeMap::new(),
        undiscovered: None,
    };
    Snapshot::of(now(), Arc::new([account]), &standings, Some(limits))
}

/// A ledger that knows so many cluster scans, and the first page of their list.
pub(crate) fn ledger(tasks: usize) -> (Ledger, Vec<Task>) {
    let list = history(tasks);
    let mut ledger = Ledger::new(WINDOW);
    ledger.apply(now(), list.clone());
    (ledger, list.into_iter().take(200).collect())
}

/// So many finished cluster scans, newest first, one every half minute.
pub(crate) fn history(tasks: usize) -> Vec<Task> {
    (0..tasks).map(|number| task(number * 2)).collect()
}

/// Even numbers are cluster scans.
fn task(number: usize) -> Task {
    let number = number as u64;
    let (scan, counts) = if number.is_multiple_of(2) {
        let scan = Scan::Cluster(ScanTypes::CLUSTER_VUL.with(ScanTypes::RISK_ASSESSMENT));
        (scan, Counts::Clusters { scanning: Some(0), success: Some(9), failed: Some(number / 2 % 3) })
    } else {
        let counts =
            Counts::Files { total: Some(40), success: Some(40 - number / 2 % 3), failed: Some(number / 2 % 3) };
        (Scan::Iac(Some(FileType::K8sYaml)), counts)
    };
    let end = now().minus(Duration::from_millis(60_000 + number * 15_000));
    Task {
        id: format!("{:08x}-3b5f-4c1d-9a70-{number:012x}", number.wrapping_mul(0x9e37_79b9) as u32).into(),
        name: Some(format!("nightly scan {}", number % 50).into()),
        trigger: if number % 4 < 2 { Trigger::Schedule } else { Trigger::Manual },
        status: Status::Finished,
        start: Some(end.minus(Duration::from_secs(240))),
        end: Some(end),
        estimated_remaining: None,
        scan,
        counts,
    }
}

fn book(task_type: TaskType, ledger: Ledger) -> Book {
    let reading = Reading {
        last_attempt: Some(now()),
        last_success: Some(now()),
        failure: None,
        blocked: None,
        duration: Some(Duration::from_millis(300)),
        requests: Some(1),
    };
    let stale_after = Duration::from_secs(1800);
    let expected = std::collections::BTreeMap::new();
    Book { task_type, ledger, reading, stale_after, cloud_ahead: ClockOffset::Ahead(Duration::ZERO), expected }
}

fn target(number: usize) -> Arc<Target> {
    Arc::new(Target {
        account: "production".into(),
        project: Project { id: format!("{number:032x}").into(), name: format!("project-{number}").into() },
        enterprise_project: EnterpriseProject::One { id: "0".into(), name: "default".into() },
        region: "cn-north-4".into(),
    })
}
