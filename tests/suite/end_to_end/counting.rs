//! The end of a run is counted once, and facts move only forward, whatever the cloud shows twice, late or again.

use super::described::seconds;
use super::page::Page;
use super::rig::{BORN, DAY, HOUR, MINUTE, PAYMENTS, Rig, SECOND, Setup};
use hss_exporter::simulator::task::{Scan, ScanType};
use hss_exporter::simulator::{Fault, Task, TaskId, World};

const CLUSTERS: (&str, &str) = ("task_type", "cluster_scan");
const MANUAL: [(&str, &str); 2] = [CLUSTERS, ("trigger_type", "manual")];
const VUL: [(&str, &str); 3] = [CLUSTERS, ("trigger_type", "manual"), ("scan", "cluster_vul")];

/// How many runs by hand have ended, and how many of them with failures; scanned clusters, and those that failed.
fn counted(page: &Page) -> [f64; 4] {
    let trigger = [("trigger_type", "manual")];
    [
        page.known("hss_tasks_finished_total", &MANUAL),
        page.known("hss_tasks_finished_with_failures_total", &MANUAL),
        page.known("hss_clusters_scanned_total", &trigger),
        page.known("hss_clusters_scan_failed_total", &trigger),
    ]
}

#[track_caller]
fn check(what: &str, page: &Page, wanted: [u32; 4]) {
    assert!(counted(page) == wanted.map(f64::from), "{what}: {:?} instead of {wanted:?}", counted(page));
}

/// A scan of clusters that was started by hand, and ended so long ago.
fn ended(ago: u64, success: u32, failed: u32) -> Task {
    Task::cluster(BORN).finished(BORN - ago - 10 * MINUTE, BORN - ago, success, failed)
}

async fn start(world: impl FnOnce(&mut World) + 'static) -> Rig {
    let rig = Setup::of(world).start().await;
    check("what had ended before", &rig.first().await, [0; 4]);
    rig
}

/// A task that began a second after the last thing that happened, was seen, and ends a second later.
async fn run(rig: &Rig, success: u32, failed: u32) -> TaskId {
    let now = rig.clock.pass(2 * SECOND);
    let id = rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(now).running(now, success + failed)));
    rig.fresh().await;
    rig.clock.pass(SECOND);
    rig.cloud.edit(|world| world.finish(id, success, failed));
    id
}

#[tokio::test]
async fn a_failure_counts_once_and_for_good_and_old_ones_never() {
    let rig = start(|world| {
        for ago in [MINUTE, HOUR, 3 * DAY, 30 * DAY] {
            world.insert(PAYMENTS, ended(ago, 0, 2));
        }
    })
    .await;
    assert_eq!(rig.scrape().await.state("hss_latest_task_outcome", &VUL, "outcome"), "failed");

    let id = run(&rig, 3, 1).await;
    check("it fails", &rig.fresh().await, [1, 1, 4, 1]);
    check("it is read again", &rig.fresh().await, [1, 1, 4, 1]);

    rig.cloud.faults().push(Fault::duplicates().always());
    check("every item comes twice", &rig.fresh().await, [1, 1, 4, 1]);
    let page = rig.scrape().await;
    assert!(page.known("hss_exporter_duplicate_tasks_total", &[("account", "prod")]) >= 5.0);
    rig.cloud.faults().clear();

    assert!(rig.cloud.edit(|world| world.retry(id)));
    check("it waits once more", &rig.fresh().await, [1, 1, 4, 1]);
    rig.cloud.edit(|world| world.start(id));
    check("it runs once more", &rig.fresh().await, [1, 1, 4, 1]);
    rig.cloud.edit(|world| world.finish(id, 4, 0));
    let page = rig.fresh().await;
    check("it ends once more, well", &page, [2, 1, 8, 1]);
    assert_eq!(page.state("hss_latest_task_outcome", &VUL, "outcome"), "success");

    // Out of the window, and listed all the same.
    rig.clock.pass(8 * DAY);
    check("it left the window", &rig.fresh().await, [2, 1, 8, 1]);
    let page = rig.fresh().await;
    check("it is still listed", &page, [2, 1, 8, 1]);
    page.check("hss_recent_tasks", &[&MANUAL[..], &[("outcome", "success")]].concat(), Some(0.0));
    page.check("hss_tasks", &[CLUSTERS, ("status", "finished")], Some(5.0));

    // Gone from the list, and back.
    let task = rig.cloud.edit(|world| world.task(id).cloned()).unwrap();
    rig.cloud.edit(|world| world.delete(id));
    rig.fresh().await;
    rig.cloud.edit(|world| world.insert(PAYMENTS, task));
    check("it comes back into view", &rig.fresh().await, [2, 1, 8, 1]);
    check("a new one counts all the same", &(run(&rig, 0, 1).await, rig.fresh().await).1, [3, 2, 9, 2]);
}

#[tokio::test]
async fn a_run_that_nobody_saw_running_counts_too() {
    let rig = start(|_| {}).await;
    let now = rig.clock.pass(5 * MINUTE);
    rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(now).finished(now - MINUTE, now - SECOND, 2, 0)));
    let page = rig.fresh().await;
    check("it ended between two refreshes", &page, [1, 0, 2, 0]);
    page.check("hss_task_duration_seconds_sum", &[CLUSTERS], Some(59.0));
    page.check("hss_task_duration_seconds_count", &[CLUSTERS], Some(1.0));
}

#[tokio::test]
async fn a_late_correction_mends_the_facts_and_counts_nothing() {
    let rig = start(|_| {}).await;
    let id = run(&rig, 5, 0).await;
    let end = rig.clock.now();
    check("it ends", &rig.fresh().await, [1, 0, 5, 0]);

    rig.clock.pass(2 * MINUTE);
    rig.cloud.edit(|world| world.change(id, |task| (task.success, task.failed) = (4, 1)));
    let page = rig.fresh().await;
    check("its counts are mended", &page, [1, 0, 5, 0]);
    assert_eq!(page.state("hss_latest_task_outcome", &VUL, "outcome"), "partial");
    page.check("hss_latest_task_clusters", &[&VUL[..], &[("state", "failed")]].concat(), Some(1.0));
    page.check("hss_last_failed_task_end_timestamp_seconds", &VUL, Some(seconds(end)));

    rig.cloud.edit(|world| world.change(id, |task| task.end += 30 * SECOND));
    let page = rig.fresh().await;
    check("its end is mended", &page, [1, 0, 5, 0]);
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end + 30 * SECOND)));

    // More than a minute later: it ran again, unseen.
    rig.cloud.edit(|world| world.change(id, |task| task.end += 70 * SECOND));
    check("another run", &rig.fresh().await, [2, 1, 10, 1]);
}

#[tokio::test]
async fn an_empty_result_has_a_minute_to_settle() {
    let rig = start(|_| {}).await;
    let id = run(&rig, 0, 0).await;
    let page = rig.fresh().await;
    check("nothing was done, so far", &page, [0; 4]);
    page.check("hss_tasks", &[CLUSTERS, ("status", "finished")], Some(1.0));
    rig.cloud.edit(|world| world.change(id, |task| (task.success, task.failed) = (1, 1)));
    let page = rig.fresh().await;
    check("it has settled", &page, [1, 1, 2, 1]);
    assert_eq!(page.state("hss_latest_task_outcome", &VUL, "outcome"), "partial");
    rig.clock.pass(2 * MINUTE);
    check("it stays", &rig.fresh().await, [1, 1, 2, 1]);
}

#[tokio::test]
async fn a_result_that_stays_empty_counts_as_such() {
    let rig = start(|_| {}).await;
    run(&rig, 0, 0).await;
    check("nothing was done, so far", &rig.fresh().await, [0; 4]);
    rig.clock.pass(MINUTE);
    let page = rig.fresh().await;
    check("nothing was done", &page, [1, 0, 0, 0]);
    assert_eq!(page.state("hss_latest_task_outcome", &VUL, "outcome"), "empty");
    check("it stays", &rig.fresh().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_result_that_was_still_settling_when_the_task_vanished_counts() {
    let rig = start(|_| {}).await;
    let id = run(&rig, 0, 0).await;
    rig.fresh().await;
    rig.cloud.edit(|world| world.delete(id));
    rig.clock.pass(2 * MINUTE);
    rig.fresh().await;
    check("it vanished", &rig.fresh().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn facts_move_only_forward() {
    let rig = start(|world| {
        world.insert(PAYMENTS, ended(HOUR, 3, 0));
    })
    .await;
    let id = run(&rig, 0, 2).await;
    let end = rig.clock.now();
    rig.fresh().await;
    let facts = |page: &Page| {
        assert_eq!(page.state("hss_latest_task_outcome", &VUL, "outcome"), "failed");
        page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
        page.check("hss_last_failed_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
        page.check("hss_last_successful_task_end_timestamp_seconds", &VUL, Some(seconds(BORN - HOUR)));
        page.check("hss_latest_task_clusters", &[&VUL[..], &[("state", "failed")]].concat(), Some(2.0));
    };
    facts(&rig.scrape().await);

    // Another kind passes, by what is scanned or by who asked for it.
    rig.clock.pass(MINUTE);
    let now = rig.clock.now();
    rig.cloud.edit(|world| {
        let benchmark = Task::new(Scan::Cluster(&[ScanType::Benchmark]), now).finished(now - SECOND, now, 9, 0);
        world.insert(PAYMENTS, benchmark);
        world.insert(PAYMENTS, Task::cluster(now).scheduled().finished(now - SECOND, now, 9, 0));
    });
    let page = rig.fresh().await;
    facts(&page);
    let benchmark = [CLUSTERS, ("trigger_type", "manual"), ("scan", "benchmark")];
    assert_eq!(page.state("hss_latest_task_outcome", &benchmark, "outcome"), "success");

    // One of the same kind that ended before.
    let before = Task::cluster(now).finished(end - 2 * SECOND, end - SECOND, 9, 0);
    rig.cloud.edit(|world| world.insert(PAYMENTS, before));
    let page = rig.fresh().await;
    assert_eq!(page.state("hss_latest_task_outcome", &VUL, "outcome"), "failed");
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
    page.check("hss_last_successful_task_end_timestamp_seconds", &VUL, Some(seconds(end - SECOND)));
    let facts = |page: &Page| {
        assert_eq!(page.state("hss_latest_task_outcome", &VUL, "outcome"), "failed");
        page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
    };

    rig.cloud.edit(|world| world.retry(id));
    facts(&rig.fresh().await);
    rig.cloud.edit(|world| world.start(id));
    facts(&rig.fresh().await);
    rig.cloud.edit(|world| world.delete(id));
    rig.fresh().await;
    facts(&rig.fresh().await);
    rig.clock.pass(30 * DAY);
    facts(&rig.fresh().await);
}

#[tokio::test]
async fn a_passing_scan_of_the_same_kind_clears_the_failure() {
    let rig = start(|world| {
        world.insert(PAYMENTS, ended(HOUR, 0, 3));
    })
    .await;
    run(&rig, 3, 0).await;
    let page = rig.fresh().await;
    assert_eq!(page.state("hss_latest_task_outcome", &VUL, "outcome"), "success");
    page.check("hss_last_failed_task_end_timestamp_seconds", &VUL, Some(seconds(BORN - HOUR)));
    page.check("hss_last_successful_task_end_timestamp_seconds", &VUL, Some(seconds(rig.clock.now() - 2 * SECOND)));
}

#[tokio::test]
async fn an_end_in_the_far_future_does_not_hold_the_facts_for_ever() {
    let rig = start(|_| {}).await;
    run(&rig, 1, 0).await;
    rig.fresh().await;
    let absurd = serde_json::json!({
        "task_id": "absurd", "task_type": "cluster_scan", "trigger_type": "manual", "task_status": "finished",
        "start_time": u64::MAX / 2, "end_time": u64::MAX,
        "cluster_scan_info": { "scan_type_list": ["cluster_vul"], "success_cluster_num": 1 },
    });
    rig.cloud
        .faults()
        .push(Fault::extra_items(vec![absurd]).when(|request| request.task_type() == "cluster_scan").times(3));
    rig.fresh().await;
    rig.page_where("it was shown", |_| rig.cloud.faults().pending() == 0).await;
    run(&rig, 0, 2).await;
    let end = rig.clock.now();
    let page = rig.fresh().await;
    assert_eq!(page.state("hss_latest_task_outcome", &VUL, "outcome"), "failed");
    page.check("hss_latest_task_end_timestamp_seconds", &VUL, Some(seconds(end)));
}
