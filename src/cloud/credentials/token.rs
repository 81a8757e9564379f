//! Requests that carry a token.

use super::identity::CONTENT_TYPE;
use super::{Header, Secret, Unsigned};

/// The headers of a request with a token.
pub(super) fn headers(token: &Secret, request: &Unsigned<'_>) -> Vec<Header> {
    let mut headers = vec![Header::new("content-type", CONTENT_TYPE)];
    headers.extend(request.scope_header().map(|(name, value)| Header::new(name, value)));
    headers.push(Header::new("x-auth-token", token.expose()));
    headers
}
