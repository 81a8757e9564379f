//! A reader of one scope, as the refresher is one, without a network.

use super::proof::{self, Due};
use super::world::{Whom, World};
use hss_exporter::model::{Event, Ledger, Timestamp};
use hss_exporter::refresh::attribution::Strangers;
use hss_exporter::refresh::memory::Memory;
use hss_exporter::refresh::plan::{Part, Plan};
use std::time::Duration;

pub(super) const WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// A reader of one scope.
pub(super) struct Reader {
    pub(super) ledger: Ledger,
    pub(super) memory: Memory,
    pub(super) events: Vec<Event>,
    /// When its first page was answered, by the cloud's clock.
    pub(super) since: Option<Timestamp>,
    pub(super) whom: Whom,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self::of(Whom::All)
    }

    pub(super) fn of(whom: Whom) -> Self {
        let ledger = Ledger::new(WINDOW);
        Self { ledger, memory: Memory::default(), events: Vec::new(), since: None, whom }
    }

    /// A reader that has read all of the window.
    pub(super) fn that_has_read(world: &mut World) -> Self {
        let mut reader = Self::new();
        reader.refresh(world);
        reader.read_history(world);
        reader
    }

    /// One turn, with `between` called before each page. Breaks off before the page with the number `cut`. Answers whether
    /// it went well.
    pub(super) fn turn(&mut self, part: Part, world: &mut World, cut: usize, between: impl FnMut(&mut World)) -> bool {
        self.turn_among(&mut Strangers::default(), part, world, cut, between)
    }

    /// The same, of a target of a project of which one list has shown these.
    pub(super) fn turn_among(
        &mut self,
        strangers: &mut Strangers,
        part: Part,
        world: &mut World,
        cut: usize,
        mut between: impl FnMut(&mut World),
    ) -> bool {
        let mut plan = Plan::new(part, None, std::mem::take(&mut self.memory), &self.ledger);
        let (mut pages, mut well, mut last_read) = (0, true, Timestamp::default());
        while let Some(query) = plan.next() {
            if pages == cut {
                well = false;
                break;
            }
            pages += 1;
            assert!(pages < 1_000, "the plan has no end");
            between(world);
            let Some(page) = world.ask(self.whom, &query) else {
                let Some(applied) = plan.set_aside(last_read, &mut self.ledger) else {
                    well = false;
                    break;
                };
                self.events.extend(applied.events);
                continue;
            };
            last_read = page.at;
            self.since.get_or_insert(page.at);
            self.ledger.rebase(page.time());
            self.events.extend(strangers.claim(&mut self.ledger, &page.tasks).events);
            match plan.take(page, &mut self.ledger) {
                Ok(taken) => self.events.extend(taken.applied.events),
                Err(_) => {
                    well = false;
                    break;
                }
            }
        }
        self.memory = plan.end();
        well
    }

    /// All is known as it is, and as it was counted.
    #[track_caller]
    pub(super) fn check_equals(&self, world: &mut World, name: &str) {
        proof::check(self, world, Due::Reconciled, name);
    }

    /// How many requests a refresh takes, while nothing happens.
    pub(super) fn refresh(&mut self, world: &mut World) -> usize {
        let before = world.requests.len();
        self.turn(Part::Refresh, world, usize::MAX, |_| {});
        world.requests.len() - before
    }

    pub(super) fn read_history(&mut self, world: &mut World) {
        while !self.ledger.complete() && self.memory.unfinished.is_some() {
            self.turn(Part::History, world, usize::MAX, |_| {});
        }
    }

    /// Reads the window again, to the end of the walk under way, or of a new one.
    pub(super) fn reconcile(&mut self, world: &mut World) {
        loop {
            self.turn(Part::Reconcile, world, usize::MAX, |_| {});
            if self.memory.reconcile.is_none() {
                return;
            }
        }
    }
}
