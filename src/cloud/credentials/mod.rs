//! Who we are to the cloud: where a credential comes from, and how a request carries it.

mod access_key;
mod source;
mod token;

use super::words::Scrub;
use crate::config;
use crate::config::{Secret, SecretSource};
use access_key::AccessKey;
use source::Source;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What we send, and all that the API takes.
const CONTENT_TYPE: &str = "application/json";

/// The credential of one account. What comes from a file follows the file.
pub(super) struct Credentials {
    held: Mutex<Held>,
}

/// What a request is authenticated with.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// It is signed.
    AccessKey(AccessKey),
    /// It carries a token.
    Token(Secret),
}

/// A request, as far as authentication looks at it: all of it as on the wire.
pub(super) struct Unsigned<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) host: &'a str,
    pub(super) project_id: &'a str,
    /// As `X-Sdk-Date` writes it.
    pub(super) date: String,
    pub(super) body: &'a [u8],
}

/// A header to send. Its value may be a secret, so it has no `Debug`.
pub(super) struct Header {
    pub(super) name: &'static str,
    pub(super) value: Secret,
}

impl Header {
    fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: Secret::new(value) }
    }
}

struct Held {
    sources: Sources,
    /// What the sources gave when they were last looked at, or which one failed and why.
    found: Option<Result<Identity, String>>,
    generation: u64,
}

enum Sources {
    AccessKey { id: Source, secret: Source, security_token: Option<Source> },
    Token(Source),
}

impl Credentials {
    pub(super) fn new(credentials: &config::Credentials) -> Self {
        let sources = match credentials {
            config::Credentials::AccessKey { id, secret, security_token } => Sources::AccessKey {
                id: Source::new("the access key's id", id),
                secret: Source::new("the access key's secret", secret),
                security_token: security_token.as_ref().map(|token| Source::new("the security token", token)),
            },
            config::Credentials::Token(token) => Sources::Token(Source::new("the token", token)),
        };
        Self { held: Mutex::new(Held { sources, found: None, generation: 0 }) }
    }

    /// The credential as it is now, or a sentence about what is wrong with it.
    pub(super) fn current(&self) -> Result<Identity, String> {
        self.held().look(Look::IfChanged)
    }

    /// Whether there is a token by now that differs from `refused`. Its file is read whether it looks changed or not.
    pub(super) fn has_newer_token(&self, refused: &Identity) -> bool {
        matches!(self.held().look(Look::Anew), Ok(Identity::Token(token)) if Identity::Token(token.clone()) != *refused)
    }

    /// A number that grows whenever the credential has changed, for better or worse.
    pub(super) fn generation(&self) -> u64 {
        let mut held = self.held();
        // What is wrong with it is for the next request to say.
        let _ = held.look(Look::IfChanged);
        held.generation
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing can panic while it is held.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How closely to look at a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// Read it if its time or length have changed.
    IfChanged,
    /// Read it.
    Anew,
}

impl Held {
    fn look(&mut self, look: Look) -> Result<Identity, String> {
        let found = self.sources.read(look);
        if self.found.as_ref() != Some(&found) {
            self.generation += 1;
            self.found = Some(found.clone());
        }
        found
    }
}

impl Sources {
    fn read(&mut self, look: Look) -> Result<Identity, String> {
        match self {
            Self::AccessKey { id, secret, security_token } => Ok(Identity::AccessKey(AccessKey {
                id: id.read(look)?,
                secret: secret.read(look)?,
                security_token: security_token.as_mut().map(|token| token.read(look)).transpose()?,
            })),
            Self::Token(token) => Ok(Identity::Token(token.read(look)?)),
        }
    }
}

impl Identity {
    /// The headers that authenticate a request, those that a signature covers among them.
    pub(super) fn headers(&self, request: &Unsigned<'_>) -> Vec<Header> {
        match self {
            Self::AccessKey(key) => key.headers(request),
            Self::Token(token) => token::headers(token, request),
        }
    }

    /// What takes this credential's secrets out of texts.
    pub(super) fn scrub(&self) -> Scrub {
        match self {
            Self::AccessKey(key) => {
                let secrets = [Some(&key.secret), key.security_token.as_ref(), key.misplaced_secret()];
                Scrub::new(secrets.into_iter().flatten().cloned())
            }
            Self::Token(token) => Scrub::new([token.clone()]),
        }
    }

    /// Whether the credential has an end, so that "renew the token" is advice.
    pub(super) const fn expires(&self) -> bool {
        match self {
            Self::AccessKey(key) => key.security_token.is_some(),
            Self::Token(_) => true,
        }
    }
}
