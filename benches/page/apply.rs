//! What nearly every refresh reads: a page of the task list on which nothing has changed.

use crate::statistics::median;
use crate::world::{now, task};
use hss_exporter::model::{Ledger, Task};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many tasks the ledger knows, and how many a page has.
const KNOWN: usize = 20_000;
const PAGE: usize = 200;

/// How many seconds such a page takes.
pub(crate) fn seconds() -> f64 {
    let list: Vec<Task> = (0..KNOWN).rev().map(|number| task(0, number * 2)).collect();
    let page: Vec<Task> = list.iter().take(PAGE).cloned().collect();
    let now = now(KNOWN * 2);
    let mut ledger = Ledger::new(Duration::from_secs(30 * 24 * 3600));
    ledger.apply(now, list);
    let times = (0..500).map(|_| {
        let page = page.clone();
        let begin = Instant::now();
        black_box(ledger.apply(now, page));
        begin.elapsed().as_secs_f64()
    });
    median(times.collect())
}
