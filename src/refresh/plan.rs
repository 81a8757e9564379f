//! One refresh of one scope (a task type of a target): which pages are asked for, in which order, and when it is enough.
//!
//! Pure: pages go in, the ledger changes, and the next question comes out. The head of the list is the probe: where
//! nothing has changed, it is the only request.

use super::memory::Memory;
use crate::hss::{List, Page, Paging, Query, Turned};
use crate::model::{Applied, Known, Ledger, Read, Status, Task, Timestamp, Trigger};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How many of a page's last tasks must be where they were for the rest of the list to be as it was.
const TAIL: usize = 10;

/// How often the running and the waiting tasks are listed to their ends: what was retried deep down shows there.
const LIST_EVERY: Duration = Duration::from_secs(3600);

/// How many tasks are asked for one by one in a refresh; the others have their turn in the next.
const MAX_LOOKUPS: usize = 20;

/// How many new items a full page that begins one item early can show.
const PAGE_NEWS: usize = 199;

/// Which part of the work on a scope a plan does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Bring it up to date, from the head.
    Refresh,
    /// Read one more page of what came before the first refresh.
    History,
}

/// The rest of a refresh.
#[derive(Debug)]
pub struct Plan {
    part: Part,
    /// The only trigger that the configured filter lets through, if it names one.
    only: Option<Trigger>,
    steps: VecDeque<Step>,
    memory: Memory,
    /// All that this refresh was shown.
    shown: HashSet<Arc<str>>,
    /// How many tasks the cloud listed before.
    total_before: Option<u64>,
    /// How many tasks are new to the ledger.
    arrivals: u64,
    /// The lists of running and waiting tasks are due.
    lists_due: bool,
}

#[derive(Debug)]
enum Step {
    /// The list, from its head.
    Head(Paging),
    /// The list, from where an earlier walk was interrupted.
    Rest(Paging),
    /// The running or the waiting tasks, to their end.
    Unfinished(Paging, Status),
    /// One task by its id.
    Lookup(Arc<str>),
    /// The list, down to where these tasks must stand: the cloud does not heed ids.
    Search(Paging, Vec<Arc<str>>, Option<Timestamp>),
    /// A page that is right by itself.
    Single(List),
}

/// The pages did not fit together, however often they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost;

/// What taking a page did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// To the ledger.
    pub applied: Applied,
    /// Whether the page did not follow on the one before, so that one has to be read again.
    pub reread: bool,
}

impl Plan {
    /// A plan for a scope that remembers this, whose filter lets through one trigger `only`, or all.
    pub fn new(part: Part, only: Option<Trigger>, mut memory: Memory, ledger: &Ledger) -> Self {
        let first = match (part, memory.unfinished.take()) {
            (Part::History, Some(rest)) => Some(Step::Rest(rest)),
            (Part::History, None) => None,
            (Part::Refresh, unfinished) => {
                memory.unfinished = unfinished;
                Some(Step::Head(Paging::new(List::All)))
            }
        };
        Self {
            part,
            only,
            steps: first.into_iter().collect(),
            memory,
            shown: HashSet::new(),
            total_before: ledger.total(),
            arrivals: 0,
            lists_due: false,
        }
    }

    /// What to ask next; nothing when the plan is done.
    pub fn next(&self) -> Option<Query> {
        let alone = |list| Some(Query { list, offset: 0 });
        match self.steps.front()? {
            Step::Head(paging) | Step::Rest(paging) | Step::Unfinished(paging, _) | Step::Search(paging, ..) => {
                Some(paging.query())
            }
            Step::Lookup(id) => alone(List::One(Arc::clone(id))),
            Step::Single(list) => alone(list.clone()),
        }
    }

    /// Takes the page that was asked for, and lets the ledger know.
    ///
    /// # Errors
    /// [`Lost`], if the list's pages do not fit together. What the page showed is in the ledger all the same.
    pub fn take(&mut self, page: Page, ledger: &mut Ledger) -> Result<Taken, Lost> {
        let Some(step) = self.steps.pop_front() else { return Ok(Taken::default()) };
        match step {
            Step::Head(paging) => self.take_walk(paging, Walk::Head, page, ledger),
            Step::Rest(paging) => self.take_walk(paging, Walk::Rest, page, ledger),
            Step::Unfinished(paging, status) => self.take_unfinished(paging, status, page, ledger),
            Step::Lookup(id) => Ok(self.take_lookup(id, page, ledger)),
            Step::Search(paging, ids, down_to) => self.take_search(paging, ids, down_to, page, ledger),
            Step::Single(_) => Ok(Taken { applied: self.apply(page, ledger), reread: false }),
        }
    }

    /// What to remember, now that the plan is done or cannot go on. A walk that was interrupted is remembered: its pages
    /// are known now, and would end the next walk before it came to what they hid.
    pub fn end(mut self) -> Memory {
        match self.steps.pop_front() {
            Some(Step::Head(paging) | Step::Rest(paging)) if paging.has_begun() => {
                self.memory.unfinished = Some(paging);
            }
            _ => {}
        }
        self.memory
    }

    fn take_walk(&mut self, mut paging: Paging, walk: Walk, page: Page, ledger: &mut Ledger) -> Result<Taken, Lost> {
        let at = page.at;
        let horizon = at.minus(ledger.window());
        let turned = paging.turn(&page);
        let tail_known = self.tail_known(walk, &page, ledger);
        let past_window = last_start(&page).is_some_and(|start| start < horizon);
        let news = ledger.count_total(page.total);
        let mut taken = Taken { applied: self.apply(page, ledger), reread: turned == Turned::Gap };
        taken.applied.changed |= news;
        match turned {
            Turned::Lost => {
                self.memory.unfinished = None;
                return Err(Lost);
            }
            Turned::Gap => self.go_on(paging, walk, ledger),
            Turned::End => self.walked(&paging, true, at, ledger),
            Turned::More if walk == Walk::Head && tail_known && self.memory.unfinished.is_some() => {
                if let Some(mut rest) = self.memory.unfinished.take() {
                    rest.join_head(paging);
                    self.go_on(rest, Walk::Rest, ledger);
                }
            }
            Turned::More if tail_known || past_window => self.walked(&paging, false, at, ledger),
            Turned::More => self.go_on(paging, walk, ledger),
        }
        if self.part == Part::Refresh && self.memory.unfinished.is_some() && self.steps.is_empty() {
            self.follow(false, at, ledger);
        }
        Ok(taken)
    }

    /// Goes on with a walk: at once where the window has been read before, else page by page, as history.
    fn go_on(&mut self, paging: Paging, walk: Walk, ledger: &Ledger) {
        let joins = walk == Walk::Head && self.memory.unfinished.is_some();
        if ledger.complete() || joins {
            self.steps.push_front(match walk {
                Walk::Head => Step::Head(paging),
                Walk::Rest => Step::Rest(paging),
            });
        } else {
            self.memory.unfinished = Some(paging);
        }
    }

    /// The list has been walked down to what is known, to the window's begin, or to its end.
    fn walked(&mut self, paging: &Paging, whole_list: bool, at: Timestamp, ledger: &mut Ledger) {
        let first_time = !ledger.complete();
        let down_to = if whole_list { None } else { paging.oldest() };
        ledger.has_been_read(Read { down_to: down_to.unwrap_or_default(), up_to: paging.newest().unwrap_or_default() });
        self.memory.unfinished = None;
        if self.part == Part::Refresh {
            self.follow(whole_list, at, ledger);
        }
        if first_time && !whole_list {
            let only = self.only;
            let wanted = ledger.triggers_without_facts().filter(|trigger| only.is_none_or(|only| only == *trigger));
            self.steps.extend(wanted.map(|trigger| Step::Single(List::Finished(trigger))));
        }
    }

    /// Looks for what the walk did not show but must be known.
    fn follow(&mut self, whole_list: bool, at: Timestamp, ledger: &Ledger) {
        let read_lately = self.memory.lists_read.is_some_and(|read| at.since(read) < LIST_EVERY);
        if whole_list {
            self.memory.lists_read = Some(at);
            self.look_up(ledger.in_status(Status::Ready));
        } else if !read_lately {
            self.lists_due = true;
        }
        let unseen = ledger.to_follow(at).filter(|id| !self.shown.contains(*id)).count();
        let running_pages = ledger.in_status(Status::Running).count().div_ceil(PAGE_NEWS);
        let list_first = self.memory.ids_unheeded && unseen > 0;
        if self.lists_due || unseen > running_pages || list_first {
            self.steps.push_back(Step::Unfinished(Paging::new(List::Running), Status::Running));
        } else {
            self.look_up(ledger.to_follow(at));
        }
        // The total moved by something else than what was seen to arrive: a waiting task that stands elsewhere came or
        // went.
        let explained =
            self.total_before.is_none_or(|before| ledger.total() == Some(before.saturating_add(self.arrivals)));
        if self.lists_due || (!explained && !whole_list) {
            self.steps.push_back(Step::Unfinished(Paging::new(List::Ready), Status::Ready));
        }
    }

    fn take_unfinished(
        &mut self,
        mut paging: Paging,
        status: Status,
        page: Page,
        ledger: &mut Ledger,
    ) -> Result<Taken, Lost> {
        let at = page.at;
        let turned = paging.turn(&page);
        let taken = Taken { applied: self.apply(page, ledger), reread: turned == Turned::Gap };
        match turned {
            Turned::Lost => return Err(Lost),
            Turned::Gap | Turned::More => self.steps.push_front(Step::Unfinished(paging, status)),
            Turned::End if status == Status::Running => self.look_up(ledger.to_follow(at)),
            Turned::End => {
                self.look_up(ledger.in_status(status));
                if self.lists_due {
                    self.memory.lists_read = Some(at);
                }
            }
        }
        Ok(taken)
    }

    fn take_lookup(&mut self, id: Arc<str>, page: Page, ledger: &mut Ledger) -> Taken {
        let is_there = page.tasks.iter().any(|task| task.id == id);
        let (listed, malformed) = (page.listed, page.oddities.malformed);
        let mut applied = self.apply(page, ledger);
        self.memory.ids_unheeded = listed > 0 && !is_there && malformed == 0;
        if self.memory.ids_unheeded {
            // Others came in its place: that says nothing of it.
            self.search(id, ledger);
        } else if listed == 0 {
            applied.add(ledger.missed(&id));
        }
        Taken { applied, reread: false }
    }

    /// Looks in the list for this task and for those that were to be asked for after it.
    fn search(&mut self, first: Arc<str>, ledger: &Ledger) {
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
        self.steps.push_front(Step::Search(Paging::new(List::All), ids, down_to));
    }

    fn take_search(
        &mut self,
        mut paging: Paging,
        ids: Vec<Arc<str>>,
        down_to: Option<Timestamp>,
        page: Page,
        ledger: &mut Ledger,
    ) -> Result<Taken, Lost> {
        let turned = paging.turn(&page);
        let too_deep = last_start(&page).is_some_and(|start| Some(start) < down_to);
        let mut taken = Taken { applied: self.apply(page, ledger), reread: turned == Turned::Gap };
        let done = match turned {
            Turned::Lost => return Err(Lost),
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
    fn look_up<'a>(&mut self, ids: impl Iterator<Item = &'a Arc<str>>) {
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

    fn apply(&mut self, page: Page, ledger: &mut Ledger) -> Applied {
        let new: Vec<Arc<str>> =
            page.tasks.iter().filter(|task| !ledger.has(&task.id)).map(|task| Arc::clone(&task.id)).collect();
        self.shown.extend(page.tasks.iter().map(|task| Arc::clone(&task.id)));
        let applied = ledger.apply(page.at, page.tasks);
        let kept = new.iter().filter(|id| ledger.has(id)).count();
        self.arrivals = self.arrivals.saturating_add(kept as u64);
        applied
    }

    /// Whether the last tasks of the page that have begun are all where they were, in a part of the list that has been
    /// read without a gap. What waits is no witness: nobody knows where it is sorted.
    fn tail_known(&self, walk: Walk, page: &Page, ledger: &Ledger) -> bool {
        let unfinished = self.memory.unfinished.as_ref().filter(|_| walk == Walk::Head);
        let stands = |task: &Task, start| {
            ledger.knows(task) && (ledger.covers(start) || unfinished.is_some_and(|paging| paging.has_shown(&task.id)))
        };
        let begun = page.tasks.iter().rev().filter_map(|task| Some((task, task.start?)));
        let tail: Vec<_> = begun.take(TAIL).collect();
        tail.len() == TAIL && tail.into_iter().all(|(task, start)| stands(task, start))
    }
}

/// Which walk a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    Head,
    Rest,
}

fn last_start(page: &Page) -> Option<Timestamp> {
    page.tasks.iter().rev().find_map(|task| task.start)
}
