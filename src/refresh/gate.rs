//! Whether an account's credential may be used now. Five wrong signatures in a row lock a key for five minutes: until
//! a credential has had a good answer, one request is under way with it, and after a refusal none for a while.

use crate::model::Failure;
use std::sync::Arc;
use std::time::Duration;

/// The least time between two tries with a credential that was refused.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// For how long a good answer speaks for a credential: if one project refuses it then, that is the project's affair.
const TRUST: Duration = Duration::from_secs(600);

/// What the gate knows of a credential. Moments are counted from the start of the process.
#[derive(Debug, Default)]
pub struct Gate {
    last_good: Option<Duration>,
    closed: Option<Closed>,
    generation: u64,
}

#[derive(Debug)]
struct Closed {
    until: Duration,
    failure: Arc<Failure>,
}

impl Gate {
    /// Takes note of which credential is in use. Another one than before has everything before it.
    pub fn credential(&mut self, generation: u64) {
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
    }

    /// Until when nothing may be asked, and why.
    pub fn closed(&self, now: Duration) -> Option<(Duration, &Arc<Failure>)> {
        self.closed.as_ref().filter(|closed| now < closed.until).map(|closed| (closed.until, &closed.failure))
    }

    /// Whether several requests may be under way at once.
    pub fn proven(&self) -> bool {
        self.last_good.is_some() && self.closed.is_none()
    }

    /// The credential had a good answer.
    pub fn good(&mut self, now: Duration) {
        self.last_good = Some(now);
        self.closed = None;
    }

    /// The credential was refused. Answers whether the gate is closed now.
    pub fn refused(&mut self, now: Duration, interval: Duration, failure: &Arc<Failure>) -> bool {
        let trusted = self.closed.is_none() && self.last_good.is_some_and(|good| now.saturating_sub(good) < TRUST);
        if !trusted {
            let until = now.saturating_add(interval.max(AGAIN_AFTER));
            self.closed = Some(Closed { until, failure: Arc::clone(failure) });
        }
        !trusted
    }
}
