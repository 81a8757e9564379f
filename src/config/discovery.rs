//! What is looked for in the cloud instead of being written: `discover`, and which names are meant.

use super::reader::Group;
use super::report::{Fault, Located, Report};
use super::{Expectation, Filter, Watch, scalar};
use crate::model::{Project, Target, TaskType};
use ::config::ValueKind;
use std::sync::Arc;
use std::time::Duration;

/// The word.
const DISCOVER: &str = "discover";

/// What is looked for, and how it is watched once it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// The projects of the account's region.
    Projects {
        /// Which of them.
        names: Names,
        /// Which enterprise projects of each; none: all of them, undivided.
        enterprise_projects: Option<Names>,
        /// How they are watched.
        manner: Manner,
    },
    /// The enterprise projects of a project that is given.
    EnterpriseProjects {
        /// The project.
        project: Project,
        /// Which of them.
        names: Names,
        /// How they are watched.
        manner: Manner,
    },
}

impl Search {
    /// Whether projects are looked for.
    pub const fn wants_projects(&self) -> bool {
        matches!(self, Self::Projects { .. })
    }

    /// Whether enterprise projects are looked for.
    pub const fn wants_enterprise_projects(&self) -> bool {
        matches!(self, Self::EnterpriseProjects { .. } | Self::Projects { enterprise_projects: Some(_), .. })
    }
}

/// Which names are meant. `*` stands for any characters, `?` for one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// One of these; if there is none, any.
    pub include: Vec<Arc<str>>,
    /// None of these.
    pub exclude: Vec<Arc<str>>,
}

impl Names {
    /// Whether this one is meant.
    pub fn allow(&self, name: &str) -> bool {
        let any = |globs: &[Arc<str>]| globs.iter().any(|glob| matches(glob, name));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// How a target is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manner {
    /// See [`Watch::types`].
    pub types: Vec<TaskType>,
    /// See [`Watch::interval`].
    pub interval: Duration,
    /// See [`Watch::stale_after`].
    pub stale_after: Duration,
    /// See [`Watch::filter`].
    pub filter: Filter,
    /// See [`Watch::expect`].
    pub expect: Vec<Expectation>,
}

impl Manner {
    /// This target, watched in this manner.
    pub fn watch(&self, target: Target) -> Watch {
        let Self { types, interval, stale_after, filter, expect } = self.clone();
        Watch { target: Arc::new(target), types, interval, stale_after, filter, expect }
    }
}

/// Whether `discover`, or a group, is written at a key: then not a list, nor another word.
pub(super) fn is_written(group: &Group<'_>, key: &str) -> bool {
    match group.get(key).map(|value| &value.kind) {
        Some(ValueKind::String(word)) => word == DISCOVER,
        Some(ValueKind::Table(_)) => true,
        _ => false,
    }
}

/// The names that are meant at a key where that is written, and the group, if it is one.
pub(super) fn read<'v>(
    group: &Group<'v>,
    key: &str,
    report: &mut Report,
) -> (Option<Located<Names>>, Option<Group<'v>>) {
    let at = group.at.key(key, group.get(key));
    let located = |value| Some(Located { at: at.clone(), shown: None, value });
    if !group.get(key).is_some_and(|value| matches!(value.kind, ValueKind::Table(_))) {
        return (located(Names::default()), None);
    }
    let Some(written) = group.group(key, report) else { return (None, None) };
    let remedy = "write `discover: true`, or a list in place of the group";
    let switch = written.required("discover", report, scalar::switch, remedy);
    if let Some(Located { at, shown, value: false }) = &switch {
        report.refuse(at, shown.as_deref(), Fault::new("leaves nothing to watch", remedy));
    }
    let (include, exclude) = (globs(&written, "include", report), globs(&written, "exclude", report));
    let names = include.zip(exclude).and_then(|(include, exclude)| located(Names { include, exclude }));
    (names.filter(|_| switch.is_some_and(|switch| switch.value)), Some(written))
}

fn globs(group: &Group<'_>, key: &str, report: &mut Report) -> Option<Vec<Arc<str>>> {
    if !group.has(key) {
        return Some(Vec::new());
    }
    let list = group.list(key, report)?;
    if list.items.is_empty() {
        report.refuse(&list.at, None, Fault::new("is empty", "list names, or leave the key out"));
    }
    list.scalars(report, scalar::name)
}

/// Whether a name is one that the glob stands for.
fn matches(glob: &str, name: &str) -> bool {
    let (mut glob, mut name) = (glob.chars(), name.chars());
    let mut behind_star = None;
    loop {
        match (glob.next(), name.clone().next()) {
            (Some('*'), _) => behind_star = Some((glob.clone(), name.clone())),
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => drop(name.next()),
            (None, None) => return true,
            // The last `*` takes one character more.
            _ => {
                let Some((rest, from)) = &mut behind_star else { return false };
                if from.next().is_none() {
                    return false;
                }
                (glob, name) = (rest.clone(), from.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_a_question_mark_for_one_character() {
        for (glob, name, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*c", "abbc", true),
            ("a*c", "abcb", false),
            ("*ab", "aab", true),
            ("*a*b", "xaxbxb", true),
            ("a**", "a", true),
            ("cn-north-4_*", "cn-north-4", false),
            ("team-?", "team-12", false),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} {name}");
        }
    }

    #[test]
    fn what_is_excluded_is_not_meant_though_it_is_included() {
        let globs = |globs: &[&str]| globs.iter().map(|glob| Arc::from(*glob)).collect();
        let names = Names { include: globs(&["a*", "b"]), exclude: globs(&["*x"]) };
        assert!(names.allow("a1") && names.allow("b"));
        assert!(!names.allow("ax") && !names.allow("c"));
        assert!(Names::default().allow("anything"));
    }
}
