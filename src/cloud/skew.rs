//! How far our clock is from the cloud's. A signature whose date is a quarter of an hour off is refused.

use crate::model::Timestamp;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// From here on the operator should know. The cloud refuses from 15 minutes on.
const WORTH_A_WARNING: f64 = 300.0;

/// What is known of the difference, from the server's `Date`.
#[derive(Debug, Default)]
pub(super) struct Skew(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Our clock less the cloud's.
    seconds: f64,
    warned: bool,
}

impl Skew {
    /// Learns from an answer that left the cloud at `theirs` and was here at `ours`; returns our clock less theirs, in
    /// seconds. Warns once, until the clocks agree again.
    pub(super) fn learn(&self, ours: Timestamp, theirs: Timestamp, account: &str) -> f64 {
        let seconds = ours.as_secs_f64() - theirs.as_secs_f64();
        // Nothing can panic while it is held.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.seconds = seconds;
        let wrong = seconds.abs() > WORTH_A_WARNING;
        if wrong && !state.warned {
            tracing::warn!(
                account,
                seconds = seconds.round(),
                "this machine's clock differs from the cloud's; beyond 15 minutes the cloud refuses every signature"
            );
        }
        if !wrong && state.warned {
            tracing::info!(account, "this machine's clock agrees with the cloud's again");
        }
        state.warned = wrong;
        seconds
    }

    /// A moment of our clock, on the cloud's clock as far as it is known.
    pub(super) fn correct(&self, ours: Timestamp) -> Timestamp {
        let seconds = self.0.lock().unwrap_or_else(PoisonError::into_inner).seconds;
        let difference = Duration::try_from_secs_f64(seconds.abs()).unwrap_or_default();
        if seconds >= 0.0 { ours.minus(difference) } else { ours.plus(difference) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_the_clouds_clock() {
        let skew = Skew::default();
        let at = Timestamp::from_secs;
        assert_eq!(skew.correct(at(100)), at(100));
        assert!((skew.learn(at(1000), at(400), "a") - 600.0).abs() < 1e-6);
        assert_eq!(skew.correct(at(1000)), at(400));
        assert!((skew.learn(at(400), at(1000), "a") + 600.0).abs() < 1e-6);
        assert_eq!(skew.correct(at(400)), at(1000));
    }

    #[test]
    fn the_warning_comes_once_until_the_clocks_agree_again() {
        let skew = Skew::default();
        let warned = |ours| {
            skew.learn(Timestamp::from_secs(ours), Timestamp::from_secs(1000), "a");
            skew.0.lock().unwrap().warned
        };
        assert_eq!([1000, 1300, 1301, 5000, 1000, 100].map(warned), [false, false, true, true, false, true]);
    }
}
