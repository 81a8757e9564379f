//! The targets of an account change: what goes on is taken over, what is new begins, what is gone is forgotten.

use super::together::projects;
use super::{OwnScope, Slot, State, Work, scopes};
use crate::config::{Config, Watch};
use crate::model::{AccountStanding, Failure, Target};
use crate::refresh::company::Company;
use crate::refresh::run::{entry, kept, standing};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Work {
    /// The work on the targets that the account has in `config`, in place of those of this work, which has stopped. Who is new
    /// `counts` as one whose first turn is waited for, or does not.
    pub(in crate::refresh) fn changed(&self, config: &Config, counts: bool) -> Option<Self> {
        let account = config.accounts.iter().find(|account| account.name == self.name)?;
        let (board, now) = (&self.shared.board, (self.shared.clock)());
        let mut before: BTreeMap<Arc<Target>, (usize, Arc<Watch>)> = BTreeMap::new();
        for scope in &self.scopes {
            before.insert(Arc::clone(&scope.watch.target), (scope.place.target, Arc::clone(&scope.watch)));
        }
        let mut placed = Vec::new();
        for watch in &account.watches {
            placed.push(before.remove(&watch.target).unwrap_or_else(|| {
                tracing::info!(target = %watch.target, "a target is watched from now on");
                (board.insert(&entry(config, account, watch), now), Arc::new(watch.clone()))
            }));
        }
        for (target, (place, _)) in &before {
            tracing::info!(%target, "a target is watched no longer");
            board.remove(*place);
        }
        let scopes = scopes(placed.into_iter());
        let work = self.taken_over(scopes, kept(config, account), counts);
        let projects = work.projects.iter().map(|project| &project.all.target.project.name);
        let named: BTreeSet<_> = projects.collect();
        board.account(&self.name, |known| {
            let mut unwatched = std::mem::take(&mut known.unwatched);
            unwatched.retain(|(project, _), _| named.contains(project));
            let undiscovered = known.undiscovered.take();
            *known = AccountStanding { unwatched, undiscovered, ..standing(config, account) };
        });
        board.publish(work.scopes.iter().map(|scope| scope.place.target), now);
        Some(work)
    }

    /// Whose work it is.
    pub(in crate::refresh) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether these are not the targets that it watches.
    pub(in crate::refresh) fn watches_others_than(&self, watches: &[Watch]) -> bool {
        let own: BTreeSet<_> = self.scopes.iter().map(|scope| &scope.watch.target).collect();
        own != watches.iter().map(|watch| &watch.target).collect()
    }

    /// Shows what went wrong with the last discovery, if anything did.
    pub(in crate::refresh) fn tell_discovery(&self, failed: Option<Arc<Failure>>) {
        self.shared.board.account(&self.name, |known| known.undiscovered = failed);
        self.shared.board.publish([], (self.shared.clock)());
    }

    /// The account's first discovery has ended, well or not.
    pub(in crate::refresh) fn discovery_had_its_turn(&self) {
        self.shared.first_turns.send_modify(|turns| turns.left = turns.left.saturating_sub(1));
    }

    fn taken_over(&self, scopes: Vec<OwnScope>, slower: f64, counts: bool) -> Self {
        let projects = projects(&scopes);
        let mut old = self.state();
        let old = &mut *old;
        let same = |scope: &OwnScope| {
            let is_it = |own: &OwnScope| own.task_type == scope.task_type && own.watch.target == scope.watch.target;
            self.scopes.iter().position(is_it)
        };
        let of_scopes: Vec<Option<usize>> = scopes.iter().map(same).collect();
        // A project is the same with the same members, in the same order.
        let numbers: Vec<Option<usize>> = projects
            .iter()
            .map(|project| {
                let members: Option<Vec<usize>> =
                    project.scopes.iter().map(|scope| of_scopes.get(*scope).copied().flatten()).collect();
                let members = members?;
                self.projects.iter().position(|own| own.scopes == members)
            })
            .collect();
        let moved: Vec<Option<usize>> = of_scopes
            .iter()
            .copied()
            .chain(numbers.iter().map(|number| number.map(|number| self.scopes.len() + number)))
            .collect();
        let take_slot = |slots: &mut Vec<Slot>, index: Option<usize>| {
            let slot = index.and_then(|index| slots.get_mut(index))?;
            Some(std::mem::replace(slot, Slot::new(slot.clockwork.interval)))
        };
        let intervals = scopes.iter().map(|scope| scope.watch.interval);
        let intervals = intervals.chain(projects.iter().map(|project| project.all.interval));
        let mut slots = Vec::new();
        for (interval, index) in intervals.zip(&moved) {
            let new = || Slot { tried: !counts, ..Slot::new(interval) };
            slots.push(take_slot(&mut old.slots, *index).unwrap_or_else(new));
        }
        let companies = projects
            .iter()
            .zip(&numbers)
            .map(|(project, number)| {
                let company = number.and_then(|number| old.companies.get_mut(number)).map(std::mem::take);
                company.unwrap_or_else(|| Company::new(project.scopes.len()))
            })
            .collect();
        let new = if counts { of_scopes.iter().filter(|before| before.is_none()).count() } else { 0 };
        // Those that are gone and never had a turn are not waited for.
        let gone = self.scopes.iter().zip(&old.slots).enumerate();
        let gone = gone.filter(|(index, (_, slot))| !slot.tried && !of_scopes.contains(&Some(*index))).count();
        self.shared.first_turns.send_modify(|turns| turns.left = (turns.left + new).saturating_sub(gone));
        let state = State {
            breaker: std::mem::take(&mut old.breaker),
            slots,
            companies,
            pace: old.pace.moved(&moved, slower),
            failed: old.failed,
            heads_in_a_row: old.heads_in_a_row,
        };
        Self {
            name: Arc::clone(&self.name),
            list: Arc::clone(&self.list),
            desk: Arc::clone(&self.desk),
            scopes,
            projects,
            state: state.into(),
            shared: Arc::clone(&self.shared),
            started: self.started,
        }
    }
}
