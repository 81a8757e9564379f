//! How far one connection is, and until when that may last.

use super::Limits;
use super::serve::Course;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What a connection is at. Each phase has one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// New, and nothing has been read.
    Fresh,
    /// Everything asked has been answered.
    Idle,
    /// A header is coming in.
    Header,
    /// An answer is being made.
    Answering,
    /// An answer is going out.
    Sending,
}

impl Phase {
    /// Whether the client has asked for nothing that it has not got.
    pub(super) const fn is_silent(self) -> bool {
        matches!(self, Self::Fresh | Self::Idle)
    }
}

/// Since when a connection has stood still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Still {
    /// When the client last took a byte of its answer; where it has asked for none, when the phase began.
    pub(super) since: Instant,
    /// Whether it has asked for something that it has not got.
    pub(super) answering: bool,
}

/// One connection, as the three see it that have to do with it: the bytes, the requests, and the crowd.
#[derive(Debug)]
pub(super) struct Talk {
    state: Mutex<State>,
    gives_way: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// When this phase began.
    since: Instant,
    /// What the client has not taken; `None` once it has taken all that it has asked for.
    debt: Option<Debt>,
    asked_to_give_way: bool,
}

/// What a client has asked for and not taken.
#[derive(Clone, Copy, Debug)]
struct Debt {
    /// When it asked first.
    since: Instant,
    /// When it last took a byte, or asked.
    taken: Instant,
}

impl Talk {
    pub(super) fn new() -> Self {
        let state = State { phase: Phase::Fresh, since: Instant::now(), debt: None, asked_to_give_way: false };
        Self { state: Mutex::new(state), gives_way: Notify::new() }
    }

    pub(super) fn phase(&self) -> Phase {
        self.state().phase
    }

    pub(super) fn enter(&self, phase: Phase) {
        let (mut state, now) = (self.state(), Instant::now());
        (state.phase, state.since) = (phase, now);
        if phase == Phase::Answering {
            state.debt.get_or_insert(Debt { since: now, taken: now });
        }
    }

    /// The client took a part of its answer.
    pub(super) fn taken(&self) {
        if let Some(debt) = &mut self.state().debt {
            debt.taken = Instant::now();
        }
    }

    /// The client has taken all that it has asked for: no further request is there.
    pub(super) fn caught_up(&self) {
        self.state().debt = None;
    }

    /// When the phase that it is at will have lasted too long. Once nothing new is accepted, silence is too long at once.
    /// A request that is sent ahead, before the last answer is taken, wins no time.
    pub(super) fn deadline(&self, limits: &Limits, course: Course) -> Instant {
        let State { phase, since, debt, .. } = *self.state();
        match (phase, course) {
            (Phase::Fresh, Course::Open) | (Phase::Header, _) => since + limits.header,
            (Phase::Fresh, _) => since + limits.first_byte.min(limits.header),
            (Phase::Idle, Course::Open) => since + limits.idle,
            (Phase::Idle, _) => since,
            (Phase::Answering | Phase::Sending, _) => debt.map_or(since, |debt| debt.since) + limits.answer,
        }
    }

    /// Since when it has stood still; `None` if it already gives way.
    pub(super) fn still(&self) -> Option<Still> {
        let State { since, debt, asked_to_give_way, .. } = *self.state();
        let still = Still { since: debt.map_or(since, |debt| debt.taken), answering: debt.is_some() };
        (!asked_to_give_way).then_some(still)
    }

    /// Asks it to end, for another's sake.
    pub(super) fn give_way(&self) {
        self.state().asked_to_give_way = true;
        self.gives_way.notify_one();
    }

    /// Ends when it has been asked to end.
    pub(super) async fn gives_way(&self) {
        self.gives_way.notified().await;
    }

    /// No code that holds the lock can panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_sent_ahead_renews_no_time_limit() {
        let (talk, limits) = (Talk::new(), Limits::default());
        talk.enter(Phase::Answering);
        let deadline = talk.deadline(&limits, Course::Open);
        for _ in 0..3 {
            talk.enter(Phase::Sending);
            advance(Duration::from_secs(1)).await;
            talk.enter(Phase::Idle);
            talk.enter(Phase::Answering);
        }
        assert_eq!(talk.deadline(&limits, Course::Open), deadline);
        talk.enter(Phase::Idle);
        talk.caught_up();
        talk.enter(Phase::Answering);
        assert_eq!(talk.deadline(&limits, Course::Open), deadline + Duration::from_secs(3));
    }
}
