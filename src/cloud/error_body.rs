//! The fields of an error's body, in each shape in which Huawei Cloud writes errors.
//!
//! The body may be anything, and may be cut off. The known fields are kept as they are read, and the rest is skipped without
//! being built.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// How deep a field may lie in objects and lists: in `error`, and in a list of `details` within it.
const DEPTH_LIMIT: usize = 5;

/// The names of the fields, the best first.
const NAMES: [(Field, &[&str]); 3] = [
    (Field::Code, &["error_code", "errorCode", "code"]),
    (Field::Message, &["error_msg", "errorMsg", "message", "error_description", "error_message", "error", "title"]),
    (Field::RequestId, &["request_id", "requestId"]),
];

/// What an error's body says. No secrets have been taken out yet.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    pub(super) request_id: Option<String>,
}

#[derive(Clone, Copy)]
enum Field {
    Code,
    Message,
    RequestId,
}

impl ErrorBody {
    /// The fields of a body that is JSON, or of its beginning that is.
    pub(super) fn read(body: &[u8]) -> Self {
        // Characters of another encoding, and line breaks within a text, cost themselves and not the whole.
        let text = String::from_utf8_lossy(body).replace(char::is_control, " ");
        let mut found = Found::default();
        let mut json = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
        // What was read before it went wrong is kept.
        let _ = Node { found: &mut found, depth: 0, name: None }.deserialize(&mut json);
        let text = |text: Option<Text>| text.map(|text| text.text);
        Self { code: text(found.code), message: text(found.message), request_id: text(found.request_id) }
    }
}

#[derive(Default)]
struct Found {
    code: Option<Text>,
    message: Option<Text>,
    request_id: Option<Text>,
}

struct Text {
    /// How deep it lies, and which of the field's names it has: the least is the best.
    rank: (usize, usize),
    text: String,
}

/// A value of the body.
struct Node<'a> {
    found: &'a mut Found,
    depth: usize,
    /// The field that the value's name means, and which of the field's names that is.
    name: Option<(Field, usize)>,
}

impl Node<'_> {
    fn keep(self, text: &str) {
        let (Some((field, number)), text) = (self.name, text.trim()) else { return };
        let kept = match field {
            Field::Code => &mut self.found.code,
            Field::Message => &mut self.found.message,
            Field::RequestId => &mut self.found.request_id,
        };
        let rank = (self.depth, number);
        if !text.is_empty() && kept.as_ref().is_none_or(|kept| rank < kept.rank) {
            *kept = Some(Text { rank, text: text.to_owned() });
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        if self.depth > DEPTH_LIMIT {
            return value.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.keep(text);
        Ok(())
    }

    /// IAM writes codes as numbers.
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.keep(&number.to_string());
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.keep(&number.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.keep(&number.to_string());
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { found, depth, .. } = self;
        while items.next_element_seed(Node { found: &mut *found, depth: depth + 1, name: None })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { found, depth, .. } = self;
        while let Some(name) = items.next_key_seed(Name)? {
            items.next_value_seed(Node { found: &mut *found, depth: depth + 1, name })?;
        }
        Ok(())
    }
}

/// The name of a value.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<(Field, usize)>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<(Field, usize)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let number = |names: &[&str]| names.iter().position(|known| *known == name);
        Ok(NAMES.iter().find_map(|(field, names)| Some((*field, number(names)?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(body: &str, code: Option<&str>, message: Option<&str>) {
        let read = ErrorBody::read(body.as_bytes());
        assert_eq!((read.code.as_deref(), read.message.as_deref()), (code, message), "{body}");
    }

    #[test]
    fn the_outer_field_and_the_better_name_are_taken_wherever_they_stand() {
        check(r#"{"details":[{"code":"inner"}],"code":"outer"}"#, Some("outer"), None);
        check(r#"{"code":"a","error_code":"b","title":"t","error_msg":"m"}"#, Some("b"), Some("m"));
        check(r#"{"error":{"message":"in"},"error_msg":" "}"#, None, Some("in"));
        check(r#"{"code":-1.5,"message":["no","text"]}"#, Some("-1.5"), None);
    }

    #[test]
    fn a_body_that_is_cut_off_or_not_quite_json_says_what_it_says() {
        check(r#"{"error_code":"A.1","error_msg":"cut"#, Some("A.1"), None);
        check("\u{feff}{\"error_code\":\"A.1\",\"error_msg\":\"two\n\tlines\"}", Some("A.1"), Some("two  lines"));
        let gbk = [&br#"{"error_msg":""#[..], b"\xb2\xe9\xd1\xaf", br#"","error_code":"A.1"}"#].concat();
        assert_eq!(ErrorBody::read(&gbk).code.as_deref(), Some("A.1"));
    }

    #[test]
    fn a_deep_body_is_skipped_and_what_follows_it_is_read() {
        let deep = format!("{}1{}", "[{\"code\":\"deep\",\"x\":".repeat(60), "}]".repeat(60));
        check(&format!(r#"{{"x":{deep},"error_code":"A.1"}}"#), Some("A.1"), None);
        check(&"[".repeat(60_000), None, None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_fail(body in prop::collection::vec(any::<u8>(), 0..200), json in "[\\[\\]{}\",:a0\\\\]{0,80}") {
            ErrorBody::read(&body);
            ErrorBody::read(json.as_bytes());
        }
    }
}
