//! One refresh of a project's undivided list: it is read as any list is, and then divided. Pure.
//!
//! Strangers are divided by reading the targets' own lists, newest first, until each has its owner: first the targets that
//! have most tasks of that name, trigger and scan, then the busiest. A target is not asked when nobody is left that it
//! could own.

use super::Undivided;
use super::strangers::Missing;
use crate::hss::{KnownPages, LastPage, List, Page, Paging, Query, Turned};
use crate::model::{Scan, Status, Task, Timestamp, Trigger};
use crate::refresh::memory::Memory;
use crate::refresh::plan::{Lost, Part, Plan, Taken};
use crate::refresh::register::Register;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// How many tasks are asked for one by one in a refresh, strangers before those that are missing; the others have their
/// turn in the next.
const MAX_LOOKUPS: usize = 20;

/// Tasks that began in one moment stand in no order: a list has shown them all when it has come below that moment.
const MOMENT: Duration = Duration::from_millis(1);

/// Whose list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// All that the caller may see of the project.
    All,
    /// The target with this index.
    Member(usize),
}

/// A page to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Of whose list.
    pub of: Of,
    /// Which one.
    pub query: Query,
}

/// One refresh of all the targets that are read together.
#[derive(Debug)]
pub struct Together {
    plan: Plan,
    division: Option<Division>,
    /// Targets that have tasks which the undivided list does not show, though asked for them.
    left_out: BTreeSet<usize>,
}

impl Together {
    /// A refresh of targets whose undivided list is remembered so, and whose filter lets through one trigger `only`, or
    /// all.
    pub fn new(only: Option<Trigger>, memory: Memory, undivided: &Undivided<'_>) -> Self {
        Self { plan: Plan::new(Part::Refresh, only, memory, undivided), division: None, left_out: BTreeSet::new() }
    }

    /// What to ask next; nothing when the refresh is done.
    pub fn next(&mut self, undivided: &Undivided<'_>) -> Option<Ask> {
        if let Some(query) = self.plan.next() {
            return Some(Ask { of: Of::All, query });
        }
        let known = self.plan.known_pages();
        let division = self.division.get_or_insert_with(|| Division::new(undivided, known));
        division.next(undivided)
    }

    /// Takes the page that was asked for.
    ///
    /// # Errors
    /// [`Lost`], if the undivided list's pages do not fit together. What the page showed is in the ledgers all the same.
    pub fn take(&mut self, page: Page, undivided: &mut Undivided<'_>) -> Result<Taken, Lost> {
        undivided.rebase(page.time());
        match &mut self.division {
            None => self.plan.take(page, undivided),
            Some(division) => Ok(division.take(page, undivided, &mut self.left_out)),
        }
    }

    /// The target whose page was asked for cannot be read now: it is left out of the rest.
    pub fn skip(&mut self) {
        if let Some(division) = &mut self.division {
            division.skip();
        }
    }

    /// The plan for the undivided list.
    pub fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    /// Ends the refresh, wherever it stands.
    pub fn end(self, undivided: &mut Undivided<'_>) -> Parted {
        let memory = self.plan.end();
        let ids_unheeded = memory.ids_unheeded || self.division.as_ref().is_some_and(|division| division.ids_unheeded);
        if let Some(division) = self.division {
            division.end(undivided);
        }
        undivided.strangers.missing.clear();
        Parted { memory, left_out: self.left_out, ids_unheeded }
    }
}

/// What a refresh of all leaves behind.
#[derive(Debug)]
pub struct Parted {
    /// What to remember of the undivided list.
    pub memory: Memory,
    /// The targets that the undivided list leaves out though they can be read.
    pub left_out: BTreeSet<usize>,
    /// Whether the cloud, asked for one task, answers with others: then nothing can be divided for sure.
    pub ids_unheeded: bool,
}

/// What tasks of one owner have in common.
type Looks = (Option<Arc<str>>, Trigger, Scan);

#[derive(Debug)]
struct Division {
    /// Who is to be divided in this refresh.
    open: Vec<Arc<str>>,
    /// How many tasks of these looks each target has.
    looks: HashMap<Looks, Vec<usize>>,
    targets: Vec<Target>,
    /// What the undivided list has shown of its pages: those of the targets' own lists are like them.
    pages: KnownPages,
    lookups: usize,
    /// Whether the cloud, asked for one task, answered with others.
    ids_unheeded: bool,
    /// What is being asked.
    asking: Option<(usize, Asking)>,
}

/// How far the list of one target has been read for this.
#[derive(Debug, Default)]
struct Target {
    /// How many tasks it has in its window.
    busy: usize,
    /// It cannot be read now, or is read by itself.
    out: bool,
    /// The list from its head, and whether there is more of it.
    recent: Option<(Paging, bool)>,
    /// Whether its running, and its waiting tasks were listed to their ends.
    listed: BTreeSet<Status>,
    /// Whom it is known not to have.
    without: BTreeSet<Arc<str>>,
}

#[derive(Debug)]
enum Asking {
    Recent(Paging),
    InStatus(Status, Paging),
    One(Arc<str>),
    /// Whom the undivided list does not show any more.
    Gone(Arc<str>),
}

impl Division {
    fn new(undivided: &Undivided<'_>, known: &KnownPages) -> Self {
        let now = undivided.strangers.at;
        let strangers = undivided.strangers.tasks.iter().filter(|(_, stranger)| stranger.is_open(now));
        let (open, tasks): (Vec<Arc<str>>, Vec<Option<&Task>>) =
            strangers.map(|(id, stranger)| (Arc::clone(id), stranger.task())).unzip();
        let none = || vec![0; undivided.members.len()];
        let mut looks: HashMap<Looks, Vec<usize>> =
            tasks.into_iter().flatten().map(|task| (looks_of(task), none())).collect();
        let mut targets = Vec::new();
        for (index, member) in undivided.members.iter().enumerate() {
            let tasks = || member.ledger.tasks().filter(|_| !open.is_empty());
            for known in tasks() {
                if let Some(count) = looks.get_mut(&looks_of(&known.task)).and_then(|counts| counts.get_mut(index)) {
                    *count += 1;
                }
            }
            targets.push(Target { busy: tasks().count(), out: !member.joined, ..Target::default() });
        }
        let pages = known.clone();
        Self { open, looks, targets, pages, lookups: 0, ids_unheeded: false, asking: None }
    }

    fn next(&mut self, undivided: &Undivided<'_>) -> Option<Ask> {
        if self.asking.is_none() {
            self.asking = self.choose(undivided);
        }
        let (index, asking) = self.asking.as_ref()?;
        let query = match asking {
            Asking::Recent(paging) | Asking::InStatus(_, paging) => paging.query(),
            Asking::One(id) | Asking::Gone(id) => Query { list: List::One(Arc::clone(id)), offset: 0 },
        };
        Some(Ask { of: Of::Member(*index), query })
    }

    fn take(&mut self, page: Page, undivided: &mut Undivided<'_>, left_out: &mut BTreeSet<usize>) -> Taken {
        let Some((index, asking)) = self.asking.take() else { return Taken::default() };
        let Some(target) = self.targets.get_mut(index) else { return Taken::default() };
        let (at, listed, malformed) = (page.at, page.listed, page.oddities.malformed);
        let says_nothing = page.says_nothing_of_one();
        let horizon = at.minus(undivided.window());
        let shows = |id: &str| page.tasks.iter().any(|task| task.id.as_ref() == id);
        let mut missing = std::mem::take(&mut undivided.strangers.missing);
        let mut reread = false;
        let mut without: Vec<Arc<str>> = Vec::new();
        let arrivals = page.tasks.iter().filter(|task| undivided.stranger(&task.id).is_some()).count() as u64;
        let before = undivided.members.get(index).and_then(|member| member.ledger.total());
        // A list of all its tasks says how many there are; where none was read, they grow by what is found.
        let mut total = before.filter(|_| target.recent.is_none()).map(|before| before.saturating_add(arrivals));
        match asking {
            Asking::Recent(mut paging) => {
                let turned = paging.turn(&page);
                total = page.total;
                reread = turned == Turned::Gap;
                target.out |= matches!(turned, Turned::Lost(_));
                let ended = turned == Turned::End;
                let below = paging
                    .oldest()
                    .filter(|_| !reread)
                    .map_or(Timestamp::from_secs(u64::MAX), |oldest| oldest.plus(MOMENT));
                let passed = |task: &Task| ended || task.start.is_some_and(|start| start >= below && start >= horizon);
                without.extend(self.open.iter().filter(|id| undivided.stranger(id).is_some_and(passed)).cloned());
                for task in missing.iter_mut().filter(|task| task.member == index) {
                    if paging.has_shown(&task.id) {
                        left_out.insert(index);
                    } else if task.start.take_if(|start| ended || *start >= below).is_some() {
                        // An item that is no task may be this one: then it is asked for by itself.
                        task.gone = malformed == 0;
                    }
                }
                target.recent = Some((paging, !ended));
            }
            Asking::InStatus(status, mut paging) => match paging.turn(&page) {
                Turned::More => self.asking = Some((index, Asking::InStatus(status, paging))),
                Turned::Gap => {
                    reread = true;
                    self.asking = Some((index, Asking::InStatus(status, paging)));
                }
                Turned::Lost(_) => target.out = true,
                Turned::End => {
                    target.listed.insert(status);
                    let alike = |task: &Task| task.status == status;
                    without.extend(self.open.iter().filter(|id| undivided.stranger(id).is_some_and(alike)).cloned());
                }
            },
            // Counted and not shown, or others in its place: that says nothing of it.
            Asking::One(_) | Asking::Gone(_) if says_nothing => target.out = true,
            Asking::One(id) if listed == 0 => without.push(id),
            Asking::One(id) if shows(&id) => {}
            Asking::Gone(id) if listed == 0 => {
                missing.iter_mut().filter(|task| task.id == id).for_each(|task| task.gone = true);
            }
            Asking::Gone(id) if shows(&id) => drop(left_out.insert(index)),
            Asking::One(_) | Asking::Gone(_) => {
                target.out = true;
                self.ids_unheeded |= malformed == 0;
            }
        }
        target.without.extend(without.into_iter().filter(|id| !shows(id)));
        // A target whose list has what the undivided list does not show is read by itself, and all of it is seen there.
        missing.retain(|task| !left_out.contains(&task.member));
        let (gone, left): (Vec<Missing>, Vec<Missing>) = missing.into_iter().partition(|task| task.gone);
        undivided.strangers.missing = left;
        let mut applied = undivided.take_own(index, at, total, page.tasks);
        gone.iter().for_each(|task| applied.add(undivided.missed_own(index, &task.id)));
        Taken { applied, reread }
    }

    fn skip(&mut self) {
        let target = self.asking.take().and_then(|(index, _)| self.targets.get_mut(index));
        if let Some(target) = target {
            target.out = true;
        }
    }

    /// Those whom no target has, though every one was asked, are one refresh nearer to being foreign.
    fn end(self, undivided: &mut Undivided<'_>) {
        let joined: Vec<bool> = undivided.members.iter().map(|member| member.joined).collect();
        for id in &self.open {
            let mut asked = self.targets.iter().zip(&joined).filter(|(_, joined)| **joined);
            let denied = asked.all(|(target, _)| target.without.contains(id));
            if let Some(stranger) = undivided.strangers.tasks.get_mut(id).filter(|_| denied) {
                stranger.denied += 1;
            }
        }
        undivided.settle();
    }

    /// Who is asked next, and for what.
    fn choose(&mut self, undivided: &Undivided<'_>) -> Option<(usize, Asking)> {
        // A page of the target's own list shows, or does not show, all that are missing there.
        let list = self.missing(undivided).find_map(|task| Some((task.member, self.list_with(task)?)));
        if let Some((index, paging)) = list {
            return Some((index, Asking::Recent(paging)));
        }
        let mut left: Vec<usize> = (0..self.targets.len()).filter(|index| self.can_be_asked(*index)).collect();
        left.sort_by_cached_key(|index| std::cmp::Reverse(self.likelihood(*index, undivided)));
        if let Some(asking) = left.into_iter().find_map(|index| Some((index, self.asking(index, undivided)?))) {
            return Some(asking);
        }
        let one = self.missing(undivided).next().filter(|_| self.lookups < MAX_LOOKUPS)?;
        let asking = (one.member, Asking::Gone(Arc::clone(&one.id)));
        self.lookups += 1;
        Some(asking)
    }

    /// What the undivided list does not show any more, of targets that can be asked.
    fn missing<'a>(&self, undivided: &'a Undivided<'_>) -> impl Iterator<Item = &'a Missing> {
        undivided.strangers.missing.iter().filter(|task| self.can_be_asked(task.member))
    }

    /// The list of its own target, from where it has been read to, if a missing task stands further down.
    fn list_with(&self, missing: &Missing) -> Option<Paging> {
        missing.start?;
        match &self.targets.get(missing.member)?.recent {
            None => Some(self.paging(List::All)),
            Some((paging, true)) => Some(paging.clone()),
            Some((_, false)) => None,
        }
    }

    /// A list of a target's own, from its head.
    fn paging(&self, list: List) -> Paging {
        Paging::new(list, &self.pages, LastPage::Believed)
    }

    fn can_be_asked(&self, index: usize) -> bool {
        self.targets.get(index).is_some_and(|target| !target.out)
    }

    /// The strangers that this target may have.
    fn possible<'a>(&'a self, index: usize, undivided: &'a Undivided<'_>) -> impl Iterator<Item = &'a Task> {
        let without = self.targets.get(index).map(|target| &target.without);
        let possible = self.open.iter().filter(move |id| without.is_some_and(|without| !without.contains(*id)));
        possible.filter_map(|id| undivided.stranger(id))
    }

    /// How many strangers it is expected to have, in thousandths; then how busy it is.
    fn likelihood(&self, index: usize, undivided: &Undivided<'_>) -> (usize, usize) {
        let expected = self.possible(index, undivided).filter_map(|task| {
            let counts = self.looks.get(&looks_of(task))?;
            (counts.get(index)? * 1000).checked_div(counts.iter().sum())
        });
        (expected.sum(), self.targets.get(index).map_or(0, |target| target.busy))
    }

    /// What shows most of the strangers that this target may have.
    fn asking(&mut self, index: usize, undivided: &Undivided<'_>) -> Option<Asking> {
        let horizon = undivided.strangers.at.minus(undivided.window());
        let begun = |task: &&Task| task.start.is_some_and(|start| start >= horizon);
        let in_status = |status| self.possible(index, undivided).filter(move |task| task.status == status);
        let target = self.targets.get(index)?;
        let more = match &target.recent {
            None => self.possible(index, undivided).any(|task| begun(&task)).then(|| self.paging(List::All)),
            Some((paging, true)) if in_status(Status::Finished).any(|task| begun(&task)) => Some(paging.clone()),
            Some(_) => None,
        };
        if let Some(paging) = more {
            return Some(Asking::Recent(paging));
        }
        for (status, list) in [(Status::Running, List::Running), (Status::Ready, List::Ready)] {
            let wanted = in_status(status).nth(usize::from(status == Status::Ready)).is_some();
            if wanted && !target.listed.contains(&status) {
                return Some(Asking::InStatus(status, self.paging(list)));
            }
        }
        let one = self.possible(index, undivided).next().filter(|_| self.lookups < MAX_LOOKUPS)?;
        let id = Arc::clone(&one.id);
        self.lookups += 1;
        Some(Asking::One(id))
    }
}

fn looks_of(task: &Task) -> Looks {
    (task.name.clone(), task.trigger, task.scan)
}
