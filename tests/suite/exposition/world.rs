//! A snapshot with everything in it that can be seen, fed through ledgers page by page.

use hss_exporter::model::ledger::Read;
use hss_exporter::model::{
    AccountStanding, Book, ClockOffset, Counts, EnterpriseProject, Failure, FileType, Ledger, Project, Reading, Reason,
    Scan, ScanTypes, SeriesLimits, Snapshot, Standing, Status, Target, Task, TaskType, Timestamp, Trigger,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const FEW: SeriesLimits = SeriesLimits { finished_for: Duration::from_secs(DAY), target: 8, total: 11 };

/// Of targets with [`many`] tasks.
pub(super) const LIMITS: SeriesLimits =
    SeriesLimits { finished_for: Duration::from_secs(DAY), target: 2_000, total: 8_000 };

/// The moment of every snapshot here.
pub(super) const AT: Timestamp = Timestamp::from_secs(1_745_311_451);

const VULNERABILITIES: Scan = Scan::Cluster(ScanTypes::CLUSTER_VUL.with(ScanTypes::RISK_ASSESSMENT));
const BENCHMARK: Scan = Scan::Cluster(ScanTypes::BENCHMARK);
const MANIFESTS: Scan = Scan::Iac(Some(FileType::K8sYaml));
const DOCKERFILES: Scan = Scan::Iac(Some(FileType::Dockerfile));

/// A target that is well, one that is stale, one that is down but not stale yet, and one that was never read.
pub(crate) fn rich() -> Snapshot {
    let accounts = [
        account("lab", 1, &[]),
        account("prod", 3, &[("payments", TaskType::ClusterScan, 17), ("payments", TaskType::IacScan, 0)]),
    ];
    let standings = [
        standing(&well(), &[busy_clusters(), busy_files()]),
        standing(&target("prod", "payments", named("dev", "开发")), &[stale()]),
        standing(&target("prod", "shop \"x\" C:\\", EnterpriseProject::All), &[down()]),
        standing(&target("lab", "new", EnterpriseProject::All), &TaskType::ALL.map(unread)),
    ];
    Snapshot::of(ago(0), accounts.into(), &standings, Some(FEW))
}

/// A target with so many tasks, some of which have failed; `salt` decides which.
pub(super) fn many(target: u32, tasks: usize, salt: u64) -> Arc<Standing> {
    let mut ledger = Ledger::new(Duration::from_secs(7 * DAY));
    ledger.apply(ago(DAY), Vec::new());
    let task = |number: usize| {
        let failed = salt.rotate_left(number as u32) % 5;
        let task = clusters(&format!("task-{number:06}"), Trigger::Schedule, VULNERABILITIES, HOUR, (9, failed));
        Task { name: Some(format!("nightly \"{}\"\n", salt % 7).into()), ..task }
    };
    ledger.apply(ago(MINUTE), (0..tasks).map(task).collect());
    let name = format!("target {target:02} \\");
    let target = self::target("prod", &name, EnterpriseProject::All);
    let books = [book(TaskType::ClusterScan, ledger, read_well(1))];
    Arc::new(Standing::of(&target, &books, Some(LIMITS), AT))
}

/// A snapshot of nothing.
pub(super) fn empty() -> Snapshot {
    Snapshot::of(ago(0), Arc::new([]), &[], None)
}

/// Runs of each outcome, one that hangs, one that is retried, one that waits, and one in a status that nobody knows.
fn busy_clusters() -> Book {
    let mut ledger = Ledger::new(Duration::from_secs(7 * DAY));
    let history = vec![
        clusters("a-history", Trigger::Schedule, VULNERABILITIES, 2 * DAY, (9, 0)),
        clusters("b-benchmark", Trigger::Schedule, BENCHMARK, 2 * DAY + HOUR, (4, 0)),
    ];
    ledger.apply(ago(2 * DAY - HOUR), history);
    ledger.has_been_read(Read { down_to: ago(9 * DAY), up_to: ago(2 * DAY) });
    let retried = clusters("c-nightly", Trigger::Schedule, VULNERABILITIES, 3 * HOUR, (8, 2));
    let empty = clusters("f-empty", Trigger::Manual, BENCHMARK, 50 * MINUTE, (0, 0));
    let hanging = Task {
        name: Some("每晚扫描".into()),
        start: Some(Timestamp::new(ago(2 * HOUR).since_epoch() + Duration::from_millis(500))),
        estimated_remaining: Some(Duration::from_secs(30 * MINUTE)),
        counts: Counts::Clusters { scanning: Some(3), success: Some(5), failed: None },
        ..task("g-hanging", Trigger::Schedule, Status::Running, VULNERABILITIES)
    };
    let page = vec![
        Task { name: Some("two\nlines".into()), ..retried.clone() },
        clusters("d-manual", Trigger::Manual, VULNERABILITIES, 2 * HOUR, (0, 3)),
        clusters("e-unknown-trigger", Trigger::Other, BENCHMARK, HOUR, (1, 0)),
        empty.clone(),
        hanging.clone(),
        Task {
            name: Some("say \"hi\" C:\\temp".into()),
            ..task("h-waiting", Trigger::Manual, Status::Ready, Scan::Cluster(ScanTypes::OTHER))
        },
        task("i-strange", Trigger::Schedule, Status::Other, Scan::Cluster(ScanTypes::default())),
    ];
    ledger.apply(ago(40 * MINUTE), page);
    let again = Task {
        status: Status::Running,
        end: None,
        counts: Counts::Clusters { scanning: Some(10), success: Some(0), failed: Some(0) },
        ..retried
    };
    let hanging = Task { estimated_remaining: Some(Duration::from_secs(25 * MINUTE)), ..hanging };
    ledger.apply(ago(5 * MINUTE), vec![empty, again, hanging]);
    ledger.count_total(Some(1_234));
    book(TaskType::ClusterScan, ledger, read_well(2))
}

/// IaC scans: all well, some left over, and running ones of which little is said.
fn busy_files() -> Book {
    let mut ledger = Ledger::new(Duration::from_secs(7 * DAY));
    ledger.apply(ago(DAY), Vec::new());
    let page = vec![
        files("j-all", Trigger::Schedule, MANIFESTS, 90 * MINUTE, (Some(40), Some(40), Some(0))),
        files("k-left-over", Trigger::Schedule, DOCKERFILES, 80 * MINUTE, (Some(40), Some(39), None)),
        files("l-uncounted", Trigger::Manual, Scan::Iac(None), 3 * DAY, (None, Some(1), None)),
        Task {
            start: Some(ago(20 * MINUTE)),
            counts: Counts::Files { total: Some(200), success: Some(50), failed: Some(3) },
            name: Some("长".repeat(300).into()),
            ..task("m-running", Trigger::Manual, Status::Running, DOCKERFILES)
        },
        task("n-waiting", Trigger::Schedule, Status::Ready, MANIFESTS),
    ];
    ledger.apply(ago(MINUTE), page);
    book(TaskType::IacScan, ledger, read_well(1))
}

/// It was read well two hours ago.
fn stale() -> Book {
    let mut ledger = Ledger::new(Duration::from_secs(7 * DAY));
    ledger.apply(ago(DAY), Vec::new());
    ledger.apply(ago(2 * HOUR), vec![clusters("o-old", Trigger::Schedule, VULNERABILITIES, 3 * HOUR, (2, 1))]);
    ledger.count_total(Some(1));
    book(TaskType::ClusterScan, ledger, failed(Reason::Timeout, 2 * HOUR))
}

/// It was read well ten minutes ago, was throttled then, and is blocked since.
fn down() -> Book {
    let mut ledger = Ledger::new(Duration::from_secs(7 * DAY));
    let waiting = ["p-first", "q-second", "r-third", "s-fourth"];
    let waiting = waiting.map(|id| task(id, Trigger::Schedule, Status::Ready, BENCHMARK));
    ledger.apply(ago(10 * MINUTE), waiting.into());
    ledger.count_total(Some(4));
    let reading = failed(Reason::Throttled, 10 * MINUTE);
    // What is laid over a failure is what shows.
    let blocked = failed(Reason::Blocked, 10 * MINUTE).failure;
    book(TaskType::ClusterScan, ledger, Reading { blocked, ..reading })
}

fn unread(task_type: TaskType) -> Book {
    book(task_type, Ledger::new(Duration::from_secs(7 * DAY)), Reading::default())
}

/// So many seconds before the snapshot.
fn ago(seconds: u64) -> Timestamp {
    AT.minus(Duration::from_secs(seconds))
}

fn task(id: &str, trigger: Trigger, status: Status, scan: Scan) -> Task {
    let counts = match scan {
        Scan::Cluster(_) => Counts::Clusters { scanning: None, success: None, failed: None },
        Scan::Iac(_) => Counts::Files { total: None, success: None, failed: None },
    };
    Task { id: id.into(), name: None, trigger, status, start: None, end: None, estimated_remaining: None, scan, counts }
}

/// A finished cluster scan that took ten minutes.
fn clusters(id: &str, trigger: Trigger, scan: Scan, ended: u64, (success, failed): (u64, u64)) -> Task {
    Task {
        start: Some(ago(ended + 10 * MINUTE)),
        end: Some(ago(ended)),
        counts: Counts::Clusters { scanning: Some(0), success: Some(success), failed: Some(failed) },
        ..task(id, trigger, Status::Finished, scan)
    }
}

type FileCounts = (Option<u64>, Option<u64>, Option<u64>);

/// A finished IaC scan that took a minute and a half.
fn files(id: &str, trigger: Trigger, scan: Scan, ended: u64, (total, success, failed): FileCounts) -> Task {
    Task {
        start: Some(ago(ended + 90)),
        end: Some(ago(ended)),
        counts: Counts::Files { total, success, failed },
        ..task(id, trigger, Status::Finished, scan)
    }
}

fn read_well(requests: u64) -> Reading {
    Reading {
        last_attempt: Some(ago(MINUTE)),
        last_success: Some(ago(MINUTE)),
        withdrawn: false,
        failure: None,
        history_failure: None,
        blocked: None,
        duration: Some(Duration::from_millis(1_250)),
        requests: Some(requests),
    }
}

fn failed(reason: Reason, last_success: u64) -> Reading {
    let failure = Failure {
        reason,
        tried: "ListTasks(cluster_scan)".to_owned(),
        status: None,
        code: None,
        message: String::new(),
        request_id: None,
        retry_after: None,
    };
    Reading { last_success: Some(ago(last_success)), failure: Some(Arc::new(failure)), ..read_well(4) }
}

fn book(task_type: TaskType, ledger: Ledger, reading: Reading) -> Book {
    let stale_after = Duration::from_secs(30 * MINUTE);
    let cloud_ahead = ClockOffset::Ahead(Duration::ZERO);
    let expected = BTreeMap::from([(Trigger::Schedule, Duration::from_secs(26 * HOUR))]);
    Book { task_type, ledger, reading, stale_after, expected, cloud_ahead }
}

fn standing(target: &Arc<Target>, books: &[Book]) -> Arc<Standing> {
    Arc::new(Standing::of(target, books, Some(FEW), ago(0)))
}

fn well() -> Arc<Target> {
    target("prod", "payments", named("0", "default"))
}

fn named(id: &str, name: &str) -> EnterpriseProject {
    EnterpriseProject::One { id: id.into(), name: name.into() }
}

fn target(account: &str, project: &str, enterprise_project: EnterpriseProject) -> Arc<Target> {
    let project = Project { id: "0123456789abcdef0123456789abcdef".into(), name: project.into() };
    Arc::new(Target { account: account.into(), project, enterprise_project, region: "cn-north-4".into() })
}

fn account(name: &str, targets: usize, unwatched: &[(&str, TaskType, u64)]) -> AccountStanding {
    AccountStanding {
        name: name.into(),
        targets,
        refresh_interval: Duration::from_secs(5 * MINUTE),
        stale_after: Duration::from_secs(30 * MINUTE),
        unwatched: unwatched
            .iter()
            .map(|(project, task_type, tasks)| (((*project).into(), *task_type), *tasks))
            .collect(),
        undiscovered: None,
    }
}
