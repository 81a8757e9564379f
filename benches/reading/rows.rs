//! How many requests to the task list reading takes in each situation, beside the fewest that any reader could do with.

use super::archive::{Archive, Reader};
use std::time::Duration;

/// How many new tasks a page shows that begins one task early.
const PAGE_NEWS: u64 = 199;

/// How many tasks at a page's end must be known for the rest to be as it was.
const TAIL: u64 = 10;

/// What a refresh finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    /// Nothing has changed.
    Idle,
    /// So many tasks are new.
    New(u64),
    /// So many run, and all of them stand below the first page.
    Running(u64),
    /// A task waits where nobody reads.
    Unexplained,
    /// Nothing has been read yet.
    First,
}

impl Situation {
    /// All that are counted.
    pub(crate) const ALL: [Self; 11] = [
        Self::Idle,
        Self::New(1),
        Self::New(189),
        Self::New(200),
        Self::New(1_000),
        Self::Running(1),
        Self::Running(20),
        Self::Running(199),
        Self::Running(500),
        Self::Unexplained,
        Self::First,
    ];
}

/// What a situation costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Of how many enterprise projects.
    pub(crate) projects: u64,
    /// The fewest requests that find it.
    pub(crate) bound: u64,
    /// The requests that we take.
    pub(crate) ours: u64,
    /// The requests that read the whole list, by 200 and by 10 tasks a page.
    pub(crate) anew: (u64, u64),
}

/// What a situation costs with so many tasks before it, in one enterprise project.
pub(crate) fn row(situation: Situation, history: u64) -> Row {
    let mut archive = Archive::new(history);
    let mut reader = Reader::new();
    if let Situation::Running(running) = situation {
        // Below the first page.
        (0..running).for_each(|number| archive.run(250 + number));
    }
    let first = reader.begin(&archive);
    archive.pass(Duration::from_secs(300));
    match situation {
        Situation::New(tasks) => archive.come(tasks),
        Situation::Unexplained => archive.wait(),
        Situation::Idle | Situation::Running(_) | Situation::First => {}
    }
    let refresh = reader.refresh(&archive);
    let (bound, ours) = match situation {
        Situation::Idle => (1, refresh),
        Situation::New(tasks) => ((tasks + TAIL).div_ceil(PAGE_NEWS).max(1), refresh),
        Situation::Running(running) => (1 + running.min(running.div_ceil(PAGE_NEWS)), refresh),
        Situation::Unexplained => (2, refresh),
        Situation::First => ((archive.in_window() + 1).div_ceil(PAGE_NEWS).max(1) + 2, first),
    };
    let total = archive.total();
    Row { projects: 1, bound, ours, anew: (total.div_ceil(200), total.div_ceil(10)) }
}
