//! YAML text -> values that know their line. Scalars stay text: only a key's type knows what they mean.
//!
//! Ready-made readers give one error at a time, hide doubled keys, and turn `4.7` into 5 and long digits into floats.

use super::report::{At, Fault, Place, Report};
use super::schema::join;
use ::config::{Map, Value, ValueKind};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How deep values may lie in each other. The schema needs eight levels; what is deeper would only use up the stack.
const MAX_DEPTH: usize = 32;

/// How many values a file may have once its aliases are written out: a few aliases of aliases can stand for billions.
const MAX_VALUES: usize = 1_000_000;

/// Reads the one document of a YAML text. Doubled keys, foreign tags and the like are reported and passed over; where the
/// text is no YAML at all, there is nothing to return.
pub(super) fn read(text: &str, report: &mut Report) -> Option<Value> {
    let mut reader = Reader { events: Parser::new_from_str(text), anchors: BTreeMap::new(), values: 0, report };
    match reader.document() {
        Ok(root) => Some(root),
        Err(stop) => {
            reader.report.refuse_from(stop.line, stop.column, stop.fault);
            None
        }
    }
}

struct Reader<'t, 'r> {
    events: Parser<'t, StrInput<'t>>,
    anchors: BTreeMap<usize, Value>,
    values: usize,
    report: &'r mut Report,
}

/// Why reading cannot go on, and where.
struct Stop {
    line: usize,
    column: usize,
    fault: Fault,
}

impl Stop {
    fn at(span: Span, fault: Fault) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1, fault }
    }
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        // The reader's words may quote a character of what stands there.
        let reason = error.info().split(": `").next().unwrap_or_default();
        let fault = Fault::new(
            format!("is not YAML from here on: {reason}"),
            "look at the indentation, for a missing space after `:`, and for quotes and brackets that are not closed",
        );
        Self { line: error.marker().line(), column: error.marker().col() + 1, fault }
    }
}

impl<'t> Reader<'t, '_> {
    fn document(&mut self) -> Result<Value, Stop> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) if root.is_none() => {}
                Event::DocumentStart(_) => {
                    let fault = Fault::new("begins a second document", "keep the whole configuration in one document");
                    return Err(Stop::at(span, fault));
                }
                event => root = Some(self.value(event, span, &line(String::new(), span), 0)?),
            }
        }
        Ok(root.unwrap_or_default())
    }

    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, Stop> {
        Ok(self.events.next_event().transpose()?)
    }

    /// The value that begins with `event`. It counts as standing on its key's line, where it has a key.
    fn value(&mut self, event: Event<'t>, span: Span, at: &At, depth: usize) -> Result<Value, Stop> {
        self.values += 1;
        self.check_limits(span, depth)?;
        let (kind, anchor, tag) = match event {
            Event::Scalar(text, style, anchor, tag) => (scalar(text, style), anchor, tag),
            Event::SequenceStart(anchor, tag) => (ValueKind::Array(self.list(at, depth + 1)?), anchor, tag),
            Event::MappingStart(anchor, tag) => (ValueKind::Table(self.group(at, depth + 1)?), anchor, tag),
            Event::Alias(anchor) => return self.alias(anchor, span, depth),
            _ => (ValueKind::Nil, 0, None),
        };
        self.check_tag(tag.as_deref(), at);
        let origin = match at.place {
            Place::Line(line) => format!("{}:{line}", self.report.file),
            Place::Named(_) | Place::Nowhere => self.report.file.to_string(),
        };
        let value = Value::new(Some(&origin), kind);
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn list(&mut self, at: &At, depth: usize) -> Result<Vec<Value>, Stop> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                break;
            }
            let at = line(format!("{}[{}]", at.key, items.len()), span);
            items.push(self.value(event, span, &at, depth)?);
        }
        Ok(items)
    }

    fn group(&mut self, at: &At, depth: usize) -> Result<Map<String, Value>, Stop> {
        let mut group = Map::new();
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                break;
            }
            let Event::Scalar(key, ..) = event else {
                let at = line(at.key.clone(), span);
                let fault = Fault::new("has a key that is not a word", "write one of the documented keys");
                self.report.refuse(&at, None, fault);
                self.value(event, span, &at, depth)?;
                if let Some((event, span)) = self.next()? {
                    self.value(event, span, &at, depth)?;
                }
                continue;
            };
            let at = line(join(&at.key, &key), span);
            let Some((event, span)) = self.next()? else { break };
            let value = self.value(event, span, &at, depth)?;
            match group.get(key.as_ref()).map(Place::of) {
                None => {
                    group.insert(key.into_owned(), value);
                }
                Some(first) => {
                    let first = match first {
                        Place::Line(line) => format!("the first time on line {line}"),
                        Place::Named(_) | Place::Nowhere => "the first time before".to_owned(),
                    };
                    let fault = Fault::new(format!("stands here twice, {first}"), "keep one of the two");
                    self.report.refuse(&at, None, fault);
                }
            }
        }
        Ok(group)
    }

    fn alias(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Value, Stop> {
        let Some((values, levels)) = self.anchors.get(&anchor).map(size) else {
            let fault = Fault::new("is an alias of something that it is itself a part of", "write the value out");
            return Err(Stop::at(span, fault));
        };
        // Before it is written out: that is what the limits are for.
        self.values = self.values.saturating_add(values);
        self.check_limits(span, depth + levels)?;
        Ok(self.anchors.get(&anchor).cloned().unwrap_or_default())
    }

    fn check_limits(&self, span: Span, depth: usize) -> Result<(), Stop> {
        let fault = if depth > MAX_DEPTH {
            let reason = format!("lies more than {MAX_DEPTH} levels deep");
            Fault::new(reason, "no key of ours lies that deep: look for a misplaced bracket")
        } else if self.values > MAX_VALUES {
            let reason = format!("is more than {MAX_VALUES} values, aliases written out");
            Fault::new(reason, "use fewer aliases, or several exporters")
        } else {
            return Ok(());
        };
        Err(Stop::at(span, fault))
    }

    /// The tags of YAML itself say nothing new; others ask for something that we do not do.
    fn check_tag(&mut self, tag: Option<&Tag>, at: &At) {
        if tag.is_none_or(|tag| tag.is_yaml_core_schema() || tag.to_string() == "!") {
            return;
        }
        // The tag is not shown: an unquoted password that begins with `!` is one.
        let remedy = "leave the tag out, or write a value that begins with `!` in quotes";
        self.report.refuse(at, None, Fault::new("has a tag, which means nothing here", remedy));
    }
}

/// A key that stands where `span` begins.
fn line(key: String, span: Span) -> At {
    At { key, place: Place::Line(span.start.line()) }
}

/// Nothing, where nothing or one of YAML's words for it stands without quotes; else text.
fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> ValueKind {
    match (style, text.as_ref()) {
        (ScalarStyle::Plain, "" | "~" | "null" | "Null" | "NULL") => ValueKind::Nil,
        _ => ValueKind::String(text.into_owned()),
    }
}

/// How many values there are in a value, and on how many levels.
fn size(value: &Value) -> (usize, usize) {
    let below: Vec<(usize, usize)> = match &value.kind {
        ValueKind::Array(items) => items.iter().map(size).collect(),
        ValueKind::Table(group) => group.values().map(size).collect(),
        _ => Vec::new(),
    };
    let values = below.iter().map(|(values, _)| values).sum::<usize>();
    let levels = below.iter().map(|(_, levels)| *levels).max().unwrap_or(0);
    (values + 1, levels + 1)
}
