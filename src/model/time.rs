//! A moment, as the cloud and Prometheus both count it: since the Unix epoch.

use std::time::Duration;

/// The `Date` header counts whole seconds: what happened within the second that it names may have happened before it.
pub(super) const DATE_GRAIN: Duration = Duration::from_secs(1);

/// The last second that RFC 3339 and HTTP can write: 9999-12-31T23:59:59Z.
const END_OF_DATES: u64 = 253_402_300_799;

/// A moment, as time since 1970-01-01T00:00:00Z. Earlier moments do not occur and cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(Duration);

impl Timestamp {
    /// The moment that lies `since_epoch` after the Unix epoch.
    pub const fn new(since_epoch: Duration) -> Self {
        Self(since_epoch)
    }

    /// The moment `seconds` after the Unix epoch.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Time since the Unix epoch.
    pub const fn since_epoch(self) -> Duration {
        self.0
    }

    /// Seconds since the Unix epoch, with their fraction: what a `_timestamp_seconds` family shows.
    pub fn as_secs_f64(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// This moment for those who write dates: what is later than the year 9999 is its last second here.
    #[must_use]
    pub fn as_date(self) -> Self {
        self.min(Self::from_secs(END_OF_DATES))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment, later by `by` (at the end of time, the end of time).
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// This moment, earlier by `by` (before the epoch, the epoch).
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by))
    }
}
