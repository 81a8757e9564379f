//! How often a scrape allocates: for a large page as often as for a small one.

#![cfg(test)]

use hss_exporter::metrics::{Build, Encoding, Format, Instruments, SnapshotPage, Wanted};

/// The world of the benchmarks.
#[path = "../../benches/page/world.rs"]
mod world;

/// By so much two scrapes of one page may differ: what the system says of the process is not always equally long.
const PROCESS: u64 = 4;

/// How often the first scrape of a page of about so many series allocates, once the page is there.
fn allocations(series: usize, encoding: Encoding) -> u64 {
    let mut world = world::World::of(series);
    world.refresh();
    let page = SnapshotPage::render(&world.snapshot());
    let instruments = Instruments::new(["production"], Build::THIS);
    let wanted = Wanted { format: Format::Text0, encoding, names: Vec::new() };
    allocation_counter::measure(|| drop(page.compose(&instruments, &wanted))).count_total
}

#[test]
fn a_scrape_allocates_as_often_for_a_large_page_as_for_a_small_one() {
    for encoding in [Encoding::Identity, Encoding::Gzip] {
        let small = allocations(10_000, encoding);
        let large = allocations(40_000, encoding);
        assert!(small > 0, "it is counted at all");
        assert!(small.abs_diff(large) <= PROCESS, "{encoding:?}: {small} and {large}");
    }
}
