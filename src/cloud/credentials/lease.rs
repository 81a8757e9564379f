//! A credential that somebody gave us for a time: a temporary access key, out of the answer to a sign-in.

use super::access_key::AccessKey;
use super::{Identity, Secret, source};
use crate::cloud::Answer;
use crate::model::{Reason, Timestamp};
use serde::Deserialize;
use serde_json::error::Category;
use std::time::{Duration, UNIX_EPOCH};

/// A credential with an end.
#[derive(Clone)]
pub(super) struct Lease {
    pub(super) identity: Identity,
    /// By the cloud's clock.
    pub(super) expires: Timestamp,
    /// From the answer to the end, both by the cloud's clock, so that ours need not agree with it.
    pub(super) lifetime: Duration,
}

/// An answer with a credential. Each service spells the same things in its own way; all that is known is taken, as the
/// vendor's SDKs do.
#[derive(Deserialize)]
struct Body {
    #[serde(alias = "credentials")]
    credential: Option<Credential>,
}

#[derive(Deserialize)]
struct Credential {
    #[serde(alias = "accessKeyId", alias = "access_key_id")]
    access: Option<String>,
    #[serde(alias = "secretAccessKey", alias = "secret_access_key")]
    secret: Option<String>,
    #[serde(alias = "securityToken", alias = "security_token")]
    securitytoken: Option<String>,
    #[serde(alias = "expiration")]
    expires_at: Option<String>,
}

/// The temporary access key in an answer. The error never quotes the answer.
pub(super) fn read(answer: &Answer) -> Result<Lease, (Reason, String)> {
    parse(&answer.body, answer.at).map_err(|why| (Reason::Decode, why))
}

fn parse(body: &[u8], at: Timestamp) -> Result<Lease, String> {
    let body: Body = serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => "the answer's `credential` is not one".to_owned(),
        _ => "the answer is not JSON".to_owned(),
    })?;
    let credential = body.credential.ok_or("the answer holds no `credential`")?;
    let secret = |name: &str, text: Option<String>| -> Result<Secret, String> {
        let secret = Secret::new(text.ok_or_else(|| format!("the answer's credential has no `{name}`"))?);
        source::check(secret.expose()).map_err(|why| format!("the `{name}` of the answer's credential {why}"))?;
        Ok(secret)
    };
    let key = AccessKey {
        id: secret("access", credential.access)?,
        secret: secret("secret", credential.secret)?,
        security_token: Some(secret("securitytoken", credential.securitytoken)?),
    };
    let expires = credential.expires_at.as_deref().and_then(moment);
    let expires = expires.ok_or("the answer does not say when its credential ends")?;
    let lifetime = expires.since(at);
    if lifetime.is_zero() {
        let ended = humantime::format_rfc3339_seconds(UNIX_EPOCH + expires.as_date().since_epoch());
        return Err(format!("the answer's credential has ended already, at {ended}"));
    }
    Ok(Lease { identity: Identity::AccessKey(key), expires, lifetime })
}

fn moment(text: &str) -> Option<Timestamp> {
    let moment = humantime::parse_rfc3339_weak(text.trim()).ok()?;
    Some(Timestamp::new(moment.duration_since(UNIX_EPOCH).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2025-09-08T00:00:00Z
    const NOW: Timestamp = Timestamp::from_secs(1_757_289_600);

    fn said(body: &str) -> String {
        parse(body.as_bytes(), NOW).err().unwrap_or_default()
    }

    #[test]
    fn each_spelling_of_a_temporary_key_is_understood() {
        for body in [
            r#"{"credential":{"access":"A","secret":"S","securitytoken":"T","expires_at":"2025-09-08T00:15:00.500000Z"}}"#,
            r#"{"credentials":{"accessKeyId":"A","secretAccessKey":"S","securityToken":"T","expiration":"2025-09-08T00:15:00.5Z"}}"#,
            r#"{"credentials":{"access_key_id":"A","secret_access_key":"S","security_token":"T","expiration":"2025-09-08T00:15:00.500Z"}}"#,
        ] {
            let lease = parse(body.as_bytes(), NOW).unwrap();
            assert_eq!(lease.lifetime, Duration::from_millis(900_500), "{body}");
            let Identity::AccessKey(key) = &lease.identity else { panic!("{body}") };
            assert_eq!((key.id.expose(), key.secret.expose()), ("A", "S"));
            assert_eq!(key.security_token.as_ref().map(Secret::expose), Some("T"));
        }
    }

    #[test]
    fn what_is_no_credential_is_refused_without_being_repeated() {
        let body = |access: &str, expires: &str| {
            format!(
                r#"{{"credential":{{"access":{access},"secret":"canary","securitytoken":"canary","expires_at":{expires}}}}}"#
            )
        };
        assert_eq!(said("canary"), "the answer is not JSON");
        assert_eq!(said(r#"{"token":"canary"}"#), "the answer holds no `credential`");
        assert_eq!(said(&body("null", "null")), "the answer's credential has no `access`");
        assert!(said(&body(r#""two words""#, "null")).contains("`access` of the answer's credential holds blanks"));
        assert!(said(&body(r#""A""#, r#""tomorrow""#)).contains("does not say when"));
        let ended = said(&body(r#""A""#, r#""2025-09-07T23:59:59Z""#));
        assert_eq!(ended, "the answer's credential has ended already, at 2025-09-07T23:59:59Z");
    }
}
