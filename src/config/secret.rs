//! Secrets: a type that shows itself nowhere, and where a secret comes from.

use std::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What a secret shows of itself.
const MASK: &str = "<secret>";

/// A secret. It prints as `<secret>` everywhere, and its memory is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret in.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself. Only what signs, and what sends a credential, may ask.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// Where a secret comes from. What stands in the configuration or in the environment is known from the start; a file is
/// read again when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The secret.
    Value(Secret),
    /// The file that holds it; white space around it does not belong to it.
    File(PathBuf),
}

impl SecretSource {
    /// The file, where there is one to watch.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Value(_) => None,
            Self::File(path) => Some(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_nowhere() {
        let secret = Secret::new("canary");
        let shown = format!("{secret} {secret:?} {:?} {:#?}", SecretSource::Value(secret.clone()), Some(&secret));
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains(MASK));
        assert_eq!(secret.expose(), "canary");
    }
}
