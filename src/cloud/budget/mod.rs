//! The request budget: exactly so many attempts in any 61 seconds, whoever asks, in the order of asking; fewer while the
//! cloud says that there are too many.
//!
//! The vendor counts requests a minute per user and per source address, so accounts on one endpoint share a budget. A
//! permit comes back 61 seconds after its attempt *ended*: a token bucket lets nine through in the first minute of "five
//! a minute", and counting from the start would be early by the time that a connection and an answer take.

mod permits;
/// Hours of faults.
#[cfg(test)]
mod tests;

use crate::model::Failure;
use crate::model::observe::{Api, Note, Observe};
use permits::{End, Permits, Ticket, Turn};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// A budget that can be waited for. First come, first served.
pub(super) struct Budget {
    api: Api,
    observer: Arc<dyn Observe>,
    state: Mutex<State>,
    /// Held by whoever is next. It serves in the order of asking, and forgets those who no longer wait.
    queue: tokio::sync::Mutex<()>,
    /// An attempt has ended, well or not.
    ended: Notify,
}

struct State {
    permits: Permits,
    /// The accounts that share it.
    sharers: Vec<Arc<str>>,
    /// What they were last told that is allowed.
    told: Option<u32>,
    /// The last answer that said that there were too many requests.
    refusal: Option<Arc<Failure>>,
}

/// How long a permit was waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Waited {
    pub(super) in_all: Duration,
    /// Because the cloud wanted us to wait.
    pub(super) pausing: Duration,
}

/// Nobody sends for longer than somebody wanted to wait.
#[derive(Debug)]
pub(super) struct Paused {
    /// For how long.
    pub(super) left: Duration,
    /// Why: the cloud's answer.
    pub(super) refusal: Option<Arc<Failure>>,
}

impl Budget {
    pub(super) fn new(api: Api, limit: NonZeroU32, observer: Arc<dyn Observe>) -> Self {
        let state = State { permits: Permits::new(limit), sharers: Vec::new(), told: None, refusal: None };
        Self { api, observer, state: Mutex::new(state), queue: tokio::sync::Mutex::new(()), ended: Notify::new() }
    }

    /// An account shares it from now on, and is told of what is allowed.
    pub(super) fn join(&self, account: &Arc<str>) {
        let mut state = self.state();
        if !state.sharers.contains(account) {
            state.sharers.push(Arc::clone(account));
        }
        state.told = None;
        self.tell(&mut state);
    }

    /// Waits for a permit, as long as it takes; but of the pauses that the cloud wants no longer than `patience` in all. It
    /// belongs to one attempt, whose end it is to be told of, or is to be dropped then.
    ///
    /// # Errors
    /// When the pause is longer.
    pub(super) async fn permit(self: &Arc<Self>, patience: Duration) -> Result<(Permit, Waited), Paused> {
        let asked = Instant::now();
        let mut waited = Waited::default();
        // Nobody stands in line for what takes too long.
        self.check_pause(patience)?;
        let _next = match self.queue.try_lock() {
            Ok(next) => next,
            Err(_) => {
                let next = self.queue.lock().await;
                waited.in_all = asked.elapsed();
                next
            }
        };
        loop {
            self.check_pause(patience.saturating_sub(waited.pausing))?;
            let (looked, turn) = (Instant::now(), self.take());
            match turn {
                Turn::Taken(ticket) => {
                    return Ok((Permit { budget: Arc::clone(self), ticket, end: End::Other }, waited));
                }
                // An end may be a refusal, which changes everything.
                Turn::At(moment) | Turn::Paused(moment) => drop(timeout_at(moment, self.ended.notified()).await),
                Turn::AfterAnEnd => self.ended.notified().await,
            }
            waited.in_all = asked.elapsed();
            if matches!(turn, Turn::Paused(_)) {
                waited.pausing += looked.elapsed();
            }
        }
    }

    fn check_pause(&self, patience: Duration) -> Result<(), Paused> {
        let (state, now) = (self.state(), Instant::now());
        let left = state.permits.paused(now).map(|until| until - now);
        match left.filter(|left| *left > patience) {
            Some(left) => Err(Paused { left, refusal: state.refusal.clone() }),
            None => Ok(()),
        }
    }

    fn take(&self) -> Turn {
        let mut state = self.state();
        let turn = state.permits.take(Instant::now());
        self.tell(&mut state);
        turn
    }

    /// Tells all who share it what is allowed now, if that has changed.
    fn tell(&self, state: &mut State) {
        let allowed = state.permits.allowed(Instant::now());
        if state.told != Some(allowed) {
            state.told = Some(allowed);
            for account in &state.sharers {
                self.observer.note(Note::Budget { account, api: self.api, requests_per_minute: allowed });
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing can panic while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one attempt. It ends with this.
pub(super) struct Permit {
    budget: Arc<Budget>,
    ticket: Ticket,
    end: End,
}

impl Permit {
    /// The attempt has had a good answer.
    pub(super) fn good(mut self) {
        self.end = End::Good;
    }

    /// The attempt was refused, because there were too many. `dice` lies between 0 and 1.
    pub(super) fn throttled(mut self, refusal: &Failure, dice: f64) {
        self.end = End::Throttled { asked: refusal.retry_after, dice };
        self.budget.state().refusal = Some(Arc::new(refusal.clone()));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.budget.state();
        state.permits.end(Instant::now(), self.ticket, self.end);
        self.budget.tell(&mut state);
        drop(state);
        // Only the head of the queue waits for this; if there is none, the next one finds the note and looks once more.
        self.budget.ended.notify_one();
    }
}
