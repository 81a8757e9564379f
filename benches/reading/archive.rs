//! A cloud with any number of tasks behind it, which are made up when they are asked for: one every half minute, of one
//! enterprise project after the other.

use hss_exporter::hss::wire::Oddities;
use hss_exporter::hss::{List, Page, Query};
use hss_exporter::model::{ClockBase, Counts, Scan, ScanTypes, Status, Task, Timestamp, Trigger};
use hss_exporter::refresh::attribution::Of;
use std::collections::BTreeMap;
use std::time::Duration;

/// How far back the reader looks.
pub(crate) const WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// How far apart the tasks of the past began.
const APART: Duration = Duration::from_secs(30);

/// How long every run took.
const TOOK: Duration = Duration::from_secs(20);

/// A list of tasks, newest first: those that came, those of the past, and those that wait at the end.
pub(crate) struct Archive {
    now: Timestamp,
    began: Timestamp,
    /// How many enterprise projects there are.
    projects: u64,
    /// Each with its owner.
    came: Vec<(u64, Task)>,
    past: u64,
    /// What became of tasks of the past, by their number, the newest first.
    changed: BTreeMap<u64, Task>,
    /// Of the first enterprise project.
    wait: Vec<Task>,
}

impl Archive {
    /// So many runs have ended, in so many enterprise projects.
    pub(crate) fn new(past: u64, projects: u64) -> Self {
        let now = Timestamp::from_secs(1_790_000_000);
        Self { now, began: now, projects, came: Vec::new(), past, changed: BTreeMap::new(), wait: Vec::new() }
    }

    /// So much time passes.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    /// So many tasks of an enterprise project come and end at once.
    pub(crate) fn come(&mut self, tasks: u64, owner: u64) {
        for _ in 0..tasks {
            self.pass(Duration::from_millis(10));
            let task = made(&format!("{:08x}-new", self.came.len()), owner, self.now.minus(TOOK));
            self.came.push((owner, task));
        }
    }

    /// A task of the past runs, since it began.
    pub(crate) fn run(&mut self, number: u64) {
        self.changed.insert(number, Task { status: Status::Running, end: None, ..self.past(number) });
    }

    /// A task comes and waits at the end of the list.
    pub(crate) fn wait(&mut self) {
        let task = made(&format!("{:08x}-waits", self.wait.len()), 0, self.now);
        self.wait.push(Task { status: Status::Ready, start: None, end: None, ..task });
    }

    /// How many tasks there are.
    pub(crate) fn total(&self) -> u64 {
        self.past + (self.came.len() + self.wait.len()) as u64
    }

    /// How many tasks of an enterprise project began within the window.
    pub(crate) fn in_window(&self, owner: u64) -> u64 {
        let theirs = (owner..self.past).step_by(usize::try_from(self.projects).unwrap_or(usize::MAX));
        theirs.take_while(|number| self.start(*number) >= self.now.minus(WINDOW)).count() as u64
    }

    fn start(&self, number: u64) -> Timestamp {
        let ago = APART * u32::try_from(number).unwrap_or(u32::MAX);
        self.began.minus(ago + 2 * TOOK)
    }

    fn past(&self, number: u64) -> Task {
        let id = format!("{number:08x}-past");
        let owner = number % self.projects;
        self.changed.get(&number).cloned().unwrap_or_else(|| made(&id, owner, self.start(number)))
    }

    /// The list of one of them, or of all, from a place on, without making up what stands before it.
    fn from(&self, of: Of, offset: usize) -> impl Iterator<Item = Task> {
        let owner = match of {
            Of::All => None,
            Of::Member(index) => Some(index as u64),
        };
        let came = self.came.iter().rev().filter(move |(whose, _)| owner.is_none_or(|owner| owner == *whose));
        let above = came.clone().count();
        let step = if owner.is_some() { self.projects } else { 1 };
        let first = owner.unwrap_or(0) + offset.saturating_sub(above) as u64 * step;
        let past = (first..self.past).step_by(usize::try_from(step).unwrap_or(usize::MAX));
        let before = (self.past - owner.unwrap_or(0).min(self.past)).div_ceil(step);
        let below = offset.saturating_sub(above).saturating_sub(usize::try_from(before).unwrap_or(usize::MAX));
        let wait = self.wait.iter().filter(move |_| owner.is_none_or(|owner| owner == 0)).skip(below);
        came.skip(offset).map(|(_, task)| task.clone()).chain(past.map(|number| self.past(number))).chain(wait.cloned())
    }

    /// What the cloud answers to a question about one of them, or about all.
    pub(crate) fn answer(&self, of: Of, query: &Query) -> Page {
        let (offset, limit) = (query.offset as usize, query.limit() as usize);
        let is_theirs = |number: u64| match of {
            Of::All => true,
            Of::Member(index) => number % self.projects == index as u64,
        };
        let in_status = |status| {
            let changed = self.changed.iter().filter(|(number, _)| is_theirs(**number)).map(|(_, task)| task);
            let tasks =
                changed.chain(self.wait.iter().filter(|_| is_theirs(0))).filter(move |task| task.status == status);
            (tasks.clone().count() as u64, tasks.skip(offset).take(limit).cloned().collect())
        };
        let (total, tasks): (u64, Vec<Task>) = match &query.list {
            List::All | List::Newest => (self.total_of(of), self.from(of, offset).take(limit).collect()),
            List::Running => in_status(Status::Running),
            List::Ready => in_status(Status::Ready),
            List::Finished(trigger) => {
                let all = self.from(of, 0);
                let finished = all.filter(|task| (task.status, task.trigger) == (Status::Finished, *trigger));
                (self.total_of(of), finished.skip(offset).take(limit).collect())
            }
            List::One(id) => {
                let one: Vec<Task> = self.from(of, 0).filter(|task| task.id == *id).take(1).collect();
                (one.len() as u64, one)
            }
        };
        let listed = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
        Page {
            at: self.now,
            base: ClockBase::default(),
            total: Some(total),
            tasks,
            listed,
            oddities: Oddities::default(),
        }
    }

    fn total_of(&self, of: Of) -> u64 {
        let Of::Member(index) = of else { return self.total() };
        let owner = index as u64;
        let came = self.came.iter().filter(|(whose, _)| *whose == owner).count() as u64;
        let wait = if owner == 0 { self.wait.len() as u64 } else { 0 };
        (self.past - owner.min(self.past)).div_ceil(self.projects) + came + wait
    }
}

/// The tasks of an enterprise project have a name in common.
fn made(id: &str, owner: u64, start: Timestamp) -> Task {
    Task {
        id: id.into(),
        name: Some(format!("nightly {owner}").into()),
        trigger: if start.since_epoch().as_secs().is_multiple_of(4) { Trigger::Schedule } else { Trigger::Manual },
        status: Status::Finished,
        start: Some(start),
        end: Some(start.plus(TOOK)),
        estimated_remaining: None,
        scan: Scan::Cluster(ScanTypes::CLUSTER_VUL),
        counts: Counts::Clusters { scanning: Some(0), success: Some(3), failed: Some(0) },
    }
}
