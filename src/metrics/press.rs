//! Snapshot after snapshot -> page after page. Rendered and compressed is only what has changed from one to the next.

use super::CATALOG;
use super::chunk::Packer;
use super::column::Column;
use super::family::{Family, Source};
use super::lines::Lines;
use super::sheet::{Printed, Sheet};
use super::snapshot_page::{Sheets, SnapshotPage};
use super::view::{LABELS, View, distinct};
use super::write::{Spelling, header};
use crate::model::{Shown, Snapshot};
use std::cell::OnceCell;
use std::sync::Arc;

/// What makes pages, and keeps what it has made of the parts that stay.
#[derive(Debug, Default)]
pub struct Press {
    /// Of each row of the catalogue, without exemplars and with them.
    columns: Vec<[Column; 2]>,
    sheets: Arc<Sheets>,
    packer: Packer,
    /// Whether tasks had series of their own.
    limited: bool,
    rendered: usize,
    left_out: usize,
}

/// A snapshot, as the columns want it.
struct Copy<'s> {
    snapshot: &'s Snapshot,
    targets: &'s [Shown],
    views: Vec<OnceCell<View<'s>>>,
}

impl Press {
    /// Writes and compresses what a snapshot gives: some work, where much has changed. Reads no clock.
    pub fn print(&mut self, snapshot: &Snapshot) -> SnapshotPage {
        let targets = distinct(&snapshot.targets);
        let views = targets.iter().map(|_| OnceCell::new()).collect();
        let copy = Copy { snapshot, targets: &targets, views };
        let mut left_out = snapshot.targets.len() - targets.len();
        if self.limited != snapshot.series.is_some() {
            self.limited = snapshot.series.is_some();
            self.columns.clear();
        }
        self.columns.resize_with(CATALOG.len(), Default::default);
        let [mut text, mut open] = [Vec::new(), Vec::new()];
        for (family, [plain, exemplified]) in CATALOG.iter().zip(&mut self.columns) {
            self.rendered += copy.press(family, false, plain, &mut self.packer);
            self.rendered += copy.press(family, true, exemplified, &mut self.packer);
            left_out += plain.groups.iter().map(|group| group.dropped).sum::<usize>();
            let shared = if exemplified.groups.is_empty() { &*plain } else { &*exemplified };
            text.extend(printed(Spelling::Text, family, plain));
            open.extend(printed(Spelling::OpenMetrics, family, shared));
        }
        if left_out > 0 && left_out != self.left_out {
            tracing::warn!(
                series = left_out,
                "left out targets and series whose labels another one has; labels are cut after 256 characters"
            );
        }
        self.left_out = left_out;
        let [text, open] = [(text, &self.sheets.text), (open, &self.sheets.open)]
            .map(|(families, before)| Sheet::of(families, before, &mut self.packer));
        self.sheets = Arc::new(Sheets { text, open });
        SnapshotPage::of(Arc::clone(&self.sheets))
    }

    /// How many chunks it has rendered until now.
    pub fn rendered(&self) -> usize {
        self.rendered
    }
}

impl Copy<'_> {
    /// Brings a column up to date: the one without exemplars, or the other, if the family has any.
    fn press(&self, family: &Family, exemplars: bool, column: &mut Column, packer: &mut Packer) -> usize {
        let read = match family.source {
            Source::Target(read) if !exemplars => read,
            Source::Exemplified(read) => read,
            Source::Account(read) if !exemplars => {
                let mut lines = Lines::new(family.name, family.labels, 0, false);
                lines.part("", |lines| read(self.snapshot, lines));
                return column.replace(&lines, packer);
            }
            _ => return 0,
        };
        let lines = || Lines::new(family.name, family.labels, LABELS, exemplars);
        column.press(self.targets, packer, lines, |place, lines| {
            if let (Some(view), Some(shown)) = (self.views.get(place), self.targets.get(place)) {
                let view = view.get_or_init(|| View::of(shown, self.snapshot.series.is_some()));
                lines.part(&view.prefix, |lines| read(view, lines));
            }
        })
    }
}

/// A family that has any lines.
fn printed(spelling: Spelling, family: &Family, column: &Column) -> Option<Printed> {
    let chunks = column.groups.iter().map(|group| &group.chunk).filter(|chunk| !chunk.text.is_empty());
    let chunks: Vec<_> = chunks.cloned().collect();
    let header = || header(spelling, family.name, family.help, family.kind);
    (!chunks.is_empty()).then(|| Printed { name: family.name, header: header(), chunks })
}
