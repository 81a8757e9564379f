//! Tokens and temporary keys that were issued, and are good until they expire or are revoked.

use super::super::auth::{Access, Credential};
use super::super::dice::dice;
use super::people::Principal;
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};

/// What has expired is remembered for so long: its refusal says that it has expired.
const REMEMBERED_MS: u64 = 24 * 60 * 60_000;
/// Older ones are forgotten before their time: nobody holds so many.
const MAX_ISSUED: usize = 1000;

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Scope {
    /// Everything: an access key, or a token of which nothing else was said.
    Any,
    /// This project, by its id.
    Project(String),
    /// The account, and services that know no regions.
    Domain,
    /// Nothing but to be exchanged for something else.
    Nothing,
}

/// A token or a temporary key.
#[derive(Clone, Debug)]
pub(in super::super) struct Issued {
    pub(in super::super) credential: Credential,
    pub(in super::super) scope: Scope,
    /// In milliseconds since the Unix epoch.
    pub(in super::super) expires: u64,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Issuer {
    pub(super) issued: Vec<Issued>,
    seed: u64,
    count: u64,
}

impl Issuer {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// A token of so many characters for that long.
    pub(super) fn token(&mut self, who: Principal, scope: Scope, length: usize, now: u64, lifetime: u64) -> String {
        let value = self.text("TOKEN", length);
        let expires = now.saturating_add(lifetime);
        self.issue(who, Access::Token { value: value.clone(), expires: Some(expires) }, scope, now, expires);
        value
    }

    /// A temporary key for that long, as answers show it.
    pub(super) fn key(&mut self, who: Principal, now: u64, lifetime: u64) -> Value {
        let (id, secret, token) = (self.text("TEMPORARY", 20), self.text("", 40), self.text("SECURITYTOKEN", 256));
        let expires = now.saturating_add(lifetime);
        let access = Access::Key { id: id.clone(), secret: secret.clone(), security_token: Some(token.clone()) };
        self.issue(who, access, Scope::Any, now, expires);
        json!({ "credential": { "access": id, "secret": secret, "securitytoken": token, "expires_at": moment(expires) } })
    }

    fn issue(&mut self, who: Principal, access: Access, scope: Scope, now: u64, expires: u64) {
        let Principal { user, projects, enterprise_projects } = who;
        let credential = Credential { user, access, projects, enterprise_projects };
        self.issued.retain(|issued| issued.expires.saturating_add(REMEMBERED_MS) > now);
        if self.issued.len() >= MAX_ISSUED {
            self.issued.remove(0);
        }
        self.issued.push(Issued { credential, scope, expires });
    }

    /// A text that was not given out before.
    fn text(&mut self, begin: &str, length: usize) -> String {
        self.count = self.count.saturating_add(1);
        let mut dice = dice(self.seed, &[7, self.count]);
        let rest = length.saturating_sub(begin.len());
        begin.chars().chain((0..rest).map(|_| dice.alphanumeric())).collect()
    }
}

/// A moment as IAM writes it: `2020-01-08T02:56:19.587000Z`.
pub(super) fn moment(milliseconds: u64) -> String {
    humantime::format_rfc3339_micros(UNIX_EPOCH + Duration::from_millis(milliseconds)).to_string()
}
