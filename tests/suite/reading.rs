//! Reading a list that moves while it is read: the plan, the pages and the ledger, against a world in memory.
//!
//! No sockets: what is decided is pure. The world changes between any two pages; once it is quiet, the ledger must equal
//! it, and every run that ended must have been one event.
#![cfg(test)]

use hss_exporter::hss::wire::Oddities;
use hss_exporter::hss::{List, Page, Query};
use hss_exporter::model::{Counts, Event, Ledger, Scan, ScanTypes, Stage, Status, Task, Timestamp, Trigger};
use hss_exporter::refresh::memory::Memory;
use hss_exporter::refresh::plan::{Part, Plan};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// Where the world sorts tasks that have no start.
#[derive(Clone, Copy, Debug)]
enum Unstarted {
    Head,
    Tail,
    Mixed,
}

/// A cloud in memory.
struct World {
    dice: fastrand::Rng,
    now: Timestamp,
    tasks: BTreeMap<Arc<str>, Task>,
    unstarted: Unstarted,
    /// Whether tasks that began together stand in another order at each request.
    shuffles: bool,
    /// Whether it heeds the filter by id.
    heeds_ids: bool,
    /// Runs that ended after the ledger began.
    ended: BTreeSet<(Arc<str>, Timestamp)>,
    born: u64,
    requests: Vec<Query>,
}

impl World {
    fn new(seed: u64, unstarted: Unstarted) -> Self {
        Self {
            dice: fastrand::Rng::with_seed(seed),
            now: Timestamp::from_secs(1_750_000_000),
            tasks: BTreeMap::new(),
            unstarted,
            shuffles: false,
            heeds_ids: true,
            ended: BTreeSet::new(),
            born: 0,
            requests: Vec::new(),
        }
    }

    /// So many runs have ended, one a minute, the last an hour ago.
    fn with_history(runs: u64) -> Self {
        let mut world = Self::new(1, Unstarted::Tail);
        for i in 0..runs {
            world.add_finished(Duration::from_secs(3600 + i * 60));
        }
        world
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    fn add(&mut self) -> Arc<str> {
        self.born += 1;
        let id: Arc<str> = format!("{:08x}-{}", self.dice.u32(..), self.born).into();
        let trigger = if self.dice.bool() { Trigger::Manual } else { Trigger::Schedule };
        let counts = Counts::Clusters { scanning: None, success: None, failed: None };
        let task = Task {
            id: Arc::clone(&id),
            name: None,
            trigger,
            status: Status::Ready,
            start: None,
            end: None,
            estimated_remaining: None,
            scan: Scan::Cluster(ScanTypes::BENCHMARK),
            counts,
        };
        self.tasks.insert(Arc::clone(&id), task);
        id
    }

    fn start(&mut self, id: &str) {
        let now = self.now;
        let task = self.tasks.get_mut(id).unwrap();
        (task.status, task.start, task.end) = (Status::Running, Some(now), None);
    }

    fn finish(&mut self, id: &str) {
        let (now, failed) = (self.now, self.dice.u64(0..2));
        let task = self.tasks.get_mut(id).unwrap();
        (task.status, task.end) = (Status::Finished, Some(now));
        task.counts = Counts::Clusters { scanning: Some(0), success: Some(3), failed: Some(failed) };
        self.ended.insert((task.id.clone(), now));
    }

    /// A task that began and ended so long ago.
    fn add_finished(&mut self, ago: Duration) {
        let id = self.add();
        let end = self.now.minus(ago);
        let task = self.tasks.get_mut(&id).unwrap();
        (task.status, task.start, task.end) = (Status::Finished, Some(end.minus(Duration::from_secs(60))), Some(end));
        task.counts = Counts::Clusters { scanning: Some(0), success: Some(1), failed: Some(0) };
    }

    fn any(&mut self, status: Status) -> Option<Arc<str>> {
        let ids: Vec<_> =
            self.tasks.values().filter(|task| task.status == status).map(|task| task.id.clone()).collect();
        (!ids.is_empty()).then(|| ids[self.dice.usize(..ids.len())].clone())
    }

    /// Something happens. What no reader could ever see does not: a run whose end is hidden by the next run or by a
    /// deletion before anybody looked.
    fn happen(&mut self, ledger: &Ledger) {
        let step = self.dice.u64(2..200);
        self.pass(step);
        let was_seen = |task: &Task| ledger.tasks().any(|known| known.task.id == task.id && known.end() == task.end);
        match self.dice.u8(0..12) {
            0..3 => drop(self.add()),
            3..5 => {
                let id = self.add();
                self.start(&id);
            }
            5 => {
                let id = self.add();
                self.start(&id);
                self.pass(1);
                self.finish(&id);
            }
            6 | 7 => {
                if let Some(id) = self.any(Status::Ready) {
                    self.start(&id);
                }
            }
            8 | 9 => {
                if let Some(id) = self.any(Status::Running) {
                    self.finish(&id);
                }
            }
            10 => {
                let Some(id) = self.any(Status::Finished) else { return };
                if was_seen(&self.tasks[&id]) {
                    let task = self.tasks.get_mut(&id).unwrap();
                    (task.status, task.start, task.end) = (Status::Ready, None, None);
                    if self.dice.bool() {
                        self.start(&id);
                    }
                }
            }
            _ => {
                let status = [Status::Ready, Status::Running, Status::Finished][self.dice.usize(..3)];
                let Some(id) = self.any(status) else { return };
                if status != Status::Finished || was_seen(&self.tasks[&id]) {
                    self.tasks.remove(&id);
                }
            }
        }
    }

    fn answer(&mut self, query: &Query) -> Page {
        self.requests.push(query.clone());
        let mut tasks: Vec<&Task> = self
            .tasks
            .values()
            .filter(|task| match &query.list {
                List::All | List::Newest => true,
                List::Running => task.status == Status::Running,
                List::Ready => task.status == Status::Ready,
                List::Finished(trigger) => task.status == Status::Finished && task.trigger == *trigger,
                List::One(id) => !self.heeds_ids || task.id == *id,
            })
            .collect();
        let place = |task: &Task| match (task.start, self.unstarted) {
            (Some(start), _) => start,
            (None, Unstarted::Head) => Timestamp::from_secs(u64::MAX),
            (None, Unstarted::Tail) => Timestamp::default(),
            (None, Unstarted::Mixed) => {
                let hash: u64 = task.id.bytes().fold(7, |hash, byte| hash * 31 % 1_000_003 + u64::from(byte));
                self.now.minus(Duration::from_secs(hash % 1_000_000))
            }
        };
        tasks.sort_by_key(|task| task.id.clone());
        if self.shuffles {
            self.dice.shuffle(&mut tasks);
        }
        tasks.sort_by_key(|task| std::cmp::Reverse(place(task)));
        let total = tasks.len() as u64;
        let (offset, limit) = (query.offset as usize, query.limit() as usize);
        let tasks: Vec<Task> = tasks.into_iter().skip(offset).take(limit).cloned().collect();
        let at = Timestamp::from_secs(self.now.since_epoch().as_secs());
        Page { at, total: Some(total), listed: tasks.len() as u32, tasks, oddities: Oddities::default() }
    }
}

/// A reader of one scope, as the refresher is one.
struct Reader {
    ledger: Ledger,
    memory: Memory,
    events: Vec<Event>,
}

impl Reader {
    fn new() -> Self {
        Self { ledger: Ledger::new(WINDOW), memory: Memory::default(), events: Vec::new() }
    }

    /// A reader that has read all of the window.
    fn that_has_read(world: &mut World) -> Self {
        let mut reader = Self::new();
        reader.refresh(world);
        reader.read_history(world);
        reader
    }

    /// One turn, with `between` called before each page. Breaks off before the page with the number `cut`.
    fn turn(&mut self, part: Part, world: &mut World, cut: usize, mut between: impl FnMut(&mut World, &Ledger)) {
        let mut plan = Plan::new(part, None, std::mem::take(&mut self.memory), &self.ledger);
        let mut pages = 0;
        while let Some(query) = plan.next() {
            if pages == cut {
                break;
            }
            pages += 1;
            assert!(pages < 1_000, "the plan has no end");
            between(world, &self.ledger);
            let page = world.answer(&query);
            match plan.take(page, &mut self.ledger) {
                Ok(taken) => self.events.extend(taken.applied.events),
                Err(_) => break,
            }
        }
        self.memory = plan.end();
    }

    fn refresh(&mut self, world: &mut World) -> usize {
        let before = world.requests.len();
        self.turn(Part::Refresh, world, usize::MAX, |_, _| {});
        world.requests.len() - before
    }

    fn read_history(&mut self, world: &mut World) {
        while !self.ledger.complete() {
            self.turn(Part::History, world, usize::MAX, |_, _| {});
        }
    }

    #[track_caller]
    fn check_equals(&self, world: &World, seed: &str) {
        let horizon = world.now.minus(WINDOW);
        for task in world.tasks.values().filter(|task| task.end.is_none_or(|end| end > horizon)) {
            let known = self.ledger.tasks().find(|known| known.task.id == task.id);
            let known = known.unwrap_or_else(|| panic!("{seed}: {} ({:?}) is not known", task.id, task.status));
            assert_eq!((known.task.status, known.task.end), (task.status, task.end), "{seed}: {}", task.id);
        }
        for known in self.ledger.tasks().filter(|known| !matches!(known.stage, Stage::Finished { .. })) {
            assert!(world.tasks.contains_key(&known.task.id), "{seed}: {} is gone", known.task.id);
        }
        let counted: Vec<_> = self.events.iter().map(|event| (event.run.id.clone(), event.run.end)).collect();
        let once: BTreeSet<_> = counted.iter().cloned().collect();
        assert_eq!(once.len(), counted.len(), "{seed}: an event twice");
        let wrong: Vec<_> = once.symmetric_difference(&world.ended).take(5).collect();
        assert!(wrong.is_empty(), "{seed}: missed or made up: {wrong:?}");
    }
}

/// Random worlds, random moments, random interruptions.
fn churn(seed: u64, unstarted: Unstarted, history: usize) {
    let name = format!("seed {seed}, unstarted {unstarted:?}, history {history}");
    let mut world = World::new(seed, unstarted);
    for _ in 0..history {
        let ago = world.dice.u64(60..9 * 24 * 3600);
        world.add_finished(Duration::from_secs(ago));
    }
    let mut reader = Reader::new();
    reader.turn(Part::Refresh, &mut world, 1, |_, _| {});
    for _ in 0..30 {
        world.pass(60);
        let quiet = world.dice.bool();
        let cut = if world.dice.u8(0..4) == 0 { world.dice.usize(0..3) } else { usize::MAX };
        let part = if world.dice.u8(0..3) == 0 && !reader.ledger.complete() { Part::History } else { Part::Refresh };
        reader.turn(part, &mut world, cut, |world, ledger| {
            for _ in 0..if quiet { 0 } else { world.dice.usize(0..16) } {
                world.happen(ledger);
            }
        });
    }
    // Quiet: hourly lists find everything, and what is gone is asked for in turn.
    for _ in 0..40 {
        world.pass(3700);
        reader.refresh(&mut world);
        reader.read_history(&mut world);
    }
    reader.check_equals(&world, &name);
}

#[test]
fn after_any_churn_the_ledger_equals_the_cloud_and_every_run_was_one_event() {
    for seed in 0..36 {
        let unstarted = [Unstarted::Head, Unstarted::Tail, Unstarted::Mixed][seed as usize % 3];
        churn(seed, unstarted, [0, 150, 199, 200, 201, 700][seed as usize / 3 % 6]);
    }
}

#[track_caller]
fn check_requests(history: usize, running: usize, ready: usize, first: usize, idle: usize) {
    let mut world = World::with_history(history as u64);
    for _ in 0..running {
        let id = world.add();
        world.start(&id);
    }
    for _ in 0..ready {
        world.add();
    }
    world.pass(60);
    let mut reader = Reader::that_has_read(&mut world);
    assert_eq!(world.requests.len(), first, "first read");
    world.pass(300);
    assert_eq!(reader.refresh(&mut world), idle, "idle");
    reader.check_equals(&world, "still");
}

#[test]
fn where_nothing_has_changed_the_head_is_the_only_request() {
    check_requests(0, 0, 0, 1, 1);
    check_requests(199, 0, 0, 1, 1);
    // A full page is not believed to be the last: the lists of the first read, and one page more.
    check_requests(200, 0, 0, 4, 1);
    check_requests(201, 0, 0, 4, 1);
    check_requests(1000, 3, 0, 3 + 5, 1);
    check_requests(1000, 3, 250, 1 + 1 + 2 + 6, 1);
}

#[test]
fn news_costs_as_many_pages_as_it_fills() {
    let mut world = World::with_history(1000);
    let mut reader = Reader::that_has_read(&mut world);
    for (arrivals, requests) in [(1, 1), (190, 1), (191, 2), (389, 2), (390, 3)] {
        world.pass(300);
        for _ in 0..arrivals {
            let id = world.add();
            world.start(&id);
            world.pass(1);
            world.finish(&id);
        }
        assert_eq!(reader.refresh(&mut world), requests, "{arrivals} arrivals");
        reader.check_equals(&world, "arrivals");
    }
}

#[test]
fn a_walk_that_was_interrupted_leaves_no_hole() {
    let mut world = World::with_history(300);
    let mut reader = Reader::that_has_read(&mut world);
    world.pass(60);
    for _ in 0..500 {
        let id = world.add();
        world.start(&id);
        world.pass(1);
        world.finish(&id);
    }
    reader.turn(Part::Refresh, &mut world, 1, |_, _| {});
    reader.turn(Part::Refresh, &mut world, 2, |_, _| {});
    reader.refresh(&mut world);
    reader.check_equals(&world, "interrupted");
}

#[test]
fn tasks_that_began_together_come_in_any_order_and_none_is_missed() {
    for seed in 0..8 {
        let mut world = World::new(seed, Unstarted::Tail);
        world.shuffles = true;
        for i in 0..990 {
            world.add_finished(Duration::from_secs(3600 + i / 30 * 3600));
        }
        let mut reader = Reader::new();
        reader.refresh(&mut world);
        reader.read_history(&mut world);
        reader.check_equals(&world, &format!("seed {seed}"));
    }
}

#[test]
fn a_cloud_that_does_not_heed_ids_makes_us_lose_no_task() {
    let mut world = World::new(1, Unstarted::Tail);
    world.heeds_ids = false;
    let deep: Vec<_> = (0..3).map(|_| world.add()).collect();
    deep.iter().for_each(|id| world.start(id));
    world.pass(10_000);
    for i in 0..500 {
        world.add_finished(Duration::from_secs(60 + i));
    }
    let mut reader = Reader::that_has_read(&mut world);
    for _ in 0..4 {
        world.pass(60);
        reader.refresh(&mut world);
        reader.check_equals(&world, "they run");
    }
    world.finish(&deep[0]);
    world.tasks.remove(&deep[1]);
    for _ in 0..2 {
        world.pass(60);
        reader.refresh(&mut world);
    }
    reader.check_equals(&world, "one has ended, one is gone, one runs");
    world.pass(60);
    assert_eq!(reader.refresh(&mut world), 2, "the head, and what runs");
}

#[test]
fn what_has_left_its_place_near_the_head_is_looked_for() {
    let mut world = World::with_history(400);
    let mut reader = Reader::that_has_read(&mut world);
    let ids: Vec<_> =
        world.answer(&Query { list: List::All, offset: 10 }).tasks.into_iter().map(|task| task.id).collect();
    // Deleted: the total falls, it is asked for twice, and then it is no recent run any more.
    world.tasks.remove(&ids[0]);
    // Retried, and sorted where nobody reads: the total does not move.
    let waiting = world.tasks.get_mut(&ids[1]).unwrap();
    (waiting.status, waiting.start, waiting.end) = (Status::Ready, None, None);
    for _ in 0..2 {
        world.pass(300);
        reader.refresh(&mut world);
    }
    assert!(!reader.ledger.has(&ids[0]));
    reader.check_equals(&world, "left its place");
    world.pass(300);
    assert_eq!(reader.refresh(&mut world), 1, "and then it is quiet again");
}

#[test]
fn a_first_refresh_is_one_request_so_that_the_next_target_gets_its_turn() {
    let mut world = World::with_history(1000);
    let mut reader = Reader::new();
    assert_eq!(reader.refresh(&mut world), 1);
    assert_eq!(reader.refresh(&mut world), 1);
    assert!(!reader.ledger.complete());
}

#[test]
fn reading_the_window_again_mends_what_short_cuts_have_missed() {
    let mut world = World::with_history(1000);
    let mut reader = Reader::that_has_read(&mut world);
    world.pass(3700);
    reader.refresh(&mut world);
    // Far down: one is gone, one is corrected, one was run again in its old place and ended unseen.
    let deep: Vec<_> = world.answer(&Query { list: List::All, offset: 600 }).tasks;
    world.tasks.remove(&deep[0].id);
    world.tasks.get_mut(&deep[1].id).unwrap().counts =
        Counts::Clusters { scanning: Some(0), success: Some(1), failed: Some(7) };
    let rerun = world.tasks.get_mut(&deep[2].id).unwrap();
    rerun.end = Some(rerun.end.unwrap().plus(Duration::from_secs(600)));
    world.ended.insert((deep[2].id.clone(), rerun.end.unwrap()));
    reader.refresh(&mut world);
    assert!(reader.ledger.has(&deep[0].id), "nobody looks there");
    let mut turns = 0;
    loop {
        turns += 1;
        world.pass(1800);
        for _ in 0..150 {
            let id = world.add();
            world.start(&id);
            world.pass(1);
            world.finish(&id);
        }
        reader.refresh(&mut world);
        reader.turn(Part::Reconcile, &mut world, usize::MAX, |_, _| {});
        if reader.memory.reconcile.is_none() {
            break;
        }
    }
    assert!((6..=12).contains(&turns), "about a page a turn: {turns}");
    reader.check_equals(&world, "reconciled");
    assert!(!reader.ledger.has(&deep[0].id), "what is gone is forgotten");
    let corrected = reader.ledger.tasks().find(|known| known.task.id == deep[1].id).unwrap();
    assert_eq!(corrected.task.counts, world.tasks[&deep[1].id].counts);
}

#[test]
fn where_one_page_holds_all_there_is_nothing_to_read_again() {
    let mut world = World::new(1, Unstarted::Tail);
    world.add_finished(Duration::from_secs(3600));
    let mut reader = Reader::new();
    reader.refresh(&mut world);
    assert!(reader.memory.saw_all);
}

/// Its id is known from the first page, and on the last one it would bear witness that the pages fit together.
#[test]
fn a_task_that_is_retried_to_the_end_of_the_list_hides_no_gap() {
    let mut world = World::with_history(300);
    let mut reader = Reader::new();
    reader.refresh(&mut world);
    let first: Vec<_> =
        world.answer(&Query { list: List::All, offset: 0 }).tasks.into_iter().map(|task| task.id).collect();
    for id in &first[20..50] {
        world.tasks.remove(id);
    }
    let retried = world.tasks.get_mut(&first[0]).unwrap();
    (retried.status, retried.start, retried.end) = (Status::Ready, None, None);
    reader.read_history(&mut world);
    reader.check_equals(&world, "pulled up");
}
