//! The work on one account: whose turn it is, as far as its credential's breaker lets it, and what a turn leaves behind.

mod change;
mod ended;
mod together;

use self::together::{Project, projects};
use super::board::{Board, Place};
use super::breaker::Breaker;
use super::company::Company;
use super::inquiry::Desk;
use super::memory::Memory;
use super::pace::Pace;
use super::plan::Part;
use super::schedule::{self, Clockwork, Next};
use super::walk::{self, Scope, Tools};
use crate::cloud::Clock;
use crate::config::{Account, Watch};
use crate::hss::TaskList;
use crate::model::observe::Observe;
use crate::model::{Applied, Ledger, Task, TaskType};
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
    /// Who has not had a first turn.
    pub(super) first_turns: watch::Sender<FirstTurns>,
}

/// Who has had a first turn, of those that were there at the start or were found at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstTurns {
    /// How many scopes and discoveries are still to have it.
    pub left: usize,
    /// How many scopes have had it, well or not.
    pub had: usize,
}

/// One account, at work.
pub(super) struct Work {
    name: Arc<str>,
    list: Arc<TaskList>,
    desk: Arc<Desk>,
    /// Each is read by itself, or with the others of its project.
    scopes: Vec<OwnScope>,
    /// Whose slots in the schedule come after those of the scopes.
    projects: Vec<Project>,
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
    /// Of the scopes, and then of the projects.
    slots: Vec<Slot>,
    companies: Vec<Company>,
    pace: Pace,
    /// When a turn last failed.
    failed: Option<Duration>,
    heads_in_a_row: u32,
}

/// What may have a turn.
struct Slot {
    clockwork: Clockwork,
    memory: Memory,
    /// Which part of its work cannot read a page far down the list: history or reading again.
    history_failed: Option<Part>,
    tried: bool,
    /// When its last turn began.
    began: Duration,
}

impl Work {
    /// The work on `account`, whose first target has this place on the board. Its intervals are expected to become so many
    /// times as long.
    pub(super) fn new(account: &Account, first_place: usize, list: TaskList, slower: f64, shared: Arc<Shared>) -> Self {
        let watches = account.watches.iter().map(|watch| Arc::new(watch.clone()));
        let scopes = scopes((first_place..).zip(watches));
        let projects = projects(&scopes);
        let watches = scopes.iter().map(|scope| &*scope.watch).chain(projects.iter().map(|project| &project.all));
        let slots: Vec<Slot> = watches.map(|watch| Slot::new(watch.interval)).collect();
        let pace = Pace::new(slots.len(), slower);
        let companies = projects.iter().map(|project| Company::new(project.scopes.len())).collect();
        let state =
            Mutex::new(State { breaker: Breaker::default(), slots, companies, pace, failed: None, heads_in_a_row: 0 });
        Self {
            name: Arc::clone(&account.name),
            list: Arc::new(list),
            desk: Arc::default(),
            scopes,
            projects,
            state,
            shared,
            started: Instant::now(),
        }
    }

    /// Refreshes the account's scopes until it is told to `stop`; what has begun then comes to its end.
    pub(super) async fn run(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut stopped = false;
        let mut turns = JoinSet::new();
        let mut whose: HashMap<Id, usize> = HashMap::new();
        loop {
            if stopped && turns.is_empty() {
                return;
            }
            let next = if stopped { Next::Busy } else { self.next(turns.len()) };
            let wait = match next {
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
                () = &mut stop, if !stopped => {
                    stopped = true;
                    continue;
                }
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
            state.slots.iter_mut().for_each(|slot| slot.clockwork.last_attempt = None);
        }
        if let Some(until) = state.breaker.rests(now) {
            return Next::Wait(until.min(now + LOOK_AT_CREDENTIAL));
        }
        if under_way >= state.breaker.lanes() {
            return Next::Busy;
        }
        self.arrange(&mut state, now);
        let slots = state.slots.iter().enumerate();
        let slots: Vec<_> =
            slots.filter_map(|(index, slot)| Some((&**self.project_id(index)?, slot.clockwork))).collect();
        let next = schedule::next(&state.breaker.admitted(&slots, now), now, state.heads_in_a_row);
        match next {
            Next::Turn(_, Part::Refresh) => state.heads_in_a_row = state.heads_in_a_row.saturating_add(1),
            Next::Turn(_, Part::History | Part::Reconcile) => state.heads_in_a_row = 0,
            Next::Wait(_) | Next::Busy => {}
        }
        if let Next::Turn(index, part) = next {
            self.begin(&mut state, index, part, now);
        }
        match next {
            Next::Wait(until) if state.breaker.doubted() => Next::Wait(until.min(now + LOOK_AT_CREDENTIAL)),
            next => next,
        }
    }

    fn begin(&self, state: &mut State, index: usize, part: Part, now: Duration) {
        let State { slots, companies, pace, failed, .. } = state;
        let count = slots.len();
        let Some(slot) = slots.get_mut(index) else { return };
        slot.began = now;
        slot.clockwork.busy = true;
        if part != Part::Refresh {
            return;
        }
        // Turns that fail hold up the others. That says nothing of how often the budget lets them have one.
        if let Some(last) = slot.clockwork.last_attempt.filter(|last| failed.is_none_or(|failed| failed < *last)) {
            pace.note(index, now.saturating_sub(last), slot.clockwork.interval);
        }
        slot.clockwork.begin(now, index, count);
        let number = index.checked_sub(self.scopes.len());
        let Some((project, company)) = number.and_then(|i| Some((self.projects.get(i)?, companies.get(i)?))) else {
            return;
        };
        for (scope, _) in project.scopes.iter().zip(company.joined(now)).filter(|(_, joined)| *joined) {
            if let Some(slot) = slots.get_mut(*scope) {
                slot.clockwork.last_attempt = Some(now);
            }
        }
    }

    async fn turn(self: Arc<Self>, index: usize, part: Part) {
        match (self.scopes.get(index), index.checked_sub(self.scopes.len())) {
            (Some(scope), _) => self.turn_of_scope(index, scope, part).await,
            (None, Some(number)) => self.turn_of_project(index, number, part).await,
            (None, None) => {}
        }
        self.release(index);
    }

    async fn turn_of_scope(&self, index: usize, scope: &OwnScope, part: Part) {
        let began = Instant::now();
        let mut memory = self.take_memory(index);
        memory.listed_together = self.is_listed_together(index);
        let claim = |ledger: &mut Ledger, tasks: &[Task]| self.claim(index, ledger, tasks);
        let walked = walk::walk(part, memory, &scope.as_walked(&claim), &self.tools(index)).await;
        self.scope_ended(index, scope, part, walked, began.elapsed());
    }

    /// With what the turn of this slot is made.
    fn tools(&self, index: usize) -> Tools<'_> {
        let Shared { board, observer, clock, .. } = &*self.shared;
        let state = self.state();
        let interval = state.slots.get(index).map(|slot| slot.clockwork.interval);
        let behind = interval.is_some_and(|interval| state.pace.is_behind(index, interval)) && !state.breaker.doubted();
        Tools { board, list: &self.list, observer: &**observer, now: &**clock, desk: &self.desk, behind }
    }

    fn take_memory(&self, index: usize) -> Memory {
        self.state().slots.get_mut(index).map(|slot| std::mem::take(&mut slot.memory)).unwrap_or_default()
    }

    /// The project that a slot asks about.
    fn project_id(&self, index: usize) -> Option<&Arc<str>> {
        let project = || Some(&self.projects.get(index.checked_sub(self.scopes.len())?)?.all);
        let watch = self.scopes.get(index).map(|scope| &*scope.watch).or_else(project)?;
        Some(&watch.target.project.id)
    }

    fn release(&self, index: usize) {
        if let Some(slot) = self.state().slots.get_mut(index) {
            slot.clockwork.busy = false;
        }
        self.tried(index);
    }

    fn tried(&self, index: usize) {
        let first_time = index < self.scopes.len()
            && self.state().slots.get_mut(index).is_some_and(|slot| !std::mem::replace(&mut slot.tried, true));
        if first_time {
            self.shared.first_turns.send_modify(|turns| {
                turns.left = turns.left.saturating_sub(1);
                turns.had += 1;
            });
        }
    }

    /// A panic elsewhere does not make what is known untrue.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OwnScope {
    fn as_walked<'a>(&'a self, claim: &'a (dyn Fn(&mut Ledger, &[Task]) -> Applied + Sync)) -> Scope<'a> {
        Scope { watch: &self.watch, task_type: self.task_type, place: self.place, claim }
    }
}

/// The scopes of these targets, each with its place, in the order of their places.
fn scopes(watches: impl Iterator<Item = (usize, Arc<Watch>)>) -> Vec<OwnScope> {
    let mut scopes = Vec::new();
    for (target, watch) in watches {
        for (scan, task_type) in watch.types.iter().enumerate() {
            scopes.push(OwnScope { watch: Arc::clone(&watch), task_type: *task_type, place: Place { target, scan } });
        }
    }
    scopes.sort_by_key(|scope| (scope.place.target, scope.place.scan));
    scopes
}

impl Slot {
    fn new(interval: Duration) -> Self {
        let (clockwork, memory) = (Clockwork::new(interval), Memory::default());
        Self { clockwork, memory, history_failed: None, tried: false, began: Duration::ZERO }
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
