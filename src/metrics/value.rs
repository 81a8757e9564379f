//! What a series shows.

use crate::model::Timestamp;
use std::time::Duration;

/// What a series shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Of a gauge, a counter or an info.
    Number(f64),
    /// The same, where it is known to be whole.
    Whole(u64),
    /// The same, where it is a time: in seconds, as everything that Prometheus reads.
    Time(Duration),
    /// Of a summary.
    Summary { sum: f64, count: u64 },
    /// Of a histogram: the upper bounds, each with how much was at most that; without the infinite one.
    Histogram { buckets: Vec<(f64, u64)>, sum: f64, count: u64 },
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Whole(number)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Whole(number as u64)
    }
}

impl From<bool> for Value {
    fn from(state: bool) -> Self {
        Self::Whole(u64::from(state))
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Time(duration)
    }
}

/// Since the epoch.
impl From<Timestamp> for Value {
    fn from(timestamp: Timestamp) -> Self {
        Self::Time(timestamp.since_epoch())
    }
}
