//! The families that are taken at the scrape, and at last those that the `prometheus` crate knows of the process.

use super::CATALOG;
use super::family::{Family, Size, Source};
use super::instruments::Gathered;
use super::lines::Lines;
use super::write::{Spelling, header};

/// The end of a page.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) text: Vec<u8>,
    /// Lines with a value.
    pub(super) series: usize,
}

/// The families of these names, or all if there are none; and what a page of this spelling ends with.
pub(super) fn tail(gathered: &Gathered, spelling: Spelling, names: &[String], page: Size) -> Tail {
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let mut tail = Tail::default();
    let taken = |family: &&Family| matches!(family.source, Source::Instrument(_) | Source::Page(_));
    for family in CATALOG.iter().filter(taken).filter(|family| is_wanted(family.name)) {
        let mut lines = Lines::new(family.name, family.labels, 0, false);
        lines.part("", |lines| match family.source {
            Source::Instrument(_) => gathered.samples(family, lines),
            Source::Page(measure) => lines.add([], measure(page)),
            Source::Target(_) | Source::Exemplified(_) | Source::Account(_) => {}
        });
        tail.add(|| header(spelling, family.name, family.help, family.kind), &lines);
    }
    for (name, help, kind, value) in gathered.process().filter(|(name, ..)| is_wanted(name)) {
        let mut lines = Lines::new(name, &[], 0, false);
        lines.part("", |lines| lines.add([], value));
        tail.add(|| header(spelling, name, help, kind), &lines);
    }
    if spelling == Spelling::OpenMetrics {
        tail.text.extend_from_slice(b"# EOF\n");
    }
    tail
}

impl Tail {
    fn add(&mut self, header: impl FnOnce() -> Vec<u8>, lines: &Lines<'_>) {
        if lines.series > 0 {
            self.text.extend_from_slice(&header());
            self.text.extend_from_slice(&lines.text);
            self.series += lines.series;
        }
    }
}
