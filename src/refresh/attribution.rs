//! The tasks of a project, read in one list and divided among the targets that they belong to.
//!
//! The undivided list does not say which enterprise project a task belongs to. What a target's ledger has is its own.
//! What nobody has is a *stranger*, until a target's own list shows it; whom none shows, however often, is *foreign*.

mod division;
mod strangers;
mod worth;

pub use division::{Ask, Of, Parted, Together};
pub use strangers::Strangers;
pub use worth::Worth;

use super::register::Register;
use crate::model::{Applied, CloudTime, Event, Known, Ledger, Read, Status, Task, Timestamp, Trigger};
use std::time::Duration;
use strangers::{Missing, Stranger};

/// For how long a stranger is remembered after it was last seen: unfinished ones are shown by the hourly lists.
const REMEMBERED: Duration = Duration::from_secs(25 * 3600);

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
        task.status == Status::Finished && (old || task.start.is_some_and(|start| self.has_passed(start)))
    }

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

    fn attribute(&mut self, index: usize, Applied { events, changed }: Applied) -> Applied {
        self.ended.extend(events.into_iter().map(|event| (index, event)));
        Applied { events: Vec::new(), changed }
    }
}

impl Register for Undivided<'_> {
    fn rebase(&mut self, now: CloudTime) {
        self.members.iter_mut().for_each(|member| member.ledger.rebase(now));
        self.strangers.rebase(now.base);
    }

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
            None => task.status == Status::Finished && task.start.is_some_and(|start| self.has_passed(start)),
        }
    }

    fn tasks(&self) -> impl Iterator<Item = &Known> {
        self.joined().flat_map(Ledger::tasks)
    }

    /// Strangers, too, may be somebody's.
    fn is_quiet(&self) -> bool {
        let settled = |stranger: &Stranger| stranger.task().is_some_and(|task| task.status == Status::Finished);
        self.tasks().all(Known::is_settled)
            && self.strangers.tasks.values().all(|stranger| settled(stranger) && stranger.is_foreign())
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
        let known = self.members.get(index).and_then(|member| member.ledger.task(id)).filter(|known| known.is_missed());
        let Some(known) = known else { return self.missed_own(index, id) };
        let start = known.task.start.filter(|_| known.is_settled());
        self.strangers.missing.push(Missing { member: index, id: id.into(), start, gone: false });
        Applied::default()
    }

    fn count_total(&mut self, total: Option<u64>) -> bool {
        let news = total.is_some() && self.strangers.total != total;
        self.strangers.count(total);
        news
    }

    /// Nobody knows whose they are.
    fn count_hidden_waiting(&mut self, _: u64) -> bool {
        false
    }

    fn has_been_read(&mut self, Read { down_to, up_to }: Read) {
        let walked = self.strangers.walked.get_or_insert(Read { down_to, up_to });
        *walked = Read { down_to: down_to.min(walked.down_to), up_to: up_to.max(walked.up_to) };
    }
}
