//! Whether a request that failed is sent again, and after how long: decided from values, by no clock and no dice.

use crate::model::{Failure, Reason};
use std::num::NonZeroU32;
use std::time::Duration;

/// Before the second attempt, at most; it doubles from attempt to attempt.
const BASE: Duration = Duration::from_millis(500);

/// The doubling ends here.
const CAP: Duration = Duration::from_secs(10);

/// How long one call may pause in all. Whoever has to wait longer gives up, and leaves it to the next refresh.
const ALLOWANCE: Duration = Duration::from_secs(60);

/// How many attempts and pauses one call has had, and may have.
#[derive(Clone, Debug)]
pub(super) struct Patience {
    attempts: u32,
    max_attempts: NonZeroU32,
    paused: Duration,
}

impl Patience {
    pub(super) const fn new(max_attempts: NonZeroU32) -> Self {
        Self { attempts: 0, max_attempts, paused: Duration::ZERO }
    }

    /// Counts an attempt.
    pub(super) const fn attempt(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
    }

    /// The attempt that was counted last was a good one, and is made again for another reason than a failure.
    pub(super) const fn not_an_attempt(&mut self) {
        self.attempts = self.attempts.saturating_sub(1);
    }

    /// Whether the attempt that was counted last is not the first.
    pub(super) const fn is_retry(&self) -> bool {
        self.attempts > 1
    }

    /// How long the call may still pause.
    pub(super) const fn left(&self) -> Duration {
        ALLOWANCE.saturating_sub(self.paused)
    }

    /// Counts a pause that the budget made.
    pub(super) const fn paused(&mut self, pause: Duration) {
        self.paused = self.paused.saturating_add(pause);
    }

    /// How long to pause before the next attempt, if there is to be one. `dice` lies between 0 and 1: full jitter, so that
    /// those who failed together do not come back together. Where there were too many requests, the budget pauses, for all
    /// who share it.
    pub(super) fn pause_after(&mut self, failure: &Failure, dice: f64) -> Option<Duration> {
        if self.attempts >= self.max_attempts.get() || !may_pass(failure.reason) {
            return None;
        }
        if failure.reason == Reason::Throttled {
            return Some(Duration::ZERO);
        }
        let doubled = BASE.saturating_mul(2_u32.saturating_pow(self.attempts.saturating_sub(1))).min(CAP);
        let jittered = doubled.mul_f64(dice.clamp(0.0, 1.0));
        let pause = failure.retry_after.map_or(jittered, |asked| asked.max(jittered));
        let paused = self.paused.saturating_add(pause);
        if paused > ALLOWANCE {
            return None;
        }
        self.paused = paused;
        Some(pause)
    }
}

/// Whether the same request may fare better in a moment.
const fn may_pass(reason: Reason) -> bool {
    match reason {
        Reason::Throttled | Reason::Server | Reason::Timeout | Reason::Connect | Reason::Decode => true,
        // A wrong signature counts against the access key: five of them lock it.
        Reason::Auth
        | Reason::TokenExpired
        | Reason::Permission
        | Reason::Invalid
        | Reason::NotFound
        | Reason::Tls
        | Reason::TooLarge
        | Reason::Inconsistent
        | Reason::Blocked => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn failure(reason: Reason, retry_after: Option<u64>) -> Failure {
        Failure {
            reason,
            tried: String::new(),
            status: None,
            code: None,
            message: String::new(),
            request_id: None,
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    fn patience(max_attempts: u32) -> Patience {
        Patience::new(NonZeroU32::new(max_attempts).unwrap())
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for reason in Reason::OF_REQUESTS {
            let mut patience = patience(4);
            patience.attempt();
            let again = patience.pause_after(&failure(reason, None), 0.5).is_some();
            let expected = matches!(reason.as_str(), "throttled" | "server" | "timeout" | "connect" | "decode");
            assert_eq!(again, expected, "{reason:?}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_cap_and_the_dice_shorten_them() {
        let mut patience = patience(100);
        let mut pauses = Vec::new();
        while pauses.len() < 8 {
            patience.attempt();
            pauses.push(patience.pause_after(&failure(Reason::Server, None), 1.0).unwrap_or_default().as_millis());
        }
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
        assert_eq!(patience.pause_after(&failure(Reason::Server, None), 0.0), Some(Duration::ZERO));
    }

    #[test]
    fn what_the_cloud_asks_for_is_kept_to_but_not_beyond_a_minute() {
        let mut patience = patience(9);
        patience.attempt();
        assert_eq!(patience.pause_after(&failure(Reason::Server, Some(40)), 1.0), Some(Duration::from_secs(40)));
        patience.attempt();
        assert_eq!(patience.pause_after(&failure(Reason::Server, Some(21)), 1.0), None, "61 seconds in all");
        assert_eq!(patience.pause_after(&failure(Reason::Server, Some(20)), 1.0), Some(Duration::from_secs(20)));
    }

    #[test]
    fn where_there_were_too_many_requests_the_budget_makes_the_pause_and_the_call_is_charged_for_it() {
        let mut patience = patience(4);
        patience.attempt();
        assert_eq!(patience.pause_after(&failure(Reason::Throttled, Some(300)), 1.0), Some(Duration::ZERO));
        patience.paused(Duration::from_secs(40));
        assert_eq!(patience.left(), Duration::from_secs(20));
        patience.attempt();
        assert_eq!(patience.pause_after(&failure(Reason::Server, Some(21)), 1.0), None, "61 seconds in all");
    }

    proptest! {
        #[test]
        fn no_call_has_more_attempts_or_pauses_than_allowed(
            max_attempts in 1..20_u32,
            failures in prop::collection::vec((0..12_usize, prop::option::of(0..100_u64), 0.0..1.0_f64), 1..40),
        ) {
            let mut patience = patience(max_attempts);
            let mut paused = Duration::ZERO;
            for (reason, retry_after, dice) in failures {
                patience.attempt();
                let failure = failure(Reason::OF_REQUESTS[reason], retry_after);
                let Some(pause) = patience.pause_after(&failure, dice) else { break };
                let throttled = failure.reason == Reason::Throttled;
                prop_assert!(throttled || retry_after.is_none_or(|asked| pause >= Duration::from_secs(asked)));
                paused += pause;
            }
            prop_assert!(patience.attempts <= max_attempts);
            prop_assert!(paused <= ALLOWANCE);
        }
    }
}
