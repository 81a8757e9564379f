//! One task as it is known, and what it means to see it once more: which of its runs thereby ended.

use super::facts::{Event, Kind, Run, SAME_RUN};
use super::last_run::{LastRun, began_later, known_end};
use super::{ClockOffset, Scan, Status, Task, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// How long an odd result (empty, still scanning, more done than there was, without a credible end) may settle before it
/// counts.
pub const SETTLE: Duration = Duration::from_secs(60);

/// How old a copy of the list may be that an answer comes from.
const OLD_COPY: Duration = Duration::from_secs(120);

/// No scan takes so long: an estimate like that, or one of no time at all, stands for "not known yet". Believed, it would
/// hide that the scan is overdue, or make it so at once.
const LONGEST_ESTIMATE: Duration = Duration::from_secs(30 * 24 * 3600);

/// For how long a task with a status that we do not know is asked after.
pub(super) const FOLLOW_UNKNOWN: Duration = Duration::from_secs(24 * 3600);

/// How far a known task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Ready to run.
    Waiting {
        /// When it was first seen so: the API gives no creation time.
        since: Timestamp,
    },
    /// Running.
    Running {
        /// When this run began; of a retried task, when it was seen running again.
        start: Timestamp,
        /// When it was first given a credible estimate, plus that estimate: the estimates that follow may stand still.
        estimated_end: Option<Timestamp>,
        /// Whether an earlier run of this task is known to have ended.
        again: bool,
    },
    /// Finished.
    Finished {
        /// When the run ended. Where `end_time` is absent, when it was first seen finished, or of history its start; where
        /// `end_time` is not credible, its start until it is.
        end: Timestamp,
        /// Since when its odd result has time to settle. `None`: it is in the facts.
        settling_since: Option<Timestamp>,
    },
    /// In a status that we do not know.
    Unknown {
        /// When it was first seen so.
        since: Timestamp,
    },
}

/// A task of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// As last seen, but for what a label shows: that stays as it was when first given.
    pub task: Task,
    /// How far it is.
    pub stage: Stage,
    /// When it was last seen.
    pub(super) last_seen: Timestamp,
    /// In how many refreshes in a row the cloud did not know it.
    pub(super) misses: u8,
    /// The run that last went into the facts.
    last_run: Option<LastRun>,
}

/// A task, seen once more.
pub(super) struct Seen {
    pub(super) known: Known,
    /// The runs that thereby ended: mostly none, at most two.
    pub(super) ended: Vec<Event>,
    /// A run that had ended before, and now reads differently.
    pub(super) corrected: Option<Event>,
}

impl Known {
    /// When a finished task ended.
    pub fn end(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Finished { end, .. } => Some(end),
            _ => None,
        }
    }

    /// When the run that began at `start` ended by the facts, if it is in them. For a list that gives no credible end.
    fn end_of_run(&self, start: Option<Timestamp>) -> Option<Timestamp> {
        match self.stage {
            Stage::Finished { end, .. } => Some(end).filter(|_| !began_later(start, self.task.start)),
            // Seen unfinished so soon after its end, it may have been seen in an older copy.
            _ => {
                let run =
                    self.last_run.filter(|run| run.start == start && self.last_seen.since(run.ended_by) <= OLD_COPY);
                run.map(|run| run.end)
            }
        }
    }

    /// Of a finished task, whether the list has given an end that can be believed.
    pub(super) fn end_is_known(&self) -> bool {
        known_end(&self.task, self.last_seen).is_some()
    }

    /// The run with which a finished task ended.
    fn run(&self) -> Option<LastRun> {
        match self.stage {
            Stage::Finished { end, settling_since: Some(since) } => Some(self.run_that_ended(end, since)),
            Stage::Finished { settling_since: None, .. } => self.last_run,
            _ => None,
        }
    }

    /// The run that ended at `end`, and was first seen finished at `seen`.
    fn run_that_ended(&self, end: Timestamp, seen: Timestamp) -> LastRun {
        let end_is_known = self.end_is_known();
        LastRun { start: self.task.start, end, ended_by: if end_is_known { end } else { seen }, end_is_known }
    }

    /// Whether the cloud, last asked for it, did not know it.
    pub fn is_missed(&self) -> bool {
        self.misses > 0
    }

    /// Whether nothing more is to be expected of it: it is finished, and its result stands.
    pub fn is_settled(&self) -> bool {
        matches!(self.stage, Stage::Finished { settling_since: None, .. })
    }

    /// A moment that was not after its start: where it stands in the list now, unless it runs again.
    pub fn begun_after(&self) -> Timestamp {
        let seen = match self.stage {
            Stage::Waiting { since } | Stage::Unknown { since } => since,
            Stage::Running { start, .. } => start,
            Stage::Finished { end, .. } => end,
        };
        // The list's starts are finer than the moments at which we see.
        self.task.start.unwrap_or(seen).minus(SAME_RUN)
    }

    /// Sees `task` at `at`, which was known as `before`. `history`: what is finished already has had its time to settle.
    pub(super) fn see(before: Option<Self>, mut task: Task, at: Timestamp, history: bool) -> Seen {
        if let Some(before) = &before {
            task.name = before.task.name.clone().or(task.name);
            task.trigger = before.task.trigger;
            task.scan = first_given(before.task.scan, task.scan);
            if before.takes_end_from_older_copy(&task, at) {
                task.end = before.task.end;
            }
        }
        let stage = next_stage(before.as_ref(), &task, at, history);
        let mut ended = Vec::new();
        let mut last_run = before.as_ref().and_then(|before| before.last_run);
        if let Some(before) = &before
            && let Stage::Finished { end, settling_since: Some(_) } = before.stage
            && before.run_is_over(&task, stage)
            && !before.is_in_facts()
        {
            // It ran again before its result had settled: the result stands as it was.
            ended.push(before.event(end));
            last_run = before.run();
        }
        let mut known = Self { task, stage, last_seen: at, misses: 0, last_run };
        let mut corrected = None;
        if let Stage::Finished { end, settling_since: None } = stage {
            let first_seen = match before.as_ref().map(|before| before.stage) {
                Some(Stage::Finished { settling_since: Some(since), .. }) => since,
                _ => at,
            };
            let in_facts = matches!(&before, Some(Self { stage: Stage::Finished { settling_since: None, .. }, .. }));
            let run = known.run_that_ended(end, first_seen);
            let new_run = last_run.is_none_or(|last_run| match in_facts {
                true => last_run.is_followed_by(run.start, end),
                // The list may be served from copies of different age: the very same run seen again is not another.
                false => !last_run.is(&run),
            });
            known.last_run = Some(last_run.filter(|_| !new_run).map_or(run, |last_run| last_run.corrected_to(run)));
            if new_run {
                ended.push(known.event(end));
            } else if before.is_some_and(|before| !before.same_as(&known)) {
                corrected = Some(known.event(end));
            }
        }
        Seen { known, ended, corrected }
    }

    /// Whether `task`, which gives no credible end, is the finished run whose end is known: an older copy of the list
    /// shows it.
    fn takes_end_from_older_copy(&self, task: &Task, at: Timestamp) -> bool {
        task.status == Status::Finished
            && known_end(task, at).is_none()
            && self.end().is_some()
            && self.end_is_known()
            && !began_later(task.start, self.task.start)
    }

    /// Whether the run with which it seemed finished is over, now that it shows as `task`, in this stage.
    fn run_is_over(&self, task: &Task, stage: Stage) -> bool {
        match stage {
            Stage::Finished { end, .. } => self.run().is_some_and(|run| run.is_followed_by(task.start, end)),
            _ => !self.had_not_ended(task),
        }
    }

    /// Whether it seemed finished, without a credible end and before its result had settled, and goes on as `task` with the
    /// start that it had.
    fn had_not_ended(&self, task: &Task) -> bool {
        let settling = matches!(self.stage, Stage::Finished { settling_since: Some(_), .. });
        settling && !self.end_is_known() && task.start == self.task.start
    }

    /// Whether the run with which it ended is in the facts. It may have to settle once more, when an older copy of the list
    /// has shown it unfinished.
    fn is_in_facts(&self) -> bool {
        self.last_run.zip(self.run()).is_some_and(|(last_run, run)| last_run.is(&run))
    }

    /// Lets a result stand that the cloud cannot be asked about any more. Answers the run that thereby ended.
    pub(super) fn settle(&mut self) -> Option<Event> {
        let Stage::Finished { end, settling_since: Some(_) } = self.stage else { return None };
        if self.is_in_facts() {
            return None;
        }
        self.last_run = self.run();
        self.stage = Stage::Finished { end, settling_since: None };
        Some(self.event(end))
    }

    /// The clock by which it was seen was corrected. What the list itself says of it stays.
    pub(super) fn correct(&mut self, by: ClockOffset) {
        by.correct(&mut self.last_seen);
        let Task { start: said_start, end: said_end, .. } = self.task;
        match &mut self.stage {
            Stage::Waiting { since } | Stage::Unknown { since } => by.correct(since),
            Stage::Running { start, estimated_end, again } => {
                if *again || said_start.is_none() {
                    by.correct(start);
                }
                estimated_end.iter_mut().for_each(|end| by.correct(end));
            }
            Stage::Finished { end, settling_since } => {
                settling_since.iter_mut().for_each(|since| by.correct(since));
                if said_end.is_none() && Some(*end) != said_start {
                    self.last_run.iter_mut().filter(|run| run.end == *end).for_each(|run| by.correct(&mut run.end));
                    by.correct(end);
                }
            }
        }
        self.last_run.iter_mut().filter(|run| !run.end_is_known).for_each(|run| by.correct(&mut run.ended_by));
    }

    /// Whether seeing it next must be looked for: it is running, or its result has had time to settle, or its status is
    /// unknown and was not so for long. What waits shows at the head of the list once it runs.
    pub fn to_follow(&self, at: Timestamp) -> bool {
        match self.stage {
            Stage::Running { .. } => true,
            Stage::Unknown { since } => at.since(since) <= FOLLOW_UNKNOWN,
            Stage::Finished { settling_since: Some(since), .. } => at.since(since) >= SETTLE,
            Stage::Waiting { .. } | Stage::Finished { .. } => false,
        }
    }

    /// Whether `task` shows it where it was: the progress of a running task moves nothing in the list.
    pub(super) fn stands_as(&self, task: &Task) -> bool {
        let settling = matches!(self.stage, Stage::Finished { settling_since: Some(_), .. });
        let finished_alike = task.status != Status::Finished
            || (!settling && (task.end, task.counts) == (self.task.end, self.task.counts));
        (task.status, task.start) == (self.task.status, self.task.start) && finished_alike
    }

    /// Whether nothing that is shown anywhere differs.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.task == other.task && self.stage == other.stage
    }

    fn event(&self, end: Timestamp) -> Event {
        let Task { id, start, counts, trigger, scan, .. } = &self.task;
        let run = Run { id: Arc::clone(id), start: *start, end, end_is_known: self.end_is_known(), counts: *counts };
        Event { kind: Kind { trigger: *trigger, scan: *scan }, run }
    }
}

fn next_stage(before: Option<&Known>, task: &Task, at: Timestamp, history: bool) -> Stage {
    let stage = before.map(|before| before.stage);
    match task.status {
        Status::Ready => match stage {
            Some(Stage::Waiting { since }) => Stage::Waiting { since },
            _ => Stage::Waiting { since: at },
        },
        Status::Other => match stage {
            Some(Stage::Unknown { since }) => Stage::Unknown { since },
            _ => Stage::Unknown { since: at },
        },
        Status::Running => {
            let credible = |estimate: &Duration| !estimate.is_zero() && *estimate <= LONGEST_ESTIMATE;
            let estimate = task.estimated_remaining.filter(credible).map(|remaining| at.plus(remaining));
            let ran_before = before.is_some_and(|before| {
                before.last_run.is_some() || (before.end().is_some() && !before.had_not_ended(task))
            });
            match stage {
                Some(Stage::Running { start, estimated_end, again }) => {
                    let start = if again { start } else { task.start.unwrap_or(start) };
                    Stage::Running { start, estimated_end: estimated_end.or(estimate), again }
                }
                _ if ran_before => Stage::Running { start: at, estimated_end: estimate, again: true },
                _ => Stage::Running { start: task.start.unwrap_or(at), estimated_end: estimate, again: false },
            }
        }
        Status::Finished => {
            let end = known_end(task, at)
                .or_else(|| before.and_then(|before| before.end_of_run(task.start)))
                .or_else(|| begin_of_run(stage, task, at).filter(|_| history || task.end.is_some()))
                .unwrap_or(at);
            let unsettled = task.counts.unsettled() || known_end(task, at).is_none();
            let settling_since = match (stage, before.and_then(Known::run)) {
                _ if history || !unsettled => None,
                (Some(Stage::Finished { settling_since, .. }), Some(run)) if !run.is_followed_by(task.start, end) => {
                    settling_since.filter(|since| at.since(*since) < SETTLE)
                }
                _ => Some(at),
            };
            Stage::Finished { end, settling_since }
        }
    }
}

/// When the run began that a task in this stage has ended as `task`, which was shown at `at`. A start that lies ahead is no
/// better than an end that does.
fn begin_of_run(stage: Option<Stage>, task: &Task, at: Timestamp) -> Option<Timestamp> {
    let start = match stage {
        Some(Stage::Running { start, again: true, .. }) => Some(start),
        _ => task.start,
    };
    start.map(|start| start.min(at))
}

/// A label may go once from empty to a value, and then stays.
fn first_given(known: Scan, seen: Scan) -> Scan {
    if known.as_str().is_empty() { seen } else { known }
}
