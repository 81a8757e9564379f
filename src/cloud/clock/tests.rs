//! Whom the clock believes, answer by answer.
#![cfg(test)]

use super::*;

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
/// To the year 2100, roughly.
const YEARS: i64 = 75 * 365 * DAY;

/// 2025-09-08T00:00:00Z
const START: u64 = 1_757_289_600;

/// A clock, and how far our wall clock is from the truth, in seconds.
struct Rig {
    clock: CloudClock,
    began: Instant,
    seconds: u64,
    ours: i64,
}

impl Rig {
    fn new(ours: i64) -> Self {
        let began = Instant::now();
        let wall = Timestamp::from_secs(START.saturating_add_signed(ours));
        Self { clock: CloudClock::new(&"prod".into(), wall, began), began, seconds: 0, ours }
    }

    fn now(&self) -> Instant {
        self.began + Duration::from_secs(self.seconds)
    }

    /// An answer a minute later whose `Date` is off by so many seconds; and how far off the clock is then.
    fn answer(&mut self, off: i64) -> (Verdict, i64) {
        self.seconds += 60;
        let moment = |off| Timestamp::from_secs((START + self.seconds).saturating_add_signed(off));
        let verdict = self.clock.learn(moment(off), moment(self.ours), self.now());
        (verdict, self.off())
    }

    fn off(&self) -> i64 {
        let shown = self.clock.at(self.now()).at.since_epoch().as_secs();
        shown.cast_signed() - (START + self.seconds).cast_signed()
    }

    /// How often of so many answers they were believed, and how far off the clock was at most.
    fn answers(&mut self, offs: impl IntoIterator<Item = i64>) -> (usize, i64) {
        let outcomes: Vec<_> = offs.into_iter().map(|off| self.answer(off)).collect();
        let believed = outcomes.iter().filter(|(verdict, _)| *verdict == Verdict::Believed).count();
        (believed, outcomes.iter().map(|(_, off)| off.abs()).max().unwrap_or(0))
    }
}

#[test]
fn a_date_that_agrees_is_adopted_at_once() {
    let mut rig = Rig::new(0);
    assert!(!rig.clock.is_confirmed());
    for off in [0, 3, -2, 4 * MINUTE, -5 * MINUTE, 0] {
        assert_eq!(rig.answer(off), (Verdict::Believed, off));
    }
    assert!(rig.clock.is_confirmed());
}

#[test]
fn the_first_dates_are_disputed_until_one_agrees_with_ours_or_three_with_each_other() {
    for off in [-2 * DAY, 10 * MINUTE] {
        let mut rig = Rig::new(0);
        assert_eq!(rig.answer(off), (Verdict::Distrusted, 0));
        assert!(rig.clock.is_disputed());
        assert_eq!(rig.answer(0), (Verdict::Believed, 0));
        assert!(!rig.clock.is_disputed() && rig.clock.is_confirmed());
    }
    let mut rig = Rig::new(-10 * DAY);
    assert_eq!([rig.answer(0), rig.answer(1)], [(Verdict::Distrusted, -10 * DAY); 2]);
    assert_eq!(rig.answer(0), (Verdict::Believed, 0));
    assert!(!rig.clock.is_disputed());
}

#[test]
fn first_dates_that_settle_nothing_are_asked_for_three_times_and_our_clock_is_believed() {
    let mut rig = Rig::new(0);
    assert_eq!(rig.answers([DAY, -DAY]), (0, 0));
    assert!(rig.clock.is_disputed());
    assert_eq!(rig.answers([DAY]), (0, 0));
    assert!(!rig.clock.is_disputed());
    let mut rig = Rig::new(0);
    rig.answer(DAY);
    (0..2).for_each(|_| rig.clock.answered_without_date());
    assert!(!rig.clock.is_disputed(), "who says nothing cannot settle it either");
    let rig = Rig::new(0);
    rig.clock.answered_without_date();
    assert!(!rig.clock.is_disputed(), "nobody disputes anything");
}

#[test]
fn our_clock_that_was_believed_for_want_of_another_is_corrected_later() {
    let mut rig = Rig::new(10 * DAY);
    rig.answers([DAY, -DAY, DAY]);
    let base = rig.clock.at(rig.now()).base;
    assert_eq!(rig.answers([0, 0]), (0, 10 * DAY));
    assert_eq!(rig.answer(0), (Verdict::Believed, 0));
    let by = base.correction(rig.clock.at(rig.now()).base);
    assert_eq!(by, Some(ClockOffset::Behind(Duration::from_hours(240))));
}

#[test]
fn a_date_that_contradicts_both_our_clocks_is_never_believed() {
    let mut rig = Rig::new(0);
    rig.answer(0);
    let base = rig.clock.at(rig.now()).base;
    for lie in [YEARS, -2 * DAY, 20 * MINUTE] {
        assert_eq!(rig.answers([lie; 10]), (0, 0));
        assert_eq!(rig.answers([lie, -lie, lie, 0]), (1, 0));
    }
    assert_eq!(rig.clock.at(rig.now()).base, base);
}

#[test]
fn where_our_clock_is_wrong_itself_three_answers_that_agree_are_believed() {
    let mut rig = Rig::new(10 * DAY);
    rig.answers([0; 3]);
    assert_eq!(rig.answers([YEARS, YEARS, 0, YEARS]), (1, 0), "not in a row");
    assert_eq!(rig.answers([YEARS, YEARS]), (1, YEARS));
    assert_eq!(rig.answers([0; 2]).0, 0);
    assert_eq!(rig.answer(0), (Verdict::Believed, 0), "and so are those that put it right");
}

#[test]
fn small_lies_do_not_walk_the_clock_away() {
    for step in [MINUTE, 2 * MINUTE, 4 * MINUTE, 6 * MINUTE] {
        let mut rig = Rig::new(0);
        rig.answer(0);
        let (_, off) = rig.answers((1..200).map(|answer| answer * step));
        assert!(off <= 15 * MINUTE, "{step} s an answer: {off} s");
    }
}

#[test]
fn drift_is_followed_before_signatures_are_refused() {
    let mut rig = Rig::new(0);
    rig.answer(0);
    assert_eq!(rig.answers((0..400).map(|answer| answer * 2)).1, 798, "two seconds an answer");
}

#[test]
fn our_wall_clock_may_be_set_as_anybody_likes() {
    let mut rig = Rig::new(0);
    rig.answer(0);
    for ours in [10 * DAY, -10 * DAY, YEARS] {
        rig.ours = ours;
        assert_eq!(rig.off(), 0);
        assert_eq!(rig.answers([0; 5]), (5, 0));
    }
}

#[test]
fn time_passes_while_the_machine_sleeps() {
    let mut rig = Rig::new(7 * MINUTE);
    rig.answers([0; 3]);
    let base = rig.clock.at(rig.now()).base;
    // The monotonic clock does not know of it, but our wall clock does.
    rig.ours += DAY;
    assert_eq!(rig.answer(DAY), (Verdict::Believed, DAY));
    assert_eq!(rig.clock.at(rig.now()).base, base, "that is no correction: it has passed");
}
