//! By how much the intervals are longer in truth than configured. Pure.

use std::time::Duration;

/// Less than this is no delay: a turn takes a moment.
const PUNCTUAL: f64 = 1.1;
const MOMENT: Duration = Duration::from_secs(1);

/// A turn that comes so much later than it should, and another interval later, has waited for a budget that is short.
const OVERDUE: Duration = Duration::from_secs(61);

/// How late the scopes of an account are, together.
#[derive(Clone, Debug)]
pub struct Pace {
    /// What the budget allows at best: at least 1.
    expected: f64,
    /// By slot of the schedule: the time between its last two attempts, in intervals.
    gaps: Vec<Option<f64>>,
    told: f64,
}

impl Pace {
    /// The pace of so many slots, whose intervals are expected to become so many times as long.
    pub fn new(slots: usize, expected: f64) -> Self {
        Self { expected, gaps: vec![None; slots], told: expected }
    }

    /// What is known of the slots that were these before, if they were any.
    pub fn moved(&self, slots: &[Option<usize>], expected: f64) -> Self {
        let gap = |slot: &Option<usize>| slot.and_then(|slot| self.gaps.get(slot).copied().flatten());
        Self { expected, gaps: slots.iter().map(gap).collect(), told: expected }
    }

    /// A slot had a turn so long after its last one.
    pub fn note(&mut self, slot: usize, gap: Duration, interval: Duration) {
        if let Some(last) = self.gaps.get_mut(slot) {
            let late = gap.saturating_sub(interval) > MOMENT;
            *last = Some(if late { gap.div_duration_f64(interval) } else { 1.0 });
        }
    }

    /// Whether a slot with this interval has its turns too seldom: the budget does not allow more, or did not let it have
    /// its last one.
    pub fn is_behind(&self, slot: usize, interval: Duration) -> bool {
        let late = |times: f64| interval.mul_f64((times - 1.0).max(0.0));
        let last = self.gaps.get(slot).copied().flatten().unwrap_or(1.0);
        late(self.expected) > MOMENT || late(last) > OVERDUE.max(interval)
    }

    /// How many times as long as configured the intervals are, if that has changed: the mean over the slots that are in use,
    /// in steps of a tenth.
    pub fn news(&mut self, in_use: impl Iterator<Item = bool>) -> Option<f64> {
        let gaps = self.gaps.iter().zip(in_use).filter_map(|(gap, in_use)| gap.filter(|_| in_use));
        let (sum, count) = gaps.fold((0.0, 0.0), |(sum, count), gap| (sum + gap, count + 1.0));
        let mean = if count > 0.0 { sum / count } else { 1.0 };
        let late = if mean < PUNCTUAL { 1.0 } else { (mean * 10.0).ceil() / 10.0 };
        let stretch = late.max(self.expected);
        let news = (stretch - self.told).abs() > f64::EPSILON;
        self.told = stretch;
        news.then_some(stretch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: f64, gaps: &[(u64, bool)], news: Option<f64>) {
        let mut pace = Pace::new(gaps.len(), expected);
        for (slot, (gap, _)) in gaps.iter().enumerate() {
            pace.note(slot, Duration::from_secs(*gap), Duration::from_secs(300));
        }
        assert_eq!(pace.news(gaps.iter().map(|(_, in_use)| *in_use)), news);
    }

    #[test]
    fn the_pace_is_the_mean_over_the_slots_in_use() {
        check(1.0, &[], None);
        check(1.0, &[(301, true), (310, true)], None);
        check(1.0, &[(600, true), (900, true), (90_000, false)], Some(2.5));
        check(1.0, &[(100, true), (1000, true)], Some(2.2));
        check(3.0, &[(600, true)], None);
    }

    #[test]
    fn a_slot_is_behind_where_the_budget_is_short_or_its_turn_was_long_overdue() {
        let interval = Duration::from_secs(300);
        let after = |expected, gap| {
            let mut pace = Pace::new(1, expected);
            pace.note(0, Duration::from_secs(gap), interval);
            pace.is_behind(0, interval)
        };
        assert!(!after(1.0, 301) && !after(1.0, 600) && after(1.0, 601));
        assert!(after(1.1, 301));
        assert!(!Pace::new(1, 1.2).is_behind(0, Duration::from_secs(5)), "by a second: that is nothing");
    }

    #[test]
    fn it_is_told_once_and_told_again_when_it_is_over() {
        let mut pace = Pace::new(1, 1.0);
        let (interval, twice) = (Duration::from_secs(300), Duration::from_secs(600));
        pace.note(0, twice, interval);
        assert_eq!(pace.news([true].into_iter()), Some(2.0));
        pace.note(0, twice, interval);
        assert_eq!(pace.news([true].into_iter()), None);
        pace.note(0, interval, interval);
        assert_eq!(pace.news([true].into_iter()), Some(1.0));
    }
}
