//! How far two clocks are from one another, and what becomes of a remembered moment when a clock is corrected.

use super::Timestamp;
use std::time::Duration;

/// How far the cloud's clock is from ours; or a clock after it was corrected from what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockOffset {
    /// The cloud's is ahead by so much.
    Ahead(Duration),
    /// The cloud's is behind by so much.
    Behind(Duration),
}

impl ClockOffset {
    /// Of a cloud that says `cloud` when we say `ours`.
    pub fn between(ours: Timestamp, cloud: Timestamp) -> Self {
        if cloud >= ours { Self::Ahead(cloud.since(ours)) } else { Self::Behind(ours.since(cloud)) }
    }

    /// A moment of ours, by the cloud's clock.
    pub fn to_cloud(self, ours: Timestamp) -> Timestamp {
        match self {
            Self::Ahead(by) => ours.plus(by),
            Self::Behind(by) => ours.minus(by),
        }
    }

    /// A moment of the cloud's clock, by ours.
    pub fn to_ours(self, cloud: Timestamp) -> Timestamp {
        match self {
            Self::Ahead(by) => cloud.minus(by),
            Self::Behind(by) => cloud.plus(by),
        }
    }

    /// Moves a moment that was read before the clock was corrected by this.
    pub fn correct(self, moment: &mut Timestamp) {
        *moment = self.to_cloud(*moment);
    }
}

/// The setting of the cloud's clock with which a moment was read: what the clock shows for the moment at which we began.
///
/// It changes when the clock turns out to have been wrong, and by as much; not when time passes. Moments of two settings
/// cannot be compared: after a correction the clock may be years before or behind what was remembered, and whatever only
/// grows would be stuck. So whoever remembers moments remembers their setting, and moves them by the correction. Then a
/// moment stays as long ago as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockBase(Timestamp);

impl ClockBase {
    /// Of a clock that shows this for the moment at which we began.
    pub const fn new(began: Timestamp) -> Self {
        Self(began)
    }

    /// Of the same clock, once it is corrected by so much.
    #[must_use]
    pub fn corrected(self, by: ClockOffset) -> Self {
        Self(by.to_cloud(self.0))
    }

    /// By how much the clock was corrected from this setting to `other`; `None` if it was not.
    pub fn correction(self, other: Self) -> Option<ClockOffset> {
        (self != other).then(|| ClockOffset::between(self.0, other.0))
    }
}

/// A moment by the cloud's clock, with the clock's setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CloudTime {
    /// The moment.
    pub at: Timestamp,
    /// The setting.
    pub base: ClockBase,
}

impl CloudTime {
    /// The same moment by the same clock with this setting.
    #[must_use]
    pub fn on(mut self, base: ClockBase) -> Self {
        if let Some(by) = self.base.correction(base) {
            by.correct(&mut self.at);
        }
        Self { base, ..self }
    }
}
