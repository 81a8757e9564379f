//! Requests that are signed with an access key, permanent or temporary.

use super::identity::CONTENT_TYPE;
use super::{Header, Look, Secret, Source, Unsigned};
use crate::cloud::sign;
use crate::config::SecretSource;

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cloud) struct AccessKey {
    pub(super) id: Secret,
    pub(super) secret: Secret,
    /// A temporary key is refused without it.
    pub(super) security_token: Option<Secret>,
}

/// An access key's id has 20 characters, its secret 40.
const LONGEST_ID: usize = 30;

/// Where an access key's parts come from.
pub(super) struct Sources {
    id: Source,
    secret: Source,
    security_token: Option<Source>,
}

impl Sources {
    pub(super) fn new(id: &SecretSource, secret: &SecretSource, security_token: Option<&SecretSource>) -> Self {
        Self {
            id: Source::new("the access key's id", id),
            secret: Source::new("the access key's secret", secret),
            security_token: security_token.map(|token| Source::new("the security token", token)),
        }
    }

    /// The key as it is now, or a sentence about what is wrong with it.
    pub(super) fn look(&mut self, look: Look) -> Result<AccessKey, String> {
        Ok(AccessKey {
            id: self.id.read(look)?,
            secret: self.secret.read(look)?,
            security_token: self.security_token.as_mut().map(|token| token.read(look)).transpose()?,
        })
    }
}

impl AccessKey {
    /// The id, if it looks like a secret that was written in its place: the cloud repeats ids that it does not know.
    pub(super) fn misplaced_secret(&self) -> Option<&Secret> {
        Some(&self.id).filter(|id| id.expose().len() > LONGEST_ID)
    }

    /// The signature, and the headers it covers but `Host`, which the connection writes.
    pub(super) fn headers(&self, request: &Unsigned<'_>) -> Vec<Header> {
        let mut covered = vec![("content-type", CONTENT_TYPE), ("host", request.host), ("x-sdk-date", &*request.date)];
        covered.extend(request.scope_header());
        if let Some(token) = &self.security_token {
            covered.push(("x-security-token", token.expose()));
        }
        let canonical = sign::canonical_request(request.method, request.path, request.query, &covered, request.body);
        let to_sign = sign::string_to_sign(&request.date, &canonical);
        let signature = sign::signature(self.secret.expose(), &to_sign);
        let authorization = sign::authorization(self.id.expose(), &sign::signed_headers(&covered), &signature);
        let covered = covered.into_iter().filter(|(name, _)| *name != "host");
        let mut headers: Vec<Header> = covered.map(|(name, value)| Header::new(name, value)).collect();
        headers.push(Header::new("authorization", authorization));
        headers
    }
}
