//! What a series shows, and label values made fit for a page.

use crate::model::Timestamp;
use std::borrow::Cow;
use std::time::Duration;

/// The longest label value, in characters: whoever names a task does not decide how large the page gets.
pub(super) const LONGEST_LABEL_VALUE: usize = 256;

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

/// A label value that is fit for a page: without control characters, and not too long.
pub(super) fn fit(value: &str) -> Cow<'_, str> {
    if value.len() <= LONGEST_LABEL_VALUE && value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(value);
    }
    let end = value.char_indices().nth(LONGEST_LABEL_VALUE).map_or(value.len(), |(end, _)| end);
    let cut = value.get(..end).unwrap_or_default();
    if !cut.contains(char::is_control) {
        return Cow::Borrowed(cut);
    }
    Cow::Owned(cut.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, fitted: &str) {
        assert_eq!(fit(value), fitted);
    }

    #[test]
    fn a_label_value_keeps_every_letter_and_no_control_character() {
        check("", "");
        check("nightly \"scan\" C:\\", "nightly \"scan\" C:\\");
        check("每晚扫描", "每晚扫描");
        check("a\tb\nc\u{7f}\u{85}d", "a\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}d");
    }

    #[test]
    fn a_label_value_is_cut_at_256_characters_not_bytes() {
        check(&"a".repeat(256), &"a".repeat(256));
        check(&"a".repeat(257), &"a".repeat(256));
        check(&"扫".repeat(256), &"扫".repeat(256));
        check(&"扫".repeat(300), &"扫".repeat(256));
        check(&"\n".repeat(300), &"\u{fffd}".repeat(256));
    }
}
