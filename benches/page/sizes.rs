//! How large the pages are, and how much time each may take.

use std::time::Duration;

/// A page of so many series, and how it is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) series: usize,
    /// How many rounds there are.
    pub(crate) rounds: usize,
    /// In how many of them those take part who write the page at every scrape.
    pub(crate) rounds_of_writers: usize,
    /// How long one measurement takes.
    pub(crate) time: Duration,
}

/// How many connections there are at a time.
pub(crate) const CONNECTIONS: [usize; 2] = [1, 8];

/// From so many series on, those who write the page at every scrape are asked on one connection only.
pub(crate) const TOO_LARGE: usize = 1_000_000;

/// The page on which all is measured but scrapes.
pub(crate) const USUAL: usize = 100_000;

/// What `make bench` measures.
pub(crate) const ALL: [Size; 4] = [
    Size { series: 1_000, rounds: 5, rounds_of_writers: 5, time: Duration::from_millis(400) },
    Size { series: 10_000, rounds: 5, rounds_of_writers: 5, time: Duration::from_millis(400) },
    Size { series: USUAL, rounds: 5, rounds_of_writers: 2, time: Duration::from_millis(600) },
    Size { series: TOO_LARGE, rounds: 5, rounds_of_writers: 1, time: Duration::from_millis(800) },
];

/// What is measured in passing, while the bench is worked on.
pub(crate) const QUICK: [Size; 2] = [
    Size { series: 1_000, rounds: 1, rounds_of_writers: 1, time: Duration::from_millis(200) },
    Size { series: 10_000, rounds: 1, rounds_of_writers: 1, time: Duration::from_millis(200) },
];
