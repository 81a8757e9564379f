//! What a scope remembers from one refresh to the next, beside its ledger.

use super::statistics::Trust;
use crate::hss::{KnownPages, Paging};
use crate::model::Timestamp;
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
}

/// A walk through the window that reads again what is known.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// How far it has come.
    pub paging: Paging,
    /// When it read its first page, by the cloud's clock.
    pub began: Timestamp,
}
