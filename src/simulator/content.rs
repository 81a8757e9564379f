//! What a call answers, before it is put on the wire.

use serde_json::Value;

/// An answer that is no refusal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Content {
    pub(super) status: u16,
    /// Beside the usual ones.
    pub(super) headers: Vec<(String, String)>,
    /// The body. A bare string is plain text and not JSON.
    pub(super) value: Value,
}

impl Content {
    pub(super) fn ok(value: Value) -> Self {
        Self { status: 200, headers: Vec::new(), value }
    }

    pub(super) fn created(value: Value) -> Self {
        Self { status: 201, ..Self::ok(value) }
    }

    #[must_use]
    pub(super) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn content_type(&self) -> &'static str {
        if self.value.is_string() { "text/plain" } else { "application/json" }
    }

    pub(super) fn body(&self) -> Vec<u8> {
        match &self.value {
            Value::String(text) => text.clone().into_bytes(),
            other => other.to_string().into_bytes(),
        }
    }
}
