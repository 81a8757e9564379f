//! Lists of any length that lie, repeat themselves and move while they are read.

use super::page::Page;
use super::rig::{BORN, Clock, DAY, HOUR, MINUTE, PAYMENTS, Rig, SECOND, Setup};
use hss_exporter::simulator::{Fault, ReadyOrder, Refusal, Task, TaskId, World, broken_items};

pub(super) const CLUSTERS: (&str, &str) = ("task_type", "cluster_scan");
pub(super) const SCHEDULED: [(&str, &str); 2] = [CLUSTERS, ("trigger_type", "schedule")];

/// One list, and a page that does not grow with it.
pub(super) const CLUSTERS_ONLY: &str = "{ types: [cluster_scan], series: { enabled: false } }";

/// So many scheduled tasks, numbered from 1, the last of which ended so long ago, a minute apart.
pub(super) fn history(world: &mut World, tasks: u64, ago: u64) {
    for number in 1..=tasks {
        let end = BORN - ago - number * MINUTE;
        let failed = u32::from(number % 3 == 0);
        let task = Task::cluster(BORN).scheduled().finished(end - MINUTE, end, 2, failed);
        world.insert(PAYMENTS, Task { id: TaskId(number.into()), ..task });
    }
}

async fn start(tasks: u64, ago: u64, faults: Vec<Fault>) -> Rig {
    let mut setup = Setup::of(move |world| history(world, tasks, ago));
    setup.tasks = CLUSTERS_ONLY;
    setup.faults = faults;
    let rig = setup.start().await;
    rig.page_where("the window has been read", |page| page.value("hss_target_complete", &[CLUSTERS]) == Some(1.0))
        .await;
    rig
}

/// How many scheduled runs of the window there are, by outcome: success, partial.
#[track_caller]
pub(super) fn check_recent(page: &Page, tasks: u64) {
    let failed = tasks / 3;
    let recent = |outcome| page.known("hss_recent_tasks", &[&SCHEDULED[..], &[("outcome", outcome)]].concat());
    assert_eq!((recent("success"), recent("partial")), ((tasks - failed) as f64, failed as f64), "of {tasks}");
}

#[track_caller]
pub(super) fn check_status(page: &Page, status: &str, tasks: u64) {
    page.check("hss_tasks", &[CLUSTERS, ("status", status)], Some(tasks as f64));
}

/// A scheduled scan that ends before our eyes is the one event.
pub(super) async fn check_one_more(rig: &Rig, id: u128) {
    let now = rig.clock.pass(2 * SECOND);
    let task = Task::cluster(now).scheduled().finished(now - SECOND, now, 1, 0);
    rig.cloud.edit(|world| world.insert(PAYMENTS, Task { id: TaskId(id), ..task }));
    let page = rig.fresh().await;
    page.check("hss_tasks_finished_total", &SCHEDULED, Some(1.0));
}

#[tokio::test]
async fn a_list_of_any_length_is_read_whole() {
    for tasks in [0, 1, 199, 200, 201, 999] {
        let rig = start(tasks, HOUR, Vec::new()).await;
        let page = rig.fresh().await;
        check_recent(&page, tasks);
        check_status(&page, "finished", tasks);
        page.check("hss_target_refresh_requests", &[CLUSTERS], Some(1.0));
        page.check("hss_tasks_finished_total", &SCHEDULED, Some(0.0));
        check_one_more(&rig, 5000).await;
        check_status(&rig.scrape().await, "finished", tasks + 1);
    }
}

#[tokio::test]
async fn what_lies_before_the_window_is_listed_and_not_recent() {
    for tasks in [1, 199, 200, 201, 999] {
        let rig = start(tasks, 30 * DAY, Vec::new()).await;
        let page = rig.fresh().await;
        check_recent(&page, 0);
        check_status(&page, "finished", tasks);
        let kind = [&SCHEDULED[..], &[("scan", "cluster_vul")]].concat();
        assert_eq!(page.state("hss_latest_task_outcome", &kind, "outcome"), "success");
        assert!(rig.calls() < 20, "what lies before the window is not read: {}", rig.calls());
        check_one_more(&rig, 5000).await;
    }
}

#[tokio::test]
async fn a_total_that_lies_misleads_the_total_only() {
    for (fault, shown) in [
        (Fault::total_off_by(50), Some(500.0)),
        (Fault::total_off_by(-250), Some(200.0)),
        (Fault::total_off_by(-1000), None),
        (Fault::total_null(), None),
    ] {
        let rig = start(450, HOUR, vec![fault.always()]).await;
        let page = rig.fresh().await;
        check_recent(&page, 450);
        page.check("hss_tasks", &[CLUSTERS, ("status", "finished")], shown);
        page.check("hss_target_up", &[CLUSTERS], Some(1.0));
        check_one_more(&rig, 5000).await;
        check_recent(&rig.scrape().await, 451 - 1 + 1);
    }
}

#[tokio::test]
async fn items_that_are_doubled_count_once_and_are_counted() {
    let rig = start(90, HOUR, vec![Fault::duplicates().always()]).await;
    let page = rig.fresh().await;
    check_recent(&page, 90);
    check_status(&page, "finished", 90);
    let doubled = page.known("hss_exporter_duplicate_tasks_total", &[("account", "prod")]);
    assert!(doubled >= 90.0, "{doubled}");
    check_one_more(&rig, 5000).await;
}

#[tokio::test]
async fn items_that_are_no_tasks_cost_themselves_and_not_their_page() {
    let items: Vec<_> = broken_items("cluster_scan").into_iter().map(|(_, item)| item).collect();
    let rig = start(100, HOUR, vec![Fault::extra_items(items).always()]).await;
    let page = rig.fresh().await;
    check_recent(&page, 100);
    page.check("hss_target_up", &[CLUSTERS], Some(1.0));
    let malformed = page.known("hss_exporter_malformed_tasks_total", &[("account", "prod")]);
    assert!(malformed >= 7.0 && malformed % 7.0 == 0.0, "{malformed}");
    for field in ["task_status", "trigger_type", "scan_type_list"] {
        let unknown = page.known("hss_exporter_unknown_values_total", &[("field", field)]);
        assert_eq!(unknown, malformed / 7.0, "{field}");
    }
    check_status(&page, "other", 1);
    check_one_more(&rig, 5000).await;
}

/// A change of the world, in the middle of its being read.
type Edit = fn(&mut World);

/// Runs 1 to 450 lie there, 600 runs, 601 waits; between any two requests something happens.
const EDITS: [Edit; 12] = [
    // The list is pulled up: at its head, at the end of the first page, on the second.
    |world| (1..=5).for_each(|id| assert!(world.delete(TaskId(id)))),
    |world| (195..=205).for_each(|id| assert!(world.delete(TaskId(id)))),
    // And pushed down.
    |world| (0..15).for_each(|n| arrive(world, 700 + n)),
    |world| assert!(world.finish(TaskId(600), 1, 1)),
    |world| assert!(world.start(TaskId(601))),
    |world| assert!(world.retry(TaskId(300))),
    |world| assert!(world.retry(TaskId(10))),
    |world| assert!(world.start(TaskId(300))),
    |world| assert!(world.finish(TaskId(601), 2, 0)),
    |world| (0..200).for_each(|n| arrive(world, 1000 + n)),
    |world| assert!(world.finish(TaskId(300), 3, 0)),
    |world| (210..=215).for_each(|id| assert!(world.delete(TaskId(id)))),
];

/// A scheduled task that has just run through.
fn arrive(world: &mut World, id: u128) {
    let now = world.now();
    let task = Task::cluster(now).scheduled().finished(now - SECOND, now, 1, 0);
    world.insert(PAYMENTS, Task { id: TaskId(id), ..task });
}

fn later(clock: &Clock, edit: Edit) -> impl FnOnce(&mut World) + Send + use<> {
    let clock = clock.clone();
    move |world| {
        world.advance(clock.pass(2 * SECOND));
        edit(world);
    }
}

#[tokio::test]
async fn a_list_that_moves_while_it_is_read_loses_nothing_and_shows_nothing_twice() {
    for (ready, first) in [(ReadyOrder::Head, 1), (ReadyOrder::Tail, 1), (ReadyOrder::Mixed, 1), (ReadyOrder::Head, 4)]
    {
        let mut setup = Setup::of(|world| {
            history(world, 450, HOUR);
            let running = Task::cluster(BORN).scheduled().running(BORN - MINUTE, 2);
            world.insert(PAYMENTS, Task { id: TaskId(600), ..running });
            world.insert(PAYMENTS, Task { id: TaskId(601), ..Task::cluster(BORN).scheduled() });
        });
        setup.tasks = CLUSTERS_ONLY;
        setup.options.ready = ready;
        let rig = setup.start().await;
        // The first request has not been answered, or has: either way what it shows is history.
        rig.cloud.arrived(first).await;
        for (n, edit) in (1..).zip(EDITS) {
            rig.cloud.before_request(n, later(&rig.clock, edit));
        }
        rig.cloud.arrived(rig.calls() + 12).await;
        rig.page_where("the window has been read", |page| page.value("hss_target_complete", &[CLUSTERS]) == Some(1.0))
            .await;
        // What was retried deep down shows in the lists of each hour; what is gone is asked for in turn.
        for _ in 0..4 {
            rig.clock.pass(HOUR);
            rig.fresh().await;
        }
        let page = rig.fresh().await;
        let finished = 450 + 2 + 15 + 200 - 5 - 11 - 6 - 1;
        check_status(&page, "finished", finished);
        check_status(&page, "running", 0);
        check_status(&page, "ready", 1);
        let outcomes = ["empty", "failed", "partial", "success"];
        let recent =
            outcomes.map(|outcome| page.known("hss_recent_tasks", &[&SCHEDULED[..], &[("outcome", outcome)]].concat()));
        // Of the deleted ones, those that were seen are kept for the window: they did run.
        let recent: f64 = recent.iter().sum();
        assert!((finished as f64..=finished as f64 + 22.0).contains(&recent), "{ready:?}: {recent} of {finished}");
        page.check("hss_tasks_finished_total", &SCHEDULED, Some(15.0 + 200.0 + 3.0));
        page.check("hss_clusters_scanned_total", &[("trigger_type", "schedule")], Some(15.0 + 200.0 + 2.0 + 2.0 + 3.0));
        page.check("hss_clusters_scan_failed_total", &[("trigger_type", "schedule")], Some(1.0));
    }
}

#[tokio::test]
async fn a_long_history_is_read_though_the_interval_cannot_be_kept() {
    let mut setup = Setup::of(|world| history(world, 900, HOUR));
    setup.refresh = "interval: 1ms";
    let rig = setup.start().await;
    rig.page_where("the window has been read", |page| page.value("hss_target_complete", &[CLUSTERS]) == Some(1.0))
        .await;
    check_recent(&rig.fresh().await, 900);
}

#[tokio::test]
async fn a_list_that_is_pulled_up_under_the_reader_is_read_again_and_that_is_counted() {
    let mut setup = Setup::of(|world| history(world, 600, HOUR));
    setup.tasks = CLUSTERS_ONLY;
    // The head once, and then the rest of the list page by page.
    setup.refresh = "interval: 1h, stale_after: 6h";
    let rig = setup.start().await;
    rig.cloud.before_request(2, |world| (150..=200).for_each(|id| assert!(world.delete(TaskId(id)))));
    let page = rig
        .page_where("the window has been read", |page| page.value("hss_target_complete", &[CLUSTERS]) == Some(1.0))
        .await;
    check_status(&page, "finished", 549);
    check_recent(&page, 600);
    page.check("hss_exporter_page_rereads_total", &[("account", "prod")], Some(1.0));
}

#[tokio::test]
async fn a_page_that_fails_in_the_middle_costs_no_event_and_gives_none_twice() {
    let rig = start(300, HOUR, Vec::new()).await;
    let refused = || Fault::refuse(Refusal::gateway(500, "0601", "Internal server error"));
    rig.cloud.faults().push(refused().at_offset(199).times(2));
    rig.cloud.faults().push(refused().at_offset(398).times(1));
    rig.clock.pass(2 * SECOND);
    rig.cloud.edit(|world| (0..450).for_each(|n| arrive(world, 1000 + n)));
    rig.page_where("both have failed", |_| rig.cloud.faults().pending() == 0).await;
    rig.fresh().await;
    let page = rig.fresh().await;
    page.check("hss_target_up", &[CLUSTERS], Some(1.0));
    page.check("hss_tasks_finished_total", &SCHEDULED, Some(450.0));
    check_status(&page, "finished", 750);
}
