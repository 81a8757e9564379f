//! What a scope remembers from one refresh to the next, beside its ledger.

use super::statistics::Trust;
use crate::hss::{KnownPages, Paging};
use crate::model::{ClockBase, CloudTime, Timestamp};
use std::sync::Arc;

/// What a scope remembers.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// A walk that has not come to its end: the first one while history loads, or one that was interrupted.
    pub unfinished: Option<Paging>,
    /// What has been learnt of the list's pages.
    pub pages: KnownPages,
    /// A page below the head was not sorted: the head alone does not show whether the list is.
    pub unsorted: bool,
    /// When the running and the waiting tasks were last listed to their ends.
    pub lists_read: Option<Timestamp>,
    /// The unfinished task that was last asked for by its id: the next refresh goes on behind it.
    pub looked_up: Option<Arc<str>>,
    /// The last task of the last sample of missing tasks: the next sample begins behind it.
    pub sampled: Option<Arc<str>>,
    /// Whether the last refresh showed every task there is: then there is nothing to read again.
    pub saw_all: bool,
    /// A walk through the window that reads again what is known.
    pub reconcile: Option<Reconcile>,
    /// Whether the running and the waiting tasks are listed for all targets of the project together.
    pub listed_together: bool,
    /// Whether the last walk that read again found a task that should have been shown before.
    pub surprised: bool,
    /// What is made of the statistics.
    pub trust: Trust,
    /// Whether the cloud, last asked for one task, answered with others.
    pub ids_unheeded: bool,
    /// The setting of the cloud's clock with which the moments were read.
    pub base: Option<ClockBase>,
}

/// A walk through the window that reads again what is known.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// How far it has come.
    pub paging: Paging,
    /// When it read its first page, by the cloud's clock.
    pub began: CloudTime,
}

impl Memory {
    /// Takes note of the setting of the cloud's clock with which what follows is read. What is remembered by another moves as
    /// much as the clock was corrected.
    pub(super) fn rebase(&mut self, base: ClockBase) {
        let Some(by) = self.base.replace(base).and_then(|before| before.correction(base)) else { return };
        self.lists_read.iter_mut().for_each(|read| by.correct(read));
        self.trust.correct(by);
    }
}
