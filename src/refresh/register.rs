//! What a plan reads into: the ledger of one target, or those of all the targets that one list shows together.

use super::plan::LATE;
use crate::model::{Applied, CloudTime, Known, Ledger, Read, Status, Task, Timestamp, Trigger};
use std::sync::Arc;
use std::time::Duration;

/// Takes what pages show, and tells what is known already.
pub trait Register {
    /// Takes note of the setting of the cloud's clock with which what follows is read.
    fn rebase(&mut self, now: CloudTime);

    /// How long finished tasks are kept.
    fn window(&self) -> Duration;

    /// How many tasks the list holds in all, if the cloud has said.
    fn total(&self) -> Option<u64>;

    /// Whether the window has been read without a gap.
    fn complete(&self) -> bool;

    /// Whether the list has been read without a gap around this start.
    fn covers(&self, start: Timestamp) -> bool;

    /// Whether the list has been read without a gap around this start, and so far above it that a task with this start would
    /// have been shown, however late.
    fn has_passed(&self, start: Timestamp) -> bool {
        self.covers(start) && self.covers(start.plus(LATE))
    }

    /// Whether a task of this id is known.
    fn has(&self, id: &str) -> bool;

    /// Whether the cloud lists this task where and as it is known already.
    fn knows(&self, task: &Task) -> bool;

    /// Every task that is watched.
    fn tasks(&self) -> impl Iterator<Item = &Known>;

    /// Documented triggers of which no finished run is known.
    fn triggers_without_facts(&self) -> impl Iterator<Item = Trigger>;

    /// Takes in the tasks of a page that the cloud answered at `at` (its clock).
    fn apply(&mut self, at: Timestamp, tasks: Vec<Task>) -> Applied;

    /// Takes note that the cloud, asked for this task, does not know it.
    fn missed(&mut self, id: &str) -> Applied;

    /// Takes note of how many tasks the list holds in all. Answers whether that is news.
    fn count_total(&mut self, total: Option<u64>) -> bool;

    /// Takes note that so many tasks wait that no list has shown. Answers whether that is news.
    fn count_hidden_waiting(&mut self, hidden: u64) -> bool;

    /// Takes note that the list has been read without a gap between these starts.
    fn has_been_read(&mut self, read: Read);

    /// Whether nothing more is to be expected of any task that is known.
    fn is_quiet(&self) -> bool {
        self.tasks().all(Known::is_settled)
    }

    /// How many tasks run that are `meant`, leaving out those that the cloud does not know any more.
    fn running(&self, meant: impl Fn(&str) -> bool) -> u64 {
        let runs = |known: &&Known| known.task.status == Status::Running && !known.is_missed();
        self.tasks().filter(runs).filter(|known| meant(&known.task.id)).count() as u64
    }

    /// The ids of the tasks whose next step must be looked for where the list did not show them.
    fn to_follow(&self, at: Timestamp) -> impl Iterator<Item = &Arc<str>> {
        self.tasks().filter(move |known| known.to_follow(at)).map(|known| &known.task.id)
    }

    /// The ids of the tasks in this status.
    fn in_status(&self, status: Status) -> impl Iterator<Item = &Arc<str>> {
        self.tasks().filter(move |known| known.task.status == status).map(|known| &known.task.id)
    }
}

impl Register for Ledger {
    fn rebase(&mut self, now: CloudTime) {
        self.rebase(now);
    }

    fn window(&self) -> Duration {
        self.window()
    }

    fn total(&self) -> Option<u64> {
        self.total()
    }

    fn complete(&self) -> bool {
        self.complete()
    }

    fn covers(&self, start: Timestamp) -> bool {
        self.covers(start)
    }

    fn has(&self, id: &str) -> bool {
        self.has(id)
    }

    fn knows(&self, task: &Task) -> bool {
        self.knows(task)
    }

    fn tasks(&self) -> impl Iterator<Item = &Known> {
        self.tasks()
    }

    fn triggers_without_facts(&self) -> impl Iterator<Item = Trigger> {
        self.triggers_without_facts()
    }

    fn apply(&mut self, at: Timestamp, tasks: Vec<Task>) -> Applied {
        self.apply(at, tasks)
    }

    fn missed(&mut self, id: &str) -> Applied {
        self.missed(id)
    }

    fn count_total(&mut self, total: Option<u64>) -> bool {
        self.count_total(total)
    }

    fn count_hidden_waiting(&mut self, hidden: u64) -> bool {
        self.count_hidden_waiting(hidden)
    }

    fn has_been_read(&mut self, read: Read) {
        self.has_been_read(read);
    }
}
