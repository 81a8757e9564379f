//! How the pages of one list follow one another while the list moves underneath.
//!
//! New arrivals push items down: the next page shows some again. Deletions and retries pull items up: without care, one
//! would be skipped. So each page starts one item early and must show something that the pages before it showed; if it
//! does not, the page above it is read again. Tasks that began in the same moment stand in no order, which may be another
//! one for each page: those that end a page are read again with the next one, where they stand together.

use super::order;
use super::query::{List, PAGE, Query};
use super::wire::Page;
use crate::model::{CloudTime, Task, Timestamp};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The greatest offset that the API takes.
const LAST_OFFSET: u32 = 2_000_000;

/// How many pages in a row may have to be read again.
const MAX_REREADS: u8 = 8;

/// How many pages in a row may show nothing new, when arrivals push the list down faster than it is read.
const MAX_STALE: u8 = 10;

/// How old a copy of the list may be that an answer comes from.
const OLD_COPY: Duration = Duration::from_secs(120);

/// A cloud that gives fewer items than it is asked for gives a multiple of this: the fewest that may be asked for.
const CAP_GRAIN: u32 = 10;

/// What earlier readings of a list have shown of its pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPages {
    /// How many items the cloud puts on a full page, where that is fewer than it is asked for.
    cap: Option<u32>,
    /// The list's last task that had begun, when its end was last reached and beyond doubt.
    last: Option<Arc<str>>,
    /// A task is there that the whole list did not show.
    doubted: bool,
}

impl KnownPages {
    /// Takes note that a task is there that the whole list did not show: its end is to be looked for again.
    pub fn doubt(&mut self) {
        self.doubted = true;
    }
}

/// When a page that is not full is the last one, if its total does not promise more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastPage {
    /// Always.
    Believed,
    /// Where the total says so.
    Counted,
    /// Where the total says so and is not just the page's own number of items, as it is for any cap.
    Verified,
}

/// A list that is being read, page by page.
#[derive(Clone, Debug)]
pub struct Paging {
    list: List,
    offset: u32,
    /// With the start that each was shown with: that is its place in the list.
    shown: HashMap<Arc<str>, Option<Timestamp>>,
    /// When the cloud answered the list's head, and the newest start that was shown and did not lie ahead.
    head: Option<CloudTime>,
    newest: Option<Timestamp>,
    oldest: Option<Timestamp>,
    /// What stands above this belongs to the pages that were read.
    floor: Option<Timestamp>,
    /// The last task that was shown, of those that had begun if there are any.
    last: Option<Arc<str>>,
    rereads: u8,
    stale: u8,
    known: KnownPages,
    last_page: LastPage,
    /// How many items the last page had, and the page that had most.
    listed: u32,
    widest: u32,
    /// Whether the next page is only to show whether there is one.
    verifying: bool,
    /// Whether one page has shown everything so far, and whether any page was not sorted.
    one_page: bool,
    unsorted: bool,
}

/// What a page means for those that come after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// It follows on what was read before, and there is more.
    More,
    /// It follows, and it is the last one.
    End,
    /// It does not follow: the page above it has to be read again.
    Gap,
    /// The pages do not make a list.
    Lost(Lost),
}

/// Why pages do not make a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// They do not follow one another, however often they are read.
    Gaps,
    /// They do not stand in the order that was asked for.
    Unsorted,
    /// The first one is empty, and its total says that there are tasks.
    Empty,
}

impl Lost {
    /// For an operator.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Gaps => "the pages of the list do not fit together",
            Self::Unsorted => {
                "the list is not sorted by start_time, descending, as asked: ends of runs would be missed"
            }
            Self::Empty => "the first page of the list is empty, but total_num says that there are tasks",
        }
    }
}

/// What follows on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    More,
    /// That is not said: the next page shows it.
    Unsaid,
}

impl Paging {
    /// A list that is to be read from its head, of whose pages this is known.
    pub fn new(list: List, known: &KnownPages, last_page: LastPage) -> Self {
        Self {
            list,
            offset: 0,
            shown: HashMap::new(),
            head: None,
            newest: None,
            oldest: None,
            floor: None,
            last: None,
            rereads: 0,
            stale: 0,
            known: known.clone(),
            last_page,
            listed: 0,
            widest: 0,
            verifying: false,
            one_page: true,
            unsorted: false,
        }
    }

    /// The page to ask for next.
    pub fn query(&self) -> Query {
        Query { list: self.list.clone(), offset: self.offset }
    }

    /// Takes the page that was asked for.
    pub fn turn(&mut self, page: &Page) -> Turned {
        // A task that has moved since is no witness: one that was retried may stand at the end of the list now.
        let stands = |task: &Task| self.shown.get(&task.id).is_some_and(|start| *start == task.start);
        let follows = self.offset == 0 || page.tasks.iter().any(stands);
        if !follows {
            self.rereads += 1;
            self.offset = self.offset.saturating_sub(PAGE - 1);
            return if self.rereads > MAX_REREADS { Turned::Lost(Lost::Gaps) } else { Turned::Gap };
        }
        self.rereads = 0;
        if self.offset == 0 {
            if page.listed == 0 && page.total.is_some_and(|total| total > 0) {
                return Turned::Lost(Lost::Empty);
            }
            self.head = Some(page.time());
        }
        self.head = self.head.map(|head| head.on(page.base));
        self.unsorted |= !self.is_sorted(page);
        let news = self.show(page);
        self.stale = if news { 0 } else { self.stale + 1 };
        self.one_page &= self.offset == 0 || !news;
        let covered = self.offset.saturating_add(page.listed);
        self.learn_cap(page, covered, news);
        let rest = self.rest(page, covered, news);
        (self.listed, self.widest) = (page.listed, self.widest.max(page.listed));
        self.verifying = rest == Rest::Unsaid;
        // Where one page is the whole list nothing hangs on its order.
        if self.unsorted && !(self.one_page && rest != Rest::More) {
            return Turned::Lost(Lost::Unsorted);
        }
        if rest == Rest::Nothing {
            let certain = match self.last_page {
                LastPage::Believed => false,
                LastPage::Counted => !news || !self.may_be_capped(page),
                LastPage::Verified => true,
            };
            if certain {
                (self.known.last, self.known.doubted) = (self.last.clone(), false);
            }
            return Turned::End;
        }
        self.offset = covered.saturating_sub(overlap(page));
        if self.stale > MAX_STALE || self.offset > LAST_OFFSET { Turned::Lost(Lost::Gaps) } else { Turned::More }
    }

    /// Takes in what a page shows. Answers whether any of it is new.
    fn show(&mut self, page: &Page) -> bool {
        let before = self.shown.len();
        for task in &page.tasks {
            self.shown.insert(Arc::clone(&task.id), task.start);
            // A start that lies ahead does not say up to when the list has been read.
            self.newest = self.newest.max(task.start.filter(|start| Some(*start) <= self.head.map(|head| head.at)));
            self.oldest = task.start.or(self.oldest);
        }
        let last = page.tasks.iter().rev().find(|task| task.start.is_some());
        let last = last.or(page.tasks.last().filter(|_| self.oldest.is_none()));
        self.last = last.map(|task| Arc::clone(&task.id)).or(self.last.take());
        self.floor = order::floor(&order::starts(page)).or(self.floor);
        self.shown.len() > before
    }

    /// Whether the page is sorted, and what is new on it belongs below what has been read. What has just begun is no
    /// witness: arrivals may have pushed the list down.
    fn is_sorted(&self, page: &Page) -> bool {
        if self.list != List::All {
            return true;
        }
        let up_to = self.head.map(|head| head.at.minus(OLD_COPY));
        let above = |task: &&Task| {
            let floor = self.floor.filter(|_| self.offset > 0 && !self.shown.contains_key(&task.id));
            let start = task.start.filter(|start| Some(*start) <= up_to);
            start.zip(floor).is_some_and(|(start, floor)| order::belongs_above(start, floor))
        };
        let belong_above = page.tasks.iter().filter(above).count();
        let here = page.tasks.iter().filter(|task| !above(task));
        order::is_sorted(&here.filter_map(|task| task.start).collect::<Vec<_>>(), belong_above)
    }

    /// A page that was not full, and has been followed by more that its total does not count, was as full as pages get.
    fn learn_cap(&mut self, page: &Page, covered: u32, news: bool) {
        let counted = page.total.is_some_and(|total| total >= u64::from(covered));
        if self.verifying && news && !counted && self.listed == self.widest {
            self.known.cap = Some(self.listed);
        }
        self.known.cap = self.known.cap.filter(|cap| page.listed <= *cap);
    }

    /// What follows on a page. A full page is not believed to be the last one, whatever the total says.
    fn rest(&self, page: &Page, covered: u32, news: bool) -> Rest {
        let full = page.listed >= self.full_page();
        // Pushed down by a whole page, or a cloud that does not heed the offset.
        let repeated = !news && self.offset > 0 && page.listed >= self.listed;
        if full || repeated {
            return Rest::More;
        }
        let total = page.total.map(|total| total.cmp(&u64::from(covered)));
        match total {
            _ if !news => Rest::Nothing,
            Some(Ordering::Greater) => Rest::More,
            _ if self.last_page == LastPage::Believed || page.listed < CAP_GRAIN => Rest::Nothing,
            _ if self.known.doubted => Rest::Unsaid,
            _ if self.last.is_some() && self.last == self.known.last => Rest::Nothing,
            Some(Ordering::Equal) if self.last_page == LastPage::Counted || !self.may_be_capped(page) => Rest::Nothing,
            _ => Rest::Unsaid,
        }
    }

    /// How many items a full page holds.
    fn full_page(&self) -> u32 {
        self.known.cap.unwrap_or(PAGE)
    }

    /// Whether a total that counts no more than the page may be that of any page.
    fn may_be_capped(&self, page: &Page) -> bool {
        self.offset == 0 && page.listed.is_multiple_of(CAP_GRAIN)
    }

    /// Whether the next page is only to show whether there is one.
    pub fn is_verifying(&self) -> bool {
        self.verifying
    }

    /// What has been learnt of the list's pages.
    pub fn known_pages(&self) -> &KnownPages {
        &self.known
    }

    /// Whether any page was full.
    pub fn has_filled_a_page(&self) -> bool {
        self.widest >= self.full_page()
    }

    /// Whether a page has shown this task.
    pub fn has_shown(&self, id: &str) -> bool {
        self.shown.contains_key(id)
    }

    /// Whether any page has been taken.
    pub fn has_begun(&self) -> bool {
        !self.shown.is_empty()
    }

    /// Takes in a later reading of the list's head, down to where this one began: what is new there has pushed the next
    /// page down.
    pub fn join_head(&mut self, head: Self) {
        let before = self.shown.len();
        self.shown.extend(head.shown);
        self.pushed_down((self.shown.len() - before) as u64);
        self.newest = self.newest.max(head.newest);
        self.known = head.known;
        self.head = head.head.or(self.head);
    }

    /// So many tasks have come before the next page.
    pub fn pushed_down(&mut self, arrivals: u64) {
        if self.has_begun() {
            self.offset = self.offset.saturating_add(u32::try_from(arrivals).unwrap_or(u32::MAX));
        }
    }

    /// Up to which start everything has been shown, but for what the cloud shows `late`: what began after that stood above
    /// the head when it was read.
    pub fn up_to(&self, late: Duration) -> Timestamp {
        self.newest.max(self.head.map(|head| head.at.minus(late))).unwrap_or_default()
    }

    /// The start that was shown last.
    pub fn oldest(&self) -> Option<Timestamp> {
        self.oldest
    }
}

/// How many of a page's last items the next page shows again: all that began when the last one did, unless that is the
/// whole page.
fn overlap(page: &Page) -> u32 {
    let last = page.tasks.last().and_then(|task| task.start);
    let together = page.tasks.iter().rev().take_while(|task| last.is_some() && task.start == last).count();
    // Items that are no tasks may stand among them.
    let no_tasks = usize::try_from(page.listed).unwrap_or(usize::MAX).saturating_sub(page.tasks.len());
    u32::try_from(together.max(1).saturating_add(no_tasks)).ok().filter(|overlap| *overlap < page.listed).unwrap_or(1)
}
