//! The run of a task that last went into the facts, and how another one is told from a correction of it.
//!
//! A status may turn to `finished` before `end_time` is written: until then it is absent, or repeats `start_time` as it does
//! while a task runs. Or it is wrong, and lies ahead. Such an end is not known; the run is the same when it becomes known.

use super::facts::SAME_RUN;
use super::time::DATE_GRAIN;
use super::{Task, Timestamp};
use std::time::Duration;

/// By so much the clocks differ that write `end_time` and the `Date` of an answer. An end further ahead is not believed
/// before its time has come.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// The run of a task that last went into the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LastRun {
    /// `start_time`. It stays when a task runs again in its place in the list.
    pub(super) start: Option<Timestamp>,
    /// When it ended, as the facts have it.
    pub(super) end: Timestamp,
    /// When it had ended for sure: at its end, or a later one that it had before; while no end is known, when it was first
    /// seen finished.
    pub(super) ended_by: Timestamp,
    /// Whether its end is known.
    pub(super) end_is_known: bool,
}

impl LastRun {
    /// Whether a finished task has had another run since, though it was not seen unfinished in between, if it shows this
    /// start and this end now. While the first one's end is not known, only another start tells.
    pub(super) fn is_followed_by(&self, start: Option<Timestamp>, end: Timestamp) -> bool {
        if self.end_is_known {
            end.since(self.ended_by) > SAME_RUN || start.is_some_and(|start| start > self.ended_by && start <= end)
        } else {
            began_later(start, self.start)
        }
    }

    /// Whether a run is this one, though its task was seen unfinished in between: an older copy of the list may have shown
    /// that.
    pub(super) fn is(&self, run: &Self) -> bool {
        let end_is_written = !self.end_is_known && run.end <= self.ended_by.plus(DATE_GRAIN);
        self.start == run.start && (self.end == run.end || end_is_written)
    }

    /// The same run as it reads now. What an older copy of the list shows takes nothing back.
    pub(super) fn corrected_to(self, run: Self) -> Self {
        if !run.end_is_known || run.start < self.start {
            return self;
        }
        let from_older_copy = self.end_is_known && self.ended_by.since(run.end) > SAME_RUN;
        let ended_by = if from_older_copy { self.ended_by } else { run.end };
        Self { ended_by, ..run }
    }
}

/// `end_time` of a finished task, if it can be believed on a page that was answered at `at`.
pub(super) fn known_end(task: &Task, at: Timestamp) -> Option<Timestamp> {
    task.end.filter(|end| Some(*end) != task.start && *end <= at.plus(CLOCKS_DIFFER))
}

/// Whether a start is so much later than the known one that another run began then.
pub(super) fn began_later(start: Option<Timestamp>, known: Option<Timestamp>) -> bool {
    start.zip(known).is_some_and(|(start, known)| start.since(known) > SAME_RUN)
}
