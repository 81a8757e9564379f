//! Walks through what was written, key by key: reports what does not belong, and hands out what does.

use super::nearest::nearest;
use super::report::{At, Fault, Located, Place, Report};
use super::schema::{Key, ROOT, Shape};
use ::config::{Map, Value, ValueKind};

/// What a value has to be, in the words of a message.
pub(super) const GROUP: &str = "a group of keys";
pub(super) const LIST: &str = "a list";
const SCALAR: &str = "a single value";

/// A group of keys. What was written under each, and what may be.
#[derive(Debug)]
pub(super) struct Group<'v> {
    pub(super) at: At,
    keys: &'static [Key],
    table: Option<&'v Map<String, Value>>,
}

/// A list, and where each element stands.
pub(super) struct List<'v> {
    pub(super) at: At,
    pub(super) items: Vec<(At, &'v Value)>,
    /// The keys of an element that is a group.
    keys: &'static [Key],
}

/// The whole configuration.
pub(super) fn root<'v>(value: &'v Value, report: &mut Report) -> Group<'v> {
    let at = At { key: String::new(), place: Place::Nowhere };
    open(at.clone(), value, ROOT, report).unwrap_or(Group { at, keys: ROOT, table: None })
}

impl<'v> Group<'v> {
    /// One value, read by `parse`; the key's default where nothing is written. A problem is reported, and gives none.
    pub(super) fn scalar<T>(
        &self,
        name: &str,
        report: &mut Report,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
    ) -> Option<Located<T>> {
        let (at, text, shown) = match self.find(name)? {
            (key, None) => (At { place: Place::Nowhere, ..self.at.key(name, None) }, key.default?, None),
            (key, Some(value)) => {
                let at = self.at.key(name, Some(value));
                let text = text(&at, value, report)?;
                (at, text, (!matches!(key.shape, Shape::Secret)).then_some(text))
            }
        };
        parsed(at, text, shown, report, parse)
    }

    /// One value that has to be written.
    pub(super) fn required<T>(
        &self,
        name: &str,
        report: &mut Report,
        parse: impl FnOnce(&str) -> Result<T, Fault>,
        remedy: &str,
    ) -> Option<Located<T>> {
        if !self.has(name) {
            report.refuse(&self.at.key(name, None), None, Fault::new("is missing", remedy));
            return None;
        }
        self.scalar(name, report, parse)
    }

    /// A group below this one. None if it is not there, or is something else.
    pub(super) fn group(&self, name: &str, report: &mut Report) -> Option<Group<'v>> {
        let (key, value) = self.find(name)?;
        let (value, Shape::Group(keys) | Shape::Search(_, keys)) = (value?, &key.shape) else { return None };
        open(self.at.key(name, Some(value)), value, keys, report)
    }

    /// A group below this one; where it is not there, one in which nothing is written.
    pub(super) fn group_or_empty(&self, name: &str, report: &mut Report) -> Group<'v> {
        let keys = match self.find(name) {
            Some((Key { shape: Shape::Group(keys), .. }, _)) => keys,
            _ => &[][..],
        };
        let empty = || Group { at: self.at.key(name, None), keys, table: None };
        self.group(name, report).unwrap_or_else(empty)
    }

    /// A list. None if it is not there, or is something else.
    pub(super) fn list(&self, name: &str, report: &mut Report) -> Option<List<'v>> {
        let (key, value) = self.find(name)?;
        let value = value?;
        let at = self.at.key(name, Some(value));
        let keys = element_keys(&key.shape);
        match &value.kind {
            ValueKind::Array(items) => {
                let items = items.iter().enumerate().map(|(n, item)| (at.element(n, item), item)).collect();
                Some(List { at, items, keys })
            }
            ValueKind::Nil => Some(List { at, items: Vec::new(), keys }),
            _ => {
                refuse_kind(&at, value, LIST, report);
                None
            }
        }
    }

    /// Whether nothing is written in it, not even what does not belong there.
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_none_or(Map::is_empty)
    }

    /// Whether something is written there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// What is written there.
    pub(super) fn get(&self, name: &str) -> Option<&'v Value> {
        self.find(name)?.1
    }

    fn find(&self, name: &str) -> Option<(&'static Key, Option<&'v Value>)> {
        let key = self.keys.iter().find(|key| key.name == name)?;
        Some((key, self.table.and_then(|table| table.get(name))))
    }
}

impl<'v> List<'v> {
    /// The elements that are groups.
    pub(super) fn groups(&self, report: &mut Report) -> Vec<Group<'v>> {
        self.items.iter().filter_map(|(at, value)| self.group(at, value, report)).collect()
    }

    /// One element as a group. None if it is something else.
    pub(super) fn group(&self, at: &At, value: &'v Value, report: &mut Report) -> Option<Group<'v>> {
        open(at.clone(), value, self.keys, report)
    }

    /// The elements as single values, each at most once; none where one of them cannot be read.
    pub(super) fn scalars<T: PartialEq>(
        &self,
        report: &mut Report,
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<Vec<T>> {
        let mut values = Some(Vec::new());
        for (at, value) in &self.items {
            let read = text(at, value, report).and_then(|text| parsed(at.clone(), text, Some(text), report, &parse));
            match (read, &mut values) {
                (Some(read), Some(values)) if values.contains(&read.value) => {
                    report.refuse(&read.at, None, Fault::new("stands in the list twice", "keep one of the two"));
                }
                (Some(read), Some(values)) => values.push(read.value),
                _ => values = None,
            }
        }
        values
    }
}

/// The text of a single value.
pub(super) fn text<'v>(at: &At, value: &'v Value, report: &mut Report) -> Option<&'v str> {
    match &value.kind {
        ValueKind::String(text) => Some(text),
        ValueKind::Nil => {
            report.refuse(at, None, Fault::new("has no value", "write one, or leave the key out"));
            None
        }
        _ => {
            refuse_kind(at, value, SCALAR, report);
            None
        }
    }
}

/// A value read by `parse`, or a problem.
pub(super) fn parsed<T>(
    at: At,
    text: &str,
    shown: Option<&str>,
    report: &mut Report,
    parse: impl FnOnce(&str) -> Result<T, Fault>,
) -> Option<Located<T>> {
    match parse(text) {
        Ok(value) => Some(Located { at, shown: shown.map(str::to_owned), value }),
        Err(fault) => {
            report.refuse(&at, shown, fault);
            None
        }
    }
}

/// Opens a group: whatever is no key of it is reported. None if it is something else.
fn open<'v>(at: At, value: &'v Value, keys: &'static [Key], report: &mut Report) -> Option<Group<'v>> {
    let table = match &value.kind {
        ValueKind::Table(table) => Some(table),
        ValueKind::Nil => None,
        _ => {
            refuse_kind(&at, value, GROUP, report);
            return None;
        }
    };
    for (name, value) in table.into_iter().flatten() {
        if !keys.iter().any(|key| key.name == name) {
            let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
            let remedy = match nearest(name, names.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known here: `{}`", names.join("`, `")),
            };
            // Its value is not shown: a misspelt key may be a secret's.
            report.refuse(&at.key(name, Some(value)), None, Fault::new("is not a key of the configuration", remedy));
        }
    }
    Some(Group { at, keys, table })
}

fn element_keys(shape: &Shape) -> &'static [Key] {
    match shape {
        Shape::Scalar | Shape::Secret => &[],
        Shape::List(of) | Shape::Search(of, _) => element_keys(of),
        Shape::Group(keys) => keys,
        Shape::Either(_, other) => element_keys(other),
    }
}

pub(super) fn refuse_kind(at: &At, value: &Value, expected: &str, report: &mut Report) {
    let found = match &value.kind {
        ValueKind::Array(_) => LIST,
        ValueKind::Table(_) => GROUP,
        _ => SCALAR,
    };
    let remedy = match expected {
        LIST => "write a list: `[a, b]`, or one `- a` a line",
        GROUP => "write `key: value` lines below it, further to the right",
        _ => "write the value after the key, on the same line",
    };
    report.refuse(at, None, Fault::new(format!("is {found}, not {expected}"), remedy));
}
