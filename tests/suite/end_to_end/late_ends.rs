//! Runs whose `end_time` is written late, or lies ahead at first; runs that began before the window; estimates that say
//! nothing.

use super::described::seconds;
use super::page::Page;
use super::paging::{CLUSTERS, CLUSTERS_ONLY, SCHEDULED, history};
use super::rig::{BORN, DAY, HOUR, MINUTE, PAYMENTS, Rig, SECOND, Setup};
use hss_exporter::simulator::{Fault, Task, TaskId};

const MANUAL: [(&str, &str); 2] = [CLUSTERS, ("trigger_type", "manual")];
const VUL: [(&str, &str); 3] = [CLUSTERS, ("trigger_type", "manual"), ("scan", "cluster_vul")];

/// A running task that has been read.
async fn run(rig: &Rig) -> (TaskId, u64) {
    let start = rig.clock.pass(2 * SECOND);
    let id = rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(start).running(start, 4)));
    rig.fresh().await;
    (id, start)
}

/// `task_status` is `finished`, and `end_time` still is `start_time`, as of a running task. Answers when it ended.
fn finish_without_end(rig: &Rig, id: TaskId, success: u32, failed: u32) -> u64 {
    rig.cloud.edit(|world| {
        assert!(world.finish(id, success, failed));
        world.change(id, |task| task.end = task.start);
    });
    rig.clock.now()
}

fn write_end(rig: &Rig, id: TaskId, end: u64) {
    assert!(rig.cloud.edit(|world| world.change(id, |task| task.end = end)));
}

/// How many runs have ended, how many clusters were scanned, and how long the runs took whose length is known.
#[track_caller]
fn check(what: &str, page: &Page, runs: u32, clusters: u32, durations: (u32, u64)) {
    let counted = [
        page.known("hss_tasks_finished_total", &MANUAL),
        page.known("hss_clusters_scanned_total", &MANUAL[1..]),
        page.known("hss_task_duration_seconds_count", &[CLUSTERS]),
        page.known("hss_task_duration_seconds_sum", &[CLUSTERS]),
    ];
    let wanted = [f64::from(runs), f64::from(clusters), f64::from(durations.0), seconds(durations.1)];
    assert!(counted == wanted, "{what}: {counted:?} instead of {wanted:?}");
}

#[tokio::test]
async fn a_run_whose_end_is_written_one_refresh_later_counts_once() {
    let rig = Setup::default().start().await;
    rig.first().await;
    let mut took = 0;
    for runs in 1..=3 {
        let (id, start) = run(&rig).await;
        rig.clock.pass(10 * MINUTE);
        // The exporter has seen the leap of the clock.
        rig.fresh().await;
        let end = finish_without_end(&rig, id, 3, 1);
        check("its end is not written", &rig.fresh().await, runs - 1, 4 * (runs - 1), (runs - 1, took));
        took += end - start;
        rig.clock.pass(5 * MINUTE);
        write_end(&rig, id, end);
        let page = rig.fresh().await;
        check("its end is written", &page, runs, 4 * runs, (runs, took));
        page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
        rig.clock.pass(5 * MINUTE);
        check("it is read again", &rig.fresh().await, runs, 4 * runs, (runs, took));
    }
}

#[tokio::test]
async fn a_run_whose_end_is_written_hours_later_counts_once_and_its_end_is_mended() {
    let rig = Setup::default().start().await;
    rig.first().await;
    let (id, start) = run(&rig).await;
    rig.clock.pass(10 * MINUTE);
    let end = finish_without_end(&rig, id, 0, 2);
    check("it may still settle", &rig.fresh().await, 0, 0, (0, 0));
    rig.clock.pass(MINUTE);
    let page = rig.fresh().await;
    check("nobody waits for ever", &page, 1, 2, (0, 0));
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(start)));

    rig.clock.pass(3 * HOUR);
    check("it is read again", &rig.fresh().await, 1, 2, (0, 0));
    write_end(&rig, id, end);
    let page = rig.fresh().await;
    check("its end is written", &page, 1, 2, (0, 0));
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
    page.check("hss_last_failed_task_end_timestamp_seconds", &VUL, Some(seconds(end)));

    // A retry is another run all the same.
    rig.cloud.edit(|world| world.retry(id));
    rig.fresh().await;
    let start = rig.clock.pass(MINUTE);
    rig.cloud.edit(|world| world.start(id));
    rig.clock.pass(9 * MINUTE);
    rig.cloud.edit(|world| world.finish(id, 4, 0));
    check("it ran again", &rig.fresh().await, 2, 6, (1, rig.clock.now() - 2 * SECOND - start));
}

#[tokio::test]
async fn an_end_that_lies_hours_ahead_and_is_corrected_is_never_the_latest() {
    let rig = Setup::default().start().await;
    rig.first().await;
    let (id, start) = run(&rig).await;
    rig.clock.pass(10 * MINUTE);
    rig.cloud.edit(|world| world.finish(id, 1, 1));
    let end = rig.clock.now();
    let ahead = Fault::rewrite(move |page| {
        for item in page["data_list"].as_array_mut().unwrap() {
            item["end_time"] = (end + 3 * HOUR).into();
        }
    });
    rig.cloud.faults().push(ahead.always());
    check("it has not ended yet, it says", &rig.fresh().await, 0, 0, (0, 0));
    rig.clock.pass(MINUTE);
    let page = rig.fresh().await;
    check("but it is finished", &page, 1, 2, (0, 0));
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(start)));
    page.check("hss_last_failed_task_end_timestamp_seconds", &VUL, Some(seconds(start)));

    rig.clock.pass(30 * MINUTE);
    rig.cloud.faults().clear();
    let page = rig.fresh().await;
    check("its end is corrected", &page, 1, 2, (0, 0));
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
    page.check("hss_last_failed_task_end_timestamp_seconds", &VUL, Some(seconds(end)));

    // The next one is the latest.
    let (id, start) = run(&rig).await;
    rig.clock.pass(MINUTE);
    rig.cloud.edit(|world| world.finish(id, 1, 0));
    let end = rig.clock.now();
    let page = rig.fresh().await;
    check("the next one", &page, 2, 3, (1, end - start));
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
}

#[tokio::test]
async fn what_had_ended_before_we_came_is_history_even_if_its_end_is_written_late() {
    let mut setup = Setup::of(|world| {
        world.insert(PAYMENTS, Task::cluster(BORN).finished(BORN - HOUR, BORN - HOUR, 0, 2));
    });
    setup.tasks = CLUSTERS_ONLY;
    let rig = setup.start().await;
    let page = rig.first().await;
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(BORN - HOUR)));
    rig.clock.pass(5 * MINUTE);
    check("it is read again", &rig.fresh().await, 0, 0, (0, 0));
    rig.cloud.edit(|world| world.change(TaskId(1), |task| task.end = BORN - MINUTE));
    let page = rig.fresh().await;
    check("its end is written", &page, 0, 0, (0, 0));
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(BORN - MINUTE)));
}

#[tokio::test]
async fn runs_that_began_before_the_window_and_ended_inside_it_are_read_first() {
    let mut setup = Setup::of(|world| {
        history(world, 190, HOUR);
        // Ten stand on the first page, the others below; the last of those is all that is known of its kind.
        for number in 0..20 {
            let start = BORN - 7 * DAY - HOUR - number * MINUTE;
            let task = Task::cluster(BORN).finished(start, start + 3 * HOUR, 2, 0);
            let task = if number == 19 { task } else { task.scheduled() };
            world.insert(PAYMENTS, Task { id: TaskId(1_000 + u128::from(number)), ..task });
        }
        for number in 0..250 {
            let end = BORN - 8 * DAY - number * MINUTE;
            let task = Task::cluster(BORN).scheduled().finished(end - MINUTE, end, 2, 0);
            world.insert(PAYMENTS, Task { id: TaskId(2_000 + u128::from(number)), ..task });
        }
    });
    setup.tasks = CLUSTERS_ONLY;
    let rig = setup.start().await;
    let complete = |page: &Page| page.value("hss_target_complete", &[CLUSTERS]) == Some(1.0);
    let page = rig.page_where("the window has been read", complete).await;
    let recent = |trigger: [(&str, &str); 2]| {
        let outcomes = page.all("hss_recent_tasks", &trigger);
        outcomes.iter().map(|series| series.value).sum::<f64>()
    };
    assert_eq!((recent(SCHEDULED), recent(MANUAL)), (209.0, 1.0));
    let end = BORN - 7 * DAY + 2 * HOUR - 19 * MINUTE;
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
    check("all of it is history", &rig.fresh().await, 0, 0, (0, 0));
}

#[tokio::test]
async fn an_estimate_that_says_nothing_makes_no_scan_overdue_and_keeps_none_from_being_so() {
    // 0 minutes; 8,000 years.
    for nothing in [0, u32::MAX] {
        let rig = Setup::default().start().await;
        rig.first().await;
        let now = rig.clock.now();
        let task = Task { estimate: nothing, ..Task::cluster(now).running(now, 4) };
        let id = rig.cloud.edit(|world| world.insert(PAYMENTS, task));
        let page = rig.fresh().await;
        page.check("hss_estimated_remaining_seconds", &MANUAL, Some(f64::from(nothing) * 60.0));
        page.check("hss_earliest_estimated_end_timestamp_seconds", &MANUAL, None);

        rig.cloud.edit(|world| world.change(id, |task| task.estimate = 7));
        let first = seconds(rig.clock.now()) + 420.0;
        let earliest = |page: &Page| page.value("hss_earliest_estimated_end_timestamp_seconds", &MANUAL);
        let page = rig.page_where("it has an estimate", |page| earliest(page).is_some()).await;
        assert_eq!(earliest(&page), Some(first));
    }
}
