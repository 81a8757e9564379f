//! What the walk did not show, and must be known all the same: what runs further down, what waits, what is gone.
//!
//! Running tasks come first: nothing that concerns waiting or finished tasks is asked before them. A finished task that
//! is missing from a part of the list that was read without a gap costs no request where the total confirms that tasks
//! were deleted. Otherwise a sample of the missing tasks is asked for by id.

use super::{Lost, Plan, Reach, Step, Taken, last_start};
use crate::hss::{LastPage, List, Page, Paging, Turned};
use crate::model::{Applied, Known, Stage, Status, Timestamp};
use crate::refresh::plan::LATE;
use crate::refresh::register::Register;
use std::sync::Arc;
use std::time::Duration;

/// How often the running and the waiting tasks are listed to their ends: what was retried deep down shows there.
pub(in crate::refresh) const LIST_EVERY: Duration = Duration::from_secs(3600);

/// How many running tasks, or tasks in doubt of another kind that may run, are asked for one by one in a refresh; the
/// others have their turn in the next.
const MAX_LOOKUPS: usize = 20;

/// How many of the waiting and finished tasks that a list does not show are asked for one by one. If the cloud knows none
/// of a full sample, the others are missing as well. Enough that a list in the wrong order, which hides tasks that exist,
/// shows at least one of them.
const SAMPLE: usize = 10;

/// How many new items a full page that begins one item early can show.
pub(in crate::refresh) const PAGE_NEWS: usize = 199;

impl Plan {
    /// Looks for what the walk did not show but must be known.
    pub(super) fn follow(&mut self, reach: Reach, at: Timestamp, ledger: &mut impl Register) -> Applied {
        self.reach = reach;
        let read_lately = self.memory.lists_read.is_some_and(|read| at.since(read) < LIST_EVERY);
        let whole_list = reach == Reach::WholeList;
        if whole_list {
            self.memory.lists_read = Some(at);
        } else if !read_lately && !self.memory.listed_together {
            // Before the first read is over, they come with its history.
            self.lists_due = ledger.complete() || self.memory.lists_read.is_some();
        }
        let unseen = ledger.in_status(Status::Running).filter(|id| !self.shown.contains(*id)).count();
        let running_pages = ledger.in_status(Status::Running).count().div_ceil(PAGE_NEWS);
        let list_first = self.memory.ids_unheeded && unseen > 0;
        if self.lists_due || unseen > running_pages || list_first {
            self.steps.push_back(Step::unfinished(Status::Running, &self.memory));
        } else {
            self.look_up_running(at, ledger);
        }
        let vanished = Vanished::of(self, at, ledger);
        // The total moved by something else than what was seen to arrive or to vanish: a waiting task that stands elsewhere
        // came or went. A vanished task may wait there to run again, which is ruled out before it is forgotten.
        let explained = match (self.total_before, self.total_now) {
            (Some(before), Some(now)) => {
                before.saturating_add(self.arrivals) == now.saturating_add(vanished.new.len() as u64)
            }
            (Some(_), None) => vanished.new.is_empty() && self.arrivals == 0,
            (None, _) => vanished.new.is_empty(),
        };
        let in_doubt = !explained || !vanished.again.is_empty();
        if self.lists_due || (in_doubt && !whole_list && ledger.complete()) {
            self.steps.push_back(Step::unfinished(Status::Ready, &self.memory));
            return Applied::default();
        }
        self.look_for_missing(whole_list, at, ledger)
    }

    pub(super) fn take_unfinished(
        &mut self,
        mut paging: Paging,
        status: Status,
        page: Page,
        ledger: &mut impl Register,
    ) -> Result<Taken, Lost> {
        let (at, total) = (page.at, page.total);
        let turned = paging.turn(&page);
        let mut taken = Taken { applied: self.apply(page, ledger), reread: turned == Turned::Gap };
        match turned {
            Turned::Lost(lost) if status == Status::Running && lost != Lost::Empty => return Err(lost),
            Turned::Gap | Turned::More => self.steps.push_front(Step::Unfinished(paging, status)),
            Turned::End | Turned::Lost(_) if status == Status::Running => {
                if turned == Turned::End {
                    self.running_listed(&paging, at, ledger);
                }
                self.look_up_running(at, ledger);
            }
            // What waits stands in no order that could be held to; what is not shown is looked up or counted.
            Turned::End | Turned::Lost(_) => {
                let counted = total.filter(|_| paging.has_filled_a_page()).unwrap_or(0);
                let hidden = counted.saturating_sub(ledger.in_status(status).count() as u64);
                taken.applied.changed |= ledger.count_hidden_waiting(hidden);
                taken.applied.add(self.look_for_missing(true, at, ledger));
                if self.lists_due {
                    self.memory.lists_read = Some(at);
                }
            }
        }
        Ok(taken)
    }

    pub(super) fn take_lookup(&mut self, id: &Arc<str>, page: Page, ledger: &mut impl Register) -> Taken {
        let is_there = page.tasks.iter().any(|task| task.id == *id);
        let (listed, malformed, says_nothing) = (page.listed, page.oddities.malformed, page.says_nothing_of_one());
        // The walk took the list for whole, and did not show it.
        if is_there && self.memory.saw_all {
            self.memory.pages.doubt();
        }
        let mut applied = self.apply(page, ledger);
        self.memory.ids_unheeded = listed > 0 && !is_there && malformed == 0;
        if self.memory.ids_unheeded {
            // Others came in its place: that says nothing of it.
            self.search(Arc::clone(id), ledger);
        } else if listed == 0 && !says_nothing {
            applied.add(self.miss(id, ledger));
        }
        Taken { applied, reread: false }
    }

    /// Takes the answer for one task of the sample. The sample speaks for the other missing tasks while the cloud knows
    /// none of it.
    pub(super) fn take_sample(&mut self, id: &Arc<str>, page: Page, ledger: &mut impl Register) -> Taken {
        let mut taken = self.take_lookup(id, page, ledger);
        if !self.missed.contains(id) {
            self.unsampled.clear();
        }
        if !self.steps.iter().any(|step| matches!(step, Step::Sample(_))) {
            for id in std::mem::take(&mut self.unsampled) {
                taken.applied.add(self.miss(&id, ledger));
            }
        }
        taken
    }

    /// Looks in the list for this task and for those that were to be asked for after it.
    fn search(&mut self, first: Arc<str>, ledger: &impl Register) {
        let mut ids = vec![first];
        ids.append(&mut self.unsampled);
        self.steps.retain(|step| match step {
            Step::Lookup(id) | Step::Sample(id) => {
                ids.push(Arc::clone(id));
                false
            }
            _ => true,
        });
        let begun = ledger.tasks().filter(|known| ids.contains(&known.task.id)).map(Known::begun_after);
        let down_to = begun.min();
        let paging = Paging::new(List::All, &self.memory.pages, LastPage::Counted);
        self.steps.push_front(Step::Search(paging, ids, down_to));
    }

    pub(super) fn take_search(
        &mut self,
        mut paging: Paging,
        ids: Vec<Arc<str>>,
        down_to: Option<Timestamp>,
        page: Page,
        ledger: &mut impl Register,
    ) -> Result<Taken, Lost> {
        let turned = paging.turn(&page);
        let too_deep = last_start(&page).is_some_and(|start| Some(start) < down_to);
        let mut taken = Taken { applied: self.apply(page, ledger), reread: turned == Turned::Gap };
        let done = match turned {
            Turned::Lost(lost) => return Err(lost),
            Turned::Gap => false,
            Turned::More => too_deep || ids.iter().all(|id| self.shown.contains(id)),
            Turned::End => true,
        };
        if done {
            for id in ids.iter().filter(|id| !self.shown.contains(*id)).cloned().collect::<Vec<_>>() {
                taken.applied.add(self.miss(&id, ledger));
            }
        } else {
            self.steps.push_front(Step::Search(paging, ids, down_to));
        }
        Ok(taken)
    }

    /// Asks one by one for tasks that run, or may run, and were not shown, before anything else that is still to be asked.
    fn look_up_running(&mut self, at: Timestamp, ledger: &impl Register) {
        let planned = self.steps.iter().filter(|step| matches!(step, Step::Lookup(_))).count();
        let ids = ledger.to_follow(at).filter(|id| !self.shown.contains(*id) && !self.missed.contains(*id));
        let ids = in_turn(ids, self.memory.looked_up.as_ref(), MAX_LOOKUPS.saturating_sub(planned));
        if let Some(last) = ids.last() {
            self.memory.looked_up = Some(Arc::clone(last));
        }
        ids.into_iter().rev().for_each(|id| self.steps.push_front(Step::Lookup(id)));
    }

    /// Takes for missing, or asks for, what waited or had finished and was not shown where it should stand. `waiting_shown`:
    /// this refresh has read the waiting tasks to their end.
    fn look_for_missing(&mut self, waiting_shown: bool, at: Timestamp, ledger: &mut impl Register) -> Applied {
        let mut applied = Applied::default();
        let Vanished { new, again } = Vanished::of(self, at, ledger);
        let not_shown = |known: &&Known| !self.shown.contains(&known.task.id);
        let waiting = ledger.tasks().filter(|known| known.task.status == Status::Ready && not_shown(known));
        let waiting = waiting.filter(|known| waiting_shown || known.is_missed());
        let mut in_doubt: Vec<Arc<str>> = waiting.map(|known| Arc::clone(&known.task.id)).collect();
        if waiting_shown {
            again.iter().for_each(|id| applied.add(self.miss(id, ledger)));
        }
        let expected = self.total_before.map(|before| before.saturating_add(self.arrivals));
        // A list that seems to hold on one page as many tasks as before, though some are new, may be cut off.
        let may_be_cut = self.reach == Reach::WholeList && self.arrivals > 0 && self.total_now == self.total_before;
        let deleted = expected.zip(self.total_now).filter(|_| !may_be_cut);
        let deleted = deleted.map_or(0, |(expected, now)| expected.saturating_sub(now));
        if deleted >= new.len() as u64 {
            new.iter().for_each(|id| applied.add(self.miss(id, ledger)));
        } else {
            in_doubt.extend(new);
        }
        self.sample(&in_doubt);
        applied
    }

    /// Asks for some of these tasks one by one; the cloud's answers speak for the others.
    pub(super) fn sample(&mut self, missing: &[Arc<str>]) {
        let missing = missing.iter().filter(|id| !self.missed.contains(*id));
        let mut asked = in_turn(missing, self.memory.sampled.as_ref(), usize::MAX);
        self.unsampled = asked.split_off(SAMPLE.min(asked.len()));
        if let Some(last) = asked.last() {
            self.memory.sampled = Some(Arc::clone(last));
        }
        self.steps.extend(asked.into_iter().map(Step::Sample));
    }

    /// Takes note that the cloud does not know this task; once in a refresh, whatever says so.
    fn miss(&mut self, id: &Arc<str>, ledger: &mut impl Register) -> Applied {
        if self.missed.insert(Arc::clone(id)) { ledger.missed(id) } else { Applied::default() }
    }
}

/// Finished tasks that were not shown though they ought to be: each was deleted, or waits to run again.
struct Vanished {
    /// They were shown by the last refresh that could show them.
    new: Vec<Arc<str>>,
    /// They were missing then, too, and ended so long ago that no old copy of the list can lack them.
    again: Vec<Arc<str>>,
}

impl Vanished {
    fn of(plan: &Plan, at: Timestamp, ledger: &impl Register) -> Self {
        let (mut new, mut again) = (Vec::new(), Vec::new());
        for known in ledger.tasks() {
            let id = &known.task.id;
            if plan.shown.contains(id) || plan.missed.contains(id) || !ought_to_be_shown(known, plan.reach) {
                continue;
            }
            if !known.is_missed() {
                new.push(Arc::clone(id));
            } else if known.end().is_some_and(|end| end.plus(LATE) <= at) {
                again.push(Arc::clone(id));
            }
        }
        Self { new, again }
    }
}

/// As many of these ids as fit, in their order, beginning behind the last one that had its turn.
fn in_turn<'a>(ids: impl Iterator<Item = &'a Arc<str>>, last: Option<&Arc<str>>, limit: usize) -> Vec<Arc<str>> {
    let mut ids: Vec<&Arc<str>> = ids.collect();
    ids.sort_unstable();
    let begin = ids.partition_point(|id| Some(*id) <= last);
    ids.rotate_left(begin);
    ids.into_iter().take(limit).cloned().collect()
}

/// Whether a finished task would have been shown if it still stood where it is known to.
fn ought_to_be_shown(known: &Known, reach: Reach) -> bool {
    matches!(known.stage, Stage::Finished { settling_since: None, .. })
        && match reach {
            Reach::Head => false,
            Reach::DownTo(start) => known.task.start.is_some_and(|began| began > start),
            Reach::WholeList => true,
        }
}
