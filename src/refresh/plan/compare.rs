//! What the pages did not show, and the statistics may: that more runs further down, or less.

use super::{Part, Plan, Step};
use crate::hss::{Paging, Statistics};
use crate::model::{Status, Timestamp};
use crate::refresh::register::Register;
use crate::refresh::statistics::{Trust, Word};

/// What the statistics have to do with a refresh.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// They need not be asked any more: they were, or the running tasks were listed to their end.
    done: bool,
    /// They said how many tasks run, and the ledger says otherwise. The list decides.
    dispute: Option<Dispute>,
    /// The list has decided against them.
    refuted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Dispute {
    said: u64,
    known: u64,
}

impl Plan {
    /// Whether the statistics, asked at `at`, could tell what this refresh has not seen itself. To be asked when there is no
    /// page left to read.
    pub fn wants_statistics(&self, at: Timestamp) -> bool {
        // Before the running tasks have been listed for the first time, there is nothing to compare.
        let comparable = self.part == Part::Refresh && self.memory.lists_read.is_some() && !self.memory.saw_all;
        comparable && self.steps.is_empty() && !self.comparison.done && self.memory.trust.may_be_asked(at)
    }

    /// Takes what the statistics said after the pages. Where they count other running tasks than the ledger, these are
    /// listed.
    pub fn take_statistics(&mut self, said: &Statistics, ledger: &impl Register) {
        self.comparison.done = true;
        let Some(said) = said.running else { return };
        let known = ledger.running(|_| true);
        if said != known {
            self.comparison.dispute = Some(Dispute { said, known });
            self.steps.push_back(Step::unfinished(Status::Running, &self.memory));
        }
    }

    /// The running tasks have been listed to their end: that is better than any number.
    pub(super) fn running_listed(&mut self, paging: &Paging, at: Timestamp, ledger: &impl Register) {
        self.comparison.done = true;
        if let Some(Dispute { said, known }) = self.comparison.dispute.take() {
            let listed = ledger.running(|id| paging.has_shown(id));
            self.comparison.refuted = self.memory.trust.judge(said, known, listed, at) == Word::Refuted;
        }
    }

    /// Whether this refresh has refuted the statistics.
    pub fn has_refuted_statistics(&self) -> bool {
        self.comparison.refuted
    }

    /// What is made of the statistics from now on.
    pub fn trust(&mut self) -> &mut Trust {
        &mut self.memory.trust
    }
}
