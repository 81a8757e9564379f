//! A cloud with any number of tasks behind it, which are made up when they are asked for: one every half minute.

use hss_exporter::hss::wire::Oddities;
use hss_exporter::hss::{List, Page, Query};
use hss_exporter::model::{Counts, Ledger, Scan, ScanTypes, Status, Task, Timestamp, Trigger};
use hss_exporter::refresh::memory::Memory;
use hss_exporter::refresh::plan::{Part, Plan};
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
    came: Vec<Task>,
    past: u64,
    /// What became of tasks of the past, by their number, the newest first.
    changed: BTreeMap<u64, Task>,
    wait: Vec<Task>,
}

/// A reader of this list.
pub(crate) struct Reader {
    ledger: Ledger,
    memory: Memory,
}

impl Archive {
    /// So many runs have ended.
    pub(crate) fn new(past: u64) -> Self {
        let now = Timestamp::from_secs(1_790_000_000);
        Self { now, began: now, came: Vec::new(), past, changed: BTreeMap::new(), wait: Vec::new() }
    }

    /// So much time passes.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    /// So many tasks come and end at once.
    pub(crate) fn come(&mut self, tasks: u64) {
        for _ in 0..tasks {
            self.pass(Duration::from_millis(10));
            let task = made(&format!("{:08x}-new", self.came.len()), self.now.minus(TOOK));
            self.came.push(task);
        }
    }

    /// A task of the past runs, since it began.
    pub(crate) fn run(&mut self, number: u64) {
        self.changed.insert(number, Task { status: Status::Running, end: None, ..self.past(number) });
    }

    /// A task comes and waits at the end of the list.
    pub(crate) fn wait(&mut self) {
        let task = made(&format!("{:08x}-waits", self.wait.len()), self.now);
        self.wait.push(Task { status: Status::Ready, start: None, end: None, ..task });
    }

    /// How many tasks there are.
    pub(crate) fn total(&self) -> u64 {
        self.past + (self.came.len() + self.wait.len()) as u64
    }

    /// How many of them began within the window.
    pub(crate) fn in_window(&self) -> u64 {
        (0..self.past).take_while(|number| self.start(*number) >= self.now.minus(WINDOW)).count() as u64
    }

    fn start(&self, number: u64) -> Timestamp {
        let ago = APART * u32::try_from(number).unwrap_or(u32::MAX);
        self.began.minus(ago + 2 * TOOK)
    }

    fn past(&self, number: u64) -> Task {
        let id = format!("{:08x}-past", number);
        self.changed.get(&number).cloned().unwrap_or_else(|| made(&id, self.start(number)))
    }

    fn all(&self) -> impl Iterator<Item = Task> {
        let past = (0..self.past).map(|number| self.past(number));
        self.came.iter().rev().cloned().chain(past).chain(self.wait.iter().cloned())
    }

    /// From a place in the list on, without making up what stands before it.
    fn from(&self, offset: u32) -> impl Iterator<Item = Task> {
        let came = self.came.len();
        let offset = offset as usize;
        let past = (offset.saturating_sub(came) as u64..self.past).map(|number| self.past(number));
        let wait = offset.saturating_sub(came).saturating_sub(usize::try_from(self.past).unwrap_or(usize::MAX));
        self.came.iter().rev().skip(offset).cloned().chain(past).chain(self.wait.iter().skip(wait).cloned())
    }

    fn answer(&self, query: &Query) -> Page {
        let (offset, limit) = (query.offset as usize, query.limit() as usize);
        let in_status = |status| {
            let tasks = self.changed.values().chain(&self.wait).filter(move |task| task.status == status);
            (tasks.clone().count() as u64, tasks.skip(offset).take(limit).cloned().collect())
        };
        let (total, tasks): (u64, Vec<Task>) = match &query.list {
            List::All | List::Newest => (self.total(), self.from(query.offset).take(limit).collect()),
            List::Running => in_status(Status::Running),
            List::Ready => in_status(Status::Ready),
            List::Finished(trigger) => {
                let finished = self.all().filter(|task| (task.status, task.trigger) == (Status::Finished, *trigger));
                (self.total(), finished.skip(offset).take(limit).collect())
            }
            List::One(id) => {
                let one: Vec<Task> = self.all().filter(|task| task.id == *id).take(1).collect();
                (one.len() as u64, one)
            }
        };
        let listed = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
        Page { at: self.now, total: Some(total), tasks, listed, oddities: Oddities::default() }
    }
}

impl Reader {
    /// A reader that knows nothing.
    pub(crate) fn new() -> Self {
        Self { ledger: Ledger::new(WINDOW), memory: Memory::default() }
    }

    /// The first read, until the window is complete: how many requests it takes.
    pub(crate) fn begin(&mut self, archive: &Archive) -> u64 {
        let mut requests = self.turn(Part::Refresh, archive);
        while !self.ledger.complete() && self.memory.unfinished.is_some() {
            requests += self.turn(Part::History, archive);
        }
        requests
    }

    /// A refresh: how many requests it takes.
    pub(crate) fn refresh(&mut self, archive: &Archive) -> u64 {
        self.turn(Part::Refresh, archive)
    }

    fn turn(&mut self, part: Part, archive: &Archive) -> u64 {
        let mut plan = Plan::new(part, None, std::mem::take(&mut self.memory), &self.ledger);
        let mut requests = 0;
        while let Some(query) = plan.next() {
            requests += 1;
            if plan.take(archive.answer(&query), &mut self.ledger).is_err() {
                break;
            }
        }
        self.memory = plan.end();
        requests
    }
}

fn made(id: &str, start: Timestamp) -> Task {
    Task {
        id: id.into(),
        name: None,
        trigger: if start.since_epoch().as_secs().is_multiple_of(4) { Trigger::Schedule } else { Trigger::Manual },
        status: Status::Finished,
        start: Some(start),
        end: Some(start.plus(TOOK)),
        estimated_remaining: None,
        scan: Scan::Cluster(ScanTypes::CLUSTER_VUL),
        counts: Counts::Clusters { scanning: Some(0), success: Some(3), failed: Some(0) },
    }
}
