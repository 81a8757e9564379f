//! What a page costs: to write it, to send it, to learn that nothing has changed.
//!
//! `make bench` runs it, and prints the ratios of this one run. What they came to on our machine: `docs/performance.md`.

mod peer;
mod summary;
mod world;

use criterion::{BatchSize, BenchmarkId, Criterion};
use flate2::Compression;
use flate2::write::GzEncoder;
use hss_exporter::metrics::{Build, Encoding, Format, Instruments, SnapshotPage, Wanted};
use hss_exporter::model::Snapshot;
use peer::Peer;
use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// How many series of tasks the pages have.
const SERIES: [usize; 2] = [10_000, 100_000];

/// How many tasks the ledger knows.
const KNOWN: usize = 20_000;

/// What a page is compressed with by us (`metrics/page.rs`), and so here for the peer as well.
const EFFORT: Compression = Compression::new(2);

fn main() -> Result<(), Box<dyn Error>> {
    let results = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let mut criterion = Criterion::default()
        .output_directory(&results)
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    for series in SERIES {
        let snapshot = world::snapshot(series);
        write(&mut criterion, series, &snapshot)?;
        send(&mut criterion, series, &snapshot);
    }
    apply(&mut criterion);
    criterion.final_summary();
    let text = summary::of(&results)?;
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// The same series, by our table and by the `prometheus` crate.
fn write(criterion: &mut Criterion, series: usize, snapshot: &Snapshot) -> Result<(), Box<dyn Error>> {
    let peer = Peer::new()?;
    peer.fill(snapshot);
    let text = text(snapshot);
    peer::compare(&text, &peer.text()?, series)?;
    let mut group = criterion.benchmark_group("write");
    group.bench_with_input(BenchmarkId::new("table and gzip", series), snapshot, |bencher, snapshot| {
        bencher.iter(|| SnapshotPage::render(black_box(snapshot)));
    });
    group.bench_function(BenchmarkId::new("gzip alone", series), |bencher| {
        bencher.iter(|| gzip(text.as_bytes()));
    });
    group.bench_function(BenchmarkId::new("prometheus, filled before", series), |bencher| {
        bencher.iter(|| peer.text());
    });
    group.bench_function(BenchmarkId::new("prometheus, filled before, and gzip", series), |bencher| {
        bencher.iter(|| peer.text().map(|text| gzip(text.as_bytes())));
    });
    group.bench_function(BenchmarkId::new("prometheus, cleared and filled", series), |bencher| {
        bencher.iter(|| {
            peer.clear();
            peer.fill(black_box(snapshot));
            peer.text()
        });
    });
    group.finish();
    Ok(())
}

/// What is left to do at a scrape.
fn send(criterion: &mut Criterion, series: usize, snapshot: &Snapshot) {
    let page = SnapshotPage::render(snapshot);
    let instruments = Instruments::new(snapshot.accounts.iter().map(|account| &*account.name), Build::THIS);
    let mut group = criterion.benchmark_group("scrape");
    for (name, encoding) in [("plain", Encoding::Identity), ("gzip", Encoding::Gzip)] {
        group.bench_function(BenchmarkId::new(name, series), |bencher| {
            let wanted = Wanted { format: Format::Text0, encoding, names: Vec::new() };
            bencher.iter(|| page.compose(&instruments, &wanted).to_vec());
        });
    }
    group.finish();
}

/// A page of 200 tasks, none of which has changed.
fn apply(criterion: &mut Criterion) {
    let (mut ledger, page) = world::ledger(KNOWN);
    let at = world::now();
    let mut group = criterion.benchmark_group("apply");
    group.bench_function("unchanged page", |bencher| {
        bencher.iter_batched(|| page.clone(), |page| ledger.apply(at, page), BatchSize::SmallInput);
    });
    group.finish();
}

fn text(snapshot: &Snapshot) -> String {
    let wanted = Wanted { format: Format::Text0, encoding: Encoding::Identity, names: Vec::new() };
    let page = SnapshotPage::render(snapshot).compose(&Instruments::new([], Build::THIS), &wanted);
    String::from_utf8_lossy(&page.to_vec()).into_owned()
}

fn gzip(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), EFFORT);
    encoder.write_all(text)?;
    encoder.finish()
}
