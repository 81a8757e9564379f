//! Where things stand in what the operator wrote, and the list of what is wrong with it.

use super::schema::{holds_secrets, join};
use super::{Problem, Problems, endpoint};
use crate::model::text::is_printable;
use ::config::Value;
use std::sync::Arc;

/// Where a value stands, or should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At {
    /// The key's path.
    pub(super) key: String,
    pub(super) place: Place,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A line of the file.
    Line(usize),
    /// A variable or a flag, by its name.
    Named(String),
    /// Nowhere: a default, or something that is missing.
    Nowhere,
}

impl Place {
    /// Reads the origin that our sources give each value: `file:line`, or the name of a variable or a flag.
    pub(super) fn of(value: &Value) -> Self {
        let Some(origin) = value.origin() else { return Self::Nowhere };
        match origin.rsplit_once(':').and_then(|(_, line)| line.parse().ok()) {
            Some(line) => Self::Line(line),
            None => Self::Named(origin.to_owned()),
        }
    }
}

impl At {
    /// A variable or a flag.
    pub(super) fn named(name: &str) -> Self {
        Self { key: name.to_owned(), place: Place::Named(name.to_owned()) }
    }

    /// A key of a group.
    pub(super) fn key(&self, name: &str, value: Option<&Value>) -> Self {
        // What is missing is looked for where its group stands.
        let place = value.map_or_else(|| self.place.clone(), Place::of);
        Self { key: join(&self.key, name), place }
    }

    /// An element of a list.
    pub(super) fn element(&self, index: usize, value: &Value) -> Self {
        Self { key: format!("{}[{index}]", self.key), place: Place::of(value) }
    }

    /// As another problem refers to it: `accounts[0].name (line 3)`.
    pub(super) fn reference(&self) -> String {
        match &self.place {
            Place::Line(line) => format!("`{}` (line {line})", self.key),
            Place::Named(name) => format!("`{name}`"),
            Place::Nowhere => format!("`{}`", self.key),
        }
    }
}

/// A value that was read, and where it stood.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    pub(super) at: At,
    /// As it was written; none for defaults and secrets.
    pub(super) shown: Option<String>,
    pub(super) value: T,
}

/// Why a value cannot be what its key asks for, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) reason: String,
    pub(super) remedy: String,
}

impl Fault {
    pub(super) fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: remedy.into() }
    }
}

/// All that is wrong, and all that is worth a warning, as it is found.
#[derive(Debug)]
pub(super) struct Report {
    /// The file's name; empty if there is none.
    pub(super) file: Arc<str>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Report {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.into(), problems: Vec::new(), warnings: Vec::new() }
    }

    /// Something that cannot stay. `value` is shown, but where secrets may stand.
    pub(super) fn refuse(&mut self, at: &At, value: Option<&str>, fault: Fault) {
        let problem = self.problem(at, value, fault);
        self.problems.push(problem);
    }

    /// Something that cannot be read from some place on.
    pub(super) fn refuse_from(&mut self, line: usize, column: usize, fault: Fault) {
        let at = At { key: String::new(), place: Place::Line(line) };
        let problem = Problem { column: Some(column), ..self.problem(&at, None, fault) };
        self.problems.push(problem);
    }

    /// Something that is better mended. `value` is shown, but where secrets may stand.
    pub(super) fn warn(&mut self, at: &At, value: Option<&str>, fault: Fault) {
        let warning = self.problem(at, value, fault);
        self.warnings.push(warning);
    }

    /// The warnings, if nothing was refused, or else everything that was, in the order of the lines.
    pub(super) fn finish(mut self) -> Result<Vec<Problem>, Problems> {
        // Stable: what stands nowhere comes first, and what was found on one line stays in the order it was found in.
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        self.warnings.sort_by_key(|problem| (problem.line, problem.column));
        if self.problems.is_empty() { Ok(self.warnings) } else { Err(Problems(self.problems)) }
    }

    fn problem(&self, at: &At, value: Option<&str>, Fault { reason, remedy }: Fault) -> Problem {
        let (file, line, key) = match &at.place {
            Place::Line(line) => (Arc::clone(&self.file), Some(*line), one_line(&at.key)),
            Place::Named(name) => (Arc::from(""), None, name.clone()),
            Place::Nowhere => (Arc::clone(&self.file), None, at.key.clone()),
        };
        let value = value.filter(|value| !holds_secrets(&at.key) && !endpoint::may_hold_password(value));
        Problem { file, line, column: None, key, value: value.map(Problem::shown), reason, remedy }
    }
}

/// A key may be written over several lines; a message is one.
fn one_line(key: &str) -> String {
    let plain = |c: char| if is_printable(c) { c.to_string() } else { c.escape_default().to_string() };
    Problem::shown(&key.chars().map(plain).collect::<String>())
}
