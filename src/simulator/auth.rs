//! Who asks, and what may they see: access keys with their signatures, tokens, and the lock after wrong signatures.
//!
//! Texts and codes as the vendor's signing guide and its users show them.

use super::iam::{Issued, Scope};
use super::refusal::Refusal;
use crate::cloud::sign;
use std::collections::HashMap;
use std::fmt;
use std::time::UNIX_EPOCH;

/// A signature is good for so long before and after its date.
const SIGNATURE_WINDOW_MS: u64 = 15 * 60_000;
/// So many failures in a row lock a key.
const FAILURES: u32 = 5;
/// For so long.
const LOCK_MS: u64 = 5 * 60_000;

/// Someone who may ask.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Whose it is: calls are limited by user.
    pub user: String,
    /// What is shown.
    pub access: Access,
    /// Project ids that it may see.
    pub projects: Granted,
    /// Enterprise project ids that it may see.
    pub enterprise_projects: Granted,
}

/// What a caller shows.
#[derive(Clone)]
pub enum Access {
    /// An access key, with which requests are signed; a temporary one has a security token too.
    Key {
        /// The access key's id.
        id: String,
        /// Its secret.
        secret: String,
        /// Of a temporary key.
        security_token: Option<String>,
    },
    /// A token in `X-Auth-Token`.
    Token {
        /// The token.
        value: String,
        /// When it has to be renewed, in milliseconds since the Unix epoch.
        expires: Option<u64>,
    },
}

/// Without the secrets, though they are worth nothing: an example.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { id, .. } => write!(f, "Key({id})"),
            Self::Token { .. } => write!(f, "Token"),
        }
    }
}

/// What may be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    /// Everything.
    All,
    /// These ids.
    Only(Vec<String>),
}

impl Granted {
    pub(super) fn covers(&self, id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.iter().any(|granted| granted == id),
        }
    }
}

impl Credential {
    /// Someone who may see everything.
    pub fn new(user: &str, access: Access) -> Self {
        Self { user: user.to_owned(), access, projects: Granted::All, enterprise_projects: Granted::All }
    }

    /// The key that the simulated cloud's configuration holds.
    pub fn demo_key() -> Self {
        let (id, secret) = ("SIMULATEDACCESSKEY".to_owned(), "simulated-secret-of-no-value".to_owned());
        Self::new("demo", Access::Key { id, secret, security_token: None })
    }

    /// A token for the same user.
    pub fn demo_token() -> Self {
        Self::new("demo", Access::Token { value: "simulated-token-of-no-value".to_owned(), expires: None })
    }
}

/// The parts of a request that decide who asks.
pub(super) struct Signed<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a [(String, String)],
    pub(super) body: &'a [u8],
}

impl Signed<'_> {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Someone who was let in.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) credential: Credential,
    /// What the key or token is good for.
    pub(super) scope: Scope,
    /// Of a temporary key.
    expires: Option<u64>,
}

/// Lets callers in, or not.
pub(super) struct Gate {
    pub(super) credentials: Vec<Credential>,
    /// By access key id.
    failures: HashMap<String, Failures>,
}

#[derive(Clone, Copy, Default)]
struct Failures {
    in_a_row: u32,
    locked_until: u64,
}

impl Gate {
    pub(super) fn new(credentials: Vec<Credential>) -> Self {
        Self { credentials, failures: HashMap::new() }
    }

    /// Who it is: one of those who may always ask, or the bearer of something that was issued.
    pub(super) fn admit(&mut self, issued: &[Issued], request: &Signed<'_>, now: u64) -> Result<Caller, Refusal> {
        if let Some(authorization) = request.header("authorization") {
            return self.admit_key(issued, request, authorization, now);
        }
        let Some(token) = request.header("x-auth-token") else {
            return Err(Refusal::unauthorized("x-auth-token not found"));
        };
        let known = |access: &Access| matches!(access, Access::Token { value, .. } if value == token);
        let caller = self.find(issued, known).ok_or_else(|| Refusal::unauthorized("decrypt token fail"))?;
        match caller.credential.access {
            Access::Token { expires: Some(expires), .. } if expires <= now => Err(Refusal::token_expired()),
            _ => Ok(caller),
        }
    }

    fn find(&self, issued: &[Issued], known: impl Fn(&Access) -> bool) -> Option<Caller> {
        let always = self.credentials.iter().map(|credential| (credential, &Scope::Any, None));
        let for_a_while = issued.iter().map(|one| (&one.credential, &one.scope, Some(one.expires)));
        let mut all = always.chain(for_a_while);
        let (credential, scope, expires) = all.find(|(credential, ..)| known(&credential.access))?;
        Some(Caller { credential: credential.clone(), scope: scope.clone(), expires })
    }

    fn admit_key(
        &mut self,
        issued: &[Issued],
        request: &Signed<'_>,
        authorization: &str,
        now: u64,
    ) -> Result<Caller, Refusal> {
        let Some(claim) = Claim::read(authorization) else {
            return Err(Refusal::unauthorized("authorization header is not of SDK-HMAC-SHA256"));
        };
        let known = |access: &Access| matches!(access, Access::Key { id, .. } if id == claim.id);
        let Some(caller) = self.find(issued, known) else {
            return Err(Refusal::unauthorized(&format!("Get secretKey failed,ak:{},err:ak not exist", claim.id)));
        };
        let failures = self.failures.entry(claim.id.to_owned()).or_default();
        if now < failures.locked_until {
            return Err(Refusal::unauthorized("AK access failed to reach the limit,forbidden"));
        }
        match verify(&caller, request, &claim, now) {
            Ok(()) => {
                *failures = Failures::default();
                Ok(caller)
            }
            Err(why) => {
                failures.in_a_row = failures.in_a_row.saturating_add(1);
                if failures.in_a_row >= FAILURES {
                    *failures = Failures { in_a_row: 0, locked_until: now.saturating_add(LOCK_MS) };
                }
                Err(Refusal::unauthorized(&why))
            }
        }
    }
}

/// The access key that an `Authorization` header names.
pub(super) fn claimed_key(authorization: &str) -> Option<&str> {
    Claim::read(authorization).map(|claim| claim.id)
}

/// What an `Authorization` header claims.
struct Claim<'a> {
    id: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn read(authorization: &'a str) -> Option<Self> {
        let parts = authorization.trim().strip_prefix(sign::ALGORITHM)?;
        let part = |name: &str| {
            parts
                .split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.trim_start().strip_prefix('='))
                .map(str::trim)
        };
        Some(Self { id: part("Access")?, signed_headers: part("SignedHeaders")?, signature: part("Signature")? })
    }
}

/// Whether the signature is the key's; if not, why.
fn verify(caller: &Caller, request: &Signed<'_>, claim: &Claim<'_>, now: u64) -> Result<(), String> {
    let Access::Key { secret, security_token, .. } = &caller.credential.access else { return Ok(()) };
    let date = request.header("x-sdk-date").unwrap_or_default();
    let signed_at = milliseconds(date).ok_or("calc ak sk signature fail:x-sdk-date is missing or wrong")?;
    if signed_at.abs_diff(now) > SIGNATURE_WINDOW_MS {
        let server = sign::date(now / 1000);
        return Err(format!("calc ak sk signature fail:signature expired, signature time:{date},server time:{server}"));
    }
    let names: Vec<&str> = claim.signed_headers.split(';').map(str::trim).filter(|name| !name.is_empty()).collect();
    if !names.iter().any(|name| name.eq_ignore_ascii_case("x-sdk-date")) {
        return Err("verify aksk signature fail, x-sdk-date is not signed".to_owned());
    }
    let signed: Vec<(&str, &str)> =
        names.into_iter().map(|name| (name, request.header(name).unwrap_or_default())).collect();
    let canonical = canonical_request(request, &signed);
    if sign::signature(secret, &sign::string_to_sign(date, &canonical)) != claim.signature {
        return Err(format!("verify aksk signature fail, canonicalRequest:{}", canonical.replace('\n', "|")));
    }
    match security_token {
        Some(token) if request.header("x-security-token") != Some(token) => Err("decrypt token fail".to_owned()),
        _ if caller.expires.is_some_and(|expires| expires <= now) => Err("decrypt token fail".to_owned()),
        _ => Ok(()),
    }
}

/// The canonical request. `X-Sdk-Content-Sha256` stands for the hash, unless there is no body.
fn canonical_request(request: &Signed<'_>, signed: &[(&str, &str)]) -> String {
    let canonical = sign::canonical_request(request.method, request.path, request.query, signed, request.body);
    match (request.header("x-sdk-content-sha256"), canonical.rsplit_once('\n')) {
        (Some(hash), Some((before, _))) if !request.body.is_empty() => format!("{before}\n{hash}"),
        _ => canonical,
    }
}

/// Reads `20250908T000000Z`.
fn milliseconds(date: &str) -> Option<u64> {
    let part = |from: usize, to: usize| date.get(from..to);
    let (day, time) = (format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?), date.get(8..)?);
    let time = format!("{}:{}:{}", time.get(..3)?, time.get(3..5)?, time.get(5..)?);
    let moment = humantime::parse_rfc3339(&format!("{day}{time}")).ok()?;
    u64::try_from(moment.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_signatures_are_read() {
        assert_eq!(milliseconds("20250908T000000Z"), Some(1_757_289_600_000));
        assert_eq!(milliseconds("19700101T000001Z"), Some(1_000));
        for wrong in ["", "20250908", "20250908T0000", "2025-09-08T00:00:00Z", "20251308T000000Z", "二〇二五年"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_parts_of_an_authorization_may_be_spaced_as_one_likes() {
        for text in [
            "SDK-HMAC-SHA256 Access=A, SignedHeaders=a;b, Signature=c",
            " SDK-HMAC-SHA256  Access=A,SignedHeaders=a;b,Signature=c ",
            "SDK-HMAC-SHA256 Signature = c ,  Access = A , SignedHeaders = a;b",
        ] {
            let claim = Claim::read(text).unwrap();
            assert_eq!((claim.id, claim.signed_headers, claim.signature), ("A", "a;b", "c"), "{text}");
        }
        assert!(Claim::read("V11-HMAC-SHA256 Credential=A, SignedHeaders=a, Signature=c").is_none());
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}{:?}", Credential::demo_key(), Credential::demo_token());
        assert!(!shown.contains("of-no-value"), "{shown}");
    }
}
