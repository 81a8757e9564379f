//! Whose turn it is, over hours: the schedule and a budget on a clock of the test's own.
#![cfg(test)]

use hss_exporter::refresh::plan::Part;
use hss_exporter::refresh::schedule::{Clockwork, Next, next};
use std::collections::VecDeque;
use std::time::Duration;

/// A permit comes back so long after its request has ended.
const PERMIT: Duration = Duration::from_secs(61);

const INTERVAL: Duration = Duration::from_secs(300);

/// How many requests a turn takes that does not succeed.
const ATTEMPTS: usize = 3;

/// When each scope's refreshes began, while `scopes` of them are read for some hours with so many requests a minute. The
/// first one never succeeds, and takes some requests more for it.
fn refreshes(scopes: usize, per_minute: usize, hours: u64) -> Vec<Vec<Duration>> {
    let mut clockworks = vec![Clockwork::new(INTERVAL); scopes];
    let mut begun = vec![Vec::new(); scopes];
    let mut ended: VecDeque<Duration> = VecDeque::new();
    let (mut now, mut heads) = (Duration::ZERO, 0);
    while now < Duration::from_secs(hours * 3600) {
        match next(&clockworks, now, heads) {
            Next::Turn(index, part) => {
                assert_eq!(part, Part::Refresh);
                heads += 1;
                begun[index].push(now);
                clockworks[index].begin(now, index, scopes);
                for _ in 0..if index == 0 { ATTEMPTS } else { 1 } {
                    if ended.len() == per_minute {
                        now = now.max(ended.pop_front().unwrap() + PERMIT);
                    }
                    now += Duration::from_millis(50);
                    ended.push_back(now);
                }
                clockworks[index].last_turn = Some(now);
            }
            Next::Wait(until) => now = until,
            Next::Busy => panic!("nobody is busy"),
        }
    }
    begun
}

/// The times from each refresh of a scope to its next.
fn pauses(begun: &[Vec<Duration>]) -> Vec<Duration> {
    begun.iter().flat_map(|moments| moments.windows(2).map(|pair| pair[1] - pair[0])).collect()
}

#[test]
fn where_the_budget_does_not_suffice_all_scopes_become_equally_late() {
    let begun = refreshes(1_000, 5, 11);
    let pauses = pauses(&begun);
    let mean = pauses.iter().sum::<Duration>() / pauses.len() as u32;
    // So long all of them take, one after the other.
    let round = PERMIT * 1_002 / 5;
    assert!(mean > INTERVAL && mean < round * 11 / 10, "{mean:?} in the mean, and {round:?} a round");
    let longest = pauses.iter().max().unwrap();
    assert!(*longest <= mean + round, "{longest:?}, and {mean:?} in the mean");
    // None of them starves, and the one that fails is tried as often as the others.
    let (fewest, most) = (begun.iter().map(Vec::len).min().unwrap(), begun.iter().map(Vec::len).max().unwrap());
    assert!(most - fewest <= 1, "from {fewest} to {most} refreshes");
    assert!(begun[0].len() >= fewest);
}

#[test]
fn where_it_suffices_a_thousand_scopes_keep_their_interval_and_do_not_fall_due_together() {
    let begun = refreshes(1_000, 600, 1);
    let longest = pauses(&begun).into_iter().max().unwrap();
    // Somebody else's turn may be under way.
    assert!(longest <= INTERVAL + Duration::from_secs(1), "{longest:?}");
    assert!(begun.iter().all(|moments| moments.len() >= 12));
    // Once they have spread, 33 in ten seconds is an even flow.
    let mut in_ten_seconds = [0; 360];
    begun.iter().flatten().for_each(|moment| in_ten_seconds[moment.as_secs() as usize / 10] += 1);
    let busiest = in_ten_seconds[60..].iter().max().unwrap();
    assert!(*busiest <= 40, "{busiest} in ten seconds");
}
