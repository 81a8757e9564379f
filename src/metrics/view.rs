//! A target as the catalogue's rows read it: what all its families need is prepared once.

use super::write::write_label_value;
use crate::model::text::printable;
use crate::model::{Shown, Standing, TaskRow};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashSet;

/// How many labels name a target.
pub(super) const LABELS: usize = 3;

/// A task, with its id as a page shows it.
pub(super) type NamedTask<'a> = (Cow<'a, str>, &'a TaskRow);

/// A target of a snapshot.
#[derive(Debug)]
pub(super) struct View<'a> {
    pub(super) standing: &'a Standing,
    shown: &'a Shown,
    /// What the labels of all its series begin with, but for the closing quote.
    pub(super) prefix: String,
    tasks: OnceCell<Vec<NamedTask<'a>>>,
    /// How many are withheld, where tasks have series of their own.
    pub(super) withheld: Option<usize>,
}

impl<'a> View<'a> {
    /// Of this target; `limited`: whether tasks have series of their own, within limits.
    pub(super) fn of(shown: &'a Shown, limited: bool) -> Self {
        let mut prefix = Vec::new();
        let names = ["{account=\"", "\",project=\"", "\",enterprise_project=\""];
        for (name, value) in names.into_iter().zip(shown.standing.target.labels()) {
            prefix.extend_from_slice(name.as_bytes());
            write_label_value(&mut prefix, value);
        }
        let prefix = String::from_utf8_lossy(&prefix).into_owned();
        let withheld = limited.then(|| shown.withheld());
        Self { standing: &shown.standing, shown, prefix, tasks: OnceCell::new(), withheld }
    }

    /// The tasks that have series of their own, in no order: for families of which few have any.
    pub(super) fn rows(&self) -> impl Iterator<Item = &'a TaskRow> {
        self.shown.tasks()
    }

    /// The same in the order of their ids.
    pub(super) fn tasks(&self) -> &[NamedTask<'a>] {
        self.tasks.get_or_init(|| {
            let mut tasks: Vec<_> = self.rows().map(|row| (printable(&row.task.id), row)).collect();
            tasks.sort_by(|(a, _), (b, _)| a.cmp(b));
            tasks
        })
    }
}

/// The targets without those whose labels, as a page shows them, are another's: Prometheus would refuse the whole page.
pub(super) fn distinct(targets: &[Shown]) -> Cow<'_, [Shown]> {
    let labels = |shown: &Shown| shown.standing.target.labels().map(|label| printable(label).into_owned());
    let mended = |shown: &Shown| shown.standing.target.labels().iter().any(|label| printable(label) != **label);
    let twice = |pair: &[Shown]| matches!(pair, [a, b] if a.standing.target.labels() == b.standing.target.labels());
    if !targets.iter().any(mended) && !targets.windows(2).any(twice) {
        return Cow::Borrowed(targets);
    }
    let mut seen = HashSet::new();
    targets.iter().filter(|shown| seen.insert(labels(shown))).cloned().collect()
}
