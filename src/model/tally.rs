//! How things stand now in one (target, task type): the ledger's tasks, counted and summed.

use super::{Counts, Known, Ledger, Outcome, Stage, Status, Timestamp, Trigger};
use std::collections::BTreeMap;
use std::time::Duration;

/// What the tasks come to at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Tasks that HSS lists, by status; finished ones only if HSS has said how many tasks there are in all.
    pub statuses: BTreeMap<Status, u64>,
    /// Runs that ended within the window, for every trigger and outcome.
    pub recent: BTreeMap<(Trigger, Outcome), u64>,
    /// What the running tasks have done, together.
    pub running: Running,
    /// The unfinished tasks of each trigger that has any.
    pub unfinished: BTreeMap<Trigger, Unfinished>,
    /// When the next run leaves the window, if none comes: the tally changes then.
    pub until: Option<Timestamp>,
}

/// Sums over the running tasks; what the API left out counts as none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Clusters that are being scanned.
    pub scanning: u64,
    /// Clusters or files that were scanned well.
    pub success: u64,
    /// Clusters or files that were not.
    pub failed: u64,
    /// Files that are still to be scanned.
    pub remaining: u64,
}

/// What is waiting for, of one trigger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// The longest time that a running task says it still needs.
    pub estimated_remaining: Option<Duration>,
    /// The earliest end that a running task gave when it was first asked.
    pub earliest_estimated_end: Option<Timestamp>,
    /// When the oldest running task began.
    pub oldest_running_start: Option<Timestamp>,
    /// When the oldest waiting task was first seen.
    pub oldest_ready_first_seen: Option<Timestamp>,
}

impl Tally {
    /// Counts the tasks of a ledger as they stand at `now`, by the cloud's clock.
    pub fn of(ledger: &Ledger, now: Timestamp) -> Self {
        let horizon = now.minus(ledger.window());
        let mut tally = Self {
            statuses: Status::ALL.map(|status| (status, 0)).into(),
            recent: Trigger::ALL.iter().flat_map(|t| Outcome::ALL.map(|outcome| ((*t, outcome), 0))).collect(),
            running: Running::default(),
            unfinished: BTreeMap::new(),
            until: None,
        };
        for known in ledger.tasks() {
            match known.stage {
                Stage::Finished { end, .. } if end > horizon => {
                    *tally.recent.entry((known.task.trigger, known.task.counts.outcome())).or_default() += 1;
                    tally.until = least(tally.until, Some(end.plus(ledger.window())));
                }
                Stage::Finished { .. } => {}
                _ => tally.add_unfinished(known),
            }
        }
        *tally.statuses.entry(Status::Ready).or_default() += ledger.hidden_waiting();
        let unfinished = tally.statuses.values().sum();
        match ledger.total() {
            Some(total) => tally.statuses.insert(Status::Finished, total.saturating_sub(unfinished)),
            None => tally.statuses.remove(&Status::Finished),
        };
        tally
    }

    fn add_unfinished(&mut self, known: &Known) {
        *self.statuses.entry(known.task.status).or_default() += 1;
        let unfinished = self.unfinished.entry(known.task.trigger).or_default();
        match known.stage {
            Stage::Waiting { since } => {
                unfinished.oldest_ready_first_seen = least(unfinished.oldest_ready_first_seen, Some(since));
            }
            Stage::Running { start, estimated_end, .. } => {
                unfinished.oldest_running_start = least(unfinished.oldest_running_start, Some(start));
                unfinished.earliest_estimated_end = least(unfinished.earliest_estimated_end, estimated_end);
                unfinished.estimated_remaining = unfinished.estimated_remaining.max(known.task.estimated_remaining);
                self.running.add(known.task.counts);
            }
            Stage::Unknown { .. } | Stage::Finished { .. } => {}
        }
    }
}

impl Running {
    fn add(&mut self, counts: Counts) {
        let (success, failed) = counts.done();
        self.success = self.success.saturating_add(success);
        self.failed = self.failed.saturating_add(failed);
        match counts {
            Counts::Clusters { scanning, .. } => self.scanning = self.scanning.saturating_add(scanning.unwrap_or(0)),
            Counts::Files { total, .. } => {
                let remaining = total.unwrap_or(0).saturating_sub(success.saturating_add(failed));
                self.remaining = self.remaining.saturating_add(remaining);
            }
        }
    }
}

/// The lesser of two moments, if there are any.
pub(super) fn least(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}
