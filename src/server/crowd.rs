//! All connections together: how many there may be, and which one gives way when there are more.
//!
//! A new connection is never refused and waits for no time-out, because hundreds of hostile connections would then stop
//! every scrape. Another connection gives way at once, the first of these:
//!
//! 1. one whose client has taken no byte of its answer for [`STALLED`];
//! 2. one of the network that holds the most connections. So no network has more than its share once the server is full,
//!    and every connection may come from one proxy while it is not;
//! 3. the one that has stood still for longest. At worst Prometheus finds its idle connection closed, and opens another.

use super::talk::{Still, Talk};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// How long a connection that was asked to give way may take to end, before another one is asked.
const PATIENCE: Duration = Duration::from_millis(100);

/// A client that has taken no byte of its answer for so long does not read: a lost packet is sent again within a second.
const STALLED: Duration = Duration::from_secs(5);

/// The part of an IPv6 address that names a network. The rest is for its owner to choose, a new one for each connection.
const IPV6_NETWORK: u128 = u128::MAX << 64;

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
    talks: HashMap<u64, (IpAddr, Arc<Talk>)>,
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

    /// A place for a connection from `address`; when there is none, another connection has to give up its own.
    pub(super) async fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Member> {
        loop {
            if let Some(member) = self.try_admit(address) {
                return Some(member);
            }
            self.make_room();
            // Closed it is never.
            if let Ok(place) = timeout(PATIENCE, Arc::clone(&self.room).acquire_owned()).await {
                return Some(self.join(address, place.ok()?));
            }
        }
    }

    /// A place, if there is one.
    pub(super) fn try_admit(self: &Arc<Self>, address: IpAddr) -> Option<Member> {
        let place = Arc::clone(&self.room).try_acquire_owned().ok()?;
        Some(self.join(address, place))
    }

    /// Asks one connection to give way.
    pub(super) fn make_room(&self) {
        let (members, now) = (self.members(), Instant::now());
        let mut networks: HashMap<IpAddr, usize> = HashMap::new();
        for (network, _) in members.talks.values() {
            *networks.entry(*network).or_default() += 1;
        }
        let candidates = members.talks.values().filter_map(|(network, talk)| {
            let Still { since, answering } = talk.still()?;
            let still = now.saturating_duration_since(since);
            Some(((answering && still >= STALLED, networks.get(network), still), talk))
        });
        if let Some((_, talk)) = candidates.max_by(|(a, _), (b, _)| a.cmp(b)) {
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

    fn join(self: &Arc<Self>, address: IpAddr, place: OwnedSemaphorePermit) -> Member {
        let talk = Arc::new(Talk::new());
        let mut members = self.members();
        let id = members.next;
        members.next += 1;
        members.talks.insert(id, (network(address), Arc::clone(&talk)));
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

/// What counts as one client: an IPv4 address, also where it comes over an IPv6 socket, or an IPv6 network.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::super::talk::Phase;
    use super::*;
    use std::slice;
    use tokio::time::advance;

    const SECOND: Duration = Duration::from_secs(1);

    /// Connections that came from these addresses, a second apart.
    async fn connected(addresses: &[&str]) -> (Arc<Crowd>, Vec<Member>) {
        let crowd = Crowd::new(addresses.len());
        let mut members = Vec::new();
        for address in addresses {
            members.push(crowd.try_admit(address.parse().unwrap()).unwrap());
            advance(SECOND).await;
        }
        (crowd, members)
    }

    #[track_caller]
    fn check_order(crowd: &Crowd, members: &[Member], expected: &[usize]) {
        let waiting = |member: &Member| member.talk.still().is_some();
        let mut order = Vec::new();
        for _ in expected {
            let before: Vec<bool> = members.iter().map(waiting).collect();
            crowd.make_room();
            order.extend((0..members.len()).filter(|&n| before[n] && !waiting(&members[n])));
        }
        assert_eq!(order, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_gives_way_before_one_that_is_silent() {
        let (crowd, members) = connected(&["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"]).await;
        members[2].talk.enter(Phase::Answering);
        members[2].talk.enter(Phase::Sending);
        members[3].talk.enter(Phase::Answering);
        members[3].talk.enter(Phase::Sending);
        advance(STALLED - SECOND).await;
        members[3].talk.taken();
        advance(SECOND).await;
        check_order(&crowd, &members, &[2, 0, 1, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_network_that_holds_the_most_connections_gives_way() {
        let (crowd, members) = connected(&["192.0.2.1", "192.0.2.2", "192.0.2.2", "::ffff:192.0.2.2"]).await;
        check_order(&crowd, &members, &[1, 2, 3, 0]);
        let (crowd, members) = connected(&["2001:db8:0:1::1", "2001:db8::1", "2001:db8::2", "2001:db8::3"]).await;
        check_order(&crowd, &members, &[1, 2, 3, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_being_answered_gives_way_last() {
        let (crowd, members) = connected(&["192.0.2.1", "192.0.2.1", "192.0.2.1"]).await;
        members[0].talk.enter(Phase::Answering);
        check_order(&crowd, &members, &[1, 2, 0]);
        check_order(&crowd, slice::from_ref(&members[0]), &[]);
    }
}
