//! The work on one account: whose turn it is, as far as its credential's breaker lets it, and what a turn leaves behind.

use super::board::{Board, Place};
use super::breaker::{Breaker, Change, Ended};
use super::memory::Memory;
use super::plan::{PAGE_NEWS, Part};
use super::schedule::{self, Clockwork, Next};
use super::walk::{Scope, Walked, walk};
use crate::cloud::Clock;
use crate::config::{Account, Watch};
use crate::hss::TaskList;
use crate::model::observe::{Note, Observe};
use crate::model::{Failure, Reason, TaskType};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

/// How often it is looked whether a refused credential has been mended.
const LOOK_AT_CREDENTIAL: Duration = Duration::from_secs(2);

/// What all accounts share.
pub(super) struct Shared {
    pub(super) board: Arc<Board>,
    pub(super) observer: Arc<dyn Observe>,
    pub(super) clock: Clock,
    /// How long one reading of the whole window may take.
    pub(super) reconcile_every: Duration,
    /// How many scopes have not had their first turn.
    pub(super) untried: watch::Sender<usize>,
}

/// One account, at work.
pub(super) struct Work {
    name: Arc<str>,
    list: TaskList,
    scopes: Vec<OwnScope>,
    state: Mutex<State>,
    shared: Arc<Shared>,
    started: Instant,
}

struct OwnScope {
    watch: Arc<Watch>,
    task_type: TaskType,
    place: Place,
}

struct State {
    breaker: Breaker,
    scopes: Vec<ScopeState>,
    heads_in_a_row: u32,
}

struct ScopeState {
    clockwork: Clockwork,
    memory: Memory,
    tried: bool,
    /// When its last turn began.
    began: Duration,
}

impl Work {
    /// The work on `account`, whose first target has this place on the board.
    pub(super) fn new(account: &Account, first_place: usize, list: TaskList, shared: Arc<Shared>) -> Self {
        let mut scopes = Vec::new();
        let mut states = Vec::new();
        for (target, watch) in (first_place..).zip(&account.watches) {
            let watch = Arc::new(watch.clone());
            for (scan, task_type) in watch.types.iter().enumerate() {
                let place = Place { target, scan };
                scopes.push(OwnScope { watch: Arc::clone(&watch), task_type: *task_type, place });
                let clockwork = Clockwork {
                    interval: watch.interval,
                    last_attempt: None,
                    last_turn: None,
                    history: false,
                    reconcile_at: None,
                    busy: false,
                };
                states.push(ScopeState { clockwork, memory: Memory::default(), tried: false, began: Duration::ZERO });
            }
        }
        Self {
            name: Arc::clone(&account.name),
            list,
            scopes,
            state: Mutex::new(State { breaker: Breaker::default(), scopes: states, heads_in_a_row: 0 }),
            shared,
            started: Instant::now(),
        }
    }

    /// Refreshes the account's scopes, for as long as it is polled.
    pub(super) async fn run(self: Arc<Self>) {
        let mut turns = JoinSet::new();
        let mut whose: HashMap<Id, usize> = HashMap::new();
        loop {
            let wait = match self.next(turns.len()) {
                Next::Turn(index, part) => {
                    let turn = turns.spawn(Arc::clone(&self).turn(index, part));
                    whose.insert(turn.id(), index);
                    continue;
                }
                Next::Wait(until) => Some(self.started + until),
                Next::Busy => None,
            };
            let ended = tokio::select! {
                Some(ended) = turns.join_next_with_id() => ended,
                () = sleep_until(wait) => continue,
            };
            match ended {
                Ok((id, ())) => drop(whose.remove(&id)),
                Err(error) => {
                    if let Some(index) = whose.remove(&error.id()) {
                        tracing::error!(account = %self.name, %error, "a refresh broke off: this is a defect");
                        self.release(index);
                    }
                }
            }
        }
    }

    fn next(&self, under_way: usize) -> Next {
        let now = self.started.elapsed();
        let mut state = self.state();
        if state.breaker.credential(self.list.credential_generation(), now) {
            state.scopes.iter_mut().for_each(|scope| scope.clockwork.last_attempt = None);
        }
        if let Some(until) = state.breaker.rests(now) {
            return Next::Wait(until.min(now + LOOK_AT_CREDENTIAL));
        }
        if under_way >= state.breaker.lanes() {
            return Next::Busy;
        }
        let scopes = self.scopes.iter().zip(&state.scopes);
        let scopes: Vec<_> = scopes.map(|(own, scope)| (&*own.watch.target.project.id, scope.clockwork)).collect();
        let next = schedule::next(&state.breaker.admitted(&scopes, now), now, state.heads_in_a_row);
        match next {
            Next::Turn(_, Part::Refresh) => state.heads_in_a_row = state.heads_in_a_row.saturating_add(1),
            Next::Turn(_, Part::History) => state.heads_in_a_row = 0,
            Next::Turn(_, Part::Reconcile) | Next::Wait(_) | Next::Busy => {}
        }
        if let Next::Turn(index, part) = next
            && let Some(ScopeState { clockwork, began, .. }) = state.scopes.get_mut(index)
        {
            *began = now;
            clockwork.busy = true;
            if part == Part::Refresh {
                clockwork.last_attempt = Some(now);
            }
        }
        match next {
            Next::Wait(until) if state.breaker.doubted() => Next::Wait(until.min(now + LOOK_AT_CREDENTIAL)),
            next => next,
        }
    }

    async fn turn(self: Arc<Self>, index: usize, part: Part) {
        let Some(OwnScope { watch, task_type, place }) = self.scopes.get(index) else { return };
        let memory = self.state().scopes.get_mut(index).map(|scope| std::mem::take(&mut scope.memory));
        let began = Instant::now();
        let scope = Scope { watch, task_type: *task_type, place: *place };
        let Shared { board, observer, clock, .. } = &*self.shared;
        let walked = walk(part, memory.unwrap_or_default(), &scope, board, &self.list, &**observer, &**clock).await;
        self.ended(index, part, walked, began.elapsed());
    }

    fn ended(&self, index: usize, part: Part, walked: Walked, took: Duration) {
        let Walked { memory, requests, answered, failure } = walked;
        let Some(scope) = self.scopes.get(index) else { return };
        let failure = failure.map(Arc::new);
        let now = (self.shared.clock)();
        self.shared.board.write(scope.place, |book| {
            let reading = &mut book.reading;
            // A page far down that cannot be read again takes nothing from what is known.
            if part == Part::Reconcile {
                return;
            }
            report(reading.failure.as_deref(), failure.as_deref(), scope);
            if part == Part::Refresh || failure.is_some() {
                reading.last_attempt = Some(now);
                reading.failure.clone_from(&failure);
            }
            if part == Part::Refresh {
                reading.duration = Some(took);
                reading.requests = Some(requests);
            }
            if part == Part::Refresh && failure.is_none() {
                reading.last_success = Some(now);
            }
        });
        let known = self.shared.board.write(scope.place, |book| (book.ledger.complete(), book.ledger.tasks().count()));
        let (complete, tasks) = known.unwrap_or_default();
        let refused = failure.clone().filter(|failure| matches!(failure.reason, Reason::Auth | Reason::TokenExpired));
        let mut state = self.state();
        let moment = self.started.elapsed();
        let mut began = moment;
        if let Some(scope) = state.scopes.get_mut(index) {
            scope.clockwork.history = failure.is_none() && !complete && memory.unfinished.is_some();
            scope.clockwork.last_turn = Some(moment);
            scope.clockwork.reconcile_at = match scope.clockwork.reconcile_at {
                _ if !complete || memory.saw_all => None,
                Some(at) if part != Part::Reconcile => Some(at),
                _ => Some(moment.saturating_add(self.shared.reconcile_every / pages(tasks))),
            };
            scope.memory = memory;
            began = scope.began;
        }
        let project = &scope.watch.target.project.id;
        let change = state.breaker.ended(&Ended { project, began, at: moment, answered, refusal: refused.as_ref() });
        drop(state);
        // What a turn far down failed with does not stand in its scope's book.
        self.follow(&change, Some(index).filter(|_| part != Part::Reconcile), moment);
        self.shared.board.publish([scope.place.target], now);
        self.release(index);
    }

    /// Does what follows from a change of the breaker's, which came of the turn of the scope `own`, if it may speak for
    /// itself.
    fn follow(&self, change: &Change, own: Option<usize>, moment: Duration) {
        let account = &*self.name;
        let (blocked, told) = match change {
            Change::StillOpen => return,
            Change::None => {
                if let Some(scope) = own.and_then(|own| self.scopes.get(own)) {
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
                let others = state.scopes.iter_mut().enumerate().filter(|(index, _)| own != Some(*index));
                others.for_each(|(_, scope)| scope.clockwork.last_attempt = None);
                (false, None)
            }
        };
        self.shared.observer.note(Note::Blocked { account, blocked });
        for (index, scope) in self.scopes.iter().enumerate() {
            let told = told.clone().filter(|_| own != Some(index));
            self.shared.board.write(scope.place, |book| book.reading.blocked = told);
            if blocked {
                self.tried(index);
            }
        }
        self.shared.board.publish(self.scopes.iter().map(|scope| scope.place.target), (self.shared.clock)());
    }

    fn release(&self, index: usize) {
        if let Some(scope) = self.state().scopes.get_mut(index) {
            scope.clockwork.busy = false;
        }
        self.tried(index);
    }

    fn tried(&self, index: usize) {
        let first_time =
            self.state().scopes.get_mut(index).is_some_and(|scope| !std::mem::replace(&mut scope.tried, true));
        if first_time {
            self.shared.untried.send_modify(|untried| *untried = untried.saturating_sub(1));
        }
    }

    /// A panic elsewhere does not make what is known untrue.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
