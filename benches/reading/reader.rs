//! A reader of the archive: of one target, or of as many as there are enterprise projects, as the exporter reads them.

use super::archive::{Archive, WINDOW};
use hss_exporter::model::Ledger;
use hss_exporter::refresh::attribution::{Ask, Member, Of, Together, Undivided};
use hss_exporter::refresh::company::Company;
use hss_exporter::refresh::memory::Memory;
use hss_exporter::refresh::plan::{Part, Plan};
use std::time::Duration;

/// A reader of all of it.
pub(crate) struct Reader {
    targets: Vec<(Ledger, Memory)>,
    company: Company,
    memory: Memory,
}

impl Reader {
    /// A reader of so many enterprise projects that knows nothing. One is read as all.
    pub(crate) fn new(projects: u64) -> Self {
        let target = || (Ledger::new(WINDOW), Memory::default());
        let targets: Vec<_> = (0..projects).map(|_| target()).collect();
        Self { company: Company::new(targets.len()), targets, memory: Memory::default() }
    }

    /// The first read, until all windows are complete and are read together: how many requests it takes.
    pub(crate) fn begin(&mut self, archive: &Archive) -> u64 {
        let mut requests = 0;
        for index in 0..self.targets.len() {
            requests += self.alone(index, Part::Refresh, archive);
            while self
                .targets
                .get(index)
                .is_some_and(|(ledger, memory)| !ledger.complete() && memory.unfinished.is_some())
            {
                requests += self.alone(index, Part::History, archive);
            }
        }
        if self.targets.len() > 1 { requests + self.refresh(archive) } else { requests }
    }

    /// A refresh: how many requests it takes.
    pub(crate) fn refresh(&mut self, archive: &Archive) -> u64 {
        if self.targets.len() == 1 {
            return self.alone(0, Part::Refresh, archive);
        }
        let joined = self.company.joined(Duration::ZERO);
        assert!(joined.iter().all(|joined| *joined), "they are read together");
        let memory = std::mem::take(&mut self.memory);
        let mut together = Together::new(None, memory, &self.undivided());
        let mut requests = 0;
        while let Some(Ask { of, query }) = together.next(&self.undivided()) {
            requests += 1;
            if together.take(archive.answer(of, &query), &mut self.undivided()).is_err() {
                break;
            }
        }
        self.memory = together.end(&mut self.undivided()).memory;
        requests
    }

    fn alone(&mut self, index: usize, part: Part, archive: &Archive) -> u64 {
        let many = self.targets.len() > 1;
        let Some((ledger, memory)) = self.targets.get_mut(index) else { return 0 };
        memory.listed_together = many;
        let mut plan = Plan::new(part, None, std::mem::take(memory), ledger);
        let of = if many { Of::Member(index) } else { Of::All };
        let mut requests = 0;
        while let Some(query) = plan.next() {
            requests += 1;
            if plan.take(archive.answer(of, &query), ledger).is_err() {
                break;
            }
        }
        *memory = plan.end();
        self.company.read_alone(index, ledger.complete());
        requests
    }

    fn undivided(&mut self) -> Undivided<'_> {
        let members = self.targets.iter_mut().map(|(ledger, _)| Member { ledger, joined: true }).collect();
        Undivided { members, strangers: &mut self.company.strangers, ended: Vec::new() }
    }
}
