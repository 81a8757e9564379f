//! Families -> text: the catalogue's rows in order, each with what its source says.

use super::CATALOG;
use super::family::{Family, Size, Source};
use super::formats::{Header, write_family};
use super::instruments::Gathered;
use super::samples::Samples;
use crate::model::Snapshot;

/// Families, written.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) text: String,
    /// Lines with a value.
    pub(super) series: usize,
    /// Series that were left out, because another has the same labels.
    pub(super) dropped: usize,
}

/// The families that are read off the snapshot.
pub(super) fn snapshot_families(snapshot: &Snapshot) -> Rendered {
    let mut rendered = Rendered::default();
    for family in CATALOG {
        if let Source::Snapshot(read) = family.source {
            let mut samples = Samples::new(family.labels.len());
            read(snapshot, &mut samples);
            rendered.add(header(family), samples);
        }
    }
    rendered
}

/// The families that are taken at the scrape, and at last those that the `prometheus` crate knows of the process.
pub(super) fn scrape_families(gathered: &Gathered, page: Size) -> Rendered {
    let mut rendered = Rendered::default();
    for family in CATALOG {
        let samples = match family.source {
            Source::Snapshot(_) => continue,
            Source::Instrument(_) => gathered.samples(family),
            Source::Page(measure) => {
                let mut samples = Samples::new(0);
                samples.add([], measure(page));
                samples
            }
        };
        rendered.add(header(family), samples);
    }
    for (name, help, kind, samples) in gathered.process() {
        rendered.add(Header { name, help, kind, labels: &[] }, samples);
    }
    rendered
}

impl Rendered {
    fn add(&mut self, header: Header<'_>, mut samples: Samples<'_>) {
        self.dropped += samples.sort();
        self.series += write_family(&mut self.text, header, &samples);
    }
}

fn header(family: &Family) -> Header<'static> {
    let Family { name, help, kind, labels, .. } = *family;
    Header { name, help, kind, labels }
}
