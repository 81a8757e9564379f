//! How many requests to the task list reading takes in each situation, beside the fewest that any reader could do with.

use super::archive::Archive;
use super::reader::Reader;
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
    /// So many tasks of one enterprise project are new.
    New(u64),
    /// One task is new in each of so many enterprise projects, or in all.
    NewInEach(u64),
    /// So many run, and all of them stand below the first page.
    Running(u64),
    /// A task waits where nobody reads.
    Unexplained,
    /// Nothing has been read yet.
    First,
}

impl Situation {
    /// All that are counted.
    pub(crate) const ALL: [Self; 12] = [
        Self::Idle,
        Self::New(1),
        Self::New(189),
        Self::New(200),
        Self::New(1_000),
        Self::NewInEach(5),
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
    /// The fewest requests that find it.
    pub(crate) bound: u64,
    /// The requests that we take.
    pub(crate) ours: u64,
    /// The requests that read the whole list, by 200 and by 10 tasks a page.
    pub(crate) anew: (u64, u64),
}

/// What a situation costs with so many tasks before it, in so many enterprise projects.
pub(crate) fn row(situation: Situation, history: u64, projects: u64) -> Row {
    let mut archive = Archive::new(history, projects);
    let mut reader = Reader::new(projects);
    if let Situation::Running(running) = situation {
        // Below the first page.
        (0..running).for_each(|number| archive.run(250 + number));
    }
    let first = reader.begin(&archive);
    archive.pass(Duration::from_secs(300));
    match situation {
        Situation::New(tasks) => archive.come(tasks, 0),
        Situation::NewInEach(of) => (0..of.min(projects)).for_each(|owner| archive.come(1, owner)),
        Situation::Unexplained => archive.wait(),
        Situation::Idle | Situation::Running(_) | Situation::First => {}
    }
    // Whose a new task is, its owner's own list tells.
    let divided = |pages: u64| if projects > 1 { pages } else { 0 };
    let news = |tasks: u64| (tasks + TAIL).div_ceil(PAGE_NEWS).max(1);
    let bound = match situation {
        Situation::Idle => 1,
        Situation::New(tasks) => news(tasks) + divided(tasks.div_ceil(PAGE_NEWS)),
        Situation::NewInEach(of) => news(of.min(projects)) + divided(of.min(projects)),
        Situation::Running(running) => 1 + running.min(running.div_ceil(PAGE_NEWS)),
        Situation::Unexplained => 2 + divided(1),
        Situation::First => {
            let windows = (0..projects).map(|owner| (archive.in_window(owner) + 1).div_ceil(PAGE_NEWS).max(1));
            windows.sum::<u64>() + 2
        }
    };
    let ours = if situation == Situation::First { first } else { reader.refresh(&archive) };
    let total = archive.total();
    Row { bound, ours, anew: (projects * total.div_ceil(200 * projects), projects * total.div_ceil(10 * projects)) }
}
