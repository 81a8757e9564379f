//! What the world knows of the end of a run, and what a reader has been shown of it.

use hss_exporter::model::{Counts, Outcome, Timestamp};

/// A run that ended.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// When it ended in truth.
    pub(super) ended: Timestamp,
    /// What the list says of its start.
    pub(super) start: Option<Timestamp>,
    /// What the list says of its end.
    said: Option<Timestamp>,
    /// Since when it says that. Before, it repeats the start, or gives one that lies ahead.
    pub(super) written: Timestamp,
    /// When it was first shown as ended.
    pub(super) shown: Option<Timestamp>,
    /// When it was first shown with its end.
    pub(super) told: Option<Timestamp>,
    /// Whether an older copy of the list has shown it unfinished after that.
    pub(super) taken_back: bool,
    /// What its counts came to, whenever it was shown.
    pub(super) outcomes: Vec<Outcome>,
    /// As it was shown last.
    pub(super) counts: Option<Counts>,
}

impl Run {
    pub(super) fn new(ended: Timestamp, start: Option<Timestamp>, said: Option<Timestamp>) -> Self {
        Self {
            ended,
            start,
            said,
            written: ended,
            shown: None,
            told: None,
            taken_back: false,
            outcomes: Vec::new(),
            counts: None,
        }
    }

    /// It is shown at `at`, as it was at `as_of`.
    pub(super) fn show(&mut self, at: Timestamp, as_of: Timestamp, counts: Counts) {
        self.shown.get_or_insert(at);
        if as_of >= self.written {
            self.told.get_or_insert(at);
        }
        if !self.outcomes.contains(&counts.outcome()) {
            self.outcomes.push(counts.outcome());
        }
        self.counts = Some(counts);
    }

    /// When it ended, as far as a reader can tell that has been told: where the list does not say, when it was first seen
    /// ended.
    pub(super) fn end(&self) -> Option<Timestamp> {
        self.said.or(self.shown)
    }

    /// Whether the list said that it had ended before it said when.
    pub(super) fn is_late(&self) -> bool {
        self.written > self.ended
    }

    /// Whether it was shown before its end was written, then unfinished by an older copy, and never with its end.
    pub(super) fn is_hidden(&self) -> bool {
        self.is_late() && self.told.is_none() && self.taken_back
    }

    /// Whether the list does not say when it ended.
    pub(super) fn is_endless(&self) -> bool {
        self.said.is_none()
    }

    /// Whether this was ever seen to be what it came to, and whether it was seen to be nothing else.
    pub(super) fn was(&self, matches: impl Fn(Outcome) -> bool) -> (bool, bool) {
        let ever = self.outcomes.iter().any(|outcome| matches(*outcome));
        (ever, ever && self.outcomes.iter().all(|outcome| matches(*outcome)))
    }
}
