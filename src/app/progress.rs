//! How far the first reading of everything has come, and how that is shown: a bar on a terminal, else lines.

use crate::model::Snapshot;
use crate::model::plural::counted;
use std::io::{self, IsTerminal, Stderr, Write};

/// How wide the bar is, in characters.
const WIDTH: usize = 30;

/// How far the first reading has come. A scope is one task type of one target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// How many scopes there are.
    pub(super) scopes: usize,
    /// How many of them have been read, down to the beginning of the window.
    pub(super) read: usize,
    /// How many could not be, when they were last tried.
    pub(super) failed: usize,
    /// How many tasks are known.
    pub(super) tasks: u64,
}

impl Progress {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let mut progress = Self::default();
        for scan in snapshot.targets.iter().flat_map(|shown| &shown.standing.scans) {
            progress.scopes += 1;
            progress.read += usize::from(scan.complete && scan.reading.up() == Some(true));
            progress.failed += usize::from(scan.reading.up() == Some(false) || scan.reading.history_failure.is_some());
            progress.tasks += scan.live.iter().flat_map(|live| live.statuses.values()).sum::<u64>();
        }
        progress
    }

    /// Whether nothing is left to wait for.
    pub(super) const fn is_done(self) -> bool {
        self.read + self.failed >= self.scopes
    }

    fn words(self) -> String {
        let Self { scopes, read, failed, tasks } = self;
        let failed = if failed == 0 { String::new() } else { format!(", {failed} failed") };
        let (scopes, tasks) = (counted(scopes as u64, "scope", "scopes"), counted(tasks, "task", "tasks"));
        format!("{read} of {scopes} read{failed}; {tasks}")
    }

    /// `[#####.....] 4 of 8 scopes read; 812 tasks`
    fn bar(self) -> String {
        let done = (self.read + self.failed).min(self.scopes);
        let filled = (done * WIDTH).checked_div(self.scopes).unwrap_or(WIDTH);
        format!("[{}{}] {}", "#".repeat(filled), ".".repeat(WIDTH - filled), self.words())
    }
}

/// Shows progress on standard error.
pub(super) struct Ticker {
    out: Stderr,
    terminal: bool,
    shown: Option<Progress>,
}

impl Ticker {
    pub(super) fn new() -> Self {
        let out = io::stderr();
        let terminal = out.is_terminal();
        Self { out, terminal, shown: None }
    }

    /// Shows it, unless it stands there already. A line is worth a scope, and not a page. That nobody can see it is no
    /// failure.
    pub(super) fn show(&mut self, progress: Progress) {
        let ended = |progress: Progress| (progress.read, progress.failed);
        let news = match self.shown {
            Some(shown) if !self.terminal => ended(shown) != ended(progress),
            shown => shown != Some(progress),
        };
        if !news {
            return;
        }
        // The cursor stays before the bar, so that a line of the log takes its place.
        let _ = if self.terminal {
            write!(self.out, "{}\x1b[K\r", progress.bar()).and_then(|()| self.out.flush())
        } else {
            writeln!(self.out, "{}", progress.words())
        };
        self.shown = Some(progress);
    }
}

/// Takes the bar away.
impl Drop for Ticker {
    fn drop(&mut self) {
        if self.terminal {
            let _ = write!(self.out, "\x1b[K").and_then(|()| self.out.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_grows_with_what_is_read_and_with_what_failed() {
        let progress = Progress { scopes: 8, read: 3, failed: 1, tasks: 812 };
        assert_eq!(progress.bar(), "[###############...............] 3 of 8 scopes read, 1 failed; 812 tasks");
        assert!(!progress.is_done());
        let done = Progress { read: 7, ..progress };
        assert_eq!(done.bar(), format!("[{}] 7 of 8 scopes read, 1 failed; 812 tasks", "#".repeat(30)));
        assert!(done.is_done());
        let one = Progress { scopes: 1, read: 1, failed: 0, tasks: 1 };
        assert!(one.bar().ends_with("1 of 1 scope read; 1 task"), "{}", one.bar());
        let none = Progress::default();
        assert!(none.is_done() && none.bar().ends_with("0 of 0 scopes read; 0 tasks"));
    }
}
