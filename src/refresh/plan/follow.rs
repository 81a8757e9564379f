//! What the walk did not show, and must be known all the same: what runs further down, what waits, what is gone.

use super::{Lost, Plan, Reach, Step, Taken, last_start};
use crate::hss::{LastPage, List, Page, Paging, Turned};
use crate::model::{Known, Stage, Status, Timestamp};
use crate::refresh::register::Register;
use std::sync::Arc;
use std::time::Duration;

/// How often the running and the waiting tasks are listed to their ends: what was retried deep down shows there.
pub(in crate::refresh) const LIST_EVERY: Duration = Duration::from_secs(3600);

/// How many tasks are asked for one by one in a refresh; the others have their turn in the next.
const MAX_LOOKUPS: usize = 20;

/// How many new items a full page that begins one item early can show.
pub(in crate::refresh) const PAGE_NEWS: usize = 199;

impl Plan {
    /// Looks for what the walk did not show but must be known.
    pub(super) fn follow(&mut self, reach: &Reach, at: Timestamp, ledger: &impl Register) {
        let read_lately = self.memory.lists_read.is_some_and(|read| at.since(read) < LIST_EVERY);
        let whole_list = *reach == Reach::WholeList;
        if whole_list {
            self.memory.lists_read = Some(at);
            self.look_up(ledger.in_status(Status::Ready));
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
            self.look_up(ledger.to_follow(at));
        }
        // The total moved by something else than what was seen to arrive: a waiting task that stands elsewhere came or
        // went.
        let explained =
            self.total_before.is_none_or(|before| ledger.total() == Some(before.saturating_add(self.arrivals)));
        if self.lists_due || (!explained && !whole_list && ledger.complete()) {
            self.steps.push_back(Step::unfinished(Status::Ready, &self.memory));
        }
        self.look_up(ledger.tasks().filter(|known| ought_to_be_shown(known, reach)).map(|known| &known.task.id));
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
                self.look_up(ledger.to_follow(at));
            }
            // What waits stands in no order that could be held to; what is not shown is looked up or counted.
            Turned::End | Turned::Lost(_) => {
                let counted = total.filter(|_| paging.has_filled_a_page()).unwrap_or(0);
                let hidden = counted.saturating_sub(ledger.in_status(status).count() as u64);
                taken.applied.changed |= ledger.count_hidden_waiting(hidden);
                self.look_up(ledger.in_status(status));
                if self.lists_due {
                    self.memory.lists_read = Some(at);
                }
            }
        }
        Ok(taken)
    }

    pub(super) fn take_lookup(&mut self, id: Arc<str>, page: Page, ledger: &mut impl Register) -> Taken {
        let is_there = page.tasks.iter().any(|task| task.id == id);
        let (listed, malformed, says_nothing) = (page.listed, page.oddities.malformed, page.says_nothing_of_one());
        // The walk took the list for whole, and did not show it.
        if is_there && self.memory.saw_all {
            self.memory.pages.doubt();
        }
        let mut applied = self.apply(page, ledger);
        self.memory.ids_unheeded = listed > 0 && !is_there && malformed == 0;
        if self.memory.ids_unheeded {
            // Others came in its place: that says nothing of it.
            self.search(id, ledger);
        } else if listed == 0 && !says_nothing {
            applied.add(ledger.missed(&id));
        }
        Taken { applied, reread: false }
    }

    /// Looks in the list for this task and for those that were to be asked for after it.
    fn search(&mut self, first: Arc<str>, ledger: &impl Register) {
        let mut ids = vec![first];
        self.steps.retain(|step| match step {
            Step::Lookup(id) => {
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
            let gone = ids.iter().filter(|id| !self.shown.contains(*id));
            gone.for_each(|id| taken.applied.add(ledger.missed(id)));
        } else {
            self.steps.push_front(Step::Search(paging, ids, down_to));
        }
        Ok(taken)
    }

    /// Asks for these tasks one by one, but for those that were shown; as many as fit, from where the last refresh
    /// left off.
    pub(super) fn look_up<'a>(&mut self, ids: impl Iterator<Item = &'a Arc<str>>) {
        let planned = self.steps.iter().filter(|step| matches!(step, Step::Lookup(_))).count();
        let mut ids: Vec<&Arc<str>> = ids.filter(|id| !self.shown.contains(*id)).collect();
        let begin = ids.partition_point(|id| Some(*id) <= self.memory.looked_up.as_ref());
        ids.rotate_left(begin);
        ids.truncate(MAX_LOOKUPS.saturating_sub(planned));
        if let Some(last) = ids.last() {
            self.memory.looked_up = Some(Arc::clone(last));
        }
        self.steps.extend(ids.into_iter().cloned().map(Step::Lookup));
    }
}

/// Whether a finished task would have been shown if it still stood where it is known to. It was deleted then, or waits to
/// run again.
fn ought_to_be_shown(known: &Known, reach: &Reach) -> bool {
    matches!(known.stage, Stage::Finished { settling_since: None, .. })
        && match reach {
            Reach::Head => false,
            Reach::DownTo(start) => known.task.start.is_some_and(|began| began > *start),
            Reach::WholeList => true,
        }
}
