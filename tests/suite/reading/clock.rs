//! What the answers of a world say about the time, which may be a lie, and how the exporter tells the time by them.

use hss_exporter::cloud::CloudClock;
use hss_exporter::model::{CloudTime, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

const DAY: i64 = 86_400;

/// How far off a `Date` can be, in seconds: the nearest is further than clocks may differ.
const LIES: [i64; 6] = [-2 * DAY, -10 * 60, 10 * 60, 25 * 60, 10 * DAY, 75 * 365 * DAY];

/// So many lies in a row our clocks stand alone against, if the lie is greater than what signatures let pass.
const LONGEST_ROW: u8 = 12;

/// A greater lie contradicts our wall clock beyond doubt.
const GREAT: i64 = 15 * 60;

/// How far our wall clock is from the truth, in seconds, where it is wrong.
const OURS: [i64; 3] = [-11 * DAY, -20 * 60, 9 * DAY];

/// The time as the answers of a world tell it.
pub(super) struct Clock {
    clock: CloudClock,
    began: Instant,
    start: Timestamp,
    dice: fastrand::Rng,
    /// Of a hundred answers, so many begin a row of lies, and so many do not say what time it is.
    lying: u8,
    silent: u8,
    row: (i64, u8),
    ours: i64,
    /// Whether our wall clock is set now and then.
    is_set: bool,
}

impl Clock {
    /// That of every second world.
    pub(super) fn of(seed: u64, start: Timestamp) -> Option<Self> {
        let mut dice = fastrand::Rng::with_seed(seed ^ 0xc10c);
        if dice.bool() {
            return None;
        }
        let ours = if dice.u8(..4) == 0 { OURS[dice.usize(..OURS.len())] } else { 0 };
        let (lying, silent) = (dice.u8(..40), dice.u8(..30));
        let (is_set, began) = (dice.bool(), Instant::now());
        let clock = CloudClock::new(&"prod".into(), off(start, ours), began);
        Some(Self { clock, began, start, dice, lying, silent, row: (0, 0), ours, is_set })
    }

    /// When the exporter takes the next answer to be given; or the one after it, while the first ones dispute its clock.
    pub(super) fn read(&mut self, truth: Timestamp) -> CloudTime {
        let now = self.began + truth.since(self.start);
        loop {
            if self.is_set && self.clock.is_confirmed() && self.dice.u8(..10) == 0 {
                self.ours = OURS[self.dice.usize(..OURS.len())];
            }
            match self.date(truth) {
                Some(date) => drop(self.clock.learn(date, off(truth, self.ours), now)),
                None => self.clock.answered_without_date(),
            }
            if !self.clock.is_disputed() {
                return self.clock.at(now);
            }
        }
    }

    fn date(&mut self, truth: Timestamp) -> Option<Timestamp> {
        // Where our clock is wrong and the cloud lies from the first answer on, nobody can tell.
        let may_lie = self.ours == 0 || self.clock.is_confirmed();
        if may_lie && self.row.1 == 0 && self.happens(self.lying) {
            let lie = LIES[self.dice.usize(..LIES.len())];
            let alone = self.ours == 0 && !self.is_set && self.clock.is_confirmed() && lie.abs() > GREAT;
            self.row = (lie, self.dice.u8(1..=if alone { LONGEST_ROW } else { 2 }));
            // Another one between: two rows must not make a longer one.
            return Some(truth);
        }
        if self.row.1 > 0 {
            self.row.1 -= 1;
            return Some(off(truth, self.row.0));
        }
        (!may_lie || !self.happens(self.silent)).then_some(truth)
    }

    fn happens(&mut self, of_a_hundred: u8) -> bool {
        self.dice.u8(..100) < of_a_hundred
    }
}

fn off(moment: Timestamp, seconds: i64) -> Timestamp {
    let by = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { moment.minus(by) } else { moment.plus(by) }
}
