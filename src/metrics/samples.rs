//! The samples of one family: label values made fit for a page, series in order, and none of them twice.

use crate::model::Timestamp;
use std::borrow::Cow;
use std::time::Duration;

/// The longest label value, in characters: whoever names a task does not decide how large the page gets.
pub(super) const LONGEST_LABEL_VALUE: usize = 256;

/// The samples of one family. Label values are borrowed from where they came from, unless they had to be mended.
#[derive(Debug)]
pub(super) struct Samples<'a> {
    width: usize,
    labels: Vec<Cow<'a, str>>,
    /// Where the label values of each series begin, and its value.
    series: Vec<(usize, Value)>,
}

/// What a series shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Of a gauge, a counter or an info.
    Number(f64),
    /// Of a summary.
    Summary { sum: f64, count: u64 },
    /// Of a histogram: the upper bounds, each with how much was at most that; without the infinite one.
    Histogram { buckets: Vec<(f64, u64)>, sum: f64, count: u64 },
}

impl<'a> Samples<'a> {
    /// None yet, of a family with so many labels.
    pub(super) fn new(width: usize) -> Self {
        Self { width, labels: Vec::new(), series: Vec::new() }
    }

    /// Adds a series. The label values come in the order of the family's labels.
    pub(super) fn add(&mut self, labels: impl IntoIterator<Item = &'a str>, value: impl Into<Value>) {
        let start = self.labels.len();
        self.labels.extend(labels.into_iter().map(fit));
        debug_assert_eq!(self.labels.len() - start, self.width, "a value for every label of the row");
        self.series.push((start, value.into()));
    }

    /// Adds a series, if there is a value.
    pub(super) fn add_known(&mut self, labels: impl IntoIterator<Item = &'a str>, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(labels, value);
        }
    }

    /// Puts the series in the order of their label values. Of two with the same ones, which would make Prometheus refuse
    /// the whole page, only the first stays. Answers how many were dropped.
    pub(super) fn sort(&mut self) -> usize {
        let Self { width, labels, series } = self;
        let of = |start: usize| labels.get(start..start + *width).unwrap_or_default();
        series.sort_by(|(a, _), (b, _)| of(*a).cmp(of(*b)));
        let before = series.len();
        series.dedup_by(|(b, _), (a, _)| of(*a) == of(*b));
        before - series.len()
    }

    /// Every series: its label values, and what it shows.
    pub(super) fn series(&self) -> impl Iterator<Item = (&[Cow<'a, str>], &Value)> {
        self.series.iter().map(|(start, value)| {
            let labels = self.labels.get(*start..*start + self.width).unwrap_or_default();
            (labels, value)
        })
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number as f64)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number as f64)
    }
}

impl From<bool> for Value {
    fn from(state: bool) -> Self {
        Self::Number(f64::from(u8::from(state)))
    }
}

/// In seconds, as everything that Prometheus reads.
impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self::Number(duration.as_secs_f64())
    }
}

/// In seconds since the epoch.
impl From<Timestamp> for Value {
    fn from(timestamp: Timestamp) -> Self {
        Self::Number(timestamp.as_secs_f64())
    }
}

/// A label value that is fit for a page: without control characters, and not too long.
fn fit(value: &str) -> Cow<'_, str> {
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

    #[test]
    fn of_two_series_with_the_same_labels_the_first_stays() {
        let mut samples = Samples::new(1);
        for (label, value) in [("b\t", 1.0), ("a", 2.0), ("b\n", 3.0)] {
            samples.add([label], value);
        }
        assert_eq!(samples.sort(), 1);
        let left: Vec<_> = samples.series().map(|(labels, value)| (labels[0].to_string(), value.clone())).collect();
        assert_eq!(left, [("a".into(), Value::Number(2.0)), ("b\u{fffd}".into(), Value::Number(1.0))]);
    }
}
