//! All that is known of all targets, and how they stand: the one place that refreshes write to and snapshots come from.

use crate::config::Expectation;
use crate::model::{
    AccountStanding, Book, ClockOffset, Ledger, Reading, SeriesLimits, Snapshot, Standing, Target, TaskType, Timestamp,
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Which book: the target's place, and the task type's place with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The target's place on the board.
    pub target: usize,
    /// The task type's place with the target.
    pub scan: usize,
}

/// All books, and their snapshot.
#[derive(Debug)]
pub struct Board {
    window: Duration,
    series: Option<SeriesLimits>,
    state: Mutex<State>,
    snapshot: watch::Sender<Arc<Snapshot>>,
}

#[derive(Debug)]
struct State {
    accounts: Arc<[AccountStanding]>,
    /// By their places; none where a target was taken away.
    shelves: Vec<Option<Shelf>>,
}

/// The books of one target.
#[derive(Debug)]
struct Shelf {
    target: Arc<Target>,
    books: Vec<Book>,
    /// When each of the books was last read well, by a clock that nobody sets.
    read_well: Vec<Option<Instant>>,
    standing: Arc<Standing>,
}

/// A target that gets a place on the board.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The target.
    pub target: Arc<Target>,
    /// Its task types.
    pub types: Vec<TaskType>,
    /// Without a good read for so long, it is not said any more how things stand.
    pub stale_after: Duration,
    /// How often its scans should succeed.
    pub expect: Vec<Expectation>,
}

impl Board {
    /// A board on which nothing has been read yet.
    pub fn new(
        entries: &[Entry],
        window: Duration,
        accounts: Arc<[AccountStanding]>,
        series: Option<SeriesLimits>,
        now: Timestamp,
    ) -> Self {
        let shelves: Vec<_> = entries.iter().map(|entry| Some(Shelf::new(entry, window, series, now))).collect();
        let standings: Vec<_> = shelves.iter().flatten().map(|shelf| Arc::clone(&shelf.standing)).collect();
        let first = Snapshot::of(now, Arc::clone(&accounts), &standings, series);
        let state = Mutex::new(State { accounts, shelves });
        Self { window, series, state, snapshot: watch::Sender::new(Arc::new(first)) }
    }

    /// The snapshots, as they come.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.subscribe()
    }

    /// Gives a target a place. Nobody sees it before something is published.
    pub fn insert(&self, entry: &Entry, now: Timestamp) -> usize {
        let shelf = Some(Shelf::new(entry, self.window, self.series, now));
        let mut state = self.state();
        match state.shelves.iter_mut().enumerate().find(|(_, shelf)| shelf.is_none()) {
            Some((place, free)) => {
                *free = shelf;
                place
            }
            None => {
                state.shelves.push(shelf);
                state.shelves.len() - 1
            }
        }
    }

    /// Takes a target away, with its books; its place may become another's. Seen by all when something is published.
    pub fn remove(&self, target: usize) {
        if let Some(shelf) = self.state().shelves.get_mut(target) {
            *shelf = None;
        }
    }

    /// Lets `change` write into a book, if there is one. Nobody sees it before it is published.
    pub fn write<T>(&self, place: Place, change: impl FnOnce(&mut Book) -> T) -> Option<T> {
        let mut state = self.state();
        state.shelves.get_mut(place.target)?.as_mut().and_then(|shelf| shelf.books.get_mut(place.scan)).map(change)
    }

    /// Takes note that a book was read well at `now`. Nobody sees it before it is published.
    pub fn read_well(&self, place: Place, now: Timestamp) {
        let mut state = self.state();
        let Some(Some(shelf)) = state.shelves.get_mut(place.target) else { return };
        if let (Some(book), Some(read)) = (shelf.books.get_mut(place.scan), shelf.read_well.get_mut(place.scan)) {
            (book.reading.last_success, book.reading.withdrawn) = (Some(now), false);
            *read = Some(Instant::now());
        }
    }

    /// Lets `change` write into several books at once, in the order of their targets; at most one of a target.
    pub fn write_all<T>(&self, places: &[Place], change: impl FnOnce(&mut [&mut Book]) -> T) -> T {
        let mut state = self.state();
        let shelves = state.shelves.iter_mut().enumerate();
        let mut books: Vec<&mut Book> = shelves
            .filter_map(|(target, shelf)| {
                let place = places.iter().find(|place| place.target == target)?;
                shelf.as_mut()?.books.get_mut(place.scan)
            })
            .collect();
        change(&mut books)
    }

    /// Lets `change` write what an account is held to. Nobody sees it before something is published.
    pub fn account(&self, name: &str, change: impl FnOnce(&mut AccountStanding)) {
        let mut state = self.state();
        let mut accounts = state.accounts.to_vec();
        if let Some(account) = accounts.iter_mut().find(|account| &*account.name == name) {
            change(account);
        }
        if accounts != *state.accounts {
            state.accounts = accounts.into();
        }
    }

    /// Publishes how these targets stand at `now`.
    pub fn publish(&self, targets: impl IntoIterator<Item = usize>, now: Timestamp) {
        let mut state = self.state();
        for target in targets {
            if let Some(Some(shelf)) = state.shelves.get_mut(target) {
                shelf.stand(self.series, now);
            }
        }
        self.send(&state, now);
    }

    /// Publishes what has changed by the passing of time alone, if anything has.
    pub fn publish_passing_of_time(&self, now: Timestamp) {
        let mut state = self.state();
        let mut changed = false;
        let moment = Instant::now();
        let has_changed = |shelf: &&mut Shelf| {
            shelf.standing.until.is_some_and(|until| until <= now)
                || shelf.stale_at().is_some_and(|stale| stale <= moment)
        };
        for shelf in state.shelves.iter_mut().flatten().filter(has_changed) {
            shelf.stand(self.series, now);
            changed = true;
        }
        if changed {
            self.send(&state, now);
        }
    }

    /// When live values are to be withdrawn next, by a clock that nobody sets: for when ours is set back.
    pub fn stale_at(&self) -> Option<Instant> {
        self.state().shelves.iter().flatten().filter_map(Shelf::stale_at).min()
    }

    fn send(&self, state: &State, now: Timestamp) {
        let standings: Vec<_> = state.shelves.iter().flatten().map(|shelf| Arc::clone(&shelf.standing)).collect();
        self.snapshot.send_replace(Arc::new(Snapshot::of(now, Arc::clone(&state.accounts), &standings, self.series)));
    }

    /// A panic elsewhere does not make what is known untrue.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn new(entry: &Entry, window: Duration, series: Option<SeriesLimits>, now: Timestamp) -> Self {
        let book = |task_type: &TaskType| Book {
            task_type: *task_type,
            ledger: Ledger::new(window),
            reading: Reading::default(),
            stale_after: entry.stale_after,
            expected: entry
                .expect
                .iter()
                .filter(|expectation| expectation.task_type == *task_type)
                .map(|expectation| (expectation.trigger, expectation.every))
                .collect(),
            cloud_ahead: ClockOffset::Ahead(Duration::ZERO),
        };
        let books: Vec<Book> = entry.types.iter().map(book).collect();
        let standing = Arc::new(Standing::of(&entry.target, &books, series, now));
        let read_well = vec![None; books.len()];
        Self { target: Arc::clone(&entry.target), books, read_well, standing }
    }

    /// When each of its books becomes stale that is not yet withdrawn.
    fn stale_at(&self) -> Option<Instant> {
        let books = self.books.iter().zip(&self.read_well).filter(|(book, _)| !book.reading.withdrawn);
        books.filter_map(|(book, read)| read.as_ref()?.checked_add(book.stale_after)).min()
    }

    /// What is stale by our clock, or by the one that nobody sets, is withdrawn, and stays so until it is read well again.
    fn stand(&mut self, series: Option<SeriesLimits>, now: Timestamp) {
        for (book, read) in self.books.iter_mut().zip(&self.read_well) {
            let stale = book.reading.last_success.is_some_and(|last| last.plus(book.stale_after) <= now);
            let stale_in_truth = read.is_some_and(|read| read.elapsed() >= book.stale_after);
            book.reading.withdrawn |= stale || stale_in_truth;
        }
        self.standing = Arc::new(Standing::of(&self.target, &self.books, series, now));
    }
}
