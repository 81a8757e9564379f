//! One refresh of one scope (a task type of a target): which pages are asked for, in which order, and when it is enough.
//!
//! Pure: pages go in, the ledger changes, and the next question comes out. The head of the list is the probe: where
//! nothing has changed, it is the only request.

mod compare;
mod follow;
mod reconcile;

pub(super) use follow::{LIST_EVERY, PAGE_NEWS};

use compare::Comparison;

use super::memory::{Memory, Reconcile};
use super::register::Register;
pub use crate::hss::Lost;
use crate::hss::{KnownPages, LastPage, List, Page, Paging, Query, Turned};
use crate::model::{Applied, Read, Status, Task, Timestamp, Trigger};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How many of a page's last tasks must be where they were for the rest of the list to be as it was.
const TAIL: usize = 10;

/// How long after its start the cloud may begin to list a task: it answers from copies of different age.
pub(super) const LATE: Duration = Duration::from_secs(15 * 60);

/// Which part of the work on a scope a plan does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Bring it up to date, from the head.
    Refresh,
    /// Read one more page of what came before the first refresh.
    History,
    /// Read one more page of the window again, whatever is known of it.
    Reconcile,
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
    /// What the cloud, asked for it in this refresh, does not know.
    missed: HashSet<Arc<str>>,
    /// Missing tasks that are not asked for themselves: the sample that is asked for speaks for them.
    unsampled: Vec<Arc<str>>,
    /// Down to where this refresh was shown everything.
    reach: Reach,
    /// How many tasks the cloud listed before, and how many on the last page of the walk.
    total_before: Option<u64>,
    total_now: Option<u64>,
    /// How many tasks are new to the ledger.
    arrivals: u64,
    /// The lists of running and waiting tasks are due.
    lists_due: bool,
    /// What the statistics have to do with it.
    comparison: Comparison,
}

#[derive(Debug)]
enum Step {
    /// The list, from its head.
    Head(Paging),
    /// The list, from where an earlier walk was interrupted.
    Rest(Paging),
    /// The running or the waiting tasks, to their end.
    Unfinished(Paging, Status),
    /// The list, whatever is known of it.
    Again(Reconcile),
    /// One task by its id: it runs, or may run.
    Lookup(Arc<str>),
    /// One task by its id, for all that are missing.
    Sample(Arc<str>),
    /// The list, down to where these tasks must stand: the cloud does not heed ids.
    Search(Paging, Vec<Arc<str>>, Option<Timestamp>),
    /// A page that is right by itself.
    Single(List),
}

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
    pub fn new(part: Part, only: Option<Trigger>, mut memory: Memory, ledger: &impl Register) -> Self {
        let lists_due = part == Part::History && memory.lists_read.is_none() && !memory.listed_together;
        memory.surprised = false;
        let mut steps = VecDeque::new();
        match part {
            Part::Refresh => {
                // Where enterprise projects are read together, their common list tells more than the total of each.
                let last_page = if memory.listed_together { LastPage::Counted } else { LastPage::Verified };
                steps.push_back(Step::Head(Paging::new(List::All, &memory.pages, last_page)));
            }
            Part::History => {
                if lists_due {
                    steps.extend([Status::Running, Status::Ready].map(|status| Step::unfinished(status, &memory)));
                }
                steps.extend(memory.unfinished.take().map(Step::Rest));
            }
            Part::Reconcile => {
                steps.push_back(Step::Again(memory.reconcile.take().unwrap_or_else(|| Reconcile::new(&memory.pages))))
            }
        }
        Self {
            part,
            only,
            steps,
            memory,
            shown: HashSet::new(),
            missed: HashSet::new(),
            unsampled: Vec::new(),
            reach: Reach::Head,
            total_before: ledger.total(),
            total_now: None,
            arrivals: 0,
            lists_due,
            comparison: Comparison::default(),
        }
    }

    /// What to ask next; nothing when the plan is done.
    pub fn next(&self) -> Option<Query> {
        let alone = |list| Some(Query { list, offset: 0 });
        match self.steps.front()? {
            Step::Head(paging) | Step::Rest(paging) | Step::Unfinished(paging, _) | Step::Search(paging, ..) => {
                Some(paging.query())
            }
            Step::Again(reconcile) => Some(reconcile.paging.query()),
            Step::Lookup(id) | Step::Sample(id) => alone(List::One(Arc::clone(id))),
            Step::Single(list) => alone(list.clone()),
        }
    }

    /// Takes the page that was asked for, and lets the ledger know.
    ///
    /// # Errors
    /// [`Lost`], if the pages do not make a list. What the page showed is in the ledger all the same.
    pub fn take(&mut self, page: Page, ledger: &mut impl Register) -> Result<Taken, Lost> {
        let Some(step) = self.steps.pop_front() else { return Ok(Taken::default()) };
        self.memory.rebase(page.base);
        ledger.rebase(page.time());
        match step {
            Step::Head(paging) => self.take_walk(paging, Walk::Head, page, ledger),
            Step::Rest(paging) => self.take_walk(paging, Walk::Rest, page, ledger),
            Step::Unfinished(paging, status) => self.take_unfinished(paging, status, page, ledger),
            Step::Again(reconcile) => Ok(self.take_again(reconcile, page, ledger)),
            Step::Lookup(id) => Ok(self.take_lookup(&id, page, ledger)),
            Step::Sample(id) => Ok(self.take_sample(&id, page, ledger)),
            Step::Search(paging, ids, down_to) => self.take_search(paging, ids, down_to, page, ledger),
            Step::Single(_) => Ok(Taken { applied: self.apply(page, ledger), reread: false }),
        }
    }

    /// Sets aside what was asked for and cannot be read now, if the state of running and waiting tasks can be found out
    /// without it: the rest of a walk whose head was read, at `at`, or a sample. The refresh goes on then; answers what that
    /// did to the ledger.
    pub fn set_aside(&mut self, at: Timestamp, ledger: &mut impl Register) -> Option<Applied> {
        match self.steps.pop_front() {
            Some(Step::Head(paging) | Step::Rest(paging)) if self.part == Part::Refresh && paging.has_begun() => {
                self.memory.unfinished = Some(paging);
                Some(self.follow(Reach::Head, at, ledger))
            }
            Some(Step::Sample(_)) => {
                self.steps.retain(|step| !matches!(step, Step::Sample(_)));
                self.unsampled.clear();
                Some(Applied::default())
            }
            Some(step) => {
                self.steps.push_front(step);
                None
            }
            None => None,
        }
    }

    /// What has been learnt of the list's pages.
    pub fn known_pages(&self) -> &KnownPages {
        &self.memory.pages
    }

    /// What to remember, now that the plan is done or cannot go on. A walk that was interrupted is remembered: its pages
    /// are known now, and would end the next walk before it came to what they hid.
    pub fn end(mut self) -> Memory {
        if let Some(Step::Lookup(id)) = self.steps.front() {
            // It could not be asked for: those behind it have their turn before it has another.
            self.memory.looked_up = Some(Arc::clone(id));
        }
        let walk = self.steps.into_iter().find_map(|step| match step {
            Step::Head(paging) | Step::Rest(paging) => Some(paging).filter(Paging::has_begun),
            Step::Again(reconcile) => {
                self.memory.reconcile = Some(reconcile);
                None
            }
            _ => None,
        });
        if walk.is_some() {
            self.memory.unfinished = walk;
        }
        if let Some(reconcile) = self.memory.reconcile.as_mut().filter(|_| self.part == Part::Refresh) {
            reconcile.paging.pushed_down(self.arrivals);
        }
        self.memory
    }

    fn take_walk(
        &mut self,
        mut paging: Paging,
        walk: Walk,
        page: Page,
        ledger: &mut impl Register,
    ) -> Result<Taken, Lost> {
        let at = page.at;
        let horizon = at.minus(ledger.window());
        let below_head = paging.query().offset > 0;
        let turned = paging.turn(&page);
        self.memory.pages.clone_from(paging.known_pages());
        self.memory.unsorted &= !below_head;
        let tail_known = self.tail_known(walk, &page, ledger);
        let past_window = is_past_window(&page, horizon);
        let news = ledger.count_total(page.total);
        self.total_now = page.total;
        let mut taken = Taken { applied: self.apply(page, ledger), reread: turned == Turned::Gap };
        taken.applied.changed |= news;
        match turned {
            Turned::Lost(lost) => {
                self.memory.unfinished = None;
                self.memory.unsorted = lost == Lost::Unsorted;
                return Err(lost);
            }
            Turned::Gap => self.go_on(paging, walk, ledger),
            Turned::More if paging.is_verifying() => self.steps.push_front(walk.step(paging)),
            Turned::End => taken.applied.add(self.walked(&paging, walk, ListEnd::Reached, at, ledger)),
            Turned::More if walk == Walk::Head && tail_known && self.memory.unfinished.is_some() => {
                if let Some(mut rest) = self.memory.unfinished.take() {
                    rest.join_head(paging);
                    self.go_on(rest, Walk::Rest, ledger);
                }
            }
            Turned::More if tail_known || past_window => {
                taken.applied.add(self.walked(&paging, walk, ListEnd::Below, at, ledger));
            }
            Turned::More => self.go_on(paging, walk, ledger),
        }
        if self.part == Part::Refresh && self.memory.unfinished.is_some() && self.steps.is_empty() {
            taken.applied.add(self.follow(Reach::Head, at, ledger));
        }
        Ok(taken)
    }

    /// Goes on with a walk: at once where the window has been read before, else page by page, as history.
    fn go_on(&mut self, paging: Paging, walk: Walk, ledger: &impl Register) {
        let joins = walk == Walk::Head && self.memory.unfinished.is_some();
        if ledger.complete() || joins || self.memory.unsorted {
            self.steps.push_front(walk.step(paging));
        } else {
            self.memory.unfinished = Some(paging);
        }
    }

    /// The list has been walked down to what is known, to the window's begin, or to its end.
    fn walked(
        &mut self,
        paging: &Paging,
        walk: Walk,
        end: ListEnd,
        at: Timestamp,
        ledger: &mut impl Register,
    ) -> Applied {
        let mut applied = Applied::default();
        let first_time = !ledger.complete();
        let oldest = paging.oldest().filter(|_| end == ListEnd::Below).unwrap_or_default();
        ledger.has_been_read(Read { down_to: oldest, up_to: paging.up_to(LATE) });
        self.memory.unfinished = None;
        if self.part == Part::Refresh {
            let reach = match (walk, end) {
                (Walk::Rest, _) => Reach::Head,
                (Walk::Head, ListEnd::Below) => Reach::DownTo(oldest),
                (Walk::Head, ListEnd::Reached) => Reach::WholeList,
            };
            self.memory.saw_all = reach == Reach::WholeList;
            if self.memory.saw_all {
                ledger.count_hidden_waiting(0);
            }
            applied = self.follow(reach, at, ledger);
        }
        if first_time && end == ListEnd::Below {
            let only = self.only;
            let wanted = ledger.triggers_without_facts().filter(|trigger| only.is_none_or(|only| only == *trigger));
            self.steps.extend(wanted.map(|trigger| Step::Single(List::Finished(trigger))));
        }
        applied
    }

    fn apply(&mut self, page: Page, ledger: &mut impl Register) -> Applied {
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
    fn tail_known(&self, walk: Walk, page: &Page, ledger: &impl Register) -> bool {
        let unfinished = self.memory.unfinished.as_ref().filter(|_| walk == Walk::Head);
        let stands = |task: &Task, start| {
            ledger.knows(task) && (ledger.covers(start) || unfinished.is_some_and(|paging| paging.has_shown(&task.id)))
        };
        let begun = page.tasks.iter().rev().filter_map(|task| Some((task, task.start?)));
        let tail: Vec<_> = begun.take(TAIL).collect();
        tail.len() == TAIL && tail.into_iter().all(|(task, start)| stands(task, start))
    }
}

impl Step {
    fn unfinished(status: Status, memory: &Memory) -> Self {
        let list = if status == Status::Running { List::Running } else { List::Ready };
        Self::Unfinished(Paging::new(list, &memory.pages, LastPage::Believed), status)
    }
}

/// Where a walk has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ListEnd {
    /// At the end of the list.
    Reached,
    /// There is more below that need not be read.
    Below,
}

/// Down to where this refresh was shown everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// That cannot be said.
    Head,
    /// What began after this.
    DownTo(Timestamp),
    /// Every task there is.
    WholeList,
}

/// Which walk a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    Head,
    Rest,
}

impl Walk {
    fn step(self, paging: Paging) -> Step {
        match self {
            Self::Head => Step::Head(paging),
            Self::Rest => Step::Rest(paging),
        }
    }
}

/// Whether the window ends on this page. The list is sorted by start and the window is one of ends: a run that began before
/// it may have ended inside. So the walk goes on as long as what began before the window shows such runs, or unfinished ones.
fn is_past_window(page: &Page, horizon: Timestamp) -> bool {
    let is_in_window = |task: &Task| task.status != Status::Finished || task.end.is_some_and(|end| end >= horizon);
    let began_before = |task: &&Task| task.start.is_some_and(|start| start < horizon);
    last_start(page).is_some_and(|start| start < horizon) && !page.tasks.iter().filter(began_before).any(is_in_window)
}

fn last_start(page: &Page) -> Option<Timestamp> {
    page.tasks.iter().rev().find_map(|task| task.start)
}
