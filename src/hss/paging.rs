//! How the pages of one list follow one another while the list moves underneath.
//!
//! New arrivals push items down: the next page shows some again. Deletions and retries pull items up: without care, one
//! would be skipped. So each page starts one item early and must show something that the pages before it showed; if it
//! does not, the page above it is read again. Tasks that began in the same moment stand in no order, which may be another
//! one for each page: those that end a page are read again with the next one, where they stand together.

use super::query::{List, PAGE, Query};
use super::wire::Page;
use crate::model::{CloudTime, Task, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The greatest offset that the API takes.
const LAST_OFFSET: u32 = 2_000_000;

/// How many pages in a row may have to be read again.
const MAX_REREADS: u8 = 8;

/// How many pages in a row may show nothing new, when arrivals push the list down faster than it is read.
const MAX_STALE: u8 = 10;

/// A list that is being read, page by page.
#[derive(Clone, Debug)]
pub struct Paging {
    list: List,
    offset: u32,
    /// With the start that each was shown with: that is its place in the list.
    shown: HashMap<Arc<str>, Option<Timestamp>>,
    /// When the cloud answered the list's head, and the newest start that was shown.
    head: Option<CloudTime>,
    newest: Option<Timestamp>,
    oldest: Option<Timestamp>,
    rereads: u8,
    stale: u8,
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
    /// The pages do not fit together.
    Lost,
}

impl Paging {
    /// A list that is to be read from its head.
    pub fn new(list: List) -> Self {
        Self { list, offset: 0, shown: HashMap::new(), head: None, newest: None, oldest: None, rereads: 0, stale: 0 }
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
            return if self.rereads > MAX_REREADS { Turned::Lost } else { Turned::Gap };
        }
        self.rereads = 0;
        if self.offset == 0 {
            self.head = Some(page.time());
        }
        self.head = self.head.map(|head| head.on(page.base));
        let before = self.shown.len();
        for task in &page.tasks {
            self.shown.insert(Arc::clone(&task.id), task.start);
            self.newest = self.newest.max(task.start);
            self.oldest = task.start.or(self.oldest);
        }
        let news = self.shown.len() > before;
        self.stale = if news { 0 } else { self.stale + 1 };
        let covered = self.offset.saturating_add(page.listed);
        let total_reached = page.total.is_none_or(|total| u64::from(covered) >= total);
        // A full page is not believed to be the last one, whatever the total says; a short one is, unless the total
        // promises more and there was something new.
        if page.listed < PAGE && (total_reached || !news) {
            return Turned::End;
        }
        self.offset = covered.saturating_sub(overlap(page));
        if self.stale > MAX_STALE || self.offset > LAST_OFFSET { Turned::Lost } else { Turned::More }
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
