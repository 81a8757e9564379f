//! An answer: its status, its headers, its bytes.

use super::body::Body;
use super::negotiate::MediaType;
use crate::metrics::{Encoding, Page};
use bytes::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderName, HeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Response, StatusCode};

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// The page needs its own style sheet, which is in it, and nothing else.
const HTML_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An answer that is being put together.
pub(super) struct Reply {
    response: Response<Body>,
}

impl Reply {
    /// A sentence for people and scripts.
    pub(super) fn sentence(status: StatusCode, sentence: String) -> Self {
        Self::new(status, TEXT, Bytes::from(sentence + "\n"))
    }

    /// The exposition.
    pub(super) fn exposition(media_type: MediaType, encoding: Encoding, page: Page) -> Self {
        Self::new(StatusCode::OK, media_type.content_type(), page).encoded(encoding, "Accept, Accept-Encoding")
    }

    /// A page for people.
    pub(super) fn html(encoding: Encoding, bytes: Bytes) -> Self {
        Self::new(StatusCode::OK, HTML, bytes)
            .with(CONTENT_SECURITY_POLICY, HTML_POLICY)
            .with(REFERRER_POLICY, "no-referrer")
            .encoded(encoding, "Accept-Encoding")
    }

    /// Which methods would have been answered.
    pub(super) fn allowing(self, methods: &'static str) -> Self {
        self.with(ALLOW, methods)
    }

    /// The last answer of its connection.
    pub(super) fn last(self) -> Self {
        self.with(CONNECTION, "close")
    }

    /// As it goes out: to `HEAD` everything but the bytes.
    pub(super) fn finish(self, method: &Method) -> Response<Body> {
        let mut response = self.response;
        let length = HeaderValue::from(response.body().length());
        response.headers_mut().insert(CONTENT_LENGTH, length);
        let head = method == Method::HEAD;
        response.map(|body| if head { Body::default() } else { body })
    }

    fn new(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Self {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        // An answer is true at one moment only.
        Self { response }
            .with(CONTENT_TYPE, content_type)
            .with(CACHE_CONTROL, "no-store")
            .with(X_CONTENT_TYPE_OPTIONS, "nosniff")
    }

    /// `chosen_by`: the headers of the request by which this answer was chosen.
    fn encoded(self, encoding: Encoding, chosen_by: &'static str) -> Self {
        let reply = self.with(VARY, chosen_by);
        match encoding {
            Encoding::Gzip => reply.with(CONTENT_ENCODING, "gzip"),
            Encoding::Identity => reply,
        }
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.response.headers_mut().insert(name, HeaderValue::from_static(value));
        self
    }
}
