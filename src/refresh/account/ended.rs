//! What a turn leaves behind: on the board, in the schedule, with the credential.

use super::{OwnScope, State, Work};
use crate::config::Watch;
use crate::model::{Failure, Reading, Reason, Timestamp};
use crate::refresh::memory::Memory;
use crate::refresh::plan::{PAGE_NEWS, Part};
use crate::refresh::run::STALE_INTERVALS;
use crate::refresh::walk::Walked;
use std::sync::Arc;
use std::time::Duration;

impl Work {
    /// A scope was read by itself.
    pub(super) fn scope_ended(&self, index: usize, scope: &OwnScope, part: Part, walked: Walked, took: Duration) {
        let Walked { memory, requests, answered, doubted, failure } = walked;
        let failure = failure.map(Arc::new);
        let now = (self.shared.clock)();
        // A page far down that cannot be read again takes nothing from what is known.
        if part != Part::Reconcile {
            let read = Read { now, failure: failure.clone(), took, requests };
            self.record(scope, part, &read);
        }
        let known = self.shared.board.write(scope.place, |book| (book.ledger.complete(), book.ledger.tasks().count()));
        let (complete, tasks) = known.unwrap_or_default();
        self.tell_company(index, part, &memory, failure.as_deref(), complete);
        let may_be_read_again = complete && (!memory.saw_all || self.has_company(index));
        let history = failure.is_none() && !complete && memory.unfinished.is_some();
        let next = may_be_read_again.then(|| self.shared.reconcile_every / pages(tasks));
        self.turn_ended(index, part, memory, Next { history, reconcile_in: next });
        self.judge(index, answered, failure, [scope.place.target], now);
        self.doubt(doubted);
    }

    /// The credential was refused, if so, where nothing depended on it.
    pub(super) fn doubt(&self, doubted: bool) {
        if doubted {
            self.state().gate.doubt();
        }
    }

    /// Writes into the book how a scope was read.
    pub(super) fn record(&self, scope: &OwnScope, part: Part, read: &Read) {
        let Read { now, failure, took, requests } = read;
        self.shared.board.write(scope.place, |book| {
            let reading = &mut book.reading;
            report(reading.failure.as_deref(), failure.as_deref(), scope);
            if part == Part::Refresh || failure.is_some() {
                reading.last_attempt = Some(*now);
                reading.failure.clone_from(failure);
            }
            if part == Part::Refresh {
                reading.duration = Some(*took);
                reading.requests = Some(*requests);
            }
            if part == Part::Refresh && failure.is_none() {
                reading.last_success = Some(*now);
            }
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

    /// What the turn says of the credential; then how these targets stand is published.
    pub(super) fn judge(
        &self,
        index: usize,
        answered: bool,
        failure: Option<Arc<Failure>>,
        targets: impl IntoIterator<Item = usize>,
        now: Timestamp,
    ) {
        let moment = self.started.elapsed();
        let refused = failure.filter(|failure| matches!(failure.reason, Reason::Auth | Reason::TokenExpired));
        let mut state = self.state();
        let refused_now = refused.as_ref().map(|_| moment);
        let before = state.slots.get_mut(index).and_then(|slot| std::mem::replace(&mut slot.refused, refused_now));
        if answered {
            state.gate.good(moment);
        }
        let closed = refused.filter(|failure| state.gate.refused(moment, self.interval, before, failure));
        drop(state);
        match closed {
            Some(failure) => self.all_refused(&failure),
            None => self.shared.board.publish(targets, now),
        }
    }

    /// The credential was refused: what holds for one scope holds for all.
    fn all_refused(&self, failure: &Arc<Failure>) {
        tracing::error!(account = %self.name, %failure, "the credential was refused; no target of the account is read");
        for scope in &self.scopes {
            self.shared.board.write(scope.place, |book| {
                let Reading { failure: last, .. } = &mut book.reading;
                *last = Some(Arc::clone(failure));
            });
        }
        self.shared.board.publish(self.scopes.iter().map(|scope| scope.place.target), (self.shared.clock)());
        for index in 0..self.scopes.len() {
            self.tried(index);
        }
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

/// Whether the cloud does not let this be read, however often it is asked.
pub(super) const fn is_refusal(reason: Reason) -> bool {
    matches!(reason, Reason::Permission | Reason::Invalid | Reason::NotFound)
}

/// How many pages so many tasks fill.
fn pages(tasks: usize) -> u32 {
    u32::try_from(tasks.div_ceil(PAGE_NEWS)).unwrap_or(u32::MAX).saturating_add(1)
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
