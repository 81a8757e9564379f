//! Whether a page stands in the order that was asked for: by start, newest first.
//!
//! A right order may be disturbed a little: starts have the grain of a second, a retried task may stand where it stood
//! before, an item may come twice. A list in another order is far from it.

use super::wire::Page;
use crate::model::Timestamp;
use std::time::Duration;

/// Tasks whose starts differ by less may stand in either order.
const SLACK: Duration = Duration::from_secs(60);

/// One in so many begun tasks of a page may stand where it does not belong, and one always may.
const MISPLACED_IN: usize = 10;

/// The starts of a page's tasks, in the order of the list. Tasks that have not begun have no place in it.
pub(super) fn starts(page: &Page) -> Vec<Timestamp> {
    page.tasks.iter().filter_map(|task| task.start).collect()
}

/// Whether a page on which these starts stand in this order, beside so many that belong to an earlier page, is sorted.
pub(super) fn is_sorted(starts: &[Timestamp], belong_above: usize) -> bool {
    let misplaced = belong_above.saturating_add(starts.len() - longest_in_order(starts));
    misplaced <= tolerated(starts.len().saturating_add(belong_above))
}

/// Whether a task with this start, new on the page after one that ended at `floor`, belongs above it.
pub(super) fn belongs_above(start: Timestamp, floor: Timestamp) -> bool {
    start > floor.plus(SLACK)
}

/// The start below which only tasks of the pages that follow stand, as far as a page with these starts tells: its last
/// start, unless the last tasks are those that may be misplaced.
pub(super) fn floor(starts: &[Timestamp]) -> Option<Timestamp> {
    let mut starts = starts.to_vec();
    starts.sort_unstable();
    starts.get(tolerated(starts.len())).or(starts.first()).copied()
}

fn tolerated(starts: usize) -> usize {
    (starts / MISPLACED_IN).max(1)
}

/// The length of the longest subsequence of which each element lies at most [`SLACK`] after the least one before it.
fn longest_in_order(starts: &[Timestamp]) -> usize {
    // At index `n`: the greatest that the least element of such a subsequence of `n + 1` elements can be.
    let mut least: Vec<Timestamp> = Vec::new();
    for start in starts {
        let above = least.partition_point(|least| least >= start);
        let within = least.partition_point(|least| *least >= start.minus(SLACK));
        // What is above may be followed by this one, which is the least then; what is within the slack stays the least.
        least.insert(above, *start);
        if within + 1 < least.len() {
            least.remove(within + 1);
        }
    }
    least.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: &[u64]) -> Vec<Timestamp> {
        seconds.iter().map(|seconds| Timestamp::from_secs(1_750_000_000 + seconds)).collect()
    }

    #[track_caller]
    fn check(seconds: &[u64], longest: usize) {
        assert_eq!(longest_in_order(&at(seconds)), longest, "{seconds:?}");
    }

    #[test]
    fn starts_that_fall_or_differ_by_a_minute_are_in_order() {
        check(&[], 0);
        check(&[900, 600, 300, 0], 4);
        check(&[0, 60, 0, 30, 60], 5);
        check(&[0, 300, 600, 900], 1);
        check(&[900, 100, 600, 300], 3);
        // Steps of half a minute do not add up.
        check(&[0, 30, 60, 90, 120, 150], 3);
    }

    #[test]
    fn one_in_ten_may_be_misplaced_and_one_always() {
        let sorted: Vec<u64> = (0..40).rev().map(|n| n * 300).collect();
        let with = |misplaced: &[usize]| {
            let mut list = sorted.clone();
            misplaced.iter().for_each(|place| list[*place] = 300_000 + 7 * *place as u64 * 300);
            is_sorted(&at(&list), 0)
        };
        assert!(with(&[]) && with(&[7, 15, 22, 31]) && !with(&[7, 15, 22, 31, 35]));
        assert!(is_sorted(&at(&[0, 900]), 0) && !is_sorted(&at(&[0, 900, 1800]), 0));
        assert!(is_sorted(&at(&sorted), 4) && !is_sorted(&at(&sorted), 5));
    }

    #[test]
    fn a_floor_is_not_given_by_the_few_that_may_be_misplaced() {
        assert_eq!(floor(&at(&[])), None);
        assert_eq!(floor(&at(&[900])), at(&[900]).first().copied());
        assert_eq!(floor(&at(&[900, 800, 0])), at(&[800]).first().copied());
    }

    proptest! {
        #[test]
        fn the_longest_is_as_long_as_trying_all_says(seconds in prop::collection::vec(0_u64..400, 0..12)) {
            let starts = at(&seconds);
            let all = (0_u32..1 << starts.len()).filter(|set| {
                let mut least: Option<Timestamp> = None;
                starts.iter().enumerate().filter(|(place, _)| set >> place & 1 == 1).all(|(_, start)| {
                    let fits = least.is_none_or(|least| *start <= least.plus(SLACK));
                    least = Some(least.map_or(*start, |least| least.min(*start)));
                    fits
                })
            });
            let longest = all.map(u32::count_ones).max().unwrap_or(0);
            prop_assert_eq!(longest_in_order(&starts), longest as usize);
        }
    }
}
