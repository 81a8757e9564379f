//! When a credential with an end is renewed: decided from values, by no clock and no dice.
//!
//! It is renewed before its end, while requests go on with the old one; only where there is none does anybody wait. One
//! renewal is under way at a time. One that fails is tried again after a pause, and one that was *refused* after the
//! breaker's: a password that is wrong must not be sent until the login locks.

use std::time::Duration;

/// So long before its end a credential is renewed, or a fifth of its lifetime: with a fixed time, one that lives for a
/// quarter of an hour would be renewed with every request.
const MARGIN: Duration = Duration::from_secs(300);
const MARGIN_OF_LIFETIME: u32 = 5;

/// After a renewal that failed in a way that may pass; it doubles.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// After one that was refused; it doubles. As long as the breaker's, which waits with it.
const REFUSED_PAUSE: Duration = Duration::from_secs(300);
const LONGEST_REFUSED_PAUSE: Duration = Duration::from_secs(3600);

/// A credential that is refused before its end is replaced once in this time: where the new one is refused too, it was
/// not the credential.
const REPLACE_PAUSE: Duration = Duration::from_secs(300);

/// What is known of a credential's life. Moments are counted from the start of the process.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    held: Option<Span>,
    /// Something speaks against the one that is held.
    wanted: bool,
    under_way: Option<UnderWay>,
    failures: u32,
    not_before: Duration,
    last_replaced: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    renew_at: Duration,
    ends: Duration,
}

#[derive(Clone, Copy, Debug)]
struct UnderWay {
    /// Whether something spoke against the old one when it began.
    wanted: bool,
}

/// What a request has to do that needs the credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Use what is held.
    Nothing,
    /// Use what is held, and begin a renewal.
    Renewal,
    /// Begin a renewal, and wait for it.
    New,
    /// Wait for the renewal that is under way.
    Wait,
    /// Fail as the last renewal did.
    Failed,
}

/// How a renewal failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// It may fare better in a moment, or after what the cloud asks for.
    MayPass { asked: Option<Duration> },
    /// It will not, until somebody does something.
    Refused,
}

impl Renewal {
    /// What is to be done at `now`.
    pub(super) fn need(&self, now: Duration) -> Need {
        let good = self.held.is_some_and(|held| now < held.ends);
        let due = self.wanted || self.held.is_none_or(|held| held.renew_at <= now);
        let pausing = self.failures > 0 && now < self.not_before;
        match (good, self.under_way.is_some()) {
            (true, under_way) if under_way || pausing || !due => Need::Nothing,
            (true, _) => Need::Renewal,
            (false, true) => Need::Wait,
            (false, false) if pausing => Need::Failed,
            (false, false) => Need::New,
        }
    }

    /// A renewal has begun.
    pub(super) const fn begin(&mut self) {
        self.under_way = Some(UnderWay { wanted: self.wanted });
        self.wanted = false;
    }

    /// It brought a credential that lives so long. Answers how many had failed before it.
    pub(super) fn obtained(&mut self, now: Duration, lifetime: Duration) -> u32 {
        let margin = MARGIN.min(lifetime / MARGIN_OF_LIFETIME);
        let ends = now.saturating_add(lifetime);
        self.held = Some(Span { renew_at: ends.saturating_sub(margin), ends });
        self.under_way = None;
        std::mem::take(&mut self.failures)
    }

    /// It failed. `dice` lies between 0 and 1. Answers whether it is the first in a row.
    pub(super) fn failed(&mut self, now: Duration, how: Failed, dice: f64) -> bool {
        self.wanted |= self.under_way.take().is_some_and(|under_way| under_way.wanted);
        let doubled = 2_u32.saturating_pow(self.failures);
        let pause = match how {
            Failed::MayPass { asked } => {
                let pause = PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
                // Those that failed together should not come back together.
                pause.mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0).max(asked.unwrap_or_default())
            }
            Failed::Refused => REFUSED_PAUSE.saturating_mul(doubled).min(LONGEST_REFUSED_PAUSE),
        };
        self.not_before = now.saturating_add(pause);
        self.failures = self.failures.saturating_add(1);
        self.failures == 1
    }

    /// It came to nothing, and says nothing of the next.
    pub(super) fn abandoned(&mut self) {
        self.wanted |= self.under_way.take().is_some_and(|under_way| under_way.wanted);
    }

    /// What it is asked for with has changed: the old credential goes on, and a new one is asked for at once.
    pub(super) const fn sources_changed(&mut self) {
        self.wanted = true;
        self.failures = 0;
    }

    /// The cloud refused what is held. Answers whether a new one is asked for, or will be.
    pub(super) fn refused(&mut self, now: Duration) -> bool {
        if self.under_way.is_some() {
            return true;
        }
        let lately = self.last_replaced.is_some_and(|last| now.saturating_sub(last) < REPLACE_PAUSE);
        if lately || (self.failures > 0 && now < self.not_before) {
            return false;
        }
        self.last_replaced = Some(now);
        self.wanted = true;
        true
    }

    pub(super) const fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const MAY_PASS: Failed = Failed::MayPass { asked: None };

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn held(lifetime: Duration) -> Renewal {
        let mut renewal = Renewal::default();
        renewal.begin();
        renewal.obtained(Duration::ZERO, lifetime);
        renewal
    }

    #[track_caller]
    fn check(renewal: &Renewal, needs: &[(u64, Need)]) {
        for (second, need) in needs {
            assert_eq!(renewal.need(at(*second)), *need, "at {second}");
        }
    }

    #[test]
    fn it_is_renewed_five_minutes_before_its_end_or_a_fifth_of_its_life() {
        check(&held(HOUR), &[(0, Need::Nothing), (3299, Need::Nothing), (3300, Need::Renewal), (3600, Need::New)]);
        check(&held(at(900)), &[(719, Need::Nothing), (720, Need::Renewal), (899, Need::Renewal), (900, Need::New)]);
        check(&held(at(10)), &[(7, Need::Nothing), (8, Need::Renewal), (10, Need::New)]);
    }

    #[test]
    fn one_renewal_is_under_way_at_a_time_and_only_who_has_nothing_waits() {
        let mut renewal = held(HOUR);
        renewal.begin();
        check(&renewal, &[(3300, Need::Nothing), (3599, Need::Nothing), (3600, Need::Wait)]);
        renewal.obtained(at(3400), HOUR);
        check(&renewal, &[(3600, Need::Nothing), (6700, Need::Renewal)]);
    }

    #[test]
    fn a_renewal_that_fails_keeps_the_old_one_until_its_end() {
        let mut renewal = held(HOUR);
        renewal.begin();
        assert!(renewal.failed(at(3300), MAY_PASS, 1.0));
        check(&renewal, &[(3304, Need::Nothing), (3305, Need::Renewal), (3600, Need::New)]);
        renewal.begin();
        assert!(!renewal.failed(at(3590), MAY_PASS, 1.0), "said once");
        check(&renewal, &[(3599, Need::Nothing), (3600, Need::New)]);
        renewal.begin();
        renewal.failed(at(3600), Failed::MayPass { asked: Some(at(40)) }, 0.0);
        check(&renewal, &[(3639, Need::Failed), (3640, Need::New)]);
        renewal.begin();
        assert_eq!(renewal.obtained(at(3640), HOUR), 3);
        check(&renewal, &[(3640, Need::Nothing)]);
    }

    #[test]
    fn what_was_refused_waits_as_the_breaker_does_or_for_other_sources() {
        let mut renewal = Renewal::default();
        check(&renewal, &[(0, Need::New)]);
        for (from, pause) in [(0, 300), (300, 600), (900, 1200), (2100, 2400), (4500, 3600), (8100, 3600)] {
            renewal.begin();
            renewal.failed(at(from), Failed::Refused, 0.5);
            check(&renewal, &[(from + pause - 1, Need::Failed), (from + pause, Need::New)]);
        }
        renewal.sources_changed();
        check(&renewal, &[(8101, Need::New)]);
    }

    #[test]
    fn a_refused_one_is_replaced_once_while_the_others_go_on() {
        let mut renewal = held(HOUR);
        assert!(renewal.refused(at(100)));
        check(&renewal, &[(100, Need::Renewal)]);
        renewal.begin();
        assert!(renewal.refused(at(100)), "who is refused meanwhile waits for the same one");
        check(&renewal, &[(100, Need::Nothing)]);
        renewal.obtained(at(101), HOUR);
        assert!(!renewal.refused(at(102)), "the new one is refused too");
        check(&renewal, &[(102, Need::Nothing)]);
        assert!(renewal.refused(at(400)));
    }

    #[test]
    fn other_sources_ask_anew_at_once_also_while_the_old_ones_are_asked() {
        let mut renewal = held(HOUR);
        renewal.sources_changed();
        check(&renewal, &[(5, Need::Renewal)]);
        renewal.begin();
        renewal.sources_changed();
        renewal.obtained(at(6), HOUR);
        check(&renewal, &[(6, Need::Renewal)]);
        renewal.begin();
        renewal.abandoned();
        check(&renewal, &[(7, Need::Renewal)]);
        renewal.begin();
        renewal.failed(at(8), MAY_PASS, 1.0);
        check(&renewal, &[(12, Need::Nothing), (13, Need::Renewal)]);
    }
}
