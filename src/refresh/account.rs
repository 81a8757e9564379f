//! The work on one account: whose turn it is, through its credential's gate, and what a turn leaves behind.

use super::board::{Board, Place};
use super::gate::Gate;
use super::inquiry::Desk;
use super::memory::Memory;
use super::plan::{PAGE_NEWS, Part};
use super::schedule::{self, Clockwork, Next};
use super::walk::{Scope, Walked, walk};
use crate::cloud::Clock;
use crate::config::{Account, Watch};
use crate::hss::TaskList;
use crate::model::observe::Observe;
use crate::model::{Failure, Reading, Reason, TaskType};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;

/// How many scopes of one account are refreshed at a time: one that hangs must not stop the others.
/// With more, a key that is revoked would be locked before the gate closes.
const LANES: usize = 3;

/// How often it is looked whether a refused credential has been mended.
const LOOK_AT_CREDENTIAL: Duration = Duration::from_secs(2);

/// A scope that is so much later than it should be is late; less is nothing.
const LATE: Duration = Duration::from_secs(1);

/// Where the budget is halved or used up by others, so much more than an interval is late, too.
const OVERDUE: Duration = Duration::from_secs(61);

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
    desk: Desk,
    interval: Duration,
    scopes: Vec<OwnScope>,
    state: Mutex<State>,
    shared: Arc<Shared>,
    started: Instant,
}

struct OwnScope {
    watch: Arc<Watch>,
    task_type: TaskType,
    place: Place,
    /// How often it can be refreshed.
    kept_interval: Duration,
}

struct State {
    gate: Gate,
    scopes: Vec<ScopeState>,
    heads_in_a_row: u32,
}

struct ScopeState {
    clockwork: Clockwork,
    memory: Memory,
    tried: bool,
    /// Whether its turn comes later than it should, and the credential is good.
    crowded: bool,
    /// When the cloud refused the credential, if it did so in the last turn.
    refused: Option<Duration>,
}

impl Work {
    /// The work on `account`, whose first target has this place on the board. Its intervals can be `kept` as far as this
    /// says.
    pub(super) fn new(
        account: &Account,
        first_place: usize,
        list: TaskList,
        shared: Arc<Shared>,
        kept: impl Fn(Duration) -> Duration,
    ) -> Self {
        let mut scopes = Vec::new();
        let mut states = Vec::new();
        for (target, watch) in (first_place..).zip(&account.watches) {
            let watch = Arc::new(watch.clone());
            for (scan, task_type) in watch.types.iter().enumerate() {
                let place = Place { target, scan };
                let kept_interval = kept(watch.interval);
                scopes.push(OwnScope { watch: Arc::clone(&watch), task_type: *task_type, place, kept_interval });
                let clockwork = Clockwork {
                    interval: watch.interval,
                    last_attempt: None,
                    last_turn: None,
                    history: false,
                    reconcile_at: None,
                    busy: false,
                };
                let memory = Memory::default();
                states.push(ScopeState { clockwork, memory, tried: false, crowded: false, refused: None });
            }
        }
        Self {
            name: Arc::clone(&account.name),
            list,
            desk: Desk::default(),
            interval: account.watches.iter().map(|watch| watch.interval).min().unwrap_or_default(),
            scopes,
            state: Mutex::new(State { gate: Gate::default(), scopes: states, heads_in_a_row: 0 }),
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
        if state.gate.credential(self.list.credential_generation()) {
            state.scopes.iter_mut().for_each(|scope| scope.clockwork.last_attempt = None);
        }
        if let Some((until, _)) = state.gate.closed(now) {
            return Next::Wait(until.min(now + LOOK_AT_CREDENTIAL));
        }
        let lanes = if state.gate.proven() { LANES } else { 1 };
        if under_way >= lanes {
            return Next::Busy;
        }
        let clockworks: Vec<Clockwork> = state.scopes.iter().map(|scope| scope.clockwork).collect();
        let next = schedule::next(&clockworks, now, state.heads_in_a_row);
        match next {
            Next::Turn(_, Part::Refresh) => state.heads_in_a_row = state.heads_in_a_row.saturating_add(1),
            Next::Turn(_, Part::History) => state.heads_in_a_row = 0,
            Next::Turn(_, Part::Reconcile) | Next::Wait(_) | Next::Busy => {}
        }
        let doubted = state.gate.doubted();
        if let Next::Turn(index, part) = next
            && let Some(ScopeState { clockwork, crowded, .. }) = state.scopes.get_mut(index)
            && let Some(OwnScope { kept_interval, watch, .. }) = self.scopes.get(index)
        {
            let late = kept_interval.saturating_sub(watch.interval) > LATE;
            let overdue = clockwork.last_attempt.map(|last| now.saturating_sub(last).saturating_sub(watch.interval));
            *crowded = !doubted && (late || overdue > Some(OVERDUE.max(watch.interval)));
            clockwork.busy = true;
            if part == Part::Refresh {
                clockwork.last_attempt = Some(now);
            }
        }
        match next {
            Next::Wait(until) if state.gate.doubted() => Next::Wait(until.min(now + LOOK_AT_CREDENTIAL)),
            next => next,
        }
    }

    async fn turn(self: Arc<Self>, index: usize, part: Part) {
        let Some(OwnScope { watch, task_type, place, .. }) = self.scopes.get(index) else { return };
        let state = self.state().scopes.get_mut(index).map(|scope| (std::mem::take(&mut scope.memory), scope.crowded));
        let (memory, crowded) = state.unwrap_or_default();
        let began = Instant::now();
        let scope = Scope { watch, task_type: *task_type, place: *place, desk: &self.desk, crowded };
        let Shared { board, observer, clock, .. } = &*self.shared;
        let walked = walk(part, memory, &scope, board, &self.list, &**observer, &**clock).await;
        self.ended(index, part, walked, began.elapsed());
    }

    fn ended(&self, index: usize, part: Part, walked: Walked, took: Duration) {
        let Walked { memory, requests, answered, doubted, failure } = walked;
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
        let mut refused_before = None;
        let mut state = self.state();
        let moment = self.started.elapsed();
        if let Some(scope) = state.scopes.get_mut(index) {
            scope.clockwork.history = failure.is_none() && !complete && memory.unfinished.is_some();
            scope.clockwork.last_turn = Some(moment);
            scope.clockwork.reconcile_at = match scope.clockwork.reconcile_at {
                _ if !complete || memory.saw_all => None,
                Some(at) if part != Part::Reconcile => Some(at),
                _ => Some(moment.saturating_add(self.shared.reconcile_every / pages(tasks))),
            };
            scope.memory = memory;
            refused_before = std::mem::replace(&mut scope.refused, refused.as_ref().map(|_| moment));
        }
        if answered {
            state.gate.good(moment);
        }
        if doubted {
            state.gate.doubt();
        }
        let closed = refused.filter(|failure| state.gate.refused(moment, self.interval, refused_before, failure));
        drop(state);
        match closed {
            Some(failure) => self.all_refused(&failure),
            None => self.shared.board.publish([scope.place.target], now),
        }
        self.release(index);
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
