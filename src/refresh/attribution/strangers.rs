//! The tasks that the list of a whole project has shown and whose owner is not known, or not among the targets.

use crate::model::{Applied, ClockBase, Ledger, Read, Status, Task, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// So many states of a stranger are kept for its owner.
const MAX_SIGHTINGS: usize = 8;

/// In so many refreshes no target's list must have shown a stranger for it to be foreign, the last time so long after it was
/// first seen: a list may come from an older copy.
const FOREIGN: u8 = 3;
const FOREIGN_AFTER: Duration = Duration::from_secs(3600);

/// What one list of a project has shown that belongs to no target, or not yet.
#[derive(Clone, Debug, Default)]
pub struct Strangers {
    pub(super) tasks: BTreeMap<Arc<str>, Stranger>,
    /// When the cloud last answered, by its clock.
    pub(super) at: Timestamp,
    /// How many tasks the undivided list holds.
    pub(super) total: Option<u64>,
    /// Whether it has become shorter, so that the targets' own totals are not known any more.
    pub(super) fell: bool,
    /// What has been read of the undivided list, and is not yet divided.
    pub(super) walked: Option<Read>,
    /// What the undivided list does not show for the second time: its own target is asked.
    pub(super) missing: Vec<Missing>,
    /// The setting of the cloud's clock with which all of this was read.
    base: Option<ClockBase>,
}

/// A task that the undivided list does not show any more.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    /// Its target.
    pub(super) member: usize,
    pub(super) id: Arc<str>,
    /// Where a finished task stands in its target's own list. What has not finished may have moved.
    pub(super) start: Option<Timestamp>,
    /// Its own target does not show it either.
    pub(super) gone: bool,
}

/// A task without an owner.
#[derive(Clone, Debug)]
pub(super) struct Stranger {
    /// The states in which it was seen, oldest first: its owner's ledger is told all of them.
    sightings: Vec<(Timestamp, Task)>,
    /// When it was first seen, or seen in another status while nothing was known of its owner.
    pub(super) since: Timestamp,
    pub(super) last_seen: Timestamp,
    /// In how many refreshes no target's list has shown it.
    pub(super) denied: u8,
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
        ledger.base().into_iter().for_each(|base| self.rebase(base));
        for task in tasks {
            let known = ledger.has(&task.id);
            let Some(Stranger { sightings, .. }) = self.tasks.remove(&task.id).filter(|_| !known) else { continue };
            for (at, sighting) in sightings {
                applied.add(ledger.apply(at, vec![sighting]));
            }
        }
        applied
    }

    /// Takes note of the setting of the cloud's clock with which what follows is read. What is remembered by another moves as
    /// much as the clock was corrected.
    pub(super) fn rebase(&mut self, base: ClockBase) {
        let Some(by) = self.base.replace(base).and_then(|before| before.correction(base)) else { return };
        by.correct(&mut self.at);
        self.walked.iter_mut().for_each(|walked| walked.correct(by));
        for stranger in self.tasks.values_mut() {
            by.correct(&mut stranger.since);
            by.correct(&mut stranger.last_seen);
            stranger.sightings.iter_mut().for_each(|(at, _)| by.correct(at));
        }
    }

    pub(super) fn see(&mut self, at: Timestamp, task: Task) {
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
    pub(super) fn task(&self) -> Option<&Task> {
        self.sightings.last().map(|(_, task)| task)
    }

    pub(super) fn is_foreign(&self) -> bool {
        self.denied >= FOREIGN
    }

    /// Whether the targets are asked for it at `at`.
    pub(super) fn is_open(&self, at: Timestamp) -> bool {
        self.denied + 1 < FOREIGN || (!self.is_foreign() && at.since(self.since) >= FOREIGN_AFTER)
    }

    pub(super) fn start(&self) -> Option<Timestamp> {
        self.task().and_then(|task| task.start)
    }

    pub(super) fn stands_as(&self, task: &Task) -> bool {
        let state = |task: &Task| (task.status, task.start, task.end, task.counts);
        let place = |task: &Task| (task.status, task.start);
        self.task().is_some_and(|seen| match task.status {
            Status::Finished => state(seen) == state(task),
            _ => place(seen) == place(task),
        })
    }

    pub(super) fn ended_before(&self, moment: Timestamp) -> bool {
        self.task().is_some_and(|task| {
            task.status == Status::Finished && task.end.or(task.start).is_some_and(|end| end < moment)
        })
    }
}
