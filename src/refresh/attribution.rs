//! The tasks of a project, read in one list and divided among the targets that they belong to.
//!
//! The undivided list does not say which enterprise project a task belongs to. What a target's ledger has is its own.
//! What nobody has is a *stranger*, until a target's own list shows it; whom no target's list shows, twice, is *foreign*.

mod division;
mod worth;

pub use division::{Ask, Of, Parted, Together};
pub use worth::Worth;

use super::plan::LATE;
use super::register::Register;
use crate::model::{Applied, Event, Known, Ledger, Read, Status, Task, Timestamp, Trigger};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// For how long a stranger is remembered after it was last seen: unfinished ones are shown by the hourly lists.
const REMEMBERED: Duration = Duration::from_secs(25 * 3600);

/// So many states of a stranger are kept for its owner.
const MAX_SIGHTINGS: usize = 8;

/// In so many refreshes no target's list must have shown a stranger for it to be foreign, the last time so long after it was
/// first seen: a list may come from an older copy.
const FOREIGN: u8 = 3;
const FOREIGN_AFTER: Duration = Duration::from_secs(3600);

/// The ledgers of a project's targets, as one list shows them.
pub struct Undivided<'a> {
    /// Every target, in order.
    pub members: Vec<Member<'a>>,
    /// What belongs to none of them, or not yet.
    pub strangers: &'a mut Strangers,
    /// The runs whose end was seen, each with its target.
    pub ended: Vec<(usize, Event)>,
}

/// A target of the project.
pub struct Member<'a> {
    /// What is known of it.
    pub ledger: &'a mut Ledger,
    /// Whether the undivided list is all that it is read by. It has been read down to the window's begin by itself then.
    pub joined: bool,
}

/// What one list of a project has shown that belongs to no target, or not yet.
#[derive(Clone, Debug, Default)]
pub struct Strangers {
    tasks: BTreeMap<Arc<str>, Stranger>,
    /// When the cloud last answered, by its clock.
    at: Timestamp,
    /// How many tasks the undivided list holds.
    total: Option<u64>,
    /// Whether it has become shorter, so that the targets' own totals are not known any more.
    fell: bool,
    /// What has been read of the undivided list, and is not yet divided.
    walked: Option<Read>,
    /// Whom the undivided list does not show for the second time: their own target is asked.
    missing: Vec<(usize, Arc<str>)>,
}

/// A task without an owner.
#[derive(Clone, Debug)]
struct Stranger {
    /// The states in which it was seen, oldest first: its owner's ledger is told all of them.
    sightings: Vec<(Timestamp, Task)>,
    /// When it was first seen, or seen in another status while nothing was known of its owner.
    since: Timestamp,
    last_seen: Timestamp,
    /// In how many refreshes no target's list has shown it.
    denied: u8,
}

impl Undivided<'_> {
    /// Takes what a target's own list showed.
    pub fn take_own(&mut self, index: usize, at: Timestamp, total: Option<u64>, tasks: Vec<Task>) -> Applied {
        let mut applied = Applied::default();
        let Some(member) = self.members.get_mut(index) else { return applied };
        applied.add(self.strangers.claim(member.ledger, &tasks));
        applied.changed |= member.ledger.count_total(total);
        applied.add(member.ledger.apply(at, tasks));
        self.attribute(index, applied)
    }

    /// Takes note that a target, asked for this task, does not know it.
    pub fn missed_own(&mut self, index: usize, id: &str) -> Applied {
        let applied = self.members.get_mut(index).map(|member| member.ledger.missed(id)).unwrap_or_default();
        self.attribute(index, applied)
    }

    /// Lets every target know down to where the undivided list was read, if all that it showed there is divided.
    pub fn settle(&mut self) {
        let open = self.strangers.tasks.values().any(|stranger| stranger.denied == 0 && stranger.start().is_some());
        if let Some(walked) = self.strangers.walked.take_if(|_| !open) {
            self.members
                .iter_mut()
                .filter(|member| member.joined)
                .for_each(|member| member.ledger.has_been_read(walked));
        }
    }

    /// A task without an owner, as last seen.
    fn stranger(&self, id: &str) -> Option<&Task> {
        self.strangers.tasks.get(id).and_then(Stranger::task)
    }

    fn joined(&self) -> impl Iterator<Item = &Ledger> {
        self.members.iter().filter(|member| member.joined).map(|member| &*member.ledger)
    }

    /// Whether a task that nobody has needs no owner: it ended before the window, or stands where all targets have been
    /// read by themselves. What is unfinished is looked for all the same.
    fn passed_by(&self, task: &Task, at: Timestamp) -> bool {
        let old = task.end.or(task.start).is_some_and(|end| end < at.minus(self.window()));
        let read = |start: Timestamp| self.covers(start) && self.covers(start.plus(LATE));
        task.status == Status::Finished && (old || task.start.is_some_and(read))
    }

    fn attribute(&mut self, index: usize, Applied { events, changed }: Applied) -> Applied {
        self.ended.extend(events.into_iter().map(|event| (index, event)));
        Applied { events: Vec::new(), changed }
    }
}

impl Register for Undivided<'_> {
    fn window(&self) -> Duration {
        self.members.first().map_or(Duration::ZERO, |member| member.ledger.window())
    }

    fn total(&self) -> Option<u64> {
        self.strangers.total
    }

    fn complete(&self) -> bool {
        self.joined().all(Ledger::complete)
    }

    fn covers(&self, start: Timestamp) -> bool {
        self.joined().all(|ledger| ledger.covers(start))
    }

    fn has(&self, id: &str) -> bool {
        self.members.iter().any(|member| member.ledger.has(id)) || self.strangers.tasks.contains_key(id)
    }

    fn knows(&self, task: &Task) -> bool {
        if let Some(owner) = self.members.iter().find(|member| member.ledger.has(&task.id)) {
            return owner.ledger.knows(task);
        }
        match self.strangers.tasks.get(&task.id) {
            Some(stranger) => stranger.stands_as(task),
            None => task.status == Status::Finished && task.start.is_some_and(|start| self.covers(start.plus(LATE))),
        }
    }

    fn tasks(&self) -> impl Iterator<Item = &Known> {
        self.joined().flat_map(Ledger::tasks)
    }

    /// Strangers, too, may be somebody's.
    fn is_quiet(&self) -> bool {
        let settled = |stranger: &Stranger| stranger.task().is_some_and(|task| task.status == Status::Finished);
        self.tasks().all(Known::is_settled)
            && self.strangers.tasks.values().all(|stranger| settled(stranger) && stranger.denied >= FOREIGN)
    }

    /// The cloud counts all that the undivided list shows, whosever they are.
    fn running(&self, meant: impl Fn(&str) -> bool) -> u64 {
        let owned: u64 = self.joined().map(|ledger| ledger.running(&meant)).sum();
        let runs = |stranger: &Stranger| stranger.task().is_some_and(|task| task.status == Status::Running);
        let strangers = self.strangers.tasks.iter().filter(|(id, stranger)| meant(id) && runs(stranger));
        owned + strangers.count() as u64
    }

    /// Each target has asked for its own.
    fn triggers_without_facts(&self) -> impl Iterator<Item = Trigger> {
        std::iter::empty()
    }

    fn apply(&mut self, at: Timestamp, tasks: Vec<Task>) -> Applied {
        let mut shares: Vec<Vec<Task>> = self.members.iter().map(|_| Vec::new()).collect();
        for task in tasks {
            let mut owned = false;
            for (member, share) in self.members.iter().zip(&mut shares) {
                if member.ledger.has(&task.id) {
                    owned = true;
                    share.push(task.clone());
                }
            }
            if !owned && (self.strangers.tasks.contains_key(&task.id) || !self.passed_by(&task, at)) {
                self.strangers.see(at, task);
            }
        }
        let mut applied = Applied::default();
        for (index, share) in shares.into_iter().enumerate() {
            // Those of whom nothing was shown learn the time: their windows move on.
            let Some(member) = self.members.get_mut(index).filter(|member| member.joined || !share.is_empty()) else {
                continue;
            };
            let theirs = member.ledger.apply(at, share);
            applied.add(self.attribute(index, theirs));
        }
        self.strangers.at = at;
        self.forget(at);
        applied
    }

    /// What the undivided list does not show for the second time may belong to a target that the list leaves out: that
    /// target is asked before the task is believed to be gone.
    fn missed(&mut self, id: &str) -> Applied {
        let Some(index) = self.members.iter().position(|member| member.ledger.has(id)) else {
            return Applied::default();
        };
        let first = self.members.get(index).is_some_and(|member| !member.ledger.misses(id));
        if first {
            return self.missed_own(index, id);
        }
        self.strangers.missing.push((index, id.into()));
        Applied::default()
    }

    fn count_total(&mut self, total: Option<u64>) -> bool {
        let news = total.is_some() && self.strangers.total != total;
        self.strangers.count(total);
        news
    }

    fn has_been_read(&mut self, Read { down_to, up_to }: Read) {
        let walked = self.strangers.walked.get_or_insert(Read { down_to, up_to });
        *walked = Read { down_to: down_to.min(walked.down_to), up_to: up_to.max(walked.up_to) };
    }
}

impl Undivided<'_> {
    /// Forgets strangers that nobody asks about any more: those that ended before the window or can be told by where they
    /// stand, and unfinished ones that are not shown any more.
    fn forget(&mut self, at: Timestamp) {
        let mut strangers = std::mem::take(&mut self.strangers.tasks);
        strangers.retain(|_, stranger| {
            let done = stranger.is_foreign() || stranger.ended_before(at.minus(self.window()));
            let told = done && stranger.task().is_none_or(|task| self.passed_by(task, at));
            !told && at.since(stranger.last_seen) < REMEMBERED
        });
        self.strangers.tasks = strangers;
    }
}

impl Strangers {
    /// How many tasks the undivided list holds that none of these totals count: those of enterprise projects that nobody
    /// watches. Unknown while any of them is.
    pub fn unwatched(&self, totals: impl Iterator<Item = Option<u64>>) -> Option<u64> {
        let watched = totals.sum::<Option<u64>>()?;
        self.total.map(|total| total.saturating_sub(watched))
    }

    /// How many tasks the undivided list holds, if the cloud has said.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Takes note of how many tasks the undivided list holds.
    pub fn count(&mut self, total: Option<u64>) {
        self.fell |= total.is_some() && total < self.total;
        self.total = total.or(self.total);
    }

    /// Whether the undivided list has become shorter since this was last asked.
    pub fn fell(&mut self) -> bool {
        std::mem::take(&mut self.fell)
    }

    /// A target's own list shows these tasks: those that it did not know, and that were seen before, have found their owner.
    /// Its ledger is told all that was seen of them.
    pub fn claim(&mut self, ledger: &mut Ledger, tasks: &[Task]) -> Applied {
        let mut applied = Applied::default();
        for task in tasks {
            let known = ledger.has(&task.id);
            let Some(Stranger { sightings, .. }) = self.tasks.remove(&task.id).filter(|_| !known) else { continue };
            for (at, sighting) in sightings {
                applied.add(ledger.apply(at, vec![sighting]));
            }
        }
        applied
    }

    fn see(&mut self, at: Timestamp, task: Task) {
        let new = || Stranger { sightings: Vec::new(), since: at, last_seen: at, denied: 0 };
        let stranger = self.tasks.entry(Arc::clone(&task.id)).or_insert_with(new);
        stranger.last_seen = at;
        if stranger.stands_as(&task) {
            return;
        }
        if !stranger.is_foreign() && stranger.task().is_some_and(|seen| seen.status != task.status) {
            (stranger.since, stranger.denied) = (at, 0);
        }
        if stranger.sightings.len() >= MAX_SIGHTINGS {
            stranger.sightings.remove(0);
        }
        stranger.sightings.push((at, task));
    }
}

impl Stranger {
    fn task(&self) -> Option<&Task> {
        self.sightings.last().map(|(_, task)| task)
    }

    fn is_foreign(&self) -> bool {
        self.denied >= FOREIGN
    }

    /// Whether the targets are asked for it at `at`.
    fn is_open(&self, at: Timestamp) -> bool {
        self.denied + 1 < FOREIGN || (!self.is_foreign() && at.since(self.since) >= FOREIGN_AFTER)
    }

    fn start(&self) -> Option<Timestamp> {
        self.task().and_then(|task| task.start)
    }

    fn stands_as(&self, task: &Task) -> bool {
        let state = |task: &Task| (task.status, task.start, task.end, task.counts);
        let place = |task: &Task| (task.status, task.start);
        self.task().is_some_and(|seen| match task.status {
            Status::Finished => state(seen) == state(task),
            _ => place(seen) == place(task),
        })
    }

    fn ended_before(&self, moment: Timestamp) -> bool {
        self.task().is_some_and(|task| {
            task.status == Status::Finished && task.end.or(task.start).is_some_and(|end| end < moment)
        })
    }
}
