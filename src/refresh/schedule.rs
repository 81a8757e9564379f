//! Whose turn it is: pure.
//!
//! The scope whose last attempt lies furthest back, measured by its interval, goes first. By its last success, a failing
//! one would starve the others. History is read while no head is due; where the budget does not suffice for the heads,
//! one always is, and history gets every fourth turn. Whoever has nothing else to do reads the window again; what should
//! have been read again for an hour counts as history.
//!
//! At the start all are read as soon as can be. Each scope has a moment in the interval of its own, and its second refresh
//! comes early, at that moment: from then on they do not all fall due together.

use super::plan::Part;
use std::time::Duration;

/// For so long the second reading of the window waits until there is nothing else to do.
const PATIENCE: Duration = Duration::from_secs(3600);

/// So many heads in a row at most, while history waits. Those that were never tried do not count.
const HEADS_IN_A_ROW: u32 = 3;

/// What the schedule knows of a scope. Moments are counted from the start of the process.
#[derive(Clone, Copy, Debug)]
pub struct Clockwork {
    /// Whether it is read from its own head; if not, another list shows it.
    pub heads: bool,
    /// How often it is to be refreshed.
    pub interval: Duration,
    /// When its last refresh began.
    pub last_attempt: Option<Duration>,
    /// How much earlier than an interval after that the next one comes, to come at a moment of its own.
    pub early: Duration,
    /// When it last had a turn of any kind.
    pub last_turn: Option<Duration>,
    /// Whether it has history left to read, and its last turn went well.
    pub history: bool,
    /// When the next page of the window is to be read again, if it is to be.
    pub reconcile_at: Option<Duration>,
    /// Whether it has its turn at this moment.
    pub busy: bool,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This scope's turn.
    Turn(usize, Part),
    /// Nobody's, until this moment.
    Wait(Duration),
    /// Nobody's, before a turn ends.
    Busy,
}

/// Whose turn it is at `now`, after so many heads in a row.
pub fn next(scopes: &[Clockwork], now: Duration, heads_in_a_row: u32) -> Next {
    let free = || scopes.iter().enumerate().filter(|(_, scope)| !scope.busy);
    let late = free().filter(|(_, scope)| scope.heads && scope.due() <= now);
    // Of those that were never tried, the first; of the others, the latest by its own measure.
    let first = late.min_by(|(_, a), (_, b)| b.lateness(now).total_cmp(&a.lateness(now)));
    let history = free().filter_map(|(index, scope)| Some((index, scope.history(now)?, scope.last_turn)));
    let history = history.min_by_key(|(_, _, last_turn)| *last_turn);
    match (first, history) {
        (Some((_, head)), Some((index, part, _)))
            if heads_in_a_row >= HEADS_IN_A_ROW && head.last_attempt.is_some() =>
        {
            return Next::Turn(index, part);
        }
        (Some((index, _)), _) => return Next::Turn(index, Part::Refresh),
        (None, Some((index, part, _))) => return Next::Turn(index, part),
        (None, None) => {}
    }
    let again = free().filter_map(|(index, scope)| Some((scope.reconcile_at?, index)));
    match again.min() {
        Some((at, index)) if at <= now => Next::Turn(index, Part::Reconcile),
        again => {
            let due = free().filter(|(_, scope)| scope.heads).map(|(_, scope)| scope.due()).min();
            due.into_iter().chain(again.map(|(at, _)| at)).min().map_or(Next::Busy, Next::Wait)
        }
    }
}

impl Clockwork {
    /// What is to be refreshed so often, and never was.
    pub fn new(interval: Duration) -> Self {
        Self {
            heads: true,
            interval,
            last_attempt: None,
            early: Duration::ZERO,
            last_turn: None,
            history: false,
            reconcile_at: None,
            busy: false,
        }
    }

    /// Its refresh begins at `now`; it is the scope with this number, of so many.
    pub fn begin(&mut self, now: Duration, number: usize, of: usize) {
        let early = early(now, self.interval, number, of);
        // Who was kept waiting for long does not hurry because of that.
        let comes_early = self.last_attempt.is_none() || early <= self.interval / 2;
        self.early = if comes_early { early } else { Duration::ZERO };
        self.last_attempt = Some(now);
    }

    /// What is left to read that must not wait for ever.
    fn history(&self, now: Duration) -> Option<Part> {
        let overdue = self.reconcile_at.is_some_and(|at| at.saturating_add(PATIENCE) <= now);
        match (self.history, overdue) {
            (true, _) => Some(Part::History),
            (false, true) => Some(Part::Reconcile),
            (false, false) => None,
        }
    }

    fn due(&self) -> Duration {
        self.last_attempt.map_or(Duration::ZERO, |last| last.saturating_add(self.interval).saturating_sub(self.early))
    }

    /// How many intervals have passed since the last attempt.
    fn lateness(&self, now: Duration) -> f64 {
        let interval = self.interval.as_secs_f64().max(f64::MIN_POSITIVE);
        self.last_attempt.map_or(f64::INFINITY, |last| now.saturating_sub(last).as_secs_f64() / interval)
    }
}

/// How long before `first + interval` a moment comes that is this scope's own: its number of so many parts of the interval
/// after the process began, or whole intervals later.
fn early(first: Duration, interval: Duration, number: usize, of: usize) -> Duration {
    let (interval, first) = (interval.as_nanos().max(1), first.as_nanos());
    let own = interval * number as u128 / of.max(1) as u128 % interval;
    let early = (first % interval + interval - own) % interval;
    Duration::from_nanos(u64::try_from(early).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(last_attempt: Option<u64>) -> Clockwork {
        let last_attempt = last_attempt.map(Duration::from_secs);
        Clockwork { last_attempt, last_turn: last_attempt, ..Clockwork::new(Duration::from_secs(10)) }
    }

    #[track_caller]
    fn check(scopes: &[Clockwork], now: u64, expected: Next) {
        assert_eq!(next(scopes, Duration::from_secs(now), 0), expected);
    }

    #[test]
    fn the_oldest_attempt_goes_first() {
        check(&[scope(Some(5)), scope(Some(3)), scope(Some(4))], 20, Next::Turn(1, Part::Refresh));
        check(&[scope(Some(5)), scope(None), scope(None)], 20, Next::Turn(1, Part::Refresh));
        check(&[scope(Some(5)), scope(Some(3))], 8, Next::Wait(Duration::from_secs(13)));
    }

    #[test]
    fn a_longer_interval_is_in_less_of_a_hurry() {
        let patient = Clockwork { interval: Duration::from_secs(100), ..scope(Some(0)) };
        check(&[patient, scope(Some(90))], 105, Next::Turn(1, Part::Refresh));
    }

    #[test]
    fn history_waits_for_every_head() {
        let loading = Clockwork { history: true, ..scope(Some(5)) };
        check(&[loading, scope(Some(1))], 12, Next::Turn(1, Part::Refresh));
        check(&[loading, scope(Some(4))], 12, Next::Turn(0, Part::History));
    }

    #[test]
    fn history_gets_its_turn_though_a_head_is_always_due() {
        let loading = Clockwork { history: true, ..scope(Some(1)) };
        let now = Duration::from_secs(100);
        assert_eq!(next(&[loading, scope(Some(2))], now, 2), Next::Turn(0, Part::Refresh));
        assert_eq!(next(&[loading, scope(Some(2))], now, 3), Next::Turn(0, Part::History));
        assert_eq!(next(&[loading, scope(None)], now, 3), Next::Turn(1, Part::Refresh));
    }

    #[test]
    fn the_window_is_read_again_where_there_is_nothing_else_to_do() {
        let again = Clockwork { reconcile_at: Some(Duration::from_secs(11)), ..scope(Some(5)) };
        check(&[again, scope(Some(6))], 10, Next::Wait(Duration::from_secs(11)));
        check(&[again, scope(Some(6))], 12, Next::Turn(0, Part::Reconcile));
        check(&[again, scope(Some(1))], 12, Next::Turn(1, Part::Refresh));
        check(&[again, Clockwork { history: true, ..scope(Some(6)) }], 12, Next::Turn(1, Part::History));
    }

    #[test]
    fn what_another_list_shows_has_no_head_of_its_own() {
        let shown = Clockwork { heads: false, ..scope(None) };
        check(&[shown, scope(Some(5))], 12, Next::Wait(Duration::from_secs(15)));
        let again = Clockwork { reconcile_at: Some(Duration::from_secs(11)), ..shown };
        check(&[again, scope(Some(5))], 12, Next::Turn(0, Part::Reconcile));
    }

    #[test]
    fn after_the_first_refresh_the_scopes_spread_over_the_interval_and_stay_there() {
        let mut scopes = [scope(None); 5];
        let mut refreshes = Vec::new();
        let mut now = Duration::ZERO;
        while now <= Duration::from_secs(30) {
            match next(&scopes, now, 0) {
                Next::Turn(index, _) => {
                    scopes[index].begin(now, index, 5);
                    refreshes.push((now.as_millis(), index));
                    now += Duration::from_millis(10);
                }
                Next::Wait(until) => now = until,
                Next::Busy => panic!("nobody is busy"),
            }
        }
        // All at once; then one every two seconds, and none later than ten seconds after its last.
        let first = [(0, 0), (10, 1), (20, 2), (30, 3), (40, 4)];
        let second = [(2_000, 1), (4_000, 2), (6_000, 3), (8_000, 4), (10_000, 0)];
        let third = second.map(|(moment, index)| (moment + 10_000, index));
        assert_eq!(refreshes[..15], [first, second, third].concat());
    }

    #[test]
    fn the_window_is_read_again_though_a_head_is_always_due() {
        let again = Clockwork { reconcile_at: Some(Duration::from_secs(10)), ..scope(Some(3609)) };
        let late = [again, scope(Some(1))];
        let turn = |now, heads| next(&late, Duration::from_secs(now), heads);
        assert_eq!(turn(3609, 3), Next::Turn(1, Part::Refresh));
        assert_eq!(turn(3610, 2), Next::Turn(1, Part::Refresh));
        assert_eq!(turn(3610, 3), Next::Turn(0, Part::Reconcile));
    }

    #[test]
    fn a_busy_scope_is_let_alone() {
        let busy = Clockwork { busy: true, ..scope(None) };
        check(&[busy], 12, Next::Busy);
        check(&[busy, scope(Some(1))], 12, Next::Turn(1, Part::Refresh));
    }
}
