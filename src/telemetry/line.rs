//! One line of the log: its fields in order, and how logfmt and JSON spell them.
//!
//! Whatever a value holds, a line stays one line and reads from left to right: characters that are not printable are
//! escaped in both forms.

use crate::model::Timestamp;
use crate::model::observe::LogLevel;
use crate::model::text::is_printable;
use humantime::format_rfc3339_millis;
use std::error::Error;
use std::fmt::{self, Debug, Write};
use std::time::SystemTime;
use tracing::Event;
use tracing::field::{Field, Visit};

/// The fields of a line, in the order in which they are written.
pub(super) struct Line {
    fields: Vec<(&'static str, Value)>,
}

enum Value {
    /// Needs no quotes in JSON: a number or a truth.
    Bare(String),
    Text(String),
}

impl Line {
    /// When, how loud, what, then (for a dependency) from where, then the event's own fields in their order.
    pub(super) fn of(event: &Event<'_>, at: Timestamp, level: LogLevel, source: Option<&str>) -> Self {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let ts = format_rfc3339_millis(SystemTime::UNIX_EPOCH + at.as_date().since_epoch());
        let mut line = vec![("ts", Value::Text(ts.to_string())), ("level", Value::Text(level.as_str().to_owned()))];
        line.extend(fields.message.map(|message| ("msg", Value::Text(message))));
        line.extend(source.map(|source| ("source", Value::Text(source.to_owned()))));
        line.extend(fields.others);
        Self { fields: line }
    }

    /// `key=value key="a value"`, quoted and escaped as Go's logfmt does it.
    pub(super) fn write_logfmt(&self, to: &mut impl Write) -> fmt::Result {
        for (i, (key, value)) in self.fields.iter().enumerate() {
            if i > 0 {
                to.write_char(' ')?;
            }
            write!(to, "{key}=")?;
            match value {
                Value::Bare(text) => to.write_str(text)?,
                Value::Text(text) if is_plain(text) => to.write_str(text)?,
                Value::Text(text) => write_quoted(text, to)?,
            }
        }
        Ok(())
    }

    /// One flat object. Should a key come twice, the first stands: readers differ in what they make of two.
    pub(super) fn write_json(&self, to: &mut impl Write) -> fmt::Result {
        to.write_char('{')?;
        for (i, (key, value)) in self.fields.iter().enumerate() {
            if self.fields.iter().take(i).any(|(before, _)| before == key) {
                continue;
            }
            if i > 0 {
                to.write_char(',')?;
            }
            write_quoted(key, to)?;
            to.write_char(':')?;
            match value {
                Value::Bare(text) => to.write_str(text)?,
                Value::Text(text) => write_quoted(text, to)?,
            }
        }
        to.write_char('}')
    }
}

/// Gathers an event's fields.
#[derive(Default)]
struct Fields {
    message: Option<String>,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::Text(text)) => self.message = Some(text),
            (name, value) => self.others.push((name.trim_start_matches("r#"), value)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        let text = value.to_string();
        // JSON has no word for them.
        self.add(field, if value.is_finite() { Value::Bare(text) } else { Value::Text(text) });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::Bare(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::Bare(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Bare(value.to_string()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::Text(value.to_owned()));
    }

    /// With its causes: the last one is often the one that helps.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            // A String takes every text.
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        self.add(field, Value::Text(text));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, Value::Text(format!("{value:?}")));
    }
}

/// Whether logfmt can do without quotes. An empty value, and the word `null`, would read as no value.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text != "null"
        && !text.chars().any(|c| !is_printable(c) || matches!(c, ' ' | '=' | '"' | '\u{fffd}'))
}

fn write_quoted(text: &str, to: &mut impl Write) -> fmt::Result {
    to.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => to.write_str("\\\"")?,
            '\\' => to.write_str("\\\\")?,
            '\n' => to.write_str("\\n")?,
            '\r' => to.write_str("\\r")?,
            '\t' => to.write_str("\\t")?,
            c if !is_printable(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(to, "\\u{unit:04x}")?;
                }
            }
            c => to.write_char(c)?,
        }
    }
    to.write_char('"')
}
