//! What is wrong (or doubtful) in a configuration: always which key, where, what stands there, why not, and what to do.

use std::fmt;

/// One thing that is wrong, or worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key's path, such as `accounts[0].projects[1].id`; empty if the whole is meant.
    pub key: String,
    /// The line of the file on which it stands; none if it stands nowhere, or in the environment.
    pub line: Option<usize>,
    /// What stands there, if that helps. Never a secret.
    pub value: Option<String>,
    /// Why it cannot stay so.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    /// `line 3: accounts[0].region: "cn-nort-4" is ...; ...`, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
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
