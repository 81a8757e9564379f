//! The permits of one API at one endpoint: a state machine without a clock and without dice.
//!
//! The *level* is how many attempts any 61 seconds may hold now. It stands at what is configured, until the cloud refuses a
//! request because there were too many: then it is halved, nobody sends for a while, and after that it grows again, by a
//! tenth of what is configured a minute.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::time::Instant;

/// The vendor's minute, and a second for the difference between its clock and ours.
pub(super) const WINDOW: Duration = Duration::from_secs(61);

/// A permit in the units of the level. With so many, a tenth of `n` permits a minute is `n` units a millisecond: whole
/// numbers all the way.
const PERMIT: u64 = 600_000;

/// The first pause where the cloud does not say how long; it doubles from cut to cut.
const PAUSE: Duration = Duration::from_secs(5);

/// No pause is longer, whatever the cloud says.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The permits of one API at one endpoint.
#[derive(Debug)]
pub(super) struct Permits {
    limit: NonZeroU32,
    /// In units, at the end of the last pause.
    level: u64,
    /// The end of the last pause, from which on the level grows.
    resume: Option<Instant>,
    /// The next pause, where the cloud does not say how long.
    pause: Duration,
    /// How often the level has been halved.
    cuts: u64,
    /// Attempts that run.
    out: usize,
    /// When attempts ended, oldest first, no longer ago than the window.
    ended: VecDeque<Instant>,
}

/// What a permit is to be had for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is taken.
    Taken(Ticket),
    /// There may be one at this moment: one comes back, or the level has grown.
    At(Instant),
    /// One comes back a window after an attempt that still runs.
    AfterAnEnd,
    /// Nobody sends before this moment.
    Paused(Instant),
}

/// What a permit knows: how often the level had been halved when it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    cuts: u64,
}

/// How an attempt ended, as far as the budget is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// With a good answer.
    Good,
    /// There were too many requests. `asked` is how long the cloud wants us to wait, `dice` lies between 0 and 1.
    Throttled { asked: Option<Duration>, dice: f64 },
    /// Otherwise: it says nothing of the budget.
    Other,
}

impl Permits {
    pub(super) const fn new(limit: NonZeroU32) -> Self {
        Self { limit, level: full(limit), resume: None, pause: PAUSE, cuts: 0, out: 0, ended: VecDeque::new() }
    }

    /// How many attempts the 61 seconds that end at `now` may hold.
    pub(super) fn allowed(&self, now: Instant) -> u32 {
        u32::try_from(self.level(now) / PERMIT).unwrap_or(u32::MAX)
    }

    /// Until when nobody sends, if it is so.
    pub(super) fn paused(&self, now: Instant) -> Option<Instant> {
        self.resume.filter(|resume| now < *resume)
    }

    /// Takes a permit, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> Turn {
        while self.ended.front().is_some_and(|ended| *ended + WINDOW <= now) {
            self.ended.pop_front();
        }
        if let Some(resume) = self.paused(now) {
            return Turn::Paused(resume);
        }
        if self.out + self.ended.len() < self.allowed(now) as usize {
            self.out += 1;
            return Turn::Taken(Ticket { cuts: self.cuts });
        }
        let returns = self.ended.front().map(|ended| *ended + WINDOW);
        returns.into_iter().chain(self.rises(now)).min().map_or(Turn::AfterAnEnd, Turn::At)
    }

    /// An attempt has ended, and its permit comes back a window later.
    pub(super) fn end(&mut self, now: Instant, ticket: Ticket, end: End) {
        self.out = self.out.saturating_sub(1);
        self.ended.push_back(now);
        match end {
            End::Good if ticket.cuts == self.cuts => self.pause = PAUSE,
            End::Good | End::Other => {}
            End::Throttled { asked, dice } => self.throttled(now, ticket, asked, dice),
        }
    }

    /// A burst of such answers, to requests that were sent before the first of them came, halves the level once.
    fn throttled(&mut self, now: Instant, ticket: Ticket, asked: Option<Duration>, dice: f64) {
        let level = self.level(now);
        let news = ticket.cuts == self.cuts;
        let own = news.then(|| self.pause.mul_f64(0.5 + dice.clamp(0.0, 1.0) / 2.0));
        if news {
            self.cuts += 1;
            self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
        let Some(pause) = asked.or(own) else { return };
        self.level = if news { (level / 2).max(PERMIT) } else { level };
        let resume = now + pause.min(LONGEST_PAUSE);
        self.resume = Some(self.resume.map_or(resume, |before| before.max(resume)));
    }

    fn level(&self, now: Instant) -> u64 {
        let Some(resume) = self.resume else { return self.level };
        let milliseconds = u64::try_from(now.saturating_duration_since(resume).as_millis()).unwrap_or(u64::MAX);
        let grown = milliseconds.saturating_mul(u64::from(self.limit.get()));
        self.level.saturating_add(grown).min(full(self.limit))
    }

    /// When the level will allow one attempt more, if it grows.
    fn rises(&self, now: Instant) -> Option<Instant> {
        let next = (u64::from(self.allowed(now)) + 1) * PERMIT;
        let missing = next.saturating_sub(self.level).div_ceil(u64::from(self.limit.get()));
        self.resume.filter(|_| next <= full(self.limit)).map(|resume| resume + Duration::from_millis(missing))
    }
}

/// What is configured, in units.
const fn full(limit: NonZeroU32) -> u64 {
    limit.get() as u64 * PERMIT
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    fn permits(limit: u32) -> Permits {
        Permits::new(NonZeroU32::new(limit).unwrap())
    }

    fn throttled(asked: Option<u64>) -> End {
        End::Throttled { asked: asked.map(Duration::from_secs), dice: 1.0 }
    }

    #[track_caller]
    fn take(permits: &mut Permits, now: Instant) -> Ticket {
        match permits.take(now) {
            Turn::Taken(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_permit_comes_back_a_window_after_the_end_of_its_attempt() {
        let start = Instant::now();
        let mut permits = permits(2);
        let ticket = take(&mut permits, start);
        take(&mut permits, start);
        assert_eq!(permits.take(start), Turn::AfterAnEnd);
        permits.end(start + 5 * SECOND, ticket, End::Good);
        assert_eq!(permits.take(start + 62 * SECOND), Turn::At(start + 66 * SECOND));
        take(&mut permits, start + 66 * SECOND);
        assert_eq!(permits.take(start + 66 * SECOND), Turn::AfterAnEnd);
    }

    #[test]
    fn a_refusal_halves_the_level_and_it_recovers_by_a_tenth_a_minute_from_the_end_of_the_pause() {
        let start = Instant::now();
        let mut permits = permits(10);
        let ticket = take(&mut permits, start);
        permits.end(start, ticket, throttled(Some(30)));
        let resume = start + 30 * SECOND;
        assert_eq!(permits.take(start + 29 * SECOND), Turn::Paused(resume));
        assert_eq!(permits.allowed(resume), 5);
        let almost = Duration::from_millis(59_999);
        assert_eq!([almost, MINUTE, 3 * MINUTE].map(|later| permits.allowed(resume + later)), [5, 6, 8]);
        assert_eq!([5, 600].map(|minutes| permits.allowed(resume + minutes * MINUTE)), [10, 10], "and no further");
    }

    #[test]
    fn whoever_waits_is_told_of_the_moment_at_which_the_level_has_grown() {
        let start = Instant::now();
        let mut permits = permits(10);
        let ticket = take(&mut permits, start);
        permits.end(start, ticket, throttled(Some(0)));
        // One has ended, and four run: that is all that half of ten allows.
        for _ in 0..4 {
            take(&mut permits, start);
        }
        assert_eq!(permits.take(start), Turn::At(start + MINUTE));
        take(&mut permits, start + MINUTE);
        assert_eq!(permits.take(start + MINUTE), Turn::At(start + WINDOW), "what comes back sooner is waited for");
    }

    #[test]
    fn a_burst_of_refusals_halves_the_level_once_and_the_longest_pause_holds() {
        let start = Instant::now();
        let mut permits = permits(8);
        let tickets: Vec<_> = (0..4).map(|_| take(&mut permits, start)).collect();
        for (ticket, asked) in tickets.into_iter().zip([None, None, Some(40), Some(10)]) {
            permits.end(start, ticket, throttled(asked));
        }
        assert_eq!(permits.paused(start), Some(start + 40 * SECOND));
        assert_eq!(permits.allowed(start + 40 * SECOND), 4);
    }

    #[test]
    fn at_least_one_a_minute_is_allowed() {
        let mut now = Instant::now();
        let mut permits = permits(5);
        for level in [2, 1, 1, 1] {
            let ticket = take(&mut permits, now);
            permits.end(now, ticket, throttled(Some(0)));
            assert_eq!(permits.allowed(now), level);
            now += if level == 1 { WINDOW } else { Duration::ZERO };
        }
    }

    #[test]
    fn pauses_of_our_own_double_up_to_an_hour_until_a_request_succeeds() {
        let mut now = Instant::now();
        let mut permits = permits(5);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let ticket = take(&mut permits, now);
            permits.end(now, ticket, throttled(None));
            let resume = permits.paused(now).unwrap();
            pauses.push((resume - now).as_secs());
            now = resume + WINDOW;
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
        let late = take(&mut permits, now);
        permits.end(now, late, End::Good);
        now += WINDOW;
        let ticket = take(&mut permits, now);
        permits.end(now, ticket, End::Throttled { asked: None, dice: 0.0 });
        assert_eq!(permits.paused(now), Some(now + Duration::from_millis(2500)), "the dice shorten it by half at most");
    }

    #[test]
    fn a_good_answer_to_a_request_from_before_the_cut_does_not_end_the_doubling() {
        let start = Instant::now();
        let mut permits = permits(5);
        let (first, second) = (take(&mut permits, start), take(&mut permits, start));
        permits.end(start, first, throttled(None));
        permits.end(start, second, End::Good);
        let later = start + MINUTE + WINDOW;
        let ticket = take(&mut permits, later);
        permits.end(later, ticket, throttled(None));
        assert_eq!(permits.paused(later), Some(later + 10 * SECOND));
    }

    #[test]
    fn no_pause_is_longer_than_an_hour() {
        let start = Instant::now();
        let mut permits = permits(5);
        let ticket = take(&mut permits, start);
        permits.end(start, ticket, throttled(Some(86_400)));
        assert_eq!(permits.paused(start), Some(start + Duration::from_secs(3600)));
    }
}
