//! A reader of several targets of one project, as the refresher is one: each by itself at first, then all of them in one
//! list, which is divided; without a network.

use super::reader::Reader;
use super::world::{Whom, World};
use hss_exporter::hss::Page;
use hss_exporter::model::{Ledger, Timestamp};
use hss_exporter::refresh::attribution::{Ask, Member, Of, Parted, Together, Undivided};
use hss_exporter::refresh::company::Company;
use hss_exporter::refresh::memory::Memory;
use hss_exporter::refresh::plan::Part;
use std::time::Duration;

/// A reader of the first so many enterprise projects of a world.
pub(super) struct Circle {
    pub(super) readers: Vec<Reader>,
    pub(super) company: Company,
    memory: Memory,
    began: Timestamp,
}

impl Circle {
    pub(super) fn new(targets: usize, world: &World) -> Self {
        Self {
            readers: (0..targets).map(|index| Reader::of(Whom::One(index))).collect(),
            company: Company::new(targets),
            memory: Memory::default(),
            began: world.now,
        }
    }

    /// One that has read all windows.
    pub(super) fn that_has_read(targets: usize, world: &mut World) -> Self {
        let mut circle = Self::new(targets, world);
        circle.refresh(world);
        circle.read_history(world);
        circle
    }

    fn now(&self, world: &World) -> Duration {
        world.now.since(self.began)
    }

    /// How many requests a refresh of all takes, while nothing happens.
    pub(super) fn refresh(&mut self, world: &mut World) -> usize {
        let before = world.requests.len();
        self.refresh_with(world, usize::MAX, |_| {});
        world.requests.len() - before
    }

    /// Each that is not read together is read by itself; then the others. `between` is called before each page; before the
    /// page with the number `cut` it breaks off.
    pub(super) fn refresh_with(&mut self, world: &mut World, cut: usize, mut between: impl FnMut(&mut World)) {
        let joined = self.company.joined(self.now(world));
        for index in (0..self.readers.len()).filter(|index| !joined[*index]) {
            self.read_alone(index, Part::Refresh, world, cut, &mut between);
        }
        if joined.contains(&true) {
            self.read_together(&joined, world, cut, between);
        }
    }

    /// A turn of one of them by itself.
    pub(super) fn read_alone(
        &mut self,
        index: usize,
        part: Part,
        world: &mut World,
        cut: usize,
        between: impl FnMut(&mut World),
    ) {
        let now = self.now(world);
        let reader = &mut self.readers[index];
        reader.memory.listed_together = self.company.lists_for(index, now);
        let well = reader.turn_among(&mut self.company.strangers, part, world, cut, between);
        let complete = reader.ledger.complete();
        if world.shuts_out(index) {
            self.company.shut_out(index);
        } else if part != Part::Reconcile {
            match well {
                true => self.company.read_alone(index, complete),
                false => self.company.could_not_be_read(index),
            }
        } else if well && reader.memory.surprised {
            self.company.left_out(index, now);
        } else if well {
            self.company.counted(index);
        }
    }

    pub(super) fn read_history(&mut self, world: &mut World) {
        for index in 0..self.readers.len() {
            let mut turns = 0;
            let goes_on = |reader: &Reader| !reader.ledger.complete() && reader.memory.unfinished.is_some();
            while goes_on(&self.readers[index]) && !world.shuts_out(index) {
                self.read_alone(index, Part::History, world, usize::MAX, |_| {});
                turns += 1;
                assert!(turns < 200, "history has no end");
            }
        }
    }

    /// Reads all windows again, each by itself.
    pub(super) fn reconcile(&mut self, world: &mut World) {
        for index in 0..self.readers.len() {
            for turn in 0.. {
                assert!(turn < 200, "reading again has no end");
                self.read_alone(index, Part::Reconcile, world, usize::MAX, |_| {});
                if self.readers[index].memory.reconcile.is_none() {
                    break;
                }
            }
        }
    }

    fn read_together(&mut self, joined: &[bool], world: &mut World, cut: usize, mut between: impl FnMut(&mut World)) {
        let before = world.requests.len();
        let memory = std::mem::take(&mut self.memory);
        let mut together = self.with(joined, |undivided| Together::new(None, memory, undivided));
        let (mut pages, mut well, mut last_read) = (0, true, Timestamp::default());
        while let Some(Ask { of, query }) = self.with(joined, |undivided| together.next(undivided)) {
            if pages == cut {
                well = false;
                break;
            }
            pages += 1;
            assert!(pages < 3_000, "it has no end");
            between(world);
            let whom = match of {
                Of::All => Whom::All,
                Of::Member(index) => Whom::One(index),
            };
            match (world.ask(whom, &query), of) {
                (Some(page), _) => {
                    last_read = page.at;
                    if self.take(joined, &mut together, page) {
                        continue;
                    }
                    well = false;
                    break;
                }
                (None, Of::Member(index)) => {
                    together.skip();
                    self.company.shut_out(index);
                }
                (None, Of::All) => {
                    if !world.refuses_all() && self.set_aside(joined, &mut together, last_read) {
                        continue;
                    }
                    well = false;
                    if world.refuses_all() {
                        self.company.refused(world.now.since(self.began));
                    }
                    break;
                }
            }
        }
        let Parted { memory, left_out, ids_unheeded } = self.with(joined, |undivided| together.end(undivided));
        self.memory = memory;
        let now = self.now(world);
        left_out.into_iter().for_each(|index| self.company.left_out(index, now));
        if well {
            let totals: Vec<_> = self.readers.iter().map(|reader| reader.ledger.total()).collect();
            let requests = (world.requests.len() - before) as u64;
            let to_count = self.company.refreshed(now, requests, &totals).clone();
            for index in to_count {
                self.read_alone(index, Part::Reconcile, world, usize::MAX, |_| {});
            }
        }
        if ids_unheeded {
            self.company.refused(now);
        }
    }

    fn take(&mut self, joined: &[bool], together: &mut Together, page: Page) -> bool {
        let (taken, ended) = self.with(joined, |undivided| {
            let taken = together.take(page, undivided);
            (taken, std::mem::take(&mut undivided.ended))
        });
        for (index, event) in ended {
            self.readers[index].events.push(event);
        }
        taken.is_ok()
    }

    fn set_aside(&mut self, joined: &[bool], together: &mut Together, at: Timestamp) -> bool {
        let (set_aside, ended) = self.with(joined, |undivided| {
            let set_aside = together.plan().set_aside(at, undivided).is_some();
            (set_aside, std::mem::take(&mut undivided.ended))
        });
        for (index, event) in ended {
            self.readers[index].events.push(event);
        }
        set_aside
    }

    fn with<T>(&mut self, joined: &[bool], act: impl FnOnce(&mut Undivided<'_>) -> T) -> T {
        let ledgers = self.readers.iter_mut().map(|reader| &mut reader.ledger);
        let members = ledgers.zip(joined).map(|(ledger, joined): (&mut Ledger, _)| Member { ledger, joined: *joined });
        let mut undivided =
            Undivided { members: members.collect(), strangers: &mut self.company.strangers, ended: Vec::new() };
        act(&mut undivided)
    }
}
