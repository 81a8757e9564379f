//! A cloud in memory: tasks of any number of enterprise projects, each with all that ever became of it, so that an answer
//! can be as old as it likes.

use super::clock::Clock;
use super::runs::Run;
use hss_exporter::hss::wire::Oddities;
use hss_exporter::hss::{List, Page, Query};
use hss_exporter::model::{CloudTime, Counts, Kind, Scan, ScanTypes, Status, Task, Timestamp, Trigger};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// How old a copy of the world may be that an answer comes from.
pub(super) const OLD_COPY: u64 = 60;

/// Where the world sorts tasks that have no start.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unstarted {
    Head,
    Tail,
    Mixed,
}

/// Whose tasks are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// All enterprise projects, undivided.
    All,
    /// One of them.
    One(usize),
}

/// What is wrong with an answer, each in so many of a hundred.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Faults {
    /// It does not come.
    pub(super) broken: u8,
    /// Its total is wrong, or missing.
    pub(super) total: u8,
    /// Some of its tasks come twice.
    pub(super) doubled: u8,
    /// It comes from an older copy of the world.
    pub(super) stale: u8,
    /// The enterprise project that may not be read any more: the undivided list leaves it out.
    pub(super) shut_out: Option<usize>,
    /// An enterprise project that the undivided list leaves out.
    pub(super) left_out: Option<usize>,
    /// The undivided list may not be read.
    pub(super) refuses_all: bool,
}

/// A cloud in memory.
pub(super) struct World {
    pub(super) dice: fastrand::Rng,
    pub(super) now: Timestamp,
    pub(super) unstarted: Unstarted,
    /// Whether tasks that began together stand in another order at each request.
    pub(super) shuffles: bool,
    /// Whether it heeds the filter by id.
    pub(super) heeds_ids: bool,
    /// Whether it heeds the offset.
    pub(super) heeds_offset: bool,
    /// Whether it says how many tasks there are.
    pub(super) says_total: bool,
    /// How many tasks it gives on a page, where that is fewer than it is asked for. Its total is that of the page then.
    pub(super) cap: Option<usize>,
    /// Whether waiting tasks have a planned start, and some that run one that lies ahead.
    pub(super) plans: bool,
    pub(super) faults: Faults,
    /// A question that is never answered.
    pub(super) unanswered: Option<Query>,
    /// How its answers are dated, and what is made of that; the truth, if nothing is said.
    pub(super) clock: Option<Clock>,
    pub(super) requests: Vec<Query>,
    /// How many enterprise projects there are.
    projects: usize,
    records: Vec<Record>,
    places: BTreeMap<Arc<str>, usize>,
}

/// A task, and all that ever became of it.
pub(super) struct Record {
    pub(super) owner: usize,
    /// What its place in the list hangs on, where its start does not say.
    hash: u64,
    /// The last one may lie ahead: a result that settles.
    versions: Vec<Version>,
    /// All that ended, oldest first.
    pub(super) runs: Vec<Run>,
    pub(super) was_shown_unfinished: bool,
    /// When it was last shown as its owner's.
    pub(super) owned: Option<Timestamp>,
}

/// A task as it was from a moment on; nothing, when it had been deleted.
struct Version {
    since: Timestamp,
    task: Option<Task>,
}

impl World {
    pub(super) fn new(seed: u64, unstarted: Unstarted) -> Self {
        Self::with_projects(seed, unstarted, 1)
    }

    pub(super) fn with_projects(seed: u64, unstarted: Unstarted, projects: usize) -> Self {
        Self {
            dice: fastrand::Rng::with_seed(seed),
            now: Timestamp::from_secs(1_750_000_000),
            unstarted,
            shuffles: false,
            heeds_ids: true,
            heeds_offset: true,
            says_total: true,
            cap: None,
            plans: false,
            faults: Faults::default(),
            unanswered: None,
            clock: None,
            requests: Vec::new(),
            projects,
            records: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// So many runs have ended, one a minute, the last an hour ago.
    pub(super) fn with_history(runs: u64) -> Self {
        let mut world = Self::new(1, Unstarted::Tail);
        for i in 0..runs {
            world.add_finished(Duration::from_secs(3600 + i * 60));
        }
        world
    }

    pub(super) fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    /// A task that waits, in some enterprise project.
    pub(super) fn add(&mut self) -> Arc<str> {
        let (hash, owner) = (self.dice.u64(..), self.dice.usize(..self.projects));
        let id: Arc<str> = format!("{:08x}-{}", hash as u32, self.records.len()).into();
        let task = Task {
            id: Arc::clone(&id),
            name: (!hash.is_multiple_of(7)).then(|| "nightly".into()),
            trigger: if self.dice.bool() { Trigger::Manual } else { Trigger::Schedule },
            status: Status::Ready,
            start: None,
            end: None,
            estimated_remaining: None,
            scan: Scan::Cluster(ScanTypes::BENCHMARK),
            counts: Counts::Clusters { scanning: None, success: None, failed: None },
        };
        self.places.insert(Arc::clone(&id), self.records.len());
        let versions = vec![Version { since: self.now, task: Some(task) }];
        self.records.push(Record { owner, hash, versions, runs: Vec::new(), was_shown_unfinished: false, owned: None });
        id
    }

    pub(super) fn start(&mut self, id: &str) {
        let now = self.now;
        self.change(id, |task| (task.status, task.start, task.end) = (Status::Running, Some(now), None));
    }

    pub(super) fn finish(&mut self, id: &str) {
        let counts = clusters(0, 3, self.dice.u64(0..2));
        let now = self.now;
        self.change(id, |task| {
            (task.status, task.end, task.counts) = (Status::Finished, Some(now), counts);
        });
        self.end_run(id, Some(now));
    }

    /// Its run has ended, and the list says when.
    pub(super) fn end_run(&mut self, id: &str, said: Option<Timestamp>) {
        let (now, start) = (self.now, self.task(id).and_then(|task| task.start));
        self.record_mut(id).runs.push(Run::new(now, start, said));
    }

    /// The end of its last run is written at this moment only.
    pub(super) fn write_end_late(&mut self, id: &str, written: Timestamp) {
        if let Some(run) = self.record_mut(id).runs.last_mut() {
            run.written = written;
        }
    }

    /// A task that began and ended so long ago.
    pub(super) fn add_finished(&mut self, ago: Duration) -> Arc<str> {
        self.add_run(ago, Duration::from_secs(60))
    }

    /// A task that ended so long ago, and took so long.
    pub(super) fn add_run(&mut self, ago: Duration, took: Duration) -> Arc<str> {
        let id = self.add();
        let end = self.now.minus(ago);
        let start = Some(end.minus(took));
        self.change(&id, |task| {
            (task.status, task.start, task.end) = (Status::Finished, start, Some(end));
            task.counts = clusters(0, 1, 0);
        });
        let record = self.record_mut(&id);
        record.versions.drain(..record.versions.len() - 1);
        record.versions[0].since = end;
        record.runs.push(Run::new(end, start, Some(end)));
        id
    }

    /// It waits to run again, without a start.
    pub(super) fn retry(&mut self, id: &str) {
        self.change(id, |task| (task.status, task.start, task.end) = (Status::Ready, None, None));
    }

    /// Of its only run the list does not say when it began, or when it ended.
    pub(super) fn take_times(&mut self, id: &str, start: bool, end: bool) {
        let record = self.record_mut(id);
        let (Some(Version { task: Some(task), .. }), Some(run)) = (record.versions.last_mut(), record.runs.last_mut())
        else {
            return;
        };
        task.start = task.start.filter(|_| !start);
        task.end = task.end.filter(|_| !end);
        *run = Run::new(run.ended, task.start, task.end);
    }

    pub(super) fn delete(&mut self, id: &str) {
        self.set(id, self.now, None);
    }

    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Task)) {
        self.change_at(id, self.now, change);
    }

    /// From a moment on, which may lie ahead, and holds unless something else happens before.
    pub(super) fn change_at(&mut self, id: &str, since: Timestamp, change: impl FnOnce(&mut Task)) {
        let mut task = self.task(id).expect("it is there").clone();
        change(&mut task);
        self.set(id, since, Some(task));
    }

    fn set(&mut self, id: &str, since: Timestamp, task: Option<Task>) {
        let now = self.now;
        let versions = &mut self.record_mut(id).versions;
        versions.retain(|version| version.since <= now);
        versions.push(Version { since, task });
    }

    /// As it is now, unless it is gone.
    pub(super) fn task(&self, id: &str) -> Option<&Task> {
        self.records[*self.places.get(id)?].as_of(self.now)
    }

    /// All that there is.
    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.records.iter().filter_map(|record| record.as_of(self.now))
    }

    /// All that ever was, in the order of birth.
    pub(super) fn records(&self) -> impl Iterator<Item = (&Arc<str>, &Record)> {
        self.places.iter().map(|(id, place)| (id, &self.records[*place]))
    }

    pub(super) fn record(&self, id: &str) -> &Record {
        &self.records[self.places[id]]
    }

    fn record_mut(&mut self, id: &str) -> &mut Record {
        &mut self.records[self.places[id]]
    }

    /// The answer to a request about all of it, where nothing breaks.
    pub(super) fn answer(&mut self, query: &Query) -> Page {
        self.requests.push(query.clone());
        self.page(Whom::All, query, true)
    }

    /// The answer to a request, if it comes.
    pub(super) fn ask(&mut self, whom: Whom, query: &Query) -> Option<Page> {
        self.requests.push(query.clone());
        let refused = match whom {
            Whom::All => self.faults.refuses_all,
            Whom::One(project) => self.shuts_out(project),
        };
        let refused = refused || self.unanswered.as_ref() == Some(query);
        (!refused && !self.happens(self.faults.broken)).then(|| self.page(whom, query, true))
    }

    /// The tasks of the first page, without anybody's having asked.
    pub(super) fn head(&mut self) -> Vec<Task> {
        self.page(Whom::All, &Query { list: List::All, offset: 0 }, false).tasks
    }

    pub(super) fn shuts_out(&self, project: usize) -> bool {
        self.faults.shut_out == Some(project)
    }

    pub(super) fn refuses_all(&self) -> bool {
        self.faults.refuses_all
    }

    /// Whether a task is one of these.
    pub(super) fn belongs(&self, id: &str, whom: Whom) -> bool {
        whom == Whom::All || whom == Whom::One(self.record(id).owner)
    }

    /// The answer as it is now. Where somebody `reads` it, he has been shown what it holds.
    fn page(&mut self, whom: Whom, query: &Query, reads: bool) -> Page {
        let truth = CloudTime { at: Timestamp::from_secs(self.now.since_epoch().as_secs()), ..CloudTime::default() };
        let clock = self.clock.as_mut().filter(|_| reads);
        let CloudTime { at, base } = clock.map_or(truth, |clock| clock.read(truth.at));
        let old = if self.happens(self.faults.stale) { self.dice.u64(..=OLD_COPY) } else { 0 };
        let as_of = self.now.minus(Duration::from_secs(old));
        let mut listed: Vec<(Reverse<Duration>, u64, usize)> = Vec::with_capacity(self.records.len());
        for (place, record) in self.records.iter().enumerate() {
            let Some(task) = record.as_of(as_of).filter(|task| self.lists(query, task)) else { continue };
            let hidden = [self.faults.shut_out, self.faults.left_out].contains(&Some(record.owner));
            if (whom == Whom::All && !hidden) || whom == Whom::One(record.owner) {
                let tie = if self.shuffles { self.dice.u64(..) } else { record.hash };
                listed.push((Reverse(self.sorts(task, record.hash)), tie, place));
            }
        }
        listed.sort_unstable();
        let total = listed.len() as u64;
        let offset = if self.heeds_offset { query.offset as usize } else { 0 };
        let limit = (query.limit() as usize).min(self.cap.unwrap_or(usize::MAX));
        let mut places: Vec<usize> = listed.into_iter().skip(offset).take(limit).map(|key| key.2).collect();
        let listed = places.len();
        let total = self.cap.map_or(total, |_| listed as u64);
        if listed > 1 && self.happens(self.faults.doubled) {
            // What came twice takes the place of others, which the next page shows.
            let (from, to) = (self.dice.usize(..listed), self.dice.usize(..=listed));
            places.insert(to, places[from]);
            places.truncate(listed);
            let mut seen = HashSet::new();
            places.retain(|place| seen.insert(*place));
        }
        let records = &mut self.records;
        let look = |place: usize| match reads {
            true => records[place].show(whom, as_of, at),
            false => records[place].as_of(as_of).cloned(),
        };
        let tasks = places.into_iter().filter_map(look).map(at_the_door).collect();
        let total = match self.happens(self.faults.total) {
            true if self.dice.bool() => None,
            true => Some(total.saturating_add(self.dice.u64(..20)).saturating_sub(10)),
            false => Some(total).filter(|_| self.says_total),
        };
        Page { at, base, total, tasks, listed: listed as u32, oddities: Oddities::default() }
    }

    fn lists(&self, query: &Query, task: &Task) -> bool {
        match &query.list {
            List::All | List::Newest => true,
            List::Running => task.status == Status::Running,
            List::Ready => task.status == Status::Ready,
            List::Finished(trigger) => task.status == Status::Finished && task.trigger == *trigger,
            List::One(id) => !self.heeds_ids || task.id == *id,
        }
    }

    /// What the list is sorted by.
    fn sorts(&self, task: &Task, hash: u64) -> Duration {
        match (task.start, self.unstarted) {
            (Some(start), _) => start.since_epoch(),
            (None, Unstarted::Head) => Duration::MAX,
            (None, Unstarted::Tail) => Duration::ZERO,
            (None, Unstarted::Mixed) => self.now.minus(Duration::from_secs(hash % 1_000_000)).since_epoch(),
        }
    }

    pub(super) fn happens(&mut self, of_a_hundred: u8) -> bool {
        of_a_hundred > 0 && self.dice.u8(..100) < of_a_hundred
    }
}

impl Record {
    /// What it is a run of.
    pub(super) fn kind(&self) -> Kind {
        let task = self.versions.iter().rev().find_map(|version| version.task.as_ref()).expect("it was there once");
        Kind { trigger: task.trigger, scan: task.scan }
    }

    fn as_of(&self, moment: Timestamp) -> Option<&Task> {
        self.versions.iter().rev().find(|version| version.since <= moment)?.task.as_ref()
    }

    /// Shows it to the reader, and takes note of that.
    fn show(&mut self, whom: Whom, as_of: Timestamp, at: Timestamp) -> Option<Task> {
        let task = self.as_of(as_of)?.clone();
        if whom == Whom::One(self.owner) {
            self.owned = Some(at);
        }
        match task.status {
            Status::Finished => {
                if let Some(run) = self.runs.iter_mut().rev().find(|run| run.ended <= as_of) {
                    run.show(at, as_of, task.counts);
                }
            }
            _ => {
                self.was_shown_unfinished = true;
                if let Some(run) = self.runs.iter_mut().find(|run| run.shown.is_some() && run.ended > as_of) {
                    run.taken_back = true;
                }
            }
        }
        Some(task)
    }
}

/// As `hss/wire.rs` reads it: a planned start is none.
pub(super) fn at_the_door(task: Task) -> Task {
    Task { start: task.start.filter(|_| task.status != Status::Ready), ..task }
}

/// How many clusters are being scanned, and were, well or not.
pub(super) fn clusters(scanning: u64, success: u64, failed: u64) -> Counts {
    Counts::Clusters { scanning: Some(scanning), success: Some(success), failed: Some(failed) }
}
