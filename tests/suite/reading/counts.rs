//! How many requests reading takes: as few as can be, and one more at most. The bench `reading` prints the same counts.

#[path = "../../../benches/reading/archive.rs"]
mod archive;
#[path = "../../../benches/reading/reader.rs"]
mod reader;
#[path = "../../../benches/reading/rows.rs"]
mod rows;

use rows::{Row, Situation, row};

#[test]
fn every_refresh_takes_as_few_requests_as_can_be_and_one_more_at_most() {
    // The bench goes on to two millions.
    for projects in [1, 10, 100] {
        for history in [1_000, 20_000] {
            Situation::ALL.into_iter().for_each(|situation| check(situation, history, projects));
        }
        check(Situation::Idle, 200_000, projects);
        check(Situation::New(1), 200_000, projects);
    }
}

fn check(situation: Situation, history: u64, projects: u64) {
    let Row { bound, ours, anew } = row(situation, history, projects);
    let what = format!("{situation:?} of {history} in {projects}");
    assert!(ours <= bound + 1, "{what}: {ours} requests, and {bound} are enough");
    assert!(situation != Situation::Idle || ours == 1, "{what}: {ours}");
    assert!(anew.0 >= history / 200 && anew.1 >= history / 10);
}
