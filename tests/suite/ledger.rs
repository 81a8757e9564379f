//! When a run has ended: exactly once, whatever comes in which order.
#![cfg(test)]

/// Ends that are written late, or are wrong at first.
mod late_ends;

use hss_exporter::model::{
    Applied, ClockBase, CloudTime, Counts, FileType, Kind, Ledger, Outcome, Scan, ScanTypes, Stage, Status, Task,
    Timestamp, Trigger,
};
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);
const BEGIN: u64 = 1_750_000_000;

fn at(second: u64) -> Timestamp {
    Timestamp::from_secs(BEGIN + second)
}

fn task(id: &str, status: Status, start: Option<u64>, end: Option<u64>, success: u64, failed: u64) -> Task {
    Task {
        id: id.into(),
        name: None,
        trigger: Trigger::Schedule,
        status,
        start: start.map(at),
        end: end.map(at),
        estimated_remaining: None,
        scan: Scan::Cluster(ScanTypes::CLUSTER_VUL),
        counts: Counts::Clusters { scanning: Some(0), success: Some(success), failed: Some(failed) },
    }
}

fn running(id: &str, start: u64) -> Task {
    task(id, Status::Running, Some(start), None, 0, 0)
}

fn finished(id: &str, start: u64, end: u64, success: u64, failed: u64) -> Task {
    task(id, Status::Finished, Some(start), Some(end), success, failed)
}

/// A ledger that was begun at second 0 with nothing in it.
fn begun() -> Ledger {
    let mut ledger = Ledger::new(WINDOW);
    ledger.apply(at(0), Vec::new());
    ledger
}

/// Shows the ledger a task at a second, and checks with which ends runs thereby ended.
#[track_caller]
fn show(ledger: &mut Ledger, second: u64, task: Task, ends: &[u64]) -> Applied {
    let applied = ledger.apply(at(second), vec![task]);
    let got: Vec<_> = applied.events.iter().map(|event| event.run.end).collect();
    assert_eq!(got, ends.iter().map(|end| at(*end)).collect::<Vec<_>>());
    applied
}

#[track_caller]
fn check_latest(ledger: &Ledger, end: u64, outcome: Outcome) {
    let (_, facts) = ledger.facts().kinds().next().unwrap();
    assert_eq!((facts.latest.end, facts.latest.outcome()), (at(end), outcome));
}

#[test]
fn what_had_failed_before_we_came_stays_silent_but_is_known() {
    let mut ledger = Ledger::new(WINDOW);
    ledger.apply(at(1000), vec![finished("a", 1, 500, 0, 2), finished("b", 1, 1001, 1, 0), running("c", 3)]);
    assert_eq!(ledger.counters().triggers().map(|(_, counts)| counts.finished).sum::<u64>(), 0);
    check_latest(&ledger, 1001, Outcome::Success);
    // A later page of the first read shows more of the past.
    show(&mut ledger, 1060, finished("d", 1, 400, 0, 1), &[]);
    // But what ended since the first page is news, however soon that was.
    show(&mut ledger, 1060, finished("e", 1010, 1050, 0, 1), &[1050]);
    show(&mut ledger, 1090, finished("c", 3, 1070, 1, 0), &[1070]);
}

#[test]
fn a_run_that_is_seen_again_and_again_ended_once() {
    let mut ledger = begun();
    show(&mut ledger, 10, running("a", 5), &[]);
    assert!(show(&mut ledger, 30, finished("a", 5, 20, 3, 1), &[20]).changed);
    assert!(!show(&mut ledger, 40, finished("a", 5, 20, 3, 1), &[]).changed);
    let counts = ledger.counters().triggers().find(|(trigger, _)| *trigger == Trigger::Schedule).unwrap().1;
    assert_eq!((counts.finished, counts.with_failures, counts.scanned, counts.failed), (1, 1, 4, 1));
    assert_eq!((ledger.counters().duration_sum, ledger.counters().duration_count), (Duration::from_secs(15), 1));
}

#[test]
fn a_retry_is_another_run() {
    let mut ledger = begun();
    show(&mut ledger, 30, finished("a", 5, 20, 0, 1), &[20]);
    show(&mut ledger, 60, task("a", Status::Ready, None, None, 0, 0), &[]);
    show(&mut ledger, 90, running("a", 80), &[]);
    let stage = ledger.tasks().next().unwrap().stage;
    assert!(matches!(stage, Stage::Running { start, .. } if start == at(90)), "{stage:?}");
    show(&mut ledger, 130, finished("a", 80, 120, 1, 0), &[120]);
    check_latest(&ledger, 120, Outcome::Success);
    // Retried and finished between two refreshes: only the end tells.
    show(&mut ledger, 400, finished("a", 300, 390, 1, 0), &[390]);
}

#[test]
fn a_small_change_is_a_correction() {
    let mut ledger = begun();
    show(&mut ledger, 30, finished("a", 5, 20, 1, 0), &[20]);
    show(&mut ledger, 60, finished("a", 5, 50, 1, 1), &[]);
    check_latest(&ledger, 50, Outcome::Partial);
    show(&mut ledger, 70, finished("a", 5, 45, 1, 1), &[]);
    check_latest(&ledger, 45, Outcome::Partial);
    show(&mut ledger, 200, finished("a", 5, 106, 1, 1), &[106]);
}

#[test]
fn an_older_copy_of_the_list_makes_no_run_end_twice() {
    let mut ledger = begun();
    show(&mut ledger, 30, finished("a", 5, 20, 1, 0), &[20]);
    show(&mut ledger, 40, running("a", 5), &[]);
    show(&mut ledger, 50, finished("a", 5, 20, 1, 0), &[]);
    assert_eq!(ledger.counters().duration_count, 1);
}

#[test]
fn an_older_copy_that_shows_the_run_before_makes_no_run_end_twice() {
    let mut ledger = begun();
    for again in [5, 300] {
        show(&mut ledger, 1000 + again, finished("a", 5, 20, 1, 0), if again == 5 { &[20] } else { &[] });
        show(&mut ledger, 1010 + again, finished("a", 800, 900, 0, 1), if again == 5 { &[900] } else { &[] });
        check_latest(&ledger, 900, Outcome::Failed);
    }
}

#[test]
fn an_empty_result_has_a_minute_to_settle() {
    let mut ledger = begun();
    show(&mut ledger, 30, finished("a", 5, 20, 0, 0), &[]);
    assert_eq!(ledger.facts().kinds().count(), 0, "nobody is woken by what is not settled");
    assert_eq!(ledger.tasks().filter(|known| known.to_follow(at(89))).count(), 0);
    assert_eq!(ledger.tasks().filter(|known| known.to_follow(at(90))).count(), 1);
    show(&mut ledger, 60, finished("a", 5, 20, 0, 0), &[]);
    show(&mut ledger, 61, finished("a", 5, 20, 2, 0), &[20]);
    check_latest(&ledger, 20, Outcome::Success);

    let mut ledger = begun();
    show(&mut ledger, 30, finished("a", 5, 20, 0, 0), &[]);
    show(&mut ledger, 90, finished("a", 5, 20, 0, 0), &[20]);
    check_latest(&ledger, 20, Outcome::Empty);
    // What is settled does not unsettle.
    show(&mut ledger, 95, finished("a", 5, 20, 0, 0), &[]);
}

#[test]
fn a_result_that_never_settled_counts_when_the_task_runs_again_or_is_gone() {
    let mut ledger = begun();
    show(&mut ledger, 30, finished("a", 5, 20, 0, 0), &[]);
    show(&mut ledger, 40, running("a", 35), &[20]);
    show(&mut ledger, 60, finished("a", 35, 55, 1, 0), &[55]);

    let mut ledger = begun();
    show(&mut ledger, 30, finished("a", 5, 20, 0, 0), &[]);
    assert!(ledger.missed("a").events.is_empty());
    assert_eq!(ledger.missed("a").events.len(), 1);
    show(&mut ledger, 60, finished("a", 5, 20, 0, 0), &[]);
    assert_eq!(ledger.counters().triggers().map(|(_, counts)| counts.finished).sum::<u64>(), 1);
}

#[test]
fn a_task_that_comes_back_into_view_is_no_news() {
    let mut ledger = begun();
    show(&mut ledger, 30, finished("a", 5, 20, 0, 1), &[20]);
    let later = 8 * 24 * 3600;
    ledger.apply(at(later), Vec::new());
    assert_eq!(ledger.tasks().count(), 0, "it has left the window");
    show(&mut ledger, later + 60, finished("a", 5, 20, 0, 1), &[]);
    assert_eq!(ledger.tasks().count(), 0);
    check_latest(&ledger, 20, Outcome::Failed);
}

#[test]
fn a_task_without_an_end_ended_when_it_was_first_seen_finished() {
    let mut ledger = begun();
    show(&mut ledger, 30, running("a", 5), &[]);
    show(&mut ledger, 60, task("a", Status::Finished, Some(5), None, 1, 0), &[]);
    // It may still be written.
    show(&mut ledger, 120, task("a", Status::Finished, Some(5), None, 1, 0), &[60]);
    show(&mut ledger, 150, task("a", Status::Finished, Some(5), None, 1, 0), &[]);
    check_latest(&ledger, 60, Outcome::Success);
    assert_eq!(ledger.counters().duration_count, 0, "nobody knows how long it took");
    // As long as it is listed it is not forgotten, or it would look new.
    let later = 8 * 24 * 3600;
    show(&mut ledger, later, task("a", Status::Finished, None, None, 1, 0), &[]);
    show(&mut ledger, later + 300, task("a", Status::Finished, None, None, 1, 0), &[]);
}

#[test]
fn where_the_list_gives_no_end_a_later_start_tells_another_run() {
    let mut ledger = begun();
    let endless = |start| task("a", Status::Finished, Some(start), None, 1, 0);
    show(&mut ledger, 60, endless(5), &[]);
    show(&mut ledger, 300, endless(5), &[60]);
    // It ran again, and nobody saw it run.
    show(&mut ledger, 600, endless(400), &[]);
    show(&mut ledger, 900, endless(400), &[600]);
    // Again, and once more before that has settled.
    show(&mut ledger, 1200, endless(1000), &[]);
    show(&mut ledger, 1300, endless(1250), &[1200]);
    show(&mut ledger, 1400, endless(1250), &[1300]);
}

#[test]
fn where_the_list_gives_no_end_an_older_copy_in_between_tells_no_other_run() {
    let mut ledger = begun();
    let endless = task("a", Status::Finished, Some(5), None, 1, 0);
    show(&mut ledger, 60, endless.clone(), &[]);
    show(&mut ledger, 120, endless.clone(), &[60]);
    show(&mut ledger, 160, running("a", 5), &[]);
    show(&mut ledger, 220, endless.clone(), &[]);
    // So much later it does run again.
    show(&mut ledger, 400, running("a", 5), &[]);
    show(&mut ledger, 460, endless.clone(), &[]);
    show(&mut ledger, 520, endless, &[460]);
}

#[test]
fn a_finished_task_with_neither_start_nor_end_is_no_event_unless_it_was_seen_to_run() {
    let mut ledger = begun();
    let timeless = |id| task(id, Status::Finished, None, None, 1, 0);
    show(&mut ledger, 60, timeless("a"), &[]);
    show(&mut ledger, 60, task("b", Status::Running, None, None, 0, 0), &[]);
    show(&mut ledger, 90, timeless("b"), &[]);
    show(&mut ledger, 150, timeless("b"), &[90]);
}

#[test]
fn a_task_that_is_gone_is_forgotten_at_the_second_miss_and_that_is_no_event() {
    let mut ledger = begun();
    show(&mut ledger, 30, running("a", 5), &[]);
    assert_eq!(ledger.missed("a"), Applied::default());
    show(&mut ledger, 40, running("a", 5), &[]);
    assert_eq!(ledger.missed("a"), Applied::default(), "seen in between: the count begins anew");
    let applied = ledger.missed("a");
    assert!(applied.events.is_empty() && applied.changed);
    assert_eq!(ledger.tasks().count(), 0);
}

#[test]
fn a_status_that_we_do_not_know_is_neither_finished_nor_kept_for_good() {
    let mut ledger = begun();
    show(&mut ledger, 30, task("a", Status::Other, Some(5), None, 0, 0), &[]);
    let day = 24 * 3600;
    assert_eq!(ledger.tasks().filter(|known| known.to_follow(at(30 + day))).count(), 1);
    assert_eq!(ledger.tasks().filter(|known| known.to_follow(at(31 + day))).count(), 0);
    ledger.apply(at(31 + day), Vec::new());
    assert_eq!(ledger.tasks().count(), 0);
}

#[test]
fn facts_move_only_forward_and_outlive_what_they_came_from() {
    let mut ledger = begun();
    show(&mut ledger, 100, finished("b", 60, 90, 0, 1), &[90]);
    show(&mut ledger, 110, finished("a", 5, 20, 1, 0), &[20]);
    let (kind, facts) = ledger.facts().kinds().next().map(|(kind, facts)| (*kind, facts.clone())).unwrap();
    assert_eq!(kind, Kind { trigger: Trigger::Schedule, scan: Scan::Cluster(ScanTypes::CLUSTER_VUL) });
    assert_eq!((facts.latest.end, facts.last_success_end, facts.last_failed_end), (at(90), Some(at(20)), Some(at(90))));
    // A retry that runs, and a deletion, take nothing back.
    show(&mut ledger, 120, running("b", 115), &[]);
    ledger.missed("b");
    ledger.missed("b");
    check_latest(&ledger, 90, Outcome::Failed);
}

#[test]
fn labels_go_once_from_empty_to_a_value_and_then_stay() {
    let mut ledger = begun();
    let nameless = Task { scan: Scan::Cluster(ScanTypes::default()), ..running("a", 5) };
    ledger.apply(at(30), vec![nameless.clone()]);
    let named = Task { name: Some("nightly".into()), scan: Scan::Cluster(ScanTypes::BENCHMARK), ..nameless };
    ledger.apply(at(40), vec![named.clone()]);
    let renamed =
        Task { name: Some("other".into()), scan: Scan::Cluster(ScanTypes::OTHER), trigger: Trigger::Manual, ..named };
    ledger.apply(at(50), vec![renamed]);
    let task = &ledger.tasks().next().unwrap().task;
    assert_eq!(
        (task.name.as_deref(), task.scan.as_str(), task.trigger),
        (Some("nightly"), "benchmark", Trigger::Schedule)
    );
}

#[track_caller]
fn check_outcome(counts: Counts, outcome: Outcome, unsettled: bool) {
    assert_eq!((counts.outcome(), counts.unsettled()), (outcome, unsettled), "{counts:?}");
}

#[test]
fn an_outcome_is_read_off_the_counts() {
    let clusters = |scanning, success, failed| Counts::Clusters { scanning, success, failed };
    check_outcome(clusters(Some(0), Some(3), Some(0)), Outcome::Success, false);
    check_outcome(clusters(None, Some(3), None), Outcome::Success, false);
    check_outcome(clusters(Some(0), Some(3), Some(1)), Outcome::Partial, false);
    check_outcome(clusters(Some(1), Some(3), Some(0)), Outcome::Partial, true);
    check_outcome(clusters(Some(0), Some(0), Some(1)), Outcome::Failed, false);
    check_outcome(clusters(Some(2), None, None), Outcome::Empty, true);
    check_outcome(clusters(None, None, None), Outcome::Empty, true);
    let files = |total, success, failed| Counts::Files { total, success, failed };
    check_outcome(files(Some(3), Some(3), Some(0)), Outcome::Success, false);
    check_outcome(files(None, Some(3), Some(0)), Outcome::Success, false);
    check_outcome(files(Some(4), Some(3), Some(0)), Outcome::Partial, false);
    check_outcome(files(Some(4), Some(3), Some(2)), Outcome::Partial, true);
    check_outcome(files(Some(4), Some(0), Some(4)), Outcome::Failed, false);
    assert_eq!(Scan::Iac(Some(FileType::K8sYaml)).as_str(), "k8s_yaml");
}

/// Ten days, in seconds.
const TEN_DAYS: u64 = 10 * 24 * 3600;

/// Shows the ledger tasks by a clock that shows `second`, and would have shown `base` at second 0. Answers how many runs ended.
fn show_by(ledger: &mut Ledger, base: u64, second: u64, tasks: Vec<Task>) -> usize {
    ledger.rebase(CloudTime { at: at(second), base: ClockBase::new(at(base)) });
    ledger.apply(at(second), tasks).events.len()
}

#[test]
fn a_clock_that_was_ahead_hides_no_run_once_it_is_corrected() {
    let mut ledger = Ledger::new(WINDOW);
    let old = finished("old", 1, 90, 1, 0);
    assert_eq!(show_by(&mut ledger, TEN_DAYS, TEN_DAYS + 100, vec![old.clone()]), 0);
    assert_eq!(show_by(&mut ledger, 0, 200, vec![old, finished("new", 110, 150, 0, 1)]), 1);
}

#[test]
fn a_clock_that_was_behind_makes_no_events_of_old_runs_once_it_is_corrected() {
    let mut ledger = Ledger::new(WINDOW);
    assert_eq!(show_by(&mut ledger, 0, 100, Vec::new()), 0);
    let old = finished("old", TEN_DAYS + 1, TEN_DAYS + 90, 0, 1);
    let new = finished("new", TEN_DAYS + 110, TEN_DAYS + 150, 0, 1);
    assert_eq!(show_by(&mut ledger, TEN_DAYS, TEN_DAYS + 200, vec![old, new]), 1);
}

#[test]
fn a_clock_that_was_in_another_century_for_a_while_counts_nothing_twice_and_is_not_stuck() {
    let century = 100 * 365 * 24 * 3600;
    let mut ledger = Ledger::new(WINDOW);
    let endless = |id, start| Task { end: None, ..finished(id, start, 0, 1, 0) };
    show_by(&mut ledger, 0, 0, vec![running("endless", 0)]);
    let seen = vec![finished("a", 10, 20, 0, 1), running("b", 15)];
    assert_eq!(show_by(&mut ledger, 0, 30, seen.clone()), 1);
    let endless = [&seen[..], &[endless("endless", 0)]].concat();
    assert_eq!(show_by(&mut ledger, century, century + 60, endless.clone()), 0, "its end may still be written");
    assert_eq!(show_by(&mut ledger, century, century + 120, endless.clone()), 1);
    assert!(!ledger.has("a"), "it seems to have left the window");
    // What ended at second 60 was given that end by the wrong clock.
    assert_eq!(show_by(&mut ledger, 0, 150, endless), 0);
    check_latest(&ledger, 60, Outcome::Success);
    assert_eq!(show_by(&mut ledger, 0, 200, vec![finished("b", 15, 100, 0, 1)]), 1);
    check_latest(&ledger, 100, Outcome::Failed);
}

#[test]
fn what_was_first_seen_so_long_ago_stays_so_when_the_clock_is_corrected() {
    let mut ledger = Ledger::new(WINDOW);
    let waiting = task("a", Status::Ready, None, None, 0, 0);
    show_by(&mut ledger, TEN_DAYS, TEN_DAYS + 100, vec![waiting.clone()]);
    show_by(&mut ledger, 0, 400, vec![waiting]);
    assert_eq!(ledger.tasks().next().unwrap().stage, Stage::Waiting { since: at(100) });
}
