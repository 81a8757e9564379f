//! What discovery knows, and which targets follow from it. Pure.

use crate::config::{Account, Manner, Names, Search, Watch};
use crate::model::text::is_printable;
use crate::model::{EnterpriseProject, Project, Reason, Target};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// After so many good discoveries in a row without it, it is gone.
const GONE_AFTER: u32 = 3;

/// So many targets of an account are discovered at most: more cannot be kept up to date.
pub const MOST_TARGETS: usize = 1000;

/// A name that is longer, or cannot be shown, gives way to the id.
const MAX_NAME: usize = 128;

/// The vendor's ids have 36 characters.
const MAX_ID: usize = 64;

/// What these words mean as names of enterprise projects is taken.
const RESERVED: [&str; 2] = ["all", "all_granted_eps"];

/// How often is looked, and how soon again while nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    /// From one discovery to the next.
    pub every: Duration,
    /// After the first failure; it doubles.
    pub retry: Duration,
}

impl Default for Periods {
    fn default() -> Self {
        Self { every: Duration::from_secs(3600), retry: Duration::from_secs(60) }
    }
}

/// Too many wrong signatures in a row lock an access key for five minutes.
const REFUSED: Duration = Duration::from_secs(300);

impl Periods {
    /// How long to wait before the next look: something may not be `known` yet, and looking for it may have failed so many
    /// times in a row, the last time for this reason.
    pub fn wait(&self, known: bool, failures: u32, reason: Option<Reason>) -> Duration {
        let least = match reason {
            Some(Reason::Auth | Reason::TokenExpired | Reason::Blocked) => REFUSED,
            _ => Duration::ZERO,
        };
        let regular = match failures.checked_sub(1) {
            Some(before) if !known => self.retry.saturating_mul(2_u32.saturating_pow(before)).min(self.every),
            _ => self.every,
        };
        regular.max(least)
    }
}

/// Something that was found: a project of the region, or an enterprise project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As Huawei Cloud knows it.
    pub id: Arc<str>,
    /// As its owner calls it.
    pub name: Arc<str>,
}

/// All of a kind that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roll {
    /// By their ids.
    known: BTreeMap<Arc<str>, Entry>,
    /// Whether there was a good discovery.
    called: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: Arc<str>,
    /// By how many good discoveries in a row.
    missed: u32,
}

impl Roll {
    /// A good discovery has found these, and no others.
    pub fn call(&mut self, found: impl IntoIterator<Item = Found>) {
        self.called = true;
        self.known.values_mut().for_each(|entry| entry.missed += 1);
        for Found { id, name } in found.into_iter().filter(|found| is_id(&found.id)) {
            self.known.insert(id, Entry { name, missed: 0 });
        }
        self.known.retain(|_, entry| entry.missed < GONE_AFTER);
    }

    /// Whether there was a good discovery.
    pub const fn is_known(&self) -> bool {
        self.called
    }

    /// Those whose names are meant: id and label, no label twice.
    fn labelled(&self, names: &Names) -> Vec<(Arc<str>, Arc<str>)> {
        let mut often: BTreeMap<&str, u32> = BTreeMap::new();
        self.known.values().for_each(|entry| *often.entry(&entry.name).or_default() += 1);
        let is_label = |id: &str, name: &str| {
            let anothers = self.known.contains_key(name) && name != id;
            let showable = !name.trim().is_empty() && name.len() <= MAX_NAME && name.chars().all(is_printable);
            often.get(name) == Some(&1) && !anothers && showable && !RESERVED.contains(&name)
        };
        let meant = self.known.iter().filter(|(_, entry)| names.allow(&entry.name));
        meant
            .map(|(id, Entry { name, .. })| {
                let label = if is_label(id, name) { name } else { id };
                (Arc::clone(id), Arc::clone(label))
            })
            .collect()
    }
}

fn is_id(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !id.is_empty() && id.len() <= MAX_ID && id.chars().all(plain) && !RESERVED.contains(&id)
}

/// What an account looks for: what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rolls {
    /// The projects of its region.
    pub projects: Roll,
    /// Its enterprise projects.
    pub enterprise_projects: Roll,
}

/// The targets of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// Those that are given, and then those that are known from discovery.
    pub watches: Vec<Watch>,
    /// How many of these there were beyond [`MOST_TARGETS`].
    pub left_out: usize,
}

impl Rolls {
    /// The targets of `account`. Where there are too many, those that are watched already (by the ids of project and
    /// enterprise project) stay.
    pub fn targets(&self, account: &Account, watched: &BTreeSet<Key>) -> Targets {
        let mut found: Vec<Watch> = account.searches.iter().flat_map(|search| self.search(account, search)).collect();
        found.sort_by_key(|watch| {
            let key = key(&watch.target);
            (!watched.contains(&key), key)
        });
        let mut labels: BTreeSet<[String; 3]> = account.watches.iter().map(|watch| labels_of(&watch.target)).collect();
        found.retain(|watch| labels.insert(labels_of(&watch.target)));
        let left_out = found.len().saturating_sub(MOST_TARGETS);
        found.truncate(MOST_TARGETS);
        found.sort_by(|a, b| a.target.labels().cmp(&b.target.labels()));
        let watches = account.watches.iter().cloned().chain(found).collect();
        Targets { watches, left_out }
    }

    fn search(&self, account: &Account, search: &Search) -> Vec<Watch> {
        match search {
            Search::EnterpriseProjects { project, names, manner } => {
                self.divided(account, project, Some(names), manner)
            }
            Search::Projects { names, enterprise_projects, manner } => {
                let projects = self.projects.labelled(names).into_iter().map(|(id, name)| Project { id, name });
                projects
                    .flat_map(|project| self.divided(account, &project, enterprise_projects.as_ref(), manner))
                    .collect()
            }
        }
    }

    fn divided(&self, account: &Account, project: &Project, names: Option<&Names>, manner: &Manner) -> Vec<Watch> {
        let ones = match names {
            None => vec![EnterpriseProject::All],
            Some(names) => {
                let ones = self.enterprise_projects.labelled(names).into_iter();
                ones.map(|(id, name)| EnterpriseProject::One { id, name }).collect()
            }
        };
        let target = |enterprise_project| Target {
            account: Arc::clone(&account.name),
            project: project.clone(),
            enterprise_project,
            region: Arc::clone(&account.region),
        };
        ones.into_iter().map(|one| manner.watch(target(one))).collect()
    }
}

/// By what a target is known to the cloud: the ids of its project and its enterprise project.
pub type Key = (Arc<str>, Arc<str>);

/// The ids of a target.
pub fn key(target: &Target) -> Key {
    (Arc::clone(&target.project.id), target.enterprise_project.id().into())
}

fn labels_of(target: &Target) -> [String; 3] {
    target.labels().map(str::to_owned)
}

#[cfg(test)]
mod tests;
