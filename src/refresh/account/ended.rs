//! What a turn leaves behind: on the board, in the schedule, with the credential.

use super::{OwnScope, State, Work};
use crate::config::Watch;
use crate::model::observe::Note;
use crate::model::{Failure, Reason, Timestamp};
use crate::refresh::breaker::{Change, Ended};
use crate::refresh::memory::Memory;
use crate::refresh::plan::{PAGE_NEWS, Part};
use crate::refresh::run::STALE_INTERVALS;
use crate::refresh::walk::Walked;
use std::sync::Arc;
use std::time::Duration;

impl Work {
    /// A scope was read by itself.
    pub(super) fn scope_ended(&self, index: usize, scope: &OwnScope, part: Part, walked: Walked, took: Duration) {
        let Walked { memory, requests, answered, doubted, failure, set_aside } = walked;
        let failure = failure.map(Arc::new);
        let now = (self.shared.clock)();
        // A page far down that cannot be read takes nothing from what is known.
        let unread = if part == Part::Refresh {
            self.record(scope, &Read { now, failure: failure.clone(), took, requests });
            set_aside.map(|failure| (Part::History, Arc::new(failure)))
        } else {
            failure.clone().map(|failure| (part, failure))
        };
        self.record_history(index, scope, unread, if failure.is_none() { well_read(part, &memory) } else { &[] });
        let known = self.shared.board.write(scope.place, |book| (book.ledger.complete(), book.ledger.tasks().count()));
        let (complete, tasks) = known.unwrap_or_default();
        self.tell_company(index, part, &memory, failure.as_deref(), complete);
        let may_be_read_again = complete && (!memory.saw_all || self.has_company(index));
        let history = failure.is_none() && !complete && memory.unfinished.is_some();
        let pause = self.shared.reconcile_every / pages(tasks);
        // A page that could not be read again is tried sooner, and only while nothing else is due.
        let retry = part == Part::Reconcile && failure.is_some();
        let next = may_be_read_again.then(|| if retry { pause.min(scope.watch.interval) } else { pause });
        self.turn_ended(index, part, memory, Next { history, reconcile_in: next });
        // What a turn far down failed with does not stand in its scope's book.
        self.judge(index, answered, failure, &[index], part == Part::Refresh);
        self.doubt(doubted);
    }

    /// The credential was refused, if so, where nothing depended on it.
    pub(super) fn doubt(&self, doubted: bool) {
        if doubted {
            self.state().breaker.doubt();
        }
    }

    /// Writes into the book how a scope was refreshed.
    pub(super) fn record(&self, scope: &OwnScope, read: &Read) {
        let Read { now, failure, took, requests } = read;
        self.shared.board.write(scope.place, |book| {
            let reading = &mut book.reading;
            report(reading.failure.as_deref(), failure.as_deref(), scope);
            reading.last_attempt = Some(*now);
            reading.failure.clone_from(failure);
            reading.duration = Some(*took);
            reading.requests = Some(*requests);
        });
        if failure.is_none() {
            self.shared.board.read_well(scope.place, *now);
        }
    }

    /// Writes into the book which part of the scope's work could not read a page far down the list, and why, or that these
    /// parts `can` read theirs.
    pub(super) fn record_history(
        &self,
        index: usize,
        scope: &OwnScope,
        unread: Option<(Part, Arc<Failure>)>,
        can: &[Part],
    ) {
        let (part, failure) = unread.unzip();
        let mut state = self.state();
        let Some(slot) = state.slots.get_mut(index) else { return };
        if part.is_none() && !slot.history_failed.is_some_and(|failed| can.contains(&failed)) {
            return;
        }
        slot.history_failed = part;
        drop(state);
        self.shared.board.write(scope.place, |book| {
            report_history(book.reading.history_failure.as_deref(), failure.as_deref(), scope);
            book.reading.history_failure = failure;
        });
    }

    pub(super) fn turn_ended(&self, index: usize, part: Part, memory: Memory, next: Next) {
        let moment = self.started.elapsed();
        if let Some(slot) = self.state().slots.get_mut(index) {
            slot.clockwork.history = next.history;
            slot.clockwork.last_turn = Some(moment);
            slot.clockwork.reconcile_at = match (slot.clockwork.reconcile_at, next.reconcile_in) {
                (_, None) => None,
                (Some(at), _) if part != Part::Reconcile => Some(at),
                (_, Some(after)) => Some(moment.saturating_add(after)),
            };
            slot.memory = memory;
        }
        if part == Part::Refresh {
            self.keep_pace();
        }
    }

    /// Where the intervals have become longer, data may become older before it is withdrawn.
    fn keep_pace(&self) {
        let mut state = self.state();
        let State { slots, pace, .. } = &mut *state;
        let Some(stretch) = pace.news(slots.iter().map(|slot| slot.clockwork.heads)) else { return };
        drop(state);
        let kept = |watch: &Watch| {
            let interval = watch.interval.mul_f64(stretch);
            (interval, watch.stale_after.max(STALE_INTERVALS * interval))
        };
        for scope in &self.scopes {
            self.shared.board.write(scope.place, |book| book.stale_after = kept(&scope.watch).1);
        }
        let all = || self.scopes.iter().map(|scope| kept(&scope.watch));
        let longest = all().map(|(interval, _)| interval).max().zip(all().map(|(_, stale)| stale).max());
        if let Some((interval, stale_after)) = longest {
            self.shared.board.account(&self.name, |account| {
                (account.refresh_interval, account.stale_after) = (interval, stale_after);
            });
        }
    }

    /// What the turn says of the credential. Then how these scopes stand is published; they may `speak` for themselves, if
    /// the turn was about all of what they know.
    pub(super) fn judge(
        &self,
        index: usize,
        answered: bool,
        failure: Option<Arc<Failure>>,
        shown: &[usize],
        speak: bool,
    ) {
        let moment = self.started.elapsed();
        let failed = failure.is_some();
        let refusal = failure.filter(|failure| matches!(failure.reason, Reason::Auth | Reason::TokenExpired));
        let Some(project) = self.project_id(index) else { return };
        let mut state = self.state();
        if failed {
            state.failed = Some(moment);
        }
        let began = state.slots.get(index).map_or(moment, |slot| slot.began);
        let change = state.breaker.ended(&Ended { project, began, at: moment, answered, refusal: refusal.as_ref() });
        drop(state);
        self.follow(&change, if speak { shown } else { &[] }, moment);
        let targets = shown.iter().filter_map(|scope| Some(self.scopes.get(*scope)?.place.target));
        self.shared.board.publish(targets, (self.shared.clock)());
    }

    /// Does what follows from a change of the breaker's, which came of the turn of these scopes.
    fn follow(&self, change: &Change, own: &[usize], moment: Duration) {
        let account = &*self.name;
        let (blocked, told) = match change {
            Change::StillOpen => return,
            Change::None => {
                for scope in own.iter().filter_map(|own| self.scopes.get(*own)) {
                    self.shared.board.write(scope.place, |book| book.reading.blocked = None);
                }
                return;
            }
            Change::Opened(opened) => {
                let until = (self.shared.clock)().plus(opened.until.saturating_sub(moment));
                let told = opened.told(until);
                tracing::error!(account, failure = %told, "the credential was refused; no target of the account is read");
                (true, Some(told))
            }
            Change::Closed => {
                tracing::info!(account, "the credential is accepted again");
                let mut state = self.state();
                let others = state.slots.iter_mut().enumerate().filter(|(index, _)| !own.contains(index));
                others.for_each(|(_, slot)| slot.clockwork.last_attempt = None);
                (false, None)
            }
        };
        self.shared.observer.note(Note::Blocked { account, blocked });
        for (index, scope) in self.scopes.iter().enumerate() {
            let told = told.clone().filter(|_| !own.contains(&index));
            self.shared.board.write(scope.place, |book| book.reading.blocked = told);
            if blocked {
                self.tried(index);
            }
        }
        self.shared.board.publish(self.scopes.iter().map(|scope| scope.place.target), (self.shared.clock)());
    }
}

/// How a scope was read.
pub(super) struct Read {
    pub(super) now: Timestamp,
    pub(super) failure: Option<Arc<Failure>>,
    pub(super) took: Duration,
    pub(super) requests: u64,
}

/// What a slot has left to do.
#[derive(Default)]
pub(super) struct Next {
    pub(super) history: bool,
    pub(super) reconcile_in: Option<Duration>,
}

/// Which parts of a scope's work can read their pages far down the list, after this part ended well: those that have none
/// left, too.
fn well_read(part: Part, memory: &Memory) -> &'static [Part] {
    match part {
        Part::History => &[Part::History],
        Part::Reconcile => &[Part::Reconcile],
        Part::Refresh if memory.saw_all => &[Part::History, Part::Reconcile],
        Part::Refresh if memory.unfinished.is_none() => &[Part::History],
        Part::Refresh => &[],
    }
}

/// Whether the cloud does not let this be read, however often it is asked.
pub(super) const fn is_refusal(reason: Reason) -> bool {
    matches!(reason, Reason::Permission | Reason::Invalid | Reason::NotFound)
}

/// How many pages so many tasks fill.
fn pages(tasks: usize) -> u32 {
    u32::try_from(tasks.div_ceil(PAGE_NEWS)).unwrap_or(u32::MAX).saturating_add(1)
}

/// Says that a page far down a scope's list cannot be read, or why now for another reason, or that it can be again; not the
/// same thing twice.
fn report_history(before: Option<&Failure>, now: Option<&Failure>, OwnScope { watch, task_type, .. }: &OwnScope) {
    let (target, task_type) = (&watch.target, task_type.as_str());
    match (before, now) {
        (Some(_), None) => tracing::info!(scope = %target, task_type, "older tasks can be read again"),
        (before, Some(failure)) if before.map(|before| before.reason) != Some(failure.reason) => {
            tracing::warn!(scope = %target, task_type, %failure, "older tasks cannot be read");
        }
        (_, Some(failure)) => tracing::debug!(scope = %target, task_type, %failure, "older tasks still cannot be read"),
        (None, None) => {}
    }
}

/// Says that a scope is down, or why now for another reason, or that it is up again; not the same thing twice.
fn report(before: Option<&Failure>, now: Option<&Failure>, OwnScope { watch, task_type, .. }: &OwnScope) {
    let (target, task_type) = (&watch.target, task_type.as_str());
    match (before, now) {
        (Some(_), None) => tracing::info!(scope = %target, task_type, "refreshed again"),
        (before, Some(failure)) if before.map(|before| before.reason) != Some(failure.reason) => {
            tracing::warn!(scope = %target, task_type, %failure, "not refreshed");
        }
        (_, Some(failure)) => tracing::debug!(scope = %target, task_type, %failure, "still not refreshed"),
        (None, None) => {}
    }
}
