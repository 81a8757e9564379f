//! Counts what the exporter would count, and remembers what a report needs of it.

use crate::metrics::Instruments;
use crate::model::observe::{Api, Note, Observe};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) struct Witness {
    instruments: Instruments,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    requests: u64,
    sign_in_requests: u64,
    /// Our clock less the cloud's, in seconds, by account: of the last answer.
    clocks: BTreeMap<String, f64>,
}

impl Witness {
    pub(super) fn new(instruments: Instruments) -> Self {
        Self { instruments, seen: Mutex::default() }
    }

    pub(super) const fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// How many requests were sent to HSS.
    pub(super) fn requests(&self) -> u64 {
        self.seen().requests
    }

    /// How many requests were sent to sign in.
    pub(super) fn sign_in_requests(&self) -> u64 {
        self.seen().sign_in_requests
    }

    /// Our clock less the cloud's, in seconds, by account.
    pub(super) fn clocks(&self) -> BTreeMap<String, f64> {
        self.seen().clocks.clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Nothing can panic while it is held.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observe for Witness {
    fn note(&self, note: Note<'_>) {
        self.instruments.note(note);
        match note {
            Note::Attempt { api, .. } if Api::OF_HSS.contains(&api) => self.seen().requests += 1,
            Note::Attempt { .. } => self.seen().sign_in_requests += 1,
            Note::ClockSkew { account, seconds } => drop(self.seen().clocks.insert(account.to_owned(), seconds)),
            _ => {}
        }
    }
}
