//! A cloud that lies about the time, or says nothing of it: runs that had ended before count nothing, and later ones count
//! once, whatever its answers are dated.

use super::rig::{BORN, DAY, HOUR, MINUTE, PAYMENTS, Rig, SECOND, Setup};
use hss_exporter::simulator::{DateHeader, Fault, Task};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

const SCOPE: [(&str, &str); 2] = [("task_type", "cluster_scan"), ("trigger_type", "manual")];
const ACCOUNT: [(&str, &str); 1] = [("account", "prod")];

/// 2100-01-01T00:00:00Z, in milliseconds.
const YEAR_2100: u64 = 4_102_444_800_000;

/// More than a page: some are read as history.
const OLD_RUNS: u64 = 350;

/// The true answer, dated so.
fn dated(at: u64) -> Fault {
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(at));
    Fault::rewrite(|_| {}).with_header("date", &date)
}

/// A cloud in which many runs have ended before, one every five minutes; every third with failures.
fn with_old_runs() -> Setup {
    Setup::of(|world| {
        for run in 0..OLD_RUNS {
            let end = BORN - MINUTE - run * 5 * MINUTE;
            world.insert(PAYMENTS, Task::cluster(end).finished(end - MINUTE, end, 3, u32::from(run % 3 == 0)));
        }
    })
}

/// Everything that was there has been read.
async fn complete(rig: &Rig) {
    rig.page_where("all is read", |page| {
        let complete = page.all("hss_target_complete", &[]);
        complete.len() == 2 && complete.iter().all(|series| series.value == 1.0)
    })
    .await;
}

/// One more run has ended a moment ago.
fn run_ends(rig: &Rig) {
    let now = rig.clock.pass(10 * SECOND);
    rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(now).finished(now - 3 * SECOND, now - SECOND, 1, 1)));
}

/// So many runs have counted, each of them with a failure.
async fn check_events(rig: &Rig, events: f64) {
    rig.fresh().await;
    let page = rig.fresh().await;
    page.check("hss_tasks_finished_total", &SCOPE, Some(events));
    page.check("hss_tasks_finished_with_failures_total", &SCOPE, Some(events));
}

async fn distrusted(rig: &Rig) -> f64 {
    rig.scrape().await.known("hss_exporter_date_distrusted_total", &ACCOUNT)
}

/// What the old runs and a later one come to, whatever the first answers were dated.
async fn check_first(faults: Vec<Fault>, distrusted_dates: f64) {
    let mut setup = with_old_runs();
    setup.faults = faults;
    let rig = setup.start().await;
    rig.first().await;
    complete(&rig).await;
    assert_eq!(distrusted(&rig).await, distrusted_dates);
    check_events(&rig, 0.0).await;
    run_ends(&rig);
    check_events(&rig, 1.0).await;
}

#[tokio::test]
async fn a_first_answer_two_days_behind_makes_no_events_of_old_runs() {
    check_first(vec![dated(BORN - 2 * DAY)], 1.0).await;
}

#[tokio::test]
async fn a_first_answer_ten_minutes_ahead_hides_no_later_run() {
    check_first(vec![dated(BORN + 10 * MINUTE)], 1.0).await;
}

#[tokio::test]
async fn first_answers_that_contradict_each_other_leave_it_to_our_clock() {
    check_first(vec![dated(BORN - DAY), dated(BORN + DAY), dated(YEAR_2100)], 3.0).await;
}

#[tokio::test]
async fn ten_first_answers_from_the_year_2100_hide_only_what_ends_before_the_right_ones() {
    let mut setup = with_old_runs();
    setup.faults = vec![dated(YEAR_2100).times(10)];
    let rig = setup.start().await;
    rig.page_where("the clock is right again", |page| {
        page.value("hss_exporter_clock_skew_seconds", &ACCOUNT).is_some_and(|skew| skew.abs() < 60.0)
    })
    .await;
    complete(&rig).await;
    check_events(&rig, 0.0).await;
    run_ends(&rig);
    check_events(&rig, 1.0).await;
}

#[tokio::test]
async fn one_answer_from_the_year_2100_hides_no_later_run() {
    let rig = with_old_runs().start().await;
    rig.first().await;
    complete(&rig).await;
    assert_eq!(distrusted(&rig).await, 0.0);
    rig.cloud.faults().push(dated(YEAR_2100));
    check_events(&rig, 0.0).await;
    assert_eq!((distrusted(&rig).await, rig.cloud.faults().pending()), (1.0, 0));
    run_ends(&rig);
    check_events(&rig, 1.0).await;
}

#[tokio::test]
async fn many_answers_from_the_year_2100_neither_hide_a_run_nor_count_one_twice() {
    let rig = with_old_runs().start().await;
    rig.first().await;
    complete(&rig).await;
    run_ends(&rig);
    check_events(&rig, 1.0).await;
    rig.cloud.faults().push(dated(YEAR_2100).always());
    run_ends(&rig);
    check_events(&rig, 2.0).await;
    rig.page_where("ten were not believed", |page| page.known("hss_exporter_date_distrusted_total", &ACCOUNT) >= 10.0)
        .await;
    rig.scrape().await.check("hss_exporter_clock_skew_seconds", &ACCOUNT, Some(0.0));
    rig.cloud.faults().clear();
    run_ends(&rig);
    check_events(&rig, 3.0).await;
}

#[tokio::test]
async fn our_clock_may_be_set_while_the_cloud_does_not_say_what_time_it_is() {
    for ahead in [10 * DAY, DAY] {
        let mut setup = with_old_runs();
        setup.date = DateHeader::Absent;
        let rig = setup.start().await;
        rig.first().await;
        complete(&rig).await;
        rig.set_our_clock(ahead.cast_signed());
        check_events(&rig, 0.0).await;
        run_ends(&rig);
        check_events(&rig, 1.0).await;
        rig.set_our_clock(-ahead.cast_signed());
        run_ends(&rig);
        check_events(&rig, 2.0).await;
    }
}

#[tokio::test]
async fn a_clock_of_ours_that_is_ten_days_wrong_is_not_believed() {
    for ahead in [10 * DAY.cast_signed(), -10 * DAY.cast_signed()] {
        let mut setup = with_old_runs();
        setup.ahead = ahead;
        let rig = setup.start().await;
        rig.first().await;
        complete(&rig).await;
        let page = rig.scrape().await;
        page.check("hss_exporter_clock_skew_seconds", &ACCOUNT, Some(ahead as f64 / 1000.0));
        page.check("hss_exporter_date_distrusted_total", &ACCOUNT, Some(2.0));
        check_events(&rig, 0.0).await;
        run_ends(&rig);
        check_events(&rig, 1.0).await;
        // Even if ours is put right.
        rig.set_our_clock(0);
        run_ends(&rig);
        check_events(&rig, 2.0).await;
    }
}

#[tokio::test]
async fn dates_that_alternate_change_nothing() {
    let mut setup = with_old_runs();
    let answers = AtomicU64::new(0);
    setup.faults =
        vec![dated(BORN + HOUR).always().when(move |_| answers.fetch_add(1, Ordering::SeqCst).is_multiple_of(2))];
    let rig = setup.start().await;
    rig.first().await;
    complete(&rig).await;
    check_events(&rig, 0.0).await;
    run_ends(&rig);
    check_events(&rig, 1.0).await;
    assert!(distrusted(&rig).await >= 3.0);
}

#[tokio::test]
async fn a_date_that_walks_away_does_not_take_the_clock_with_it() {
    let rig = with_old_runs().start().await;
    rig.first().await;
    complete(&rig).await;
    (1..=20).for_each(|answer| rig.cloud.faults().push(dated(BORN + answer * 4 * MINUTE)));
    rig.page_where("all of them have come", |_| rig.cloud.faults().pending() == 0).await;
    assert!(distrusted(&rig).await >= 15.0);
    rig.page_where("the truth is believed", |page| page.known("hss_exporter_clock_skew_seconds", &ACCOUNT) == 0.0)
        .await;
    run_ends(&rig);
    check_events(&rig, 1.0).await;
}
