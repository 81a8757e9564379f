//! The standing of every target at one moment: what a page is made of. Immutable, and it carries its own time.

use super::tally::least;
use super::{
    ClockOffset, Counters, Facts, Failure, Ledger, Outcome, Stage, Status, Tally, Target, Task, TaskType, Timestamp,
    Trigger,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many tasks get series of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesLimits {
    /// For how long a finished task keeps them.
    pub finished_for: Duration,
    /// How many tasks of one target.
    pub target: usize,
    /// How many tasks of all targets together.
    pub total: usize,
}

/// How one (target, task type) was last read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// When it was last tried, well or not.
    pub last_attempt: Option<Timestamp>,
    /// When it was last read well.
    pub last_success: Option<Timestamp>,
    /// Whether that has been too long ago, even if our clock was set back since: live values are withdrawn until it is read
    /// well again.
    pub withdrawn: bool,
    /// Why the last refresh failed, if it did.
    pub failure: Option<Arc<Failure>>,
    /// Why a page far down the list could not be read when it was last tried, if so. What can be read is up to date.
    pub history_failure: Option<Arc<Failure>>,
    /// Why it is not tried, if the account's credential was refused.
    pub blocked: Option<Arc<Failure>>,
    /// How long the last refresh took, waiting for the budget included.
    pub duration: Option<Duration>,
    /// How many requests it took.
    pub requests: Option<u64>,
}

impl Reading {
    /// Whether the last refresh succeeded; nothing before the first one.
    pub fn up(&self) -> Option<bool> {
        match (self.trouble(), self.last_success) {
            (Some(_), _) => Some(false),
            (None, Some(_)) => Some(true),
            (None, None) => None,
        }
    }

    /// Why it cannot be said how things stand, if so.
    pub fn trouble(&self) -> Option<&Failure> {
        self.blocked.as_deref().or(self.failure.as_deref())
    }
}

/// One (target, task type): what is known of it, and how it was read.
#[derive(Clone, Debug)]
pub struct Book {
    /// Which task type.
    pub task_type: TaskType,
    /// All that is known.
    pub ledger: Ledger,
    /// How it was last read.
    pub reading: Reading,
    /// Without a good read for so long, it is not said any more how things stand.
    pub stale_after: Duration,
    /// How often a scan should succeed, as configured, for each trigger of which that is said.
    pub expected: BTreeMap<Trigger, Duration>,
    /// The cloud's clock less ours, in the account's last answer.
    pub cloud_ahead: ClockOffset,
}

/// One (target, task type) at one moment.
#[derive(Clone, Debug)]
pub struct ScanStanding {
    /// Which task type.
    pub task_type: TaskType,
    /// How it was last read.
    pub reading: Reading,
    /// Whether the window has been read without a gap, and every page of it could be read when it was last tried.
    pub complete: bool,
    /// How things stand; `None` before the first good read, and when that was too long ago.
    pub live: Option<Tally>,
    /// What stays true.
    pub facts: Facts,
    /// How often a scan should succeed, as configured, for each trigger of which that is said.
    pub expected: BTreeMap<Trigger, Duration>,
    /// The events so far.
    pub counters: Counters,
}

/// A task with series of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// The task.
    pub task: Task,
    /// When its run began, if it did.
    pub start: Option<Timestamp>,
    /// When its run ended, if it did.
    pub end: Option<Timestamp>,
}

/// One target at one moment.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The target.
    pub target: Arc<Target>,
    /// Its task types, in order.
    pub scans: Vec<ScanStanding>,
    /// The tasks that may have series of their own, the most important first; at most as many as the target's limit.
    pub tasks: Vec<TaskRow>,
    /// How many tasks there were before that limit.
    pub eligible_tasks: usize,
    /// When it will have changed by the passing of time alone.
    pub until: Option<Timestamp>,
}

/// A target in a snapshot.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its standing.
    pub standing: Arc<Standing>,
    /// How many of its tasks have series of their own; the first ones.
    pub task_series: usize,
}

impl Shown {
    /// The tasks that have series of their own.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskRow> {
        self.standing.tasks.iter().take(self.task_series)
    }

    /// How many tasks are withheld.
    pub fn withheld(&self) -> usize {
        self.standing.eligible_tasks.saturating_sub(self.task_series)
    }
}

/// What an account is held to.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountStanding {
    /// The label value `account`.
    pub name: Arc<str>,
    /// How many targets it has.
    pub targets: usize,
    /// How often each of them can be refreshed, in truth.
    pub refresh_interval: Duration,
    /// After how long without a good read their live families are withdrawn.
    pub stale_after: Duration,
    /// How many tasks of a project (by its name) and task type no target covers, where that is known.
    pub unwatched: BTreeMap<(Arc<str>, TaskType), u64>,
    /// Why it could not be found out, the last time, which targets there are; for targets that are discovered.
    pub undiscovered: Option<Arc<Failure>>,
}

/// The standing of every target at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// That moment, by our clock.
    pub at: Timestamp,
    /// The accounts, by name.
    pub accounts: Arc<[AccountStanding]>,
    /// The targets, by their labels.
    pub targets: Vec<Shown>,
    /// How many tasks get series of their own; `None`: no task does.
    pub series: Option<SeriesLimits>,
}

impl Standing {
    /// The standing of a target whose books, one a task type, are these, at `now` by our clock.
    pub fn of(target: &Arc<Target>, books: &[Book], series: Option<SeriesLimits>, now: Timestamp) -> Self {
        let mut until = None;
        let mut tasks = Vec::new();
        let scans = books.iter().map(|book| {
            let Book { task_type, ledger, reading, .. } = book;
            let fresh_until = reading.last_success.map(|last| last.plus(book.stale_after));
            let live = fresh_until.filter(|fresh_until| now < *fresh_until && !reading.withdrawn).map(|fresh_until| {
                let cloud_now = book.cloud_ahead.to_cloud(now);
                let tally = Tally::of(ledger, cloud_now);
                let tally_until = tally.until.map(|until| book.cloud_ahead.to_ours(until));
                until = least(least(until, tally_until), Some(fresh_until));
                if let Some(limits) = series {
                    let gone = add_rows(&mut tasks, ledger, limits, cloud_now);
                    until = least(until, gone.map(|gone| book.cloud_ahead.to_ours(gone)));
                }
                tally
            });
            ScanStanding {
                task_type: *task_type,
                reading: reading.clone(),
                complete: ledger.complete() && reading.history_failure.is_none(),
                live,
                facts: ledger.facts().clone(),
                expected: book.expected.clone(),
                counters: ledger.counters().clone(),
            }
        });
        let scans = scans.collect();
        let eligible_tasks = tasks.len();
        tasks.sort_by(|a, b| importance(b).cmp(&importance(a)).then_with(|| a.task.id.cmp(&b.task.id)));
        tasks.truncate(series.map_or(0, |limits| limits.target));
        Self { target: Arc::clone(target), scans, tasks, eligible_tasks, until }
    }
}

impl Snapshot {
    /// The snapshot of these standings at `now`. The total limit of task series is shared out fairly: what one target
    /// does not need goes to the others.
    pub fn of(
        now: Timestamp,
        accounts: Arc<[AccountStanding]>,
        standings: &[Arc<Standing>],
        series: Option<SeriesLimits>,
    ) -> Self {
        let wanted: Vec<usize> = standings.iter().map(|standing| standing.tasks.len()).collect();
        let level = fair_level(&wanted, series.map_or(0, |limits| limits.total));
        let mut targets: Vec<Shown> = standings
            .iter()
            .map(|standing| Shown { standing: Arc::clone(standing), task_series: standing.tasks.len().min(level) })
            .collect();
        targets.sort_by(|a, b| a.standing.target.labels().cmp(&b.standing.target.labels()));
        Self { at: now, accounts, targets, series }
    }

    /// When this snapshot will have changed by the passing of time alone.
    pub fn until(&self) -> Option<Timestamp> {
        self.targets.iter().filter_map(|shown| shown.standing.until).min()
    }
}

/// Adds the unfinished tasks and those that finished lately. Answers when the first of these will not be late any more.
fn add_rows(rows: &mut Vec<TaskRow>, ledger: &Ledger, limits: SeriesLimits, now: Timestamp) -> Option<Timestamp> {
    let mut until = None;
    for known in ledger.tasks() {
        let end = known.end();
        let gone = end.map(|end| end.plus(limits.finished_for));
        if gone.is_some_and(|gone| gone <= now) {
            continue;
        }
        until = least(until, gone);
        let start = match known.stage {
            Stage::Running { start, .. } => Some(start),
            Stage::Finished { .. } => known.task.start,
            Stage::Waiting { .. } | Stage::Unknown { .. } => None,
        };
        rows.push(TaskRow { task: known.task.clone(), start, end });
    }
    until
}

/// What is withheld last is greatest: running tasks, then waiting ones, then those with failures, then the others; of
/// the same sort the newest.
fn importance(row: &TaskRow) -> (u8, Option<Timestamp>) {
    let sort = match (row.task.status, row.task.counts.outcome()) {
        (Status::Running, _) => 3,
        (Status::Ready | Status::Other, _) => 2,
        (Status::Finished, Outcome::Failed | Outcome::Partial) => 1,
        (Status::Finished, Outcome::Success | Outcome::Empty) => 0,
    };
    (sort, row.end.or(row.start))
}

/// How many each may have so that all together have at most `total`, and none gets less for another's sake than it.
fn fair_level(wanted: &[usize], total: usize) -> usize {
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    let mut left = total;
    for (i, want) in wanted.iter().enumerate() {
        let share = left / (wanted.len() - i);
        if *want > share {
            return share;
        }
        left -= want;
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &[usize], total: usize, shown: &[usize]) {
        let level = fair_level(wanted, total);
        let got: Vec<usize> = wanted.iter().map(|want| (*want).min(level)).collect();
        assert_eq!(got, shown);
    }

    #[test]
    fn a_flood_in_one_target_takes_nothing_from_the_others() {
        check(&[3, 100, 5], 50, &[3, 42, 5]);
        check(&[3, 100, 100], 50, &[3, 23, 23]);
        check(&[10, 10], 7, &[3, 3]);
        check(&[10, 10], 20, &[10, 10]);
        check(&[], 20, &[]);
        check(&[4], 0, &[0]);
    }
}
