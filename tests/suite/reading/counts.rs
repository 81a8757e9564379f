//! How many requests reading takes: as few as can be, and one more at most. The bench `reading` prints the same counts.

#[path = "../../../benches/reading/archive.rs"]
mod archive;
#[path = "../../../benches/reading/rows.rs"]
mod rows;

use rows::{Row, Situation, row};

#[test]
fn every_refresh_takes_as_few_requests_as_can_be_and_one_more_at_most() {
    // The bench goes on to two millions.
    for history in [1_000, 20_000] {
        Situation::ALL.into_iter().for_each(|situation| check(situation, history));
    }
    check(Situation::Idle, 200_000);
    check(Situation::New(1), 200_000);
}

fn check(situation: Situation, history: u64) {
    let Row { bound, ours, projects, anew } = row(situation, history);
    assert!(ours <= bound + 1, "{situation:?} of {history}: {ours} requests, and {bound} are enough");
    assert!(situation != Situation::Idle || ours == projects, "idle, {history}: {ours}");
    assert!(anew.0 >= history / 200 && anew.1 >= history / 10);
}
