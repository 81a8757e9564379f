//! The proof that reading is true: whatever happens in whatever order, the ledger equals the world within the time that
//! ARCHITECTURE.md gives ("What may be late"), every run was one event, and the facts are right.
//!
//! `HSS_EXPORTER_PROOF_SEEDS=10000 cargo test --release --test suite reading::proof`, or `make proof`, tries more worlds;
//! `HSS_EXPORTER_PROOF_FIRST=4711` begins with another one, such as one that failed.

use super::churn::may_be_history;
use super::clock::Clock;
use super::reader::{Reader, WINDOW};
use super::runs::Run;
use super::world::{Faults, OLD_COPY, Record, Unstarted, Whom, World, at_the_door};
use hss_exporter::model::{Kind, Known, Outcome, Stage, Status, Task, Timestamp};
use hss_exporter::refresh::plan::Part;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How many worlds are tried, unless more are asked for.
const SEEDS: u64 = 120;

/// How many tasks are asked for one by one in a refresh.
const LOOKUPS: usize = 20;

const INTERVAL: u64 = 300;

/// Where a world's tasks that begin far back stand: the window is read by start.
const MARGIN: Duration = Duration::from_secs(2 * 3600);

/// What is compared once it is due.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The head, and what was known to run: after a refresh or two.
    Soon,
    /// Whatever runs or waits: after an hour.
    Hour,
    /// All of it: after the window has been read again.
    Reconciled,
}

fn churn(seed: u64) {
    let unstarted = [Unstarted::Head, Unstarted::Tail, Unstarted::Mixed][seed as usize % 3];
    let history = [0, 20, 150, 199, 200, 201, 450, 700][seed as usize / 3 % 8];
    let mut world = World::with_projects(seed, unstarted, 1 + seed as usize % 4);
    world.shuffles = world.dice.bool();
    world.heeds_ids = world.dice.u8(..8) > 0;
    world.says_total = world.dice.u8(..8) > 0;
    world.plans = seed.is_multiple_of(2);
    world.cap = seed.is_multiple_of(7).then_some(50);
    world.begin_with(history);
    let faults =
        Faults { broken: 5, total: 10, doubled: 10, stale: [0, 30][world.dice.usize(..2)], ..Faults::default() };
    world.faults = if world.dice.bool() { faults } else { Faults::default() };
    world.clock = Clock::of(seed, world.now);
    let mut reader = Reader::new();
    let rounds = world.dice.usize(1..20);
    for _ in 0..rounds {
        let pause = world.dice.u64(OLD_COPY..2 * INTERVAL);
        world.pass(pause);
        let busy = if world.dice.bool() { world.dice.usize(1..16) } else { 0 };
        let cut = if world.dice.u8(0..4) == 0 { world.dice.usize(0..3) } else { usize::MAX };
        let part = match world.dice.u8(..6) {
            0 | 1 if reader.since.is_some() && !reader.ledger.complete() => Part::History,
            0 if reader.ledger.complete() => Part::Reconcile,
            _ => Part::Refresh,
        };
        reader.turn(part, &mut world, cut, |world| {
            for _ in 0..world.dice.usize(..=busy) {
                world.happen();
            }
        });
    }
    world.faults = Faults::default();
    world.pass(OLD_COPY);
    let turns = 3 + (world.tasks().filter(|task| task.status != Status::Finished).count()) / LOOKUPS;
    let be_quiet = |reader: &mut Reader, world: &mut World| {
        for _ in 0..turns {
            reader.read_history(world);
            world.pass(INTERVAL);
            reader.refresh(world);
            reader.read_history(world);
        }
    };
    let name = format!("seed {seed}");
    be_quiet(&mut reader, &mut world);
    check(&reader, &mut world, Due::Soon, &name);
    world.pass(3600);
    be_quiet(&mut reader, &mut world);
    check(&reader, &mut world, Due::Hour, &name);
    for _ in 0..2 {
        if !reader.memory.saw_all {
            reader.reconcile(&mut world);
        }
        be_quiet(&mut reader, &mut world);
    }
    check(&reader, &mut world, Due::Reconciled, &name);
}

/// Whether all that is due is as it is in the world.
#[track_caller]
pub(super) fn check(reader: &Reader, world: &mut World, due: Due, name: &str) {
    Proof { name, reader, world, due }.check();
}

struct Proof<'a> {
    name: &'a str,
    reader: &'a Reader,
    world: &'a mut World,
    due: Due,
}

impl Proof<'_> {
    #[track_caller]
    fn check(&mut self) {
        let head = self.world.head();
        let theirs = head.iter().filter(|task| self.world.belongs(&task.id, self.reader.whom));
        theirs.filter(|task| task.start.is_some()).for_each(|task| self.check_known(task));
        let theirs = self.world.tasks().filter(|task| self.world.belongs(&task.id, self.reader.whom));
        let tasks: Vec<Task> = theirs.filter(|task| self.must_be_known(task)).cloned().collect();
        tasks.iter().for_each(|task| self.check_known(task));
        if self.due == Due::Reconciled {
            self.check_long_runs();
        }
        self.reader.ledger.tasks().for_each(|known| self.check_true(known));
        self.check_events();
        if self.due == Due::Reconciled {
            self.check_facts();
        }
    }

    fn must_be_known(&self, task: &Task) -> bool {
        let begun_lately = task.start.is_some_and(|start| start > self.world.now.minus(WINDOW - MARGIN));
        match task.status {
            Status::Ready | Status::Running => self.due >= Due::Hour,
            Status::Finished => self.due == Due::Reconciled && begun_lately,
            Status::Other => false,
        }
    }

    /// Of what began before the window and stands directly below what began inside, all is known that has ended inside, down
    /// to the first that has not.
    fn check_long_runs(&self) {
        let horizon = self.world.now.minus(WINDOW);
        let theirs = self.world.tasks().filter(|task| self.world.belongs(&task.id, self.reader.whom));
        let mut below: BTreeMap<Reverse<Timestamp>, Vec<&Task>> = BTreeMap::new();
        for (task, start) in theirs.filter_map(|task| Some((task, task.start?))).filter(|(_, start)| *start < horizon) {
            below.entry(Reverse(start)).or_default().push(task);
        }
        let in_window = |task: &&Task| task.status != Status::Finished || task.end.is_some_and(|end| end >= horizon);
        for tasks in below.into_values().take_while(|together| together.iter().all(in_window)) {
            for task in tasks.into_iter().filter(|task| task.status != Status::Other) {
                if !self.reader.ledger.has(&task.id) {
                    self.fail(&format!("{task:?} began before the window, and is not known"));
                }
            }
        }
    }

    fn check_known(&self, task: &Task) {
        let known = self.reader.ledger.tasks().find(|known| known.task.id == task.id);
        let begun_lately = task.start.is_some_and(|start| start > self.world.now.minus(WINDOW - MARGIN));
        if known.is_none() && task.status == Status::Finished && !begun_lately {
            return;
        }
        let known = known.unwrap_or_else(|| self.fail(&format!("{task:?} is not known")));
        let task = at_the_door(task.clone());
        let same = (known.task.status, known.task.start, known.task.end, known.task.counts)
            == (task.status, task.start, task.end, task.counts);
        if !same {
            self.fail(&format!("{task:?} is known as {known:?}"));
        }
    }

    /// What is known is still so.
    fn check_true(&self, known: &Known) {
        let task = self.world.task(&known.task.id);
        let begun_lately = known.task.start.is_some_and(|start| start > self.world.now.minus(WINDOW - MARGIN));
        let due = match known.stage {
            Stage::Running { .. } => Due::Soon,
            Stage::Waiting { .. } => Due::Hour,
            Stage::Finished { .. } if begun_lately => Due::Reconciled,
            Stage::Finished { .. } | Stage::Unknown { .. } => return,
        };
        if self.due >= due && task.is_none_or(|task| task.status != known.task.status) {
            self.fail(&format!("{known:?} is {task:?} now"));
        }
    }

    /// None twice, none made up; none missing that was shown, or stands there to be read.
    fn check_events(&self) {
        let Some(since) = self.reader.since else { return };
        let mut counted: BTreeSet<(Arc<str>, Timestamp)> = BTreeSet::new();
        for event in &self.reader.events {
            if !counted.insert((event.run.id.clone(), event.run.end)) {
                self.fail(&format!("twice: {event:?}"));
            }
        }
        let began = since.plus(Duration::from_secs(1));
        for (id, record) in self.world.records().filter(|(id, _)| self.world.belongs(id, self.reader.whom)) {
            for (number, run) in record.runs.iter().enumerate() {
                let ends = self.ends_of(id, record, number);
                let is_event = ends.into_iter().any(|end| counted.remove(&(Arc::clone(id), end)));
                let unseen_to_run = run.is_late() && run.start.is_none_or(|start| start <= began);
                let may_be_history = unseen_to_run || (number == 0 && may_be_history(id, run.start, since));
                // An older copy may show an earlier run of a task that is known to run again.
                let may_be_event = may_be_history || record.was_shown_unfinished;
                if is_event && run.ended <= began.minus(Duration::from_secs(OLD_COPY)) && !may_be_event {
                    self.fail(&format!("history: {run:?} of {id}"));
                }
                let stands = number + 1 == record.runs.len() && self.due == Due::Reconciled && self.stands(id);
                let has_settled = self.due > Due::Soon;
                if !is_event
                    && run.ended > began
                    && !may_be_history
                    && !run.is_hidden()
                    && ((self.was_shown(record, run) && has_settled) || stands)
                {
                    self.fail(&format!("missed: {run:?} of {id}, which is {:?}", self.world.task(id)));
                }
            }
        }
        if !counted.is_empty() {
            self.fail(&format!("made up: {counted:?}"));
        }
    }

    /// When a run ended, as far as the reader can tell, now or before: as the list says, or, before it has said so, whatever
    /// the reader has made of it.
    fn ends_of(&self, id: &Arc<str>, record: &Record, number: usize) -> Vec<Timestamp> {
        let Some(run) = record.runs.get(number) else { return Vec::new() };
        let next = record.runs.get(number + 1).and_then(|run| run.shown);
        let unsaid = |end: Timestamp| match run.is_endless() {
            // When it was first shown; but shown in a list of all, it is its target's own only when that shows it. Of
            // history, its start.
            true => {
                let seen = Some(end) >= run.shown && next.is_none_or(|next| end < next);
                seen || (number == 0 && Some(end) == run.start)
            }
            // Its start; or where a task runs again, when that was first seen, before a start that lies ahead.
            false => {
                let before = number.checked_sub(1).and_then(|before| record.runs.get(before));
                let began = before.map(|run| run.ended).or(run.start);
                run.is_late() && began.is_some_and(|began| (began..=run.ended).contains(&end))
            }
        };
        let latest = self.reader.ledger.facts().kinds().map(|(_, facts)| &facts.latest);
        let known = self.reader.events.iter().map(|event| &event.run).chain(latest);
        let listed = self.reader.ledger.tasks().filter(|known| known.task.id == *id).filter_map(Known::end);
        let ends = known.filter(|run| run.id == *id).map(|run| run.end).chain(listed);
        let mut ends: Vec<_> = ends.filter(|end| unsaid(*end)).collect();
        ends.sort();
        if !run.is_endless() {
            ends.extend(run.end());
        }
        ends
    }

    /// When a run ended by the facts, as far as that is certain.
    fn end_of(&self, id: &Arc<str>, record: &Record, number: usize) -> Option<Timestamp> {
        let run = record.runs.get(number)?;
        let told = run.told.is_some() && (self.reader.whom == Whom::All || record.owned >= run.told);
        match run.is_late() && !told {
            true => self.ends_of(id, record, number).first().copied().filter(|end| *end < run.ended).or(run.start),
            false if run.is_endless() => self.ends_of(id, record, number).first().copied().or(run.start).or(run.shown),
            false => run.end(),
        }
    }

    /// Whether it was shown, and then as its owner's: what only the list of all has shown may be nobody's, and what had left
    /// the window then is.
    fn was_shown(&self, record: &Record, run: &Run) -> bool {
        let lately = run.shown.is_some_and(|shown| run.ended > shown.minus(WINDOW));
        run.shown.is_some() && (self.reader.whom == Whom::All || (lately && record.owned >= run.shown))
    }

    fn is_event(&self, id: &str, ends: &[Timestamp]) -> bool {
        self.reader.events.iter().any(|event| &*event.run.id == id && ends.contains(&event.run.end))
    }

    fn stands(&self, id: &str) -> bool {
        self.world.task(id).is_some_and(|task| task.status == Status::Finished && self.must_be_known(task))
    }

    fn check_facts(&self) {
        let mut expected: BTreeMap<Kind, Expected> = BTreeMap::new();
        for (id, record) in self.world.records().filter(|(id, _)| self.world.belongs(id, self.reader.whom)) {
            for (number, run) in record.runs.iter().enumerate() {
                let (end, ends) = (self.end_of(id, record, number), self.ends_of(id, record, number));
                let certain = (self.was_shown(record, run) && !run.is_hidden()) || self.is_event(id, &ends);
                let (Some(end), Some(counts)) = (end, run.counts) else { continue };
                let facts = expected.entry(record.kind()).or_default();
                let order = |end| (end, run.start, Arc::clone(id), format!("{counts:?}"));
                facts.add(order(end), run, certain);
                ends.into_iter().for_each(|end| facts.add(order(end), run, false));
            }
        }
        for (kind, known) in self.reader.ledger.facts().kinds() {
            let run = &known.latest;
            let latest = (run.end, run.start, Arc::clone(&run.id), format!("{:?}", run.counts));
            let right = expected.remove(kind).is_some_and(|expected| {
                expected.possible.contains(&latest)
                    && Some(&latest) >= expected.latest.as_ref()
                    && (expected.good.0..=expected.good.1).contains(&known.last_success_end)
                    && (expected.bad.0..=expected.bad.1).contains(&known.last_failed_end)
            });
            if !right {
                self.fail(&format!("{kind:?}: {known:?} cannot be"));
            }
        }
        if let Some((kind, expected)) = expected.iter().find(|(_, expected)| expected.latest.is_some()) {
            self.fail(&format!("nothing is known of {kind:?}, but {:?} was shown", expected.latest));
        }
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{}: {what}", self.name)
    }
}

/// A run, in the order in which the latest is chosen: its end, its start, its task, its counts.
type Order = (Timestamp, Option<Timestamp>, Arc<str>, String);

/// What the facts of a kind may be.
#[derive(Debug, Default)]
struct Expected {
    /// The latest run that must be known.
    latest: Option<Order>,
    /// All that may be known.
    possible: BTreeSet<Order>,
    /// The least and the greatest that the end of the newest good run can be: what was corrected was both.
    good: (Option<Timestamp>, Option<Timestamp>),
    /// The same of the newest bad one.
    bad: (Option<Timestamp>, Option<Timestamp>),
}

impl Expected {
    fn add(&mut self, order: Order, run: &Run, certain: bool) {
        let end = Some(order.0);
        if certain {
            self.latest = self.latest.take().max(Some(order.clone()));
        }
        self.possible.insert(order);
        let widen = |(least, greatest): &mut (Option<Timestamp>, Option<Timestamp>), (ever, always): (bool, bool)| {
            *least = (*least).max(end.filter(|_| always && certain));
            *greatest = (*greatest).max(end.filter(|_| ever));
        };
        widen(&mut self.good, run.was(|outcome| outcome == Outcome::Success));
        widen(&mut self.bad, run.was(Outcome::with_failures));
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var_os(variable)?.to_str()?.parse().ok()
}

/// Every fourth world; all four together are as quick as the machine allows.
pub(super) fn every_fourth(first: u64, churn: fn(u64)) {
    let begin = number("HSS_EXPORTER_PROOF_FIRST").unwrap_or(0);
    let seeds = number("HSS_EXPORTER_PROOF_SEEDS").unwrap_or(SEEDS);
    (begin + first..begin + seeds).step_by(4).for_each(churn);
}

#[test]
fn after_any_churn_the_ledger_equals_the_cloud_and_every_run_was_one_event_1() {
    every_fourth(0, churn);
}

#[test]
fn after_any_churn_the_ledger_equals_the_cloud_and_every_run_was_one_event_2() {
    every_fourth(1, churn);
}

#[test]
fn after_any_churn_the_ledger_equals_the_cloud_and_every_run_was_one_event_3() {
    every_fourth(2, churn);
}

#[test]
fn after_any_churn_the_ledger_equals_the_cloud_and_every_run_was_one_event_4() {
    every_fourth(3, churn);
}
