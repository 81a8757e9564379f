//! The request budget: exactly so many attempts in any 61 seconds, whoever asks, in the order of asking.
//!
//! The vendor counts requests a minute per user and per source address, so accounts on one endpoint share a budget. A
//! permit comes back 61 seconds after its attempt *ended*: a token bucket lets nine through in the first minute of "five
//! a minute", and counting from the start would be early by the time that a connection and an answer take.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The vendor's minute, and a second for the difference between its clock and ours.
pub(super) const WINDOW: Duration = Duration::from_secs(61);

/// The permits of one API at one endpoint: a state machine without a clock.
#[derive(Debug)]
struct Permits {
    limit: usize,
    /// Attempts that run.
    out: usize,
    /// When attempts ended, oldest first, no longer ago than the window. With those that run, at most `limit`.
    ended: VecDeque<Instant>,
}

/// What a permit is to be had for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// It is taken.
    Taken,
    /// One comes back at this moment.
    At(Instant),
    /// One comes back a window after an attempt that still runs.
    AfterAnEnd,
}

impl Permits {
    const fn new(limit: NonZeroU32) -> Self {
        Self { limit: limit.get() as usize, out: 0, ended: VecDeque::new() }
    }

    /// Takes a permit, if there is one.
    fn take(&mut self, now: Instant) -> Turn {
        while self.ended.front().is_some_and(|ended| *ended + WINDOW <= now) {
            self.ended.pop_front();
        }
        if self.out + self.ended.len() < self.limit {
            self.out += 1;
            return Turn::Taken;
        }
        self.ended.front().map_or(Turn::AfterAnEnd, |ended| Turn::At(*ended + WINDOW))
    }

    /// An attempt has ended.
    fn end(&mut self, now: Instant) {
        self.out = self.out.saturating_sub(1);
        self.ended.push_back(now);
    }
}

/// A budget that can be waited for. First come, first served.
#[derive(Debug)]
pub(super) struct Budget {
    permits: Mutex<Permits>,
    /// Held by whoever is next. It serves in the order of asking, and forgets those who no longer wait.
    queue: tokio::sync::Mutex<()>,
    ended: Notify,
}

impl Budget {
    pub(super) fn new(limit: NonZeroU32) -> Self {
        Self { permits: Mutex::new(Permits::new(limit)), queue: tokio::sync::Mutex::new(()), ended: Notify::new() }
    }

    /// Waits for a permit, and says for how long: not at all, if one was free. It belongs to one attempt and is to be
    /// dropped at its end, whatever the end is.
    pub(super) async fn permit(self: &Arc<Self>) -> (Permit, Duration) {
        let asked = Instant::now();
        let mut waited = Duration::ZERO;
        let _next = match self.queue.try_lock() {
            Ok(next) => next,
            Err(_) => {
                let next = self.queue.lock().await;
                waited = asked.elapsed();
                next
            }
        };
        loop {
            let turn = self.permits().take(Instant::now());
            match turn {
                Turn::Taken => return (Permit(Arc::clone(self)), waited),
                Turn::At(moment) => tokio::time::sleep_until(moment).await,
                Turn::AfterAnEnd => self.ended.notified().await,
            }
            waited = asked.elapsed();
        }
    }

    fn permits(&self) -> MutexGuard<'_, Permits> {
        // Nothing can panic while it is held.
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one attempt.
#[derive(Debug)]
pub(super) struct Permit(Arc<Budget>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.permits().end(Instant::now());
        // Only the head of the queue waits for this; if there is none, the next one finds the note and looks once more.
        self.0.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(limit: u32) -> Arc<Budget> {
        Arc::new(Budget::new(NonZeroU32::new(limit).unwrap()))
    }

    #[test]
    fn a_permit_comes_back_a_window_after_the_end_of_its_attempt() {
        let start = Instant::now();
        let mut permits = Permits::new(NonZeroU32::new(2).unwrap());
        assert_eq!(permits.take(start), Turn::Taken);
        assert_eq!(permits.take(start), Turn::Taken);
        assert_eq!(permits.take(start), Turn::AfterAnEnd);
        permits.end(start + 5 * SECOND);
        assert_eq!(permits.take(start + 62 * SECOND), Turn::At(start + 66 * SECOND));
        assert_eq!(permits.take(start + 66 * SECOND), Turn::Taken);
        assert_eq!(permits.take(start + 66 * SECOND), Turn::AfterAnEnd);
    }

    #[tokio::test(start_paused = true)]
    async fn the_sixth_of_five_waits_a_window() {
        let budget = budget(5);
        let start = Instant::now();
        for _ in 0..5 {
            assert_eq!(budget.permit().await.1, Duration::ZERO);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        let (_, waited) = budget.permit().await;
        assert_eq!(waited, start.elapsed());
        // Tokio's timers are exact to the millisecond, never early.
        assert!(start.elapsed() >= WINDOW && start.elapsed() < WINDOW + SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_that_was_given_up_has_used_its_permit() {
        let budget = budget(1);
        let start = Instant::now();
        let attempt = async {
            let _permit = budget.permit().await;
            std::future::pending::<()>().await;
        };
        assert!(tokio::time::timeout(10 * SECOND, attempt).await.is_err());
        let _next = budget.permit().await;
        assert!(start.elapsed() >= WINDOW + 10 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn who_no_longer_waits_does_not_hold_up_the_others() {
        let budget = budget(1);
        let first = budget.permit().await;
        let gone = tokio::time::timeout(SECOND, budget.permit()).await;
        assert!(gone.is_err());
        let end = Instant::now();
        drop(first);
        let _second = budget.permit().await;
        assert!(end.elapsed() >= WINDOW && end.elapsed() < WINDOW + SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn permits_are_given_in_the_order_of_asking() {
        let budget = budget(2);
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..7 {
            let (budget, order) = (Arc::clone(&budget), Arc::clone(&order));
            tasks.spawn(async move {
                let asked = Instant::now();
                let (permit, waited) = budget.permit().await;
                assert_eq!(waited, asked.elapsed(), "the time in the queue is part of the wait");
                order.lock().unwrap().push(number);
                tokio::time::sleep(SECOND).await;
                drop(permit);
            });
            tokio::task::yield_now().await;
        }
        tasks.join_all().await;
        assert_eq!(*order.lock().unwrap(), (0..7).collect::<Vec<_>>());
    }

    /// Whoever asks, holds for a while, and may give up waiting.
    #[derive(Clone, Debug)]
    struct Asker {
        at: u64,
        holds: u64,
        gives_up_after: Option<u64>,
    }

    fn askers() -> impl Strategy<Value = Vec<Asker>> {
        let asker = (0..200_000_u64, 0..40_000_u64, prop::option::weighted(0.2, 0..90_000_u64));
        prop::collection::vec(asker.prop_map(|(at, holds, gives_up_after)| Asker { at, holds, gives_up_after }), 1..40)
    }

    /// Start and end of each attempt that `askers` get to make.
    async fn run(limit: u32, askers: Vec<Asker>) -> Vec<(Instant, Instant)> {
        let budget = budget(limit);
        let mut tasks = tokio::task::JoinSet::new();
        for Asker { at, holds, gives_up_after } in askers {
            let budget = Arc::clone(&budget);
            tasks.spawn(async move {
                tokio::time::sleep(Duration::from_millis(at)).await;
                let patience = Duration::from_millis(gives_up_after.unwrap_or(u64::from(u32::MAX)));
                let permit = tokio::time::timeout(patience, budget.permit()).await.ok()?;
                let start = Instant::now();
                tokio::time::sleep(Duration::from_millis(holds)).await;
                let end = Instant::now();
                drop(permit);
                Some((start, end))
            });
        }
        tasks.join_all().await.into_iter().flatten().collect()
    }

    /// The most moments that any window holds.
    fn most_in_a_window(mut moments: Vec<Instant>) -> usize {
        moments.sort();
        let windows = moments.iter().enumerate();
        windows.map(|(i, from)| moments[i..].iter().take_while(|to| **to < *from + WINDOW).count()).max().unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_window_holds_more_attempts_than_the_budget(limit in 1..8_u32, askers in askers()) {
            let patient = askers.iter().filter(|asker| asker.gives_up_after.is_none()).count();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            let attempts = runtime.unwrap().block_on(run(limit, askers));
            prop_assert!(attempts.len() >= patient, "whoever waits gets a turn");
            // The server sees a request somewhere between its start and its end: hold the latest of one against the
            // earliest of the other, too.
            let starts: Vec<_> = attempts.iter().map(|(start, _)| *start).collect();
            let ends: Vec<_> = attempts.iter().map(|(_, end)| *end).collect();
            prop_assert!(most_in_a_window(starts.clone()) <= limit as usize);
            prop_assert!(most_in_a_window(ends.clone()) <= limit as usize);
            for (i, start) in starts.iter().enumerate() {
                let others = attempts.iter().enumerate().filter(|(j, (from, to))| {
                    *j != i && *from <= *start && *start < *to + WINDOW
                });
                prop_assert!(others.count() < limit as usize);
            }
        }
    }
}
