//! What is wrong (or doubtful) in a configuration: always which key, where, what stands there, why not, and what to do.

use std::fmt;
use std::sync::Arc;

/// Longer values are cut in messages: a value that long is not read, only recognised.
const MAX_SHOWN: usize = 120;

/// One thing that is wrong, or worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file it stands in; empty if it stands in none.
    pub file: Arc<str>,
    /// The line in that file, from 1.
    pub line: Option<usize>,
    /// The column in that line, from 1, where the file cannot be read from there on.
    pub column: Option<usize>,
    /// The key's path, such as `accounts[0].projects[1].id`, or the variable or flag; empty if the whole is meant.
    pub key: String,
    /// What stands there, if that helps. Never a secret.
    pub value: Option<String>,
    /// Why it cannot stay so.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

impl Problem {
    /// A value or a key as a message shows it.
    pub(super) fn shown(value: &str) -> String {
        match value.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => format!("{}...", value.get(..end).unwrap_or_default()),
            None => value.to_owned(),
        }
    }
}

impl fmt::Display for Problem {
    /// `hss-exporter.yml:3: accounts[0].region: "cn-nort-4" is ...; ...`, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}", self.file)?;
            for position in [self.line, self.column].into_iter().flatten() {
                write!(f, ":{position}")?;
            }
            f.write_str(": ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        if let Some(value) = &self.value {
            write!(f, "{value:?} ")?;
        }
        write!(f, "{}; {}", self.reason, self.remedy)
    }
}

/// All that is wrong with a configuration, in the order of its lines. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    /// One problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            write!(f, "{}{problem}", if n == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
