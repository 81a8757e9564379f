//! Requests that are signed with an access key, permanent or temporary.

use super::{Header, Secret, Unsigned};
use crate::cloud::sign;

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

impl AccessKey {
    /// The id, if it looks like a secret that was written in its place: the cloud repeats ids that it does not know.
    pub(super) fn misplaced_secret(&self) -> Option<&Secret> {
        Some(&self.id).filter(|id| id.expose().len() > LONGEST_ID)
    }

    /// The signature, and the headers it covers but `Host`, which the connection writes.
    pub(super) fn headers(&self, request: &Unsigned<'_>) -> Vec<Header> {
        let mut covered = vec![
            ("content-type", super::CONTENT_TYPE),
            ("host", request.host),
            ("x-project-id", request.project_id),
            ("x-sdk-date", &request.date),
        ];
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
