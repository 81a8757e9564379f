//! All connections together: how many there may be, and who gives way when there are more.
//!
//! Turning the newest away would let a few hundred silent connections stop every scrape. So the one that has been
//! silent longest goes: at worst Prometheus finds its idle connection closed, and opens another.

use super::talk::Talk;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long to wait for room before another connection is asked to give way: those that were being answered may be
/// silent by then.
const PATIENCE: Duration = Duration::from_millis(100);

/// The connections there are.
#[derive(Debug)]
pub(super) struct Crowd {
    size: u32,
    room: Arc<Semaphore>,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    next: u64,
    talks: HashMap<u64, Arc<Talk>>,
}

/// A connection's place in the crowd, until it is dropped.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) talk: Arc<Talk>,
    id: u64,
    crowd: Arc<Crowd>,
    _place: OwnedSemaphorePermit,
}

impl Crowd {
    /// Room for `size` connections.
    pub(super) fn new(size: usize) -> Arc<Self> {
        // More than u32 counts, no system can open.
        let size = u32::try_from(size.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX >> 4);
        let room = Arc::new(Semaphore::new(size as usize));
        Arc::new(Self { size, room, members: Mutex::default() })
    }

    /// A place; when there is none, whoever has been silent longest has to give up theirs.
    pub(super) async fn admit(self: &Arc<Self>) -> Option<Member> {
        loop {
            if let Some(member) = self.try_admit() {
                return Some(member);
            }
            self.make_room();
            // Closed it is never.
            if let Ok(place) = timeout(PATIENCE, Arc::clone(&self.room).acquire_owned()).await {
                return Some(self.join(place.ok()?));
            }
        }
    }

    /// A place, if there is one.
    pub(super) fn try_admit(self: &Arc<Self>) -> Option<Member> {
        let place = Arc::clone(&self.room).try_acquire_owned().ok()?;
        Some(self.join(place))
    }

    /// Asks whoever has been silent longest to give way.
    pub(super) fn make_room(&self) {
        let members = self.members();
        let waiting = members.talks.values().filter_map(|talk| Some((talk.waiting_since()?, talk)));
        if let Some((_, talk)) = waiting.min_by_key(|(since, _)| *since) {
            talk.give_way();
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.members().talks.len()
    }

    /// Ends when nobody is left.
    pub(super) async fn empty(&self) {
        let _ = self.room.acquire_many(self.size).await;
    }

    fn join(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Member {
        let talk = Arc::new(Talk::new());
        let mut members = self.members();
        let id = members.next;
        members.next += 1;
        members.talks.insert(id, Arc::clone(&talk));
        Member { talk, id, crowd: Arc::clone(self), _place: place }
    }

    /// No code that holds the lock can panic.
    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crowd.members().talks.remove(&self.id);
    }
}
