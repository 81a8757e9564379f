//! All that is known of one (target, task type). It changes only through what a page shows.
//!
//! The ledger decides what is an event: the end of a *run*, exactly once, whatever re-reads, retries, duplicates and
//! corrections come. Its clock is the cloud's.

use super::facts::{Counters, Event, Facts};
use super::known::{FOLLOW_UNKNOWN, Known, Seen, Stage};
use super::last_run::known_end;
use super::time::DATE_GRAIN;
use super::{ClockBase, ClockOffset, CloudTime, Status, Task, Timestamp, Trigger};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// After how many refreshes in a row in which the cloud does not know it a task is forgotten.
const MISSES: u8 = 2;

/// What a page changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The runs whose end the page showed.
    pub events: Vec<Event>,
    /// Whether anything is different now.
    pub changed: bool,
}

impl Applied {
    /// Takes in what something else changed.
    pub fn add(&mut self, Self { events, changed }: Self) {
        self.events.extend(events);
        self.changed |= changed;
    }
}

/// All that is known of one (target, task type).
#[derive(Clone, Debug)]
pub struct Ledger {
    window: Duration,
    tasks: BTreeMap<Arc<str>, Known>,
    /// Tasks that the cloud did not know any more. If one comes back after all, its runs are not counted again.
    gone: BTreeMap<Arc<str>, Known>,
    facts: Facts,
    counters: Counters,
    /// When the first page was answered: what ended before it, and is not known, is history.
    begun: Option<Timestamp>,
    /// The latest end of the tasks that were forgotten. Should the clock be set back by a correction, those that ended before
    /// are still history when they come into view again.
    forgotten: Option<Timestamp>,
    /// The setting of the cloud's clock that all of this was read with.
    base: Option<ClockBase>,
    total: Option<u64>,
    /// How many tasks wait that the list counted and never showed, when the waiting ones were last listed.
    hidden_waiting: u64,
    read: Option<Read>,
}

/// Between which starts the list has been read without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The oldest start.
    pub down_to: Timestamp,
    /// The newest start. What began later may hide something still, while a walk is under way.
    pub up_to: Timestamp,
}

impl Read {
    /// The clock by which it was read was corrected. What has been shown is not more for that.
    pub(crate) fn correct(&mut self, by: ClockOffset) {
        self.up_to = self.up_to.min(by.to_cloud(self.up_to));
    }
}

impl Ledger {
    /// An empty ledger that keeps finished tasks for `window`.
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            tasks: BTreeMap::new(),
            gone: BTreeMap::new(),
            facts: Facts::default(),
            counters: Counters::default(),
            begun: None,
            forgotten: None,
            base: None,
            total: None,
            hidden_waiting: 0,
            read: None,
        }
    }

    /// Takes in the tasks of a page that the cloud answered at `at` (its clock). What the very first page shows as
    /// finished is history; so is, later, an unknown task that ended before that page or has left the window.
    pub fn apply(&mut self, at: Timestamp, tasks: Vec<Task>) -> Applied {
        let first_page = self.begun.is_none();
        let begun = *self.begun.get_or_insert(at.plus(DATE_GRAIN));
        let closed_before = begun.max(at.minus(self.window)).max(self.forgotten.unwrap_or_default());
        let mut applied = Applied::default();
        for task in tasks {
            let before = self.tasks.remove(&task.id).or_else(|| self.gone.remove(&task.id));
            let history = before.is_none() && (first_page || ended_before(&task, at, closed_before));
            let was = before.clone();
            let Seen { known, ended, corrected } = Known::see(before, task, at, history);
            applied.changed |= was.is_none_or(|was| !was.same_as(&known));
            self.tasks.insert(Arc::clone(&known.task.id), known);
            for event in ended {
                if history {
                    self.facts.learn(event.kind, event.run);
                } else {
                    self.count(event, &mut applied);
                }
            }
            if let Some(Event { kind, run }) = corrected {
                self.facts.learn(kind, run);
            }
        }
        applied.changed |= self.forget_old(at);
        applied
    }

    /// Takes note of the setting of the cloud's clock with which what follows is read, at `now`. If the clock was corrected,
    /// everything that was remembered by it moves as much: it stays as long ago as it was, so that nothing is stuck. Times that the
    /// list itself gives stay. The part of the list that counts as read may only become smaller.
    pub fn rebase(&mut self, now: CloudTime) {
        let Some(by) = self.base.replace(now.base).and_then(|before| before.correction(now.base)) else { return };
        self.begun.iter_mut().for_each(|begun| by.correct(begun));
        self.tasks.values_mut().chain(self.gone.values_mut()).for_each(|known| known.correct(by));
        self.facts.correct(by, now.at);
        self.read.iter_mut().for_each(|read| read.correct(by));
    }

    /// The setting of the cloud's clock that all of this was read with, if it has been said.
    pub fn base(&self) -> Option<ClockBase> {
        self.base
    }

    /// Takes note that the cloud, asked for this task, does not know it. Twice in a row, and it is forgotten; that is no
    /// event, unless it had been seen finished and its result only had to settle.
    pub fn missed(&mut self, id: &str) -> Applied {
        let mut applied = Applied::default();
        let Some(known) = self.tasks.get_mut(id) else { return applied };
        known.misses = known.misses.saturating_add(1);
        if known.misses >= MISSES {
            applied.changed = true;
            match known.settle() {
                Some(event) => self.count(event, &mut applied),
                None => self.gone.extend(self.tasks.remove_entry(id)),
            }
        }
        applied
    }

    /// What is known of this task.
    pub fn task(&self, id: &str) -> Option<&Known> {
        self.tasks.get(id)
    }

    /// Takes note of how many tasks the cloud lists in all. Answers whether that is news.
    pub fn count_total(&mut self, total: Option<u64>) -> bool {
        let news = total.is_some() && self.total != total;
        self.total = total.or(self.total);
        news
    }

    /// Takes note that so many tasks wait that no list has shown. Answers whether that is news.
    pub fn count_hidden_waiting(&mut self, hidden: u64) -> bool {
        std::mem::replace(&mut self.hidden_waiting, hidden) != hidden
    }

    /// How many tasks wait that no list has shown.
    pub fn hidden_waiting(&self) -> u64 {
        self.hidden_waiting
    }

    /// Takes note that the list has been read without a gap between these starts.
    pub fn has_been_read(&mut self, Read { down_to, up_to }: Read) {
        self.read = Some(match self.read {
            Some(before) if down_to <= before.up_to => {
                Read { down_to: down_to.min(before.down_to), up_to: up_to.max(before.up_to) }
            }
            _ => Read { down_to, up_to },
        });
    }

    /// Whether the window has been read without a gap; from then on a walk may stop early.
    pub fn complete(&self) -> bool {
        self.read.is_some()
    }

    /// Whether the list has been read without a gap around this start.
    pub fn covers(&self, start: Timestamp) -> bool {
        self.read.is_some_and(|Read { down_to, up_to }| (down_to..=up_to).contains(&start))
    }

    /// Whether the cloud lists this task where and as it is known already.
    pub fn knows(&self, task: &Task) -> bool {
        self.tasks.get(&task.id).is_some_and(|known| known.stands_as(task))
    }

    /// Whether a task of this id is kept.
    pub fn has(&self, id: &str) -> bool {
        self.tasks.contains_key(id)
    }

    /// Documented triggers of which no finished run is known: the facts lack them.
    pub fn triggers_without_facts(&self) -> impl Iterator<Item = Trigger> + '_ {
        [Trigger::Manual, Trigger::Schedule].into_iter().filter(|trigger| !self.facts.knows(*trigger))
    }

    /// Every task: the unfinished ones, and the finished ones of the window.
    pub fn tasks(&self) -> impl Iterator<Item = &Known> {
        self.tasks.values()
    }

    /// How many tasks the cloud lists in all, if it has said.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// What stays true.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The events so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How long finished tasks are kept.
    pub fn window(&self) -> Duration {
        self.window
    }

    fn count(&mut self, event: Event, applied: &mut Applied) {
        self.counters.count(&event);
        self.facts.learn(event.kind, event.run.clone());
        applied.events.push(event);
    }

    /// Forgets what has left the window, and tasks in an unknown status that are no longer listed. A finished task
    /// whose end is not known is kept while it is listed: forgotten, it would look new.
    fn forget_old(&mut self, at: Timestamp) -> bool {
        let horizon = at.minus(self.window);
        let before = self.tasks.len();
        let is_kept = |known: &Known| match known.stage {
            Stage::Finished { end, settling_since: None } => {
                end >= horizon || (!known.end_is_known() && known.last_seen >= horizon)
            }
            Stage::Unknown { .. } => at.since(known.last_seen) <= FOLLOW_UNKNOWN,
            Stage::Finished { .. } | Stage::Waiting { .. } | Stage::Running { .. } => true,
        };
        let forgotten = &mut self.forgotten;
        let mut keep = |known: &Known, is_kept: bool| {
            if !is_kept {
                *forgotten = (*forgotten).max(known.end());
            }
            is_kept
        };
        self.gone.retain(|_, known| keep(known, known.last_seen >= horizon));
        self.tasks.retain(|_, known| keep(known, is_kept(known)));
        self.tasks.len() != before
    }
}

/// Whether a finished task, shown at `at`, ended so long ago that it is history, if it is new to us. One whose end is not
/// known is judged by its start: had it run on, it would have been seen running. One of which neither is known may have
/// ended at any time.
fn ended_before(task: &Task, at: Timestamp, closed_before: Timestamp) -> bool {
    task.status == Status::Finished && known_end(task, at).or(task.start).is_none_or(|end| end <= closed_before)
}
