//! Runs whose `end_time` is written late, or is wrong at first: each counts once, and its end is mended.

use super::{WINDOW, at, begun, check_latest, finished, running, show, task};
use hss_exporter::model::{Ledger, Outcome, Stage, Status, Task};
use std::time::Duration;

/// As it is listed before its end is written: `end_time` is absent, or repeats `start_time`, or lies hours ahead.
fn endless(id: &str, start: u64) -> [Task; 3] {
    [None, Some(start), Some(start + 20_000)].map(|end| task(id, Status::Finished, Some(start), end, 1, 0))
}

#[test]
fn an_end_that_is_written_late_is_no_other_run() {
    for late in endless("a", 5) {
        // As soon as it is looked at again.
        let mut ledger = begun();
        show(&mut ledger, 10, running("a", 5), &[]);
        show(&mut ledger, 300, late.clone(), &[]);
        assert_eq!(ledger.tasks().filter(|known| known.to_follow(at(360))).count(), 1);
        show(&mut ledger, 600, finished("a", 5, 280, 1, 0), &[280]);
        assert_eq!(ledger.counters().duration_sum, Duration::from_secs(275));
        // An older copy takes nothing back.
        show(&mut ledger, 610, late.clone(), &[]);
        show(&mut ledger, 620, finished("a", 5, 280, 1, 0), &[]);
        check_latest(&ledger, 280, Outcome::Success);

        // Hours later, in place of an end that has counted, and is the latest.
        let mut ledger = begun();
        show(&mut ledger, 300, late.clone(), &[]);
        assert_eq!(ledger.apply(at(600), vec![late.clone()]).events.len(), 1);
        assert_eq!(ledger.tasks().filter(|known| known.to_follow(at(10_000))).count(), 0, "nobody asks for ever");
        show(&mut ledger, 610, running("a", 5), &[]);
        show(&mut ledger, 620, late.clone(), &[]);
        show(&mut ledger, 10_000, finished("a", 5, 280, 1, 0), &[]);
        check_latest(&ledger, 280, Outcome::Success);
        show(&mut ledger, 10_300, finished("a", 5, 280, 1, 0), &[]);
        assert_eq!(ledger.counters().duration_count, 0);
        // What is known of it now tells another run again.
        show(&mut ledger, 10_600, finished("a", 5, 10_500, 1, 0), &[10_500]);
    }
}

#[test]
fn an_older_copy_between_two_looks_makes_no_run_end_twice_whose_end_is_written_late() {
    for late in endless("a", 5) {
        let mut ledger = begun();
        show(&mut ledger, 300, late.clone(), &[]);
        show(&mut ledger, 310, running("a", 5), &[]);
        let stage = ledger.tasks().next().unwrap().stage;
        assert!(matches!(stage, Stage::Running { start, again: false, .. } if start == at(5)), "{stage:?}");
        show(&mut ledger, 320, late.clone(), &[]);
        show(&mut ledger, 600, finished("a", 5, 280, 1, 0), &[280]);

        let mut ledger = begun();
        show(&mut ledger, 300, late.clone(), &[]);
        assert_eq!(ledger.apply(at(360), vec![late]).events.len(), 1);
        show(&mut ledger, 370, running("a", 5), &[]);
        show(&mut ledger, 600, finished("a", 5, 280, 1, 0), &[]);
        check_latest(&ledger, 280, Outcome::Success);
    }
}

#[test]
fn a_result_that_counted_and_settles_once_more_counts_no_second_time() {
    // An older copy shows it running, so that it has to settle again.
    let seen_in_an_older_copy = |late: Task| {
        let mut ledger = begun();
        show(&mut ledger, 300, late.clone(), &[]);
        assert_eq!(ledger.apply(at(360), vec![late.clone()]).events.len(), 1);
        show(&mut ledger, 370, running("a", 5), &[]);
        show(&mut ledger, 380, late, &[]);
        ledger
    };
    let empty = finished("a", 5, 280, 0, 0);
    for late in endless("a", 5).into_iter().chain([empty]) {
        let mut ledger = seen_in_an_older_copy(late.clone());
        show(&mut ledger, 500, late.clone(), &[]);
        // It is retried.
        let mut ledger = seen_in_an_older_copy(late.clone());
        show(&mut ledger, 500, task("a", Status::Ready, None, None, 0, 0), &[]);
        // It is deleted.
        let mut ledger = seen_in_an_older_copy(late.clone());
        assert!(ledger.missed("a").events.is_empty());
        assert!(ledger.missed("a").events.is_empty());
        assert_eq!(ledger.tasks().count(), 0);
        show(&mut ledger, 600, late.clone(), &[]);
        show(&mut ledger, 700, late, &[]);
    }
}

#[test]
fn another_start_or_being_seen_to_run_tells_another_run_from_a_late_end() {
    for (first, second) in endless("a", 5).into_iter().zip(endless("a", 400)) {
        // It ran again before its end was written, and nobody saw it run.
        let mut ledger = begun();
        show(&mut ledger, 300, first.clone(), &[]);
        assert_eq!(ledger.apply(at(600), vec![second.clone()]).events.len(), 1);
        show(&mut ledger, 660, finished("a", 400, 590, 1, 0), &[590]);
        // The same where its result had counted.
        let mut ledger = begun();
        show(&mut ledger, 300, first.clone(), &[]);
        assert_eq!(ledger.apply(at(360), vec![first.clone()]).events.len(), 1);
        show(&mut ledger, 600, second.clone(), &[]);
        show(&mut ledger, 660, finished("a", 400, 590, 1, 0), &[590]);
        // It is seen to run again, in its place.
        let mut ledger = begun();
        show(&mut ledger, 300, first.clone(), &[]);
        assert_eq!(ledger.apply(at(360), vec![first]).events.len(), 1);
        show(&mut ledger, 600, running("a", 5), &[]);
        show(&mut ledger, 900, finished("a", 5, 880, 1, 0), &[880]);
        // It had ended for good before, and runs again in its place.
        let mut ledger = begun();
        show(&mut ledger, 300, finished("a", 5, 290, 1, 0), &[290]);
        show(&mut ledger, 600, running("a", 5), &[]);
        show(&mut ledger, 900, finished("a", 5, 880, 1, 0), &[880]);
    }
}

#[test]
fn a_cloud_that_never_writes_ends_has_every_run_counted_once() {
    let mut ledger = begun();
    for start in [100, 1100, 2100] {
        show(&mut ledger, start, running("a", start), &[]);
        show(&mut ledger, start + 300, finished("a", start, start, 1, 0), &[]);
        let ended = ledger.apply(at(start + 600), vec![finished("a", start, start, 1, 0)]).events;
        assert_eq!(ended.len(), 1);
        show(&mut ledger, start + 900, finished("a", start, start, 1, 0), &[]);
    }
    // In its place: it began when it was seen running.
    show(&mut ledger, 3100, running("a", 2100), &[]);
    show(&mut ledger, 3400, finished("a", 2100, 2100, 1, 0), &[]);
    show(&mut ledger, 3700, finished("a", 2100, 2100, 0, 1), &[3100]);
    check_latest(&ledger, 3100, Outcome::Failed);
    assert_eq!(ledger.counters().duration_count, 0);
}

#[test]
fn a_run_longer_than_the_window_whose_end_is_written_late_counts_once() {
    let mut ledger = begun();
    let later = 8 * 24 * 3600;
    show(&mut ledger, 10, running("a", 5), &[]);
    show(&mut ledger, later, finished("a", 5, 5, 1, 0), &[]);
    show(&mut ledger, later + 300, finished("a", 5, 5, 1, 0), &[5]);
    show(&mut ledger, later + 900, finished("a", 5, later - 10, 1, 0), &[]);
    check_latest(&ledger, later - 10, Outcome::Success);
}

#[test]
fn an_end_whose_time_has_come_was_right() {
    let mut ledger = begun();
    // The clocks of the cloud differ by ten minutes.
    show(&mut ledger, 300, finished("a", 5, 890, 1, 0), &[]);
    show(&mut ledger, 600, finished("a", 5, 890, 1, 0), &[5]);
    show(&mut ledger, 900, finished("a", 5, 890, 1, 0), &[]);
    check_latest(&ledger, 890, Outcome::Success);
    // By a minute.
    show(&mut ledger, 1000, finished("b", 950, 1060, 1, 0), &[1060]);
}

#[test]
fn a_start_that_lies_ahead_dates_no_end() {
    for first_page in [0, 1000] {
        let mut ledger = Ledger::new(WINDOW);
        ledger.apply(at(first_page), vec![finished("b", 1, 900, 0, 1)]);
        ledger.apply(at(1000), vec![finished("a", 20_000, 20_000, 1, 0)]);
        ledger.apply(at(1300), vec![finished("a", 20_000, 20_000, 1, 0)]);
        check_latest(&ledger, 1000, Outcome::Success);
    }
}

#[test]
fn an_end_that_was_believed_and_is_corrected_is_not_the_latest_for_good() {
    let mut ledger = begun();
    show(&mut ledger, 9000, finished("a", 5, 8000, 1, 0), &[8000]);
    show(&mut ledger, 9300, finished("a", 5, 280, 1, 0), &[]);
    check_latest(&ledger, 280, Outcome::Success);
    show(&mut ledger, 9600, finished("b", 5, 9000, 0, 1), &[9000]);
    check_latest(&ledger, 9000, Outcome::Failed);
}

#[test]
fn history_whose_end_is_not_known_is_dated_by_its_start() {
    let mut ledger = Ledger::new(WINDOW);
    let [unwritten, repeated, ahead] = endless("a", 500);
    ledger.apply(at(1000), vec![unwritten]);
    check_latest(&ledger, 500, Outcome::Success);
    // Older pages are read later.
    show(&mut ledger, 1060, Task { id: "b".into(), start: Some(at(100)), end: Some(at(100)), ..repeated }, &[]);
    show(&mut ledger, 1060, Task { id: "c".into(), start: Some(at(100)), end: None, ..ahead.clone() }, &[]);
    show(&mut ledger, 1060, Task { id: "d".into(), ..ahead }, &[]);
    check_latest(&ledger, 500, Outcome::Success);
    assert_eq!(ledger.tasks().filter(|known| known.to_follow(at(9000))).count(), 0);
}
