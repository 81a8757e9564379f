//! What a scrape has to write where something was counted since the last one: the exporter's own families.

use crate::statistics::median;
use hss_exporter::metrics::{Build, Encoding, Format, Instruments, Press, Wanted};
use hss_exporter::model::{Snapshot, Timestamp};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// How many seconds the end of a page takes, written and compressed.
pub(crate) fn seconds() -> f64 {
    let snapshot = Snapshot { at: Timestamp::from_secs(0), accounts: Arc::new([]), targets: Vec::new(), series: None };
    let page = Press::default().print(&snapshot);
    let instruments = Instruments::new(["production"], Build::THIS);
    let wanted = Wanted { format: Format::Text0, encoding: Encoding::Gzip, names: Vec::new() };
    let times = (0..500).map(|_| {
        instruments.look_at_process();
        let begin = Instant::now();
        black_box(page.compose(&instruments, &wanted));
        begin.elapsed().as_secs_f64()
    });
    median(times.collect())
}
