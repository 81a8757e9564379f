//! What lies over the file: `HSS_EXPORTER__REFRESH__INTERVAL=1m` overrides `refresh.interval`.

use super::nearest::nearest;
use super::reader;
use super::report::{At, Fault, Place, Report};
use super::schema::{Key, ROOT, Shape, join};
use ::config::{ConfigError, Map, Source, Value, ValueKind};

/// What such a variable begins with. Those with a single `_` are flags, or belong to Kubernetes.
const PREFIX: &str = "HSS_EXPORTER__";

/// What stands between the keys of a path.
const SEPARATOR: &str = "__";

/// Lays the variables over what the file says.
pub(super) fn merge(file: Value, environment: &[(String, String)], report: &mut Report) -> Value {
    let variables = overrides(environment, report);
    let root = At { key: String::new(), place: Place::of(&file) };
    let mut merged = match file.kind {
        ValueKind::Table(_) => file,
        ValueKind::Nil => empty(),
        _ => {
            reader::refuse_kind(&root, &file, reader::GROUP, report);
            empty()
        }
    };
    // Straight over the file, not through `config::Config`: that copies groups without their lines.
    if let Err(error) = Overrides(variables).collect_to(&mut merged) {
        report.refuse(&root, None, Fault::new(error.to_string(), "look at the variables that override the file"));
    }
    merged
}

fn empty() -> Value {
    Value::new(None, Map::<String, Value>::new())
}

/// Single values, by the paths of their keys.
#[derive(Clone, Debug)]
struct Overrides(Map<String, Value>);

impl Source for Overrides {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

fn overrides(environment: &[(String, String)], report: &mut Report) -> Map<String, Value> {
    let mut values = Map::new();
    for (name, value) in environment {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        match path(rest) {
            // Containers are often given empty variables for what nobody has set.
            Ok(_) if value.is_empty() => {}
            Ok(path) => {
                values.insert(path, Value::new(Some(name), value.as_str()));
            }
            Err(fault) => {
                report.refuse(&At { key: name.clone(), place: Place::Named(name.clone()) }, None, fault);
            }
        }
    }
    values
}

/// The path of the key that a variable overrides.
fn path(rest: &str) -> Result<String, Fault> {
    let mut keys = ROOT;
    let mut path = String::new();
    let mut words = rest.split(SEPARATOR);
    while let Some(word) = words.next() {
        let key = find(word, keys).ok_or_else(|| unknown(&path, word, keys))?;
        path = join(&path, key.name);
        match &key.shape {
            Shape::Group(below) => keys = below,
            Shape::List(_) | Shape::Either(..) | Shape::Search(..) => {
                return Err(Fault::new(
                    format!(
                        "would override `{path}`, but a list and the elements of lists cannot be overridden by a variable"
                    ),
                    "change the file, or have the file name a variable where it can (`secret_env`)",
                ));
            }
            Shape::Scalar | Shape::Secret if words.next().is_none() => return Ok(path),
            Shape::Scalar | Shape::Secret => {
                return Err(Fault::new(format!("names a key below `{path}`, which has none"), "shorten it"));
            }
        }
    }
    Err(Fault::new(
        format!("would override `{path}`, which is a group of keys"),
        format!("name one of them: {}", names(&path, keys)),
    ))
}

fn find<'k>(word: &str, keys: &'k [Key]) -> Option<&'k Key> {
    keys.iter().find(|key| key.name.to_uppercase() == word)
}

fn unknown(path: &str, word: &str, keys: &[Key]) -> Fault {
    let remedy = match nearest(word, keys.iter().map(|key| key.name)) {
        Some(name) => format!("did you mean `{}`?", variable(&join(path, name))),
        None => format!("known here: {}", names(path, keys)),
    };
    Fault::new("overrides no key of the configuration", remedy)
}

fn names(path: &str, keys: &[Key]) -> String {
    let names: Vec<String> = keys.iter().map(|key| format!("`{}`", variable(&join(path, key.name)))).collect();
    names.join(", ")
}

fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', SEPARATOR).to_uppercase())
}
