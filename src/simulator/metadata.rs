//! What stands in for an instance's metadata service: the temporary key of the instance's agency.

use super::auth::Signed;
use super::content::Content;
use super::iam::{Iam, Principal};
use super::refusal::Refusal;
use serde_json::Value;

const MAX_TTL_SECONDS: u64 = 21_600;
/// Older ones are forgotten before their time.
const MAX_SESSIONS: usize = 1000;

/// What an instance is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Whether there are sessions (version 2), and whether there must be.
    pub sessions: MetadataSessions,
    /// The instance's agency, by name; `None`: it has none.
    pub agency: Option<String>,
    /// How long a key is good, in milliseconds. Another one is handed out when half of this is over.
    pub key_lifetime: u64,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            sessions: MetadataSessions::Optional,
            agency: Some("hss-reader".to_owned()),
            key_lifetime: 24 * 60 * 60_000,
        }
    }
}

/// Whether the metadata service has sessions, which is its version 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataSessions {
    /// Both versions are served.
    Optional,
    /// Without a session's token nothing is told.
    Required,
    /// There is only version 1; to ask for a session is answered with this status: 404, 405 or 503.
    Absent(u16),
}

/// What the service remembers.
#[derive(Default)]
pub(super) struct Sessions {
    /// Tokens, and when they expire.
    tokens: Vec<(String, u64)>,
    count: u64,
    /// The key at hand, and until when it is handed out.
    key: Option<(Value, u64)>,
}

impl Sessions {
    /// The next who asks gets another key.
    pub(super) fn forget_key(&mut self) {
        self.key = None;
    }
}

impl Iam {
    /// `PUT /meta-data/latest/api/token`
    pub(super) fn metadata_token(&mut self, signed: &Signed<'_>, now: u64) -> Result<Content, Refusal> {
        if let MetadataSessions::Absent(status) = self.directory.metadata.sessions {
            return Err(Refusal::plain(status, "Not Found"));
        }
        let ttl = signed.header("x-metadata-token-ttl-seconds").and_then(|text| text.parse::<u64>().ok());
        let ttl = ttl.filter(|ttl| (1..=MAX_TTL_SECONDS).contains(ttl));
        let ttl = ttl.ok_or_else(|| Refusal::plain(400, "Invalid X-Metadata-Token-Ttl-Seconds"))?;
        self.metadata.count = self.metadata.count.saturating_add(1);
        let token = format!("METADATA{:032x}", self.metadata.count);
        self.metadata.tokens.retain(|(_, expires)| *expires > now);
        if self.metadata.tokens.len() >= MAX_SESSIONS {
            self.metadata.tokens.remove(0);
        }
        self.metadata.tokens.push((token.clone(), now.saturating_add(ttl.saturating_mul(1000))));
        Ok(Content::ok(token.into()))
    }

    /// `GET /openstack/latest/securitykey`
    pub(super) fn metadata_key(&mut self, signed: &Signed<'_>, now: u64) -> Result<Content, Refusal> {
        let Metadata { sessions, agency, key_lifetime } = self.directory.metadata.clone();
        let good = |token: &str| self.metadata.tokens.iter().any(|(one, expires)| one == token && *expires > now);
        match (signed.header("x-metadata-token"), sessions) {
            (None, MetadataSessions::Required) => return Err(Refusal::plain(401, "X-Metadata-Token is required")),
            (Some(token), MetadataSessions::Required | MetadataSessions::Optional) if !good(token) => {
                return Err(Refusal::plain(401, "X-Metadata-Token is invalid"));
            }
            _ => {}
        }
        let agency = agency.and_then(|name| self.directory.agency(&name).map(Principal::from));
        let Some(who) = agency else { return Err(Refusal::plain(401, "Please configure Cloud Service Agency first")) };
        let at_hand = self.metadata.key.take().filter(|(_, until)| now < *until);
        let (key, until) =
            at_hand.unwrap_or_else(|| (self.issue_key(who, now, key_lifetime), now.saturating_add(key_lifetime / 2)));
        self.metadata.key = Some((key.clone(), until));
        Ok(Content::ok(key))
    }
}
