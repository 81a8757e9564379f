//! The world that is measured with: targets with equally many tasks, half cluster scans, half IaC scans, all
//! finished within the window. A refresh brings one target new tasks, and its oldest leave the window.

use hss_exporter::model::{
    AccountStanding, Book, ClockOffset, Counts, EnterpriseProject, FileType, Ledger, Project, Reading, Scan, ScanTypes,
    SeriesLimits, Snapshot, Standing, Status, Target, Task, TaskType, Timestamp, Trigger,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many targets there are, of a small page and of all others.
const TARGETS: [usize; 2] = [5, 50];

/// Fewer series are a small page.
const SMALL: usize = 10_000;

/// About so many series a page has without any target, and so many more a target has without any task.
const SERIES_OF_NONE: usize = 90;
const SERIES_OF_TARGET: usize = 122;

/// A task has so many series: one that describes it, three of its status, start, end, three of its counts.
const SERIES_OF_TASK: usize = 9;

/// A refresh replaces one in so many of its target's tasks.
const KEPT: usize = 10;

/// One task of a target ends so long after the one before.
const APART: Duration = Duration::from_secs(30);

const BEGIN: Timestamp = Timestamp::from_secs(1_790_000_000);

/// Everything that is known, and what each target comes to.
pub(crate) struct World {
    /// How many tasks a target has.
    tasks: usize,
    targets: Vec<(Arc<Target>, [Book; 2])>,
    standings: Vec<Arc<Standing>>,
    /// How many tasks there have been, of each target.
    seen: Vec<usize>,
    /// Whose turn it is.
    next: usize,
}

impl World {
    /// A world whose page has about so many series.
    pub(crate) fn of(series: usize) -> Self {
        let [few, many] = TARGETS;
        let targets = if series < SMALL { few } else { many };
        let of_tasks = series.saturating_sub(SERIES_OF_NONE + targets * SERIES_OF_TARGET);
        let tasks = of_tasks.div_ceil(SERIES_OF_TASK * targets);
        let window = APART * u32::try_from(tasks).unwrap_or(u32::MAX);
        let books = || TaskType::ALL.map(|task_type| book(task_type, Ledger::new(window)));
        let seen = vec![0; targets];
        let targets: Vec<_> = (0..targets).map(|number| (target(number), books())).collect();
        let mut world = Self { tasks, targets, standings: Vec::new(), seen, next: 0 };
        for _ in 0..world.targets.len() {
            let standing = world.read(tasks);
            world.standings.extend(standing);
        }
        world
    }

    /// One target is refreshed, each in its turn.
    pub(crate) fn refresh(&mut self) {
        let turn = self.next;
        let standing = self.read(self.tasks.div_ceil(KEPT));
        if let Some((place, standing)) = self.standings.get_mut(turn).zip(standing) {
            *place = standing;
        }
    }

    /// How every target stands.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let account = AccountStanding {
            name: "production".into(),
            targets: self.targets.len(),
            refresh_interval: Duration::from_secs(300),
            stale_after: Duration::from_secs(1800),
            unwatched: BTreeMap::new(),
            undiscovered: None,
        };
        let at = self.seen.iter().max().map_or(BEGIN, |seen| now(*seen));
        Snapshot::of(at, Arc::new([account]), &self.standings, Some(self.limits()))
    }

    /// The next target reads its next tasks.
    fn read(&mut self, fresh: usize) -> Option<Arc<Standing>> {
        let (turn, limits) = (self.next, self.limits());
        self.next = (turn + 1) % self.targets.len();
        let seen = self.seen.get_mut(turn)?;
        let numbers = *seen..*seen + fresh;
        *seen = numbers.end;
        let now = now(*seen);
        let (target, books) = self.targets.get_mut(turn)?;
        for book in books.iter_mut() {
            let tasks = numbers.clone().map(|number| task(turn, number));
            book.ledger.apply(now, tasks.filter(|task| task.task_type() == book.task_type).collect());
            book.reading.last_attempt = Some(now);
            book.reading.last_success = Some(now);
        }
        Some(Arc::new(Standing::of(target, &*books, Some(limits), now)))
    }

    fn limits(&self) -> SeriesLimits {
        let all = self.tasks * self.targets.len();
        SeriesLimits { finished_for: Duration::from_secs(7 * 24 * 3600), target: self.tasks, total: all }
    }
}

/// The moment by which a target has had so many tasks.
pub(crate) fn now(seen: usize) -> Timestamp {
    end(seen).plus(Duration::from_secs(20))
}

fn end(number: usize) -> Timestamp {
    BEGIN.plus(APART * u32::try_from(number).unwrap_or(u32::MAX))
}

/// A task of a target. Even numbers are cluster scans.
pub(crate) fn task(target: usize, number: usize) -> Task {
    let end = end(number);
    let number = number as u64;
    let (scan, counts) = if number.is_multiple_of(2) {
        let scan = Scan::Cluster(ScanTypes::CLUSTER_VUL.with(ScanTypes::RISK_ASSESSMENT));
        (scan, Counts::Clusters { scanning: Some(0), success: Some(9), failed: Some(number / 2 % 3) })
    } else {
        let counts =
            Counts::Files { total: Some(40), success: Some(40 - number / 2 % 3), failed: Some(number / 2 % 3) };
        (Scan::Iac(Some(FileType::K8sYaml)), counts)
    };
    Task {
        id: format!("{:08x}-3b5f-4c1d-{target:04x}-{number:012x}", number.wrapping_mul(0x9e37_79b9) as u32).into(),
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
        last_attempt: None,
        last_success: None,
        withdrawn: false,
        failure: None,
        history_failure: None,
        blocked: None,
        duration: Some(Duration::from_millis(300)),
        requests: Some(1),
    };
    let stale_after = Duration::from_secs(1800);
    let cloud_ahead = ClockOffset::Ahead(Duration::ZERO);
    Book { task_type, ledger, reading, stale_after, cloud_ahead, expected: BTreeMap::new() }
}

fn target(number: usize) -> Arc<Target> {
    Arc::new(Target {
        account: "production".into(),
        project: Project { id: format!("{number:032x}").into(), name: format!("project-{number}").into() },
        enterprise_project: EnterpriseProject::One { id: "0".into(), name: "default".into() },
        region: "cn-north-4".into(),
    })
}
