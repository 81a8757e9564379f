//! The cloud's clock, as one account reads it: from the `Date` of the answers, carried on by this machine's monotonic clock.
//!
//! Three clocks are compared, and each may lie. A `Date` may come from a gateway whose clock is wrong. Our wall clock may be
//! wrong from the start, or be set. Nobody sets the monotonic clock, but it stands still while the machine sleeps. What two of
//! them agree on is believed at once. A `Date` alone against both of ours is believed when several answers in a row agree
//! on it. Pure: all moments are parameters.

use crate::model::{ClockBase, ClockOffset, CloudTime, Timestamp};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};
use tokio::time::Instant;

/// Clocks that differ by no more agree: the drift of months, the second's grain, and slow answers are less. It is counted
/// from what was settled, not from the last `Date`: small lies that add up do not move the clock further than this.
const AGREE: Duration = Duration::from_mins(5);

/// So many answers in a row that agree with one another are believed against our clocks; and after so many answers, our
/// clock is, where the first ones dispute it.
pub const ANSWERS: u8 = 3;

/// The cloud refuses signatures whose date is further off. So where the clock agrees that well with our wall clock, and a
/// `Date` does not, it is the `Date` that is wrong, however often it is said.
const SIGNATURES: Duration = Duration::from_mins(15);

/// The cloud's clock, as one account reads it.
#[derive(Debug)]
pub struct CloudClock {
    account: Arc<str>,
    began: Instant,
    state: Mutex<ClockState>,
}

/// What became of a `Date`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The clock shows it.
    Believed,
    /// It differs too much from what the clock shows.
    Distrusted,
}

#[derive(Debug)]
struct ClockState {
    /// What the clock shows for the moment at which we began: as it was settled, and by the last `Date` that was near that.
    settled: Timestamp,
    shown: Timestamp,
    evidence: Evidence,
    base: ClockBase,
    /// What was settled less our wall clock, as it is set.
    ahead: ClockOffset,
    /// The answers in a row that dispute what the clock shows and agree with one another.
    streak: Option<Streak>,
    /// Our wall clock is known to be wrong.
    ours_is_wrong: bool,
    /// Disputed, and the operator knows.
    told: bool,
}

/// How the clock came by what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evidence {
    /// From our wall clock: the cloud has not said anything yet, or so many answers since one of them disputed it.
    Unsettled(u8),
    /// From our wall clock, because the cloud's first answers disputed it and each other.
    Assumed,
    /// By the cloud's answers.
    Confirmed,
}

#[derive(Clone, Copy, Debug)]
struct Streak {
    /// What the first of them says of the moment at which we began.
    says: Timestamp,
    answers: u8,
}

impl CloudClock {
    /// A clock of which nothing is known but that our wall clock shows `ours` at `now`.
    pub fn new(account: &Arc<str>, ours: Timestamp, now: Instant) -> Self {
        let state = ClockState {
            settled: ours,
            shown: ours,
            evidence: Evidence::Unsettled(0),
            base: ClockBase::new(ours),
            ahead: ClockOffset::Ahead(Duration::ZERO),
            streak: None,
            ours_is_wrong: false,
            told: false,
        };
        Self { account: Arc::clone(account), began: now, state: Mutex::new(state) }
    }

    /// What the clock shows at `now`.
    pub fn at(&self, now: Instant) -> CloudTime {
        let state = self.state();
        CloudTime { at: state.shown.plus(self.elapsed(now)), base: state.base }
    }

    /// Whether the cloud has said what time it is, and was believed.
    pub fn is_confirmed(&self) -> bool {
        self.state().evidence == Evidence::Confirmed
    }

    /// Whether the cloud's first answers say something else than our clock, and no more than that is known: nothing must be
    /// read by either, because old runs would be taken for new ones, or new ones for old. The call is to be made again. Ends
    /// after three answers at the latest.
    pub fn is_disputed(&self) -> bool {
        matches!(self.state().evidence, Evidence::Unsettled(answers) if answers > 0)
    }

    /// Takes the `Date` of an answer that came at `now`, for a request that was sent when our wall clock showed `ours`.
    pub fn learn(&self, date: Timestamp, ours: Timestamp, now: Instant) -> Verdict {
        let elapsed = self.elapsed(now);
        let mut state = self.state();
        let state = &mut *state;
        let says = date.minus(elapsed);
        let (settled, shown) = (state.settled.plus(elapsed), state.shown.plus(elapsed));
        if apart(date, settled) <= AGREE {
            state.believe(says);
            if apart(state.ahead.to_cloud(ours), settled) > AGREE {
                // Our wall clock was set.
                state.ahead = ClockOffset::between(ours, settled);
            }
        } else if apart(state.ahead.to_cloud(ours), date) <= AGREE {
            // Our wall clock has moved as much.
            if state.evidence == Evidence::Confirmed && says > state.settled {
                // Time has passed while this machine slept.
                state.settled = says;
                state.believe(says);
            } else {
                self.correct(state, says, shown, date);
                state.ahead = ClockOffset::between(ours, date);
            }
        } else {
            let streak =
                state.streak.filter(|streak| apart(streak.says, says) <= AGREE).unwrap_or(Streak { says, answers: 0 });
            let answers = streak.answers.saturating_add(1);
            state.streak = Some(Streak { answers, ..streak });
            let ours_agrees = state.evidence == Evidence::Confirmed && apart(ours, shown) <= SIGNATURES;
            let stands_alone = ours_agrees && apart(ours, date) > SIGNATURES;
            if answers < ANSWERS || stands_alone {
                self.distrust(state, answers, shown, date);
                return Verdict::Distrusted;
            }
            self.correct(state, says, shown, date);
            state.ahead = ClockOffset::between(ours, date);
        }
        self.tell_of_ours(state, ours, date);
        Verdict::Believed
    }

    /// Takes note of an answer that does not say what time it is.
    pub fn answered_without_date(&self) {
        let mut state = self.state();
        if matches!(state.evidence, Evidence::Unsettled(answers) if answers > 0) {
            self.one_more(&mut state);
        }
    }

    fn distrust(&self, state: &mut ClockState, answers: u8, shown: Timestamp, date: Timestamp) {
        let (account, shown, date) = (&*self.account, written(shown), written(date));
        if answers == ANSWERS && !std::mem::replace(&mut state.told, true) {
            tracing::warn!(account, %shown, %date, "the cloud's Date contradicts two clocks of this machine and is not believed");
        } else {
            tracing::debug!(account, %shown, %date, "the Date of an answer is not believed");
        }
        if matches!(state.evidence, Evidence::Unsettled(_)) {
            self.one_more(state);
        }
    }

    /// One answer more that does not settle the dispute.
    fn one_more(&self, state: &mut ClockState) {
        let Evidence::Unsettled(answers) = state.evidence else { return };
        state.evidence = Evidence::Unsettled(answers.saturating_add(1));
        if answers.saturating_add(1) >= ANSWERS {
            let account = &*self.account;
            tracing::warn!(
                account,
                "the cloud's first answers disagree about the time; this machine's clock is believed"
            );
            state.evidence = Evidence::Assumed;
        }
    }

    fn correct(&self, state: &mut ClockState, says: Timestamp, shown: Timestamp, date: Timestamp) {
        let (account, shown, date) = (&*self.account, written(shown), written(date));
        tracing::warn!(account, from = %shown, to = %date, "the clock by which the cloud's answers are judged was wrong and is corrected");
        state.base = state.base.corrected(ClockOffset::between(state.shown, says));
        state.settled = says;
        state.believe(says);
    }

    /// Warns once that our wall clock is wrong, until it is right again.
    fn tell_of_ours(&self, state: &mut ClockState, ours: Timestamp, date: Timestamp) {
        let (account, seconds) = (&*self.account, (ours.as_secs_f64() - date.as_secs_f64()).round());
        let wrong = apart(ours, date) > AGREE;
        if wrong && !state.ours_is_wrong {
            tracing::warn!(
                account,
                seconds,
                "this machine's clock differs from the cloud's; beyond 15 minutes the cloud refuses every signature"
            );
        }
        if !wrong && state.ours_is_wrong {
            tracing::info!(account, "this machine's clock agrees with the cloud's again");
        }
        state.ours_is_wrong = wrong;
    }

    fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    fn state(&self) -> MutexGuard<'_, ClockState> {
        // Nothing can panic while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClockState {
    const fn believe(&mut self, says: Timestamp) {
        self.shown = says;
        self.evidence = Evidence::Confirmed;
        self.streak = None;
    }
}

fn apart(a: Timestamp, b: Timestamp) -> Duration {
    a.max(b).since(a.min(b))
}

/// For people.
fn written(moment: Timestamp) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + moment.as_date().since_epoch())
}

#[cfg(test)]
mod tests;
