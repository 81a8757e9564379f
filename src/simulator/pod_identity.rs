//! What stands in for the pod identity of a cluster: a temporary key for the token in a pod's file.

use super::auth::Signed;
use super::content::Content;
use super::iam::{Iam, Principal};
use super::refusal::Refusal;

/// What a pod is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodIdentity {
    /// The content of the pod's file, which goes into `Authorization` as it is.
    pub token: String,
    /// The agency that the pod stands in for, by name.
    pub agency: String,
    /// How long a key is good, in milliseconds.
    pub key_lifetime: u64,
}

impl Default for PodIdentity {
    fn default() -> Self {
        Self {
            token: "simulated-pod-token-of-no-value".to_owned(),
            agency: "hss-reader".to_owned(),
            key_lifetime: 60 * 60_000,
        }
    }
}

impl Iam {
    /// `POST` at the address in `HC_CONTAINER_CREDENTIALS_FULL_URI`.
    pub(super) fn pod_key(&mut self, signed: &Signed<'_>, now: u64) -> Result<Content, Refusal> {
        let PodIdentity { token, agency, key_lifetime } = self.directory.pod_identity.clone();
        if signed.header("authorization") != Some(&token) {
            return Err(Refusal::plain(401, "The token of the pod is invalid"));
        }
        if !serde_json::from_slice(signed.body).is_ok_and(|body: serde_json::Value| body.is_object()) {
            return Err(Refusal::plain(400, "The body is no JSON object"));
        }
        let who = self.directory.agency(&agency).map(Principal::from);
        let who = who.ok_or_else(|| Refusal::plain(403, "The pod has no agency"))?;
        Ok(Content::ok(self.issue_key(who, now, key_lifetime)))
    }
}
