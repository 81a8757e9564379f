//! What a turn leaves behind: on the board, in the schedule, with the credential.

use super::{OwnScope, Project, State, Work};
use crate::config::Watch;
use crate::model::{Failure, Reading, Reason, Timestamp};
use crate::refresh::memory::Memory;
use crate::refresh::plan::{PAGE_NEWS, Part};
use crate::refresh::run::STALE_INTERVALS;
use crate::refresh::walk::{Divided, Walked};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

impl Work {
    /// A scope was read by itself.
    pub(super) fn scope_ended(&self, index: usize, scope: &OwnScope, part: Part, walked: Walked, took: Duration) {
        let Walked { memory, requests, answered, failure } = walked;
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
    }

    /// The targets of a project were read together.
    pub(super) fn project_ended(
        &self,
        index: usize,
        number: usize,
        joined: &[bool],
        walked: Walked,
        divided: Divided,
        took: Duration,
    ) {
        let Some(project) = self.projects.get(number) else { return };
        let Walked { memory, requests, answered, failure } = walked;
        let failure = failure.map(Arc::new);
        let now = (self.shared.clock)();
        let refused = failure.as_deref().is_some_and(|failure| !divided.shown && is_refusal(failure.reason));
        self.turn_ended(index, Part::Refresh, memory, Next::default());
        if refused {
            self.fall_apart(number, project, failure.as_deref());
            return self.judge(index, answered, None, [], now);
        }
        let members =
            || (0..).zip(&project.scopes).zip(joined).filter(|(_, joined)| **joined).map(|(member, _)| member);
        for (place, (member, scope)) in members().enumerate() {
            let Some(scope) = self.scopes.get(*scope) else { continue };
            let own = divided.failed.get(&member).cloned().map(Arc::new);
            let requests = if place == 0 { requests } else { 0 };
            self.record(scope, Part::Refresh, &Read { now, failure: own.or_else(|| failure.clone()), took, requests });
        }
        self.tell_project(number, project, requests, failure.as_deref(), &divided);
        let targets = members().filter_map(|(_, scope)| Some(self.scopes.get(*scope)?.place.target));
        self.judge(index, answered, failure, targets, now);
    }

    /// The tasks of a project were counted.
    pub(super) fn project_counted(&self, index: usize, number: usize, memory: Memory, walked: Walked) {
        let Some(project) = self.projects.get(number) else { return };
        self.turn_ended(
            index,
            Part::Reconcile,
            memory,
            Next { history: false, reconcile_in: Some(self.shared.reconcile_every) },
        );
        if walked.failure.is_none() {
            self.count_unwatched(number, project);
        }
        self.judge(index, walked.answered, walked.failure.map(Arc::new), [], (self.shared.clock)());
    }

    /// Writes into the book how a scope was read.
    fn record(&self, scope: &OwnScope, part: Part, read: &Read) {
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

    fn turn_ended(&self, index: usize, part: Part, memory: Memory, next: Next) {
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

    /// Lets the scope's project know how it was read by itself.
    fn tell_company(&self, index: usize, part: Part, memory: &Memory, failure: Option<&Failure>, complete: bool) {
        let now = self.started.elapsed();
        let mut state = self.state();
        for (project, company) in self.projects.iter().zip(&mut state.companies) {
            let Some(member) = project.scopes.iter().position(|scope| *scope == index) else { continue };
            match (part, failure) {
                (_, Some(failure)) if is_refusal(failure.reason) => company.shut_out(member),
                (Part::Reconcile, None) if memory.surprised => company.left_out(member, now),
                (Part::Reconcile, None) => company.counted(member),
                (Part::Refresh | Part::History, None) => company.read_alone(member, true, complete),
                (_, Some(_)) => {}
            }
        }
    }

    fn has_company(&self, index: usize) -> bool {
        self.projects.iter().any(|project| project.scopes.len() > 1 && project.scopes.contains(&index))
    }

    /// Lets the project know how its targets were read together.
    fn tell_project(
        &self,
        number: usize,
        project: &Project,
        requests: u64,
        failure: Option<&Failure>,
        divided: &Divided,
    ) {
        let totals = self.totals(project);
        let moment = self.started.elapsed();
        let mut state = self.state();
        let Some(company) = state.companies.get_mut(number) else { return };
        for member in &divided.left_out {
            company.left_out(*member, moment);
        }
        for (member, failure) in &divided.failed {
            if is_refusal(failure.reason) {
                company.shut_out(*member);
            }
        }
        let to_count = match failure {
            None => company.refreshed(moment, requests, &totals).clone(),
            Some(_) => BTreeSet::new(),
        };
        for scope in to_count.iter().filter_map(|member| project.scopes.get(*member)) {
            if let Some(slot) = state.slots.get_mut(*scope) {
                slot.clockwork.reconcile_at = Some(moment);
            }
        }
        drop(state);
        if failure.is_none() {
            self.count_unwatched(number, project);
        }
    }

    /// The undivided list may not be read: the project's targets are read one by one, at once.
    fn fall_apart(&self, number: usize, project: &Project, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            tracing::info!(scope = %project.all.target, %failure, "its enterprise projects are read one by one");
        }
        let moment = self.started.elapsed();
        let mut state = self.state();
        if let Some(company) = state.companies.get_mut(number) {
            company.refused(moment);
        }
        for scope in &project.scopes {
            if let Some(slot) = state.slots.get_mut(*scope) {
                slot.clockwork.last_attempt = None;
            }
        }
    }

    /// Writes on the board how many of the project's tasks no target covers.
    fn count_unwatched(&self, number: usize, project: &Project) {
        let totals = self.totals(project);
        let unwatched =
            self.state().companies.get(number).and_then(|company| company.strangers.unwatched(totals.into_iter()));
        self.shared.board.account(&self.name, |account| {
            let key = (Arc::clone(&project.all.target.project.name), project.task_type);
            match unwatched {
                Some(tasks) => account.unwatched.insert(key, tasks),
                None => account.unwatched.remove(&key),
            };
        });
    }

    /// How many tasks each target of a project has.
    fn totals(&self, project: &Project) -> Vec<Option<u64>> {
        let scopes = project.scopes.iter().filter_map(|scope| self.scopes.get(*scope));
        scopes.map(|scope| self.shared.board.write(scope.place, |book| book.ledger.total()).flatten()).collect()
    }

    /// What the turn says of the credential; then how these targets stand is published.
    fn judge(
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
struct Read {
    now: Timestamp,
    failure: Option<Arc<Failure>>,
    took: Duration,
    requests: u64,
}

/// What a slot has left to do.
#[derive(Default)]
struct Next {
    history: bool,
    reconcile_in: Option<Duration>,
}

/// Whether the cloud does not let this be read, however often it is asked.
const fn is_refusal(reason: Reason) -> bool {
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
