//! How far one connection is, and until when that may last.

use super::Limits;
use super::serve::Course;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
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

/// One connection, as the three see it that have to do with it: the bytes, the requests, and the crowd.
#[derive(Debug)]
pub(super) struct Talk {
    state: Mutex<State>,
    gives_way: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// When this phase began; sending counts from where answering began.
    since: Instant,
    asked_to_give_way: bool,
}

impl Talk {
    pub(super) fn new() -> Self {
        let state = State { phase: Phase::Fresh, since: Instant::now(), asked_to_give_way: false };
        Self { state: Mutex::new(state), gives_way: Notify::new() }
    }

    pub(super) fn phase(&self) -> Phase {
        self.state().phase
    }

    pub(super) fn enter(&self, phase: Phase) {
        let mut state = self.state();
        if phase != Phase::Sending {
            state.since = Instant::now();
        }
        state.phase = phase;
    }

    /// When the phase that it is at will have lasted too long. Once nothing new is accepted, silence is too long at once.
    pub(super) fn deadline(&self, limits: &Limits, course: Course) -> Instant {
        let State { phase, since, .. } = *self.state();
        since
            + match (phase, course) {
                (Phase::Fresh, Course::Open) | (Phase::Header, _) => limits.header,
                (Phase::Fresh, _) => limits.first_byte.min(limits.header),
                (Phase::Idle, Course::Open) => limits.idle,
                (Phase::Idle, _) => Duration::ZERO,
                (Phase::Answering | Phase::Sending, _) => limits.answer,
            }
    }

    /// Since when nothing whole has come from it; `None` while it is being answered, or already gives way.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        let state = self.state();
        let waits = state.phase.is_silent() || state.phase == Phase::Header;
        (waits && !state.asked_to_give_way).then_some(state.since)
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
