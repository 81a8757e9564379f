//! Whether an account's credential may be used now. Five wrong signatures in a row lock a key for five minutes: until
//! a credential has had a good answer, one request is under way with it, and after a refusal none for a while.

use crate::model::Failure;
use std::sync::Arc;
use std::time::Duration;

/// The least time between two tries with a credential that was refused.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// For how long a good answer speaks for a credential: if one project refuses it then, that is the project's affair.
const TRUST: Duration = Duration::from_secs(600);

/// So many refusals in a row, and nothing speaks for it any more. From the first one on, one request is under way at a
/// time, so that a key that is revoked is not locked, too.
const REFUSALS: u32 = 3;

/// What the gate knows of a credential. Moments are counted from the start of the process.
#[derive(Debug, Default)]
pub struct Gate {
    last_good: Option<Duration>,
    /// Since then.
    refusals: u32,
    closed: Option<Closed>,
    generation: u64,
}

#[derive(Debug)]
struct Closed {
    until: Duration,
    failure: Arc<Failure>,
}

impl Gate {
    /// Takes note of which credential is in use. Another one than before has everything before it. Answers whether it
    /// takes the place of one that was refused: then nobody has to wait any longer.
    pub fn credential(&mut self, generation: u64) -> bool {
        let mended = self.generation != generation && self.doubted();
        if self.generation != generation {
            *self = Self { generation, ..Self::default() };
        }
        mended
    }

    /// Whether the credential was refused, and had no good answer since.
    pub fn doubted(&self) -> bool {
        self.refusals > 0 || self.closed.is_some()
    }

    /// Until when nothing may be asked, and why.
    pub fn closed(&self, now: Duration) -> Option<(Duration, &Arc<Failure>)> {
        self.closed.as_ref().filter(|closed| now < closed.until).map(|closed| (closed.until, &closed.failure))
    }

    /// Whether several requests may be under way at once.
    pub fn proven(&self) -> bool {
        self.last_good.is_some() && !self.doubted()
    }

    /// The credential had a good answer.
    pub fn good(&mut self, now: Duration) {
        self.last_good = Some(now);
        self.refusals = 0;
        self.closed = None;
    }

    /// The credential was refused where nothing depended on it: that closes nothing by itself, and adds to what does.
    pub fn doubt(&mut self) {
        self.refusals = self.refusals.saturating_add(1);
    }

    /// The credential was refused, by a scope that had been refused `before`, if it was so the last time, too. Answers
    /// whether the gate is closed now.
    ///
    /// Where another scope had a good answer since then, this one says nothing new: several projects that always refuse
    /// must not take down those that can be read.
    pub fn refused(
        &mut self,
        now: Duration,
        interval: Duration,
        before: Option<Duration>,
        failure: &Arc<Failure>,
    ) -> bool {
        let news = before.is_none_or(|before| self.last_good.is_none_or(|good| good <= before));
        self.refusals = self.refusals.saturating_add(u32::from(news));
        let lately_good = self.last_good.is_some_and(|good| now.saturating_sub(good) < TRUST);
        let trusted = self.closed.is_none() && lately_good && self.refusals < REFUSALS;
        if !trusted {
            let until = now.saturating_add(interval.max(AGAIN_AFTER));
            self.closed = Some(Closed { until, failure: Arc::clone(failure) });
        }
        !trusted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;

    const MINUTE: Duration = Duration::from_secs(60);

    fn failure() -> Arc<Failure> {
        let message = String::new();
        let tried = String::new();
        let reason = Reason::Auth;
        Arc::new(Failure { reason, tried, status: Some(401), code: None, message, request_id: None, retry_after: None })
    }

    #[test]
    fn a_credential_that_never_worked_is_tried_once_in_a_while() {
        let mut gate = Gate::default();
        assert!(!gate.proven());
        assert!(gate.refused(MINUTE, 5 * MINUTE, None, &failure()));
        assert!(gate.closed(6 * MINUTE - Duration::from_millis(1)).is_some());
        assert!(gate.closed(6 * MINUTE).is_none() && !gate.proven());
        assert!(gate.refused(6 * MINUTE, Duration::from_secs(1), None, &failure()), "a short interval does not hammer");
        assert!(gate.closed(7 * MINUTE - Duration::from_millis(1)).is_some());
        gate.good(8 * MINUTE);
        assert!(gate.closed(8 * MINUTE).is_none() && gate.proven());
    }

    #[test]
    fn one_project_that_refuses_does_not_close_the_gate_for_the_others() {
        let mut gate = Gate::default();
        for minute in 1..9 {
            gate.good(MINUTE * minute);
            assert!(!gate.refused(MINUTE * minute, MINUTE, None, &failure()));
            assert!(!gate.refused(MINUTE * minute, MINUTE, None, &failure()));
        }
        assert!(gate.refused(9 * MINUTE, MINUTE, None, &failure()), "three in a row: the key was revoked");
        gate.good(10 * MINUTE);
        assert!(gate.refused(21 * MINUTE, MINUTE, None, &failure()), "the last good answer is long ago");
    }

    #[test]
    fn projects_that_always_refuse_do_not_close_the_gate_for_the_others() {
        let mut gate = Gate::default();
        for minute in 2..9 {
            gate.good(MINUTE * minute - Duration::from_secs(1));
            for _ in 0..5 {
                assert!(!gate.refused(MINUTE * minute, MINUTE, Some(MINUTE * (minute - 1)), &failure()));
            }
            assert!(gate.proven());
        }
        let before = Some(MINUTE * 8);
        assert!(gate.refused(19 * MINUTE, MINUTE, before, &failure()), "the last good answer is long ago");
    }

    #[test]
    fn a_single_scope_whose_key_is_revoked_closes_the_gate_too() {
        let mut gate = Gate::default();
        gate.good(MINUTE);
        let at = |second: u64| MINUTE + Duration::from_secs(second);
        assert!(!gate.refused(at(1), MINUTE, None, &failure()));
        assert!(!gate.proven(), "one request at a time from now on");
        assert!(!gate.refused(at(2), MINUTE, Some(at(1)), &failure()));
        assert!(gate.refused(at(3), MINUTE, Some(at(2)), &failure()));
    }

    #[test]
    fn a_refusal_that_costs_nothing_is_a_doubt_and_counts() {
        let mut gate = Gate::default();
        gate.good(MINUTE);
        (0..9).for_each(|_| gate.doubt());
        assert!(gate.closed(MINUTE).is_none() && !gate.proven(), "one request at a time");
        gate.good(MINUTE);
        gate.doubt();
        assert!(!gate.refused(MINUTE, MINUTE, None, &failure()));
        assert!(gate.refused(MINUTE, MINUTE, None, &failure()), "three in a row");
    }

    #[test]
    fn another_credential_has_everything_before_it() {
        let mut gate = Gate::default();
        gate.credential(1);
        gate.refused(MINUTE, MINUTE, None, &failure());
        gate.credential(1);
        assert!(gate.closed(MINUTE).is_some());
        gate.credential(2);
        assert!(gate.closed(MINUTE).is_none());
    }
}
