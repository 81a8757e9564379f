//! The sample lines of one family: in order, and no series twice.

use super::value::Value;
use super::write::{write_bound, write_label_value, write_number, write_time, write_whole};
use crate::model::facts::Run;
use std::ops::Range;

/// So many bytes are written to as a rule before they become a chunk.
const USUAL: usize = 24 * 1024;

/// An exemplar's labels, names and values together, have at most so many characters.
const LONGEST_EXEMPLAR: usize = 128;

/// The lines of a family, as they are written.
#[derive(Debug)]
pub(super) struct Lines<'n> {
    name: &'n str,
    /// What stands before each label value that follows the prefix, and after the last one.
    before: Vec<String>,
    after: &'static str,
    exemplars: bool,
    /// The label values that all lines of the part begin with.
    prefix: String,
    pub(super) text: Vec<u8>,
    /// Lines with a value.
    pub(super) series: usize,
    /// Series that were left out, because another has the same labels.
    pub(super) dropped: usize,
    part: Vec<Series>,
}

/// A series of the part that is being written, by its place in the text.
#[derive(Clone, Debug)]
struct Series {
    lines: Range<usize>,
    /// Its label values, but for the prefix.
    labels: Range<usize>,
    /// How many lines it has.
    count: usize,
}

impl<'n> Lines<'n> {
    /// None yet, of a family with these labels, of which the first `shared` stand in the prefix of each part.
    pub(super) fn new(name: &'n str, labels: &[&str], shared: usize, exemplars: bool) -> Self {
        let before = |(place, label)| if place == 0 { format!("{{{label}=\"") } else { format!("\",{label}=\"") };
        Self {
            name,
            before: labels.iter().enumerate().skip(shared).map(before).collect(),
            after: if labels.is_empty() { " " } else { "\"} " },
            exemplars,
            prefix: String::new(),
            text: Vec::with_capacity(USUAL),
            series: 0,
            dropped: 0,
            part: Vec::new(),
        }
    }

    /// Forgets what has been written, to begin anew.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        (self.series, self.dropped) = (0, 0);
    }

    /// Writes a part: the lines that `write` adds, all of which begin with these label values. Puts them in order. Of two
    /// series with the same labels, which would make Prometheus refuse the whole page, only the first stays.
    pub(super) fn part(&mut self, prefix: &str, write: impl FnOnce(&mut Self)) {
        self.prefix.clear();
        self.prefix.push_str(prefix);
        self.part.clear();
        let start = self.text.len();
        write(self);
        let text = &self.text;
        let of = |series: &Series| text.get(series.labels.clone()).unwrap_or_default();
        if !self.part.is_sorted_by(|a, b| of(a) < of(b)) {
            let all = self.part.len();
            self.part.sort_by(|a, b| of(a).cmp(of(b)));
            self.part.dedup_by(|b, a| of(a) == of(b));
            self.dropped += all - self.part.len();
            let lines = self.part.iter().filter_map(|series| text.get(series.lines.clone()));
            let sorted = lines.collect::<Vec<_>>().concat();
            self.text.truncate(start);
            self.text.extend_from_slice(&sorted);
        }
        self.series += self.part.iter().map(|series| series.count).sum::<usize>();
    }

    /// Adds a series. The label values come in the order of the family's labels, without those of the prefix.
    pub(super) fn add<'a, L>(&mut self, labels: L, value: impl Into<Value>)
    where
        L: IntoIterator<Item = &'a str, IntoIter: Clone>,
    {
        let labels = labels.into_iter();
        let start = self.text.len();
        let (key, count) = match value.into() {
            Value::Number(number) => (self.line("", labels, |out| write_number(out, number)), 1),
            Value::Whole(number) => (self.line("", labels, |out| write_whole(out, number)), 1),
            Value::Time(time) => (self.line("", labels, |out| write_time(out, time)), 1),
            Value::Summary { sum, count } => {
                let key = self.line("_sum", labels.clone(), |out| write_number(out, sum));
                self.line("_count", labels, |out| write_whole(out, count));
                (key, 2)
            }
            Value::Histogram { buckets, sum, count } => {
                let lines = buckets.len() + 3;
                for (bound, at_most) in buckets.into_iter().chain([(f64::INFINITY, count)]) {
                    self.bucket(labels.clone(), bound, at_most);
                }
                let key = self.line("_sum", labels.clone(), |out| write_number(out, sum));
                self.line("_count", labels, |out| write_whole(out, count));
                (key, lines)
            }
        };
        self.part.push(Series { lines: start..self.text.len(), labels: key, count });
    }

    /// Adds a series, if there is a value.
    pub(super) fn add_known<'a, L>(&mut self, labels: L, value: Option<impl Into<Value>>)
    where
        L: IntoIterator<Item = &'a str, IntoIter: Clone>,
    {
        if let Some(value) = value {
            self.add(labels, value);
        }
    }

    /// Says of the series that was added last which run it was that added so much to it at last, where the format can
    /// say it.
    pub(super) fn exemplar(&mut self, run: &Run, added: u64) {
        let Some(series) = self.part.last_mut().filter(|_| self.exemplars) else { return };
        if "task_id".len() + run.id.chars().count() > LONGEST_EXEMPLAR {
            return;
        }
        self.text.pop();
        self.text.extend_from_slice(b" # {task_id=\"");
        write_label_value(&mut self.text, &run.id);
        self.text.extend_from_slice(b"\"} ");
        write_whole(&mut self.text, added);
        self.text.push(b' ');
        write_time(&mut self.text, run.end.since_epoch());
        self.text.push(b'\n');
        series.lines.end = self.text.len();
    }

    /// Answers where its label values stand.
    fn line<'a>(
        &mut self,
        suffix: &str,
        labels: impl Iterator<Item = &'a str>,
        value: impl FnOnce(&mut Vec<u8>),
    ) -> Range<usize> {
        let key = self.labels(suffix, labels);
        self.text.extend_from_slice(self.after.as_bytes());
        value(&mut self.text);
        self.text.push(b'\n');
        key
    }

    fn bucket<'a>(&mut self, labels: impl Iterator<Item = &'a str>, bound: f64, at_most: u64) {
        self.labels("_bucket", labels);
        let before: &[u8] = if self.after == " " { b"{le=\"" } else { b"\",le=\"" };
        self.text.extend_from_slice(before);
        write_bound(&mut self.text, bound);
        self.text.extend_from_slice(b"\"} ");
        write_whole(&mut self.text, at_most);
        self.text.push(b'\n');
    }

    fn labels<'a>(&mut self, suffix: &str, labels: impl Iterator<Item = &'a str>) -> Range<usize> {
        for part in [self.name, suffix, &self.prefix] {
            self.text.extend_from_slice(part.as_bytes());
        }
        let start = self.text.len();
        for (before, label) in self.before.iter().zip(labels) {
            self.text.extend_from_slice(before.as_bytes());
            write_label_value(&mut self.text, label);
        }
        start..self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_series_with_the_same_labels_the_first_stays() {
        let mut lines = Lines::new("n", &["x", "y"], 0, false);
        lines.part("", |out| {
            for (label, value) in [("b\t", 1.0), ("a\"\\", 2.0), ("b\n", 3.0)] {
                out.add([label, ""], value);
            }
        });
        assert_eq!((lines.series, lines.dropped), (2, 1));
        let text = "n{x=\"a\\\"\\\\\",y=\"\"} 2\nn{x=\"b\u{fffd}\",y=\"\"} 1\n";
        assert_eq!(String::from_utf8(lines.text).unwrap(), text);
    }

    #[test]
    fn a_histogram_writes_its_bounds_as_floats() {
        let mut lines = Lines::new("n", &[], 0, false);
        lines.part("", |out| out.add([], Value::Histogram { buckets: vec![(0.5, 1), (60.0, 2)], sum: 7.25, count: 3 }));
        assert_eq!(lines.series, 5);
        let want = "n_bucket{le=\"0.5\"} 1\nn_bucket{le=\"60.0\"} 2\nn_bucket{le=\"+Inf\"} 3\nn_sum 7.25\nn_count 3\n";
        assert_eq!(String::from_utf8(lines.text).unwrap(), want);
    }
}
