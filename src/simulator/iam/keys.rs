//! Temporary access keys, for a token or an agency.

use super::super::auth::{Access, Caller, Credential, Signed};
use super::super::content::Content;
use super::super::refusal::Refusal;
use super::Iam;
use super::people::Principal;
use super::tokens::{body, method, text};
use serde_json::Value;

/// What may be asked for, in seconds.
const DURATIONS: std::ops::RangeInclusive<u64> = 900..=86_400;
const DEFAULT_DURATION: u64 = 900;

impl Iam {
    /// `POST /v3.0/OS-CREDENTIAL/securitytokens`; `configured` are the tokens that nobody had to ask for.
    pub(in super::super) fn create_key(
        &mut self,
        caller: Option<&Caller>,
        configured: &[Credential],
        signed: &Signed<'_>,
        now: u64,
    ) -> Result<Content, Refusal> {
        let body = body(signed)?;
        let method = method(&body)?;
        let who = match method {
            "token" => self.by_token(configured, signed, &body, now)?,
            "assume_role" => self.by_agency(caller, &body)?,
            _ => return Err(Refusal::invalid_body()),
        };
        let seconds = match body.pointer(&format!("/auth/identity/{method}/duration_seconds")) {
            None | Some(Value::Null) => DEFAULT_DURATION,
            Some(value) => {
                value.as_u64().filter(|value| DURATIONS.contains(value)).ok_or_else(Refusal::invalid_body)?
            }
        };
        let lifetime = self.directory.rules.key_lifetime.unwrap_or(seconds.saturating_mul(1000));
        Ok(Content::created(self.issue_key(who, now, lifetime)))
    }

    /// Whose token it is that the body holds, or the header.
    pub(super) fn by_token(
        &self,
        configured: &[Credential],
        signed: &Signed<'_>,
        body: &Value,
        now: u64,
    ) -> Result<Principal, Refusal> {
        let token = text(body, "/auth/identity/token/id").or_else(|| signed.header("x-auth-token"));
        let token = token.ok_or_else(Refusal::unauthenticated)?;
        let good = |access: &Access| match access {
            Access::Token { value, expires } => value == token && expires.is_none_or(|expires| expires > now),
            Access::Key { .. } => false,
        };
        let mut all = configured.iter().chain(self.issued().iter().map(|issued| &issued.credential));
        all.find(|credential| good(&credential.access)).map(Principal::from).ok_or_else(Refusal::invalid_token)
    }
}
