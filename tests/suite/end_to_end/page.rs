//! A page of `/metrics`, read back by the rules of the text format, and by nobody's code but the tests'.

use std::collections::{BTreeMap, BTreeSet};

/// A page.
pub(super) struct Page {
    pub(super) text: String,
    series: Vec<Series>,
}

/// A line with a value.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

/// Labels that a series must have; it may have others.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

impl Page {
    /// Reads a page, and holds it to the format: every line is read, no series comes twice, every family is introduced
    /// once.
    #[track_caller]
    pub(super) fn read(text: &str) -> Self {
        let mut series = Vec::new();
        let mut seen = BTreeSet::new();
        let mut families = BTreeSet::new();
        assert!(text.ends_with('\n'), "the last line ends: {text:?}");
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# TYPE ") {
                assert!(families.insert(comment.to_owned()), "a family twice: {line}");
            } else if !line.starts_with('#') {
                let read = Series::read(line).unwrap_or_else(|| panic!("not a line of the format: {line:?}"));
                assert!(seen.insert((read.name.clone(), read.labels.clone())), "a series twice: {line}");
                series.push(read);
            }
        }
        Self { text: text.to_owned(), series }
    }

    /// The value of the one series of a family that has these labels; none if there is none.
    #[track_caller]
    pub(super) fn value(&self, family: &str, labels: Labels<'_>) -> Option<f64> {
        let found = self.all(family, labels);
        assert!(found.len() <= 1, "more than one {family} {labels:?}: {found:?}");
        found.first().map(|series| series.value)
    }

    /// As [`Self::value`], where there must be one.
    #[track_caller]
    pub(super) fn known(&self, family: &str, labels: Labels<'_>) -> f64 {
        self.value(family, labels).unwrap_or_else(|| panic!("there is no {family} {labels:?} in\n{}", self.text))
    }

    /// All series of a family that have these labels.
    pub(super) fn all(&self, family: &str, labels: Labels<'_>) -> Vec<&Series> {
        self.series.iter().filter(|series| series.name == family && series.has(labels)).collect()
    }

    /// Every series.
    pub(super) fn series(&self) -> &[Series] {
        &self.series
    }

    /// Checks the value of a series, `None` for its absence.
    #[track_caller]
    pub(super) fn check(&self, family: &str, labels: Labels<'_>, value: Option<f64>) {
        let got = self.value(family, labels);
        assert!(got == value, "{family} {labels:?} is {got:?} and not {value:?} in\n{}", self.text);
    }

    /// Which of the states of a family is 1: exactly one must be, and the others 0.
    #[track_caller]
    pub(super) fn state(&self, family: &str, labels: Labels<'_>, of: &str) -> String {
        let all = self.all(family, labels);
        let ones: Vec<_> = all.iter().filter(|series| series.value == 1.0).collect();
        assert!(ones.len() == 1 && all.iter().all(|series| series.value == 0.0 || series.value == 1.0), "{all:?}");
        ones[0].labels[of].clone()
    }
}

impl Series {
    /// `name{label="value",...} value`, or without the braces.
    fn read(line: &str) -> Option<Self> {
        let name_end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(name_end);
        let mut labels = BTreeMap::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            while !rest.starts_with('}') {
                let (label, after) = rest.split_once("=\"")?;
                let (value, after) = quoted(after)?;
                assert!(labels.insert(label.to_owned(), value).is_none(), "a label twice: {line}");
                rest = after.strip_prefix(',').unwrap_or(after);
            }
            rest = rest.strip_prefix('}')?;
        }
        let value = rest.strip_prefix(' ')?.parse().ok()?;
        Some(Self { name: name.to_owned(), labels, value })
    }

    fn has(&self, labels: Labels<'_>) -> bool {
        labels.iter().all(|(label, value)| self.labels.get(*label).is_some_and(|has| has == value))
    }

    /// The value of a label; empty if it is not there.
    pub(super) fn label(&self, label: &str) -> &str {
        self.labels.get(label).map_or("", String::as_str)
    }

    /// As a line that can be compared.
    pub(super) fn key(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(|(label, value)| format!("{label}={value:?}")).collect();
        format!("{}{{{}}}", self.name, labels.join(","))
    }
}

/// What stands before the closing quote, unescaped, and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                c @ ('"' | '\\') => value.push(c),
                _ => return None,
            },
            c => value.push(c),
        }
    }
    None
}
