//! Requests that carry a token.

use super::{Header, Secret, Unsigned};

/// The headers of a request with a token.
pub(super) fn headers(token: &Secret, request: &Unsigned<'_>) -> Vec<Header> {
    vec![
        Header::new("content-type", super::CONTENT_TYPE),
        Header::new("x-project-id", request.project_id),
        Header::new("x-auth-token", token.expose()),
    ]
}
