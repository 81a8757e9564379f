//! What a request is authenticated with, and the headers that do it.

use super::access_key::AccessKey;
use super::{Redactor, Secret, token};
use crate::cloud::Scope;

/// What we send, and all that the API takes.
pub(super) const CONTENT_TYPE: &str = "application/json";

/// Who we are to the cloud.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cloud) enum Identity {
    /// The request is signed.
    AccessKey(AccessKey),
    /// It carries a token.
    Token(Secret),
    /// Nobody yet: a sign-in, which says in its own headers or its body who we are.
    Stranger {
        headers: Vec<Header>,
        /// What must not come back in the cloud's words.
        told: Vec<Secret>,
    },
}

/// A request, as far as authentication looks at it: all of it as on the wire.
pub(in crate::cloud) struct Unsigned<'a> {
    pub(in crate::cloud) method: &'a str,
    pub(in crate::cloud) path: &'a str,
    pub(in crate::cloud) query: &'a str,
    pub(in crate::cloud) host: &'a str,
    pub(in crate::cloud) scope: Scope<'a>,
    /// As `X-Sdk-Date` writes it.
    pub(in crate::cloud) date: String,
    pub(in crate::cloud) body: &'a [u8],
}

/// A header to send. Its value may be a secret, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cloud) struct Header {
    pub(in crate::cloud) name: &'static str,
    pub(in crate::cloud) value: Secret,
}

impl Header {
    pub(super) fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: Secret::new(value) }
    }
}

impl Unsigned<'_> {
    /// The header that names what the credential is used on.
    pub(super) fn scope_header(&self) -> Option<(&'static str, &str)> {
        match self.scope {
            Scope::Project(id) => Some(("x-project-id", id)),
            Scope::Domain(id) => Some(("x-domain-id", id)),
            Scope::None => None,
        }
    }
}

impl Identity {
    /// The headers that authenticate a request, those that a signature covers among them.
    pub(in crate::cloud) fn headers(&self, request: &Unsigned<'_>) -> Vec<Header> {
        match self {
            Self::AccessKey(key) => key.headers(request),
            Self::Token(token) => token::headers(token, request),
            Self::Stranger { headers, .. } => {
                let mut headers = headers.clone();
                headers.push(Header::new("content-type", CONTENT_TYPE));
                headers
            }
        }
    }

    /// What takes this credential's secrets, and `others`, out of texts.
    pub(in crate::cloud) fn redactor(&self, others: &[Secret]) -> Redactor {
        match self {
            Self::AccessKey(key) => {
                let misplaced = key.misplaced_secret();
                let secrets = [Some(&key.secret), key.security_token.as_ref(), misplaced];
                let id = Some(&key.id).filter(|_| misplaced.is_none());
                Redactor::new(secrets.into_iter().flatten().chain(others), id)
            }
            Self::Token(token) => Redactor::new([token].into_iter().chain(others), None),
            Self::Stranger { told, .. } => Redactor::new(told.iter().chain(others), None),
        }
    }

    /// Whether the credential has an end, so that "renew the token" is advice.
    pub(in crate::cloud) const fn expires(&self) -> bool {
        match self {
            Self::AccessKey(key) => key.security_token.is_some(),
            Self::Token(_) => true,
            Self::Stranger { .. } => false,
        }
    }
}
