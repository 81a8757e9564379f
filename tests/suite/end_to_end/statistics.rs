//! The statistics find what no page shows; and nothing depends on them, whatever they say.

use super::page::Page;
use super::paging::{CLUSTERS, CLUSTERS_ONLY, check_one_more, check_recent, check_status, history};
use super::rig::{BORN, DAY, HOUR, MINUTE, PAYMENTS, Rig, SECOND, SHOP, Setup, account};
use hss_exporter::simulator::{Api, Fault, Refusal, Statistics, Task, TaskId};
use std::time::Duration;

const BOTH: &str = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }, \
                     { id: fedcba9876543210fedcba9876543210, name: shop }]";

/// A project with so many finished scans, of which the window has been read.
async fn start(tasks: u64, statistics: Statistics, faults: Vec<Fault>) -> Rig {
    let mut setup = Setup::of(move |world| history(world, tasks, HOUR));
    setup.tasks = CLUSTERS_ONLY;
    setup.options.statistics = statistics;
    setup.faults = faults;
    read(setup).await
}

async fn read(setup: Setup) -> Rig {
    let rig = setup.start().await;
    let complete = |page: &Page| page.all("hss_target_complete", &[CLUSTERS]).iter().all(|series| series.value == 1.0);
    rig.page_where("the window has been read", complete).await;
    rig
}

fn distrusted(page: &Page) -> f64 {
    page.known("hss_exporter_statistics_distrusted_total", &[("account", "prod")])
}

/// These statistics, whatever is true.
fn lie(running: u64) -> Fault {
    Fault::field("running_num", running).of_api(Api::ShowTaskStatistics).always()
}

#[tokio::test]
async fn a_run_far_down_that_no_page_shows_is_found_at_once_and_without_them_within_the_hour() {
    for (statistics, at_once) in [(Statistics::Answered, 1), (Statistics::LeftOut, 0)] {
        let rig = start(450, statistics, Vec::new()).await;
        check_status(&rig.fresh().await, "running", 0);
        rig.cloud.edit(|world| world.rerun_in_place(TaskId(400)));
        check_status(&rig.fresh().await, "running", at_once);
        rig.clock.pass(HOUR);
        let page = rig.fresh().await;
        check_status(&page, "running", 1);
        rig.cloud.edit(|world| world.finish(TaskId(400), 2, 0));
        let page = rig.fresh().await;
        check_status(&page, "running", 0);
        page.check("hss_tasks_finished_total", &[CLUSTERS, ("trigger_type", "schedule")], Some(1.0));
        assert_eq!(distrusted(&page), 0.0);
    }
}

#[tokio::test]
async fn an_idle_scope_is_one_request_and_at_most_one_for_the_statistics() {
    let rig = start(450, Statistics::Answered, Vec::new()).await;
    rig.fresh().await;
    let (lists, statistics) = (rig.calls(), rig.statistics_calls());
    let mut page = rig.fresh().await;
    for _ in 0..5 {
        page.check("hss_target_refresh_requests", &[CLUSTERS], Some(1.0));
        page = rig.fresh().await;
    }
    let (lists, statistics) = (rig.calls() - lists, rig.statistics_calls() - statistics);
    // A turn may be under way.
    assert!(statistics >= 5 && statistics <= lists + 1, "{statistics} for the statistics, {lists} for the list");
    check_recent(&page, 450);
}

#[tokio::test]
async fn they_are_not_asked_where_they_could_not_tell_anything() {
    let rig = start(90, Statistics::Answered, Vec::new()).await;
    rig.fresh().await;
    assert_eq!(rig.statistics_calls(), 0, "one page shows all there is");
    let mut setup = Setup::of(|world| history(world, 450, HOUR));
    setup.tasks = "{ types: [cluster_scan], series: { enabled: false }, filter: { trigger_type: schedule } }";
    let rig = read(setup).await;
    check_recent(&rig.fresh().await, 450);
    assert_eq!(rig.statistics_calls(), 0, "they know no filter");
}

#[tokio::test]
async fn statistics_that_lie_are_distrusted_for_longer_and_longer_and_every_number_is_right() {
    for running in [7, 0] {
        let mut setup = Setup::of(|world| {
            history(world, 450, HOUR);
            let running = Task::cluster(BORN).running(BORN - DAY, 2);
            world.insert(PAYMENTS, Task { id: TaskId(600), ..running });
        });
        setup.tasks = CLUSTERS_ONLY;
        setup.faults = vec![lie(running)];
        let rig = read(setup).await;
        for (hours, times) in [(0, 1), (1, 2), (1, 2), (1, 3), (3, 3), (1, 4)] {
            rig.clock.pass(hours * HOUR);
            rig.fresh().await;
            let page = rig.fresh().await;
            assert_eq!(distrusted(&page), f64::from(times), "after {hours} h more");
            let asked = rig.statistics_calls();
            let page = rig.fresh().await;
            assert_eq!(rig.statistics_calls(), asked, "nobody asks who is distrusted");
            check_status(&page, "running", 1);
            check_status(&page, "finished", 450);
            check_recent(&page, 450);
            page.check("hss_target_up", &[CLUSTERS], Some(1.0));
        }
        check_one_more(&rig, 5000).await;
    }
}

#[tokio::test]
async fn numbers_that_are_none_say_nothing() {
    let rig = start(
        450,
        Statistics::Answered,
        vec![Fault::field("running_num", serde_json::Value::Null).of_api(Api::ShowTaskStatistics).always()],
    )
    .await;
    rig.fresh().await;
    let page = rig.fresh().await;
    check_recent(&page, 450);
    page.check("hss_target_refresh_requests", &[CLUSTERS], Some(1.0));
    assert_eq!(distrusted(&page), 0.0);
}

/// Two projects whose statistics fail so: how often they are asked for in an hour, and that nobody notices.
async fn check_failing(what: &str, fault: Fault, reason: &str, asked: u64) {
    let mut setup = Setup::of(|world| {
        history(world, 250, HOUR);
        for number in 0..250 {
            let end = BORN - 2 * HOUR - number * MINUTE;
            world.insert(SHOP, Task::cluster(BORN).finished(end - MINUTE, end, 1, 0));
        }
    });
    setup.accounts = account("prod", BOTH);
    setup.tasks = CLUSTERS_ONLY;
    setup.faults = vec![fault.of_api(Api::ShowTaskStatistics).always()];
    let rig = read(setup).await;
    for hour in 1..=2 {
        for _ in 0..3 {
            let page = rig.fresh().await;
            assert_eq!(page.all("hss_target_up", &[CLUSTERS]).len(), 2, "{what}");
            assert!(page.all("hss_target_up", &[]).iter().all(|up| up.value == 1.0), "{what}");
            assert!(page.all("hss_target_down_reason", &[]).is_empty(), "{what}");
        }
        // Where there were too many, their budget pauses too, and its clock goes as it goes.
        let fewest = if reason == "throttled" { asked } else { asked * hour };
        assert!((fewest..=asked * hour).contains(&rig.statistics_calls()), "{what}: {}", rig.statistics_calls());
        rig.clock.pass(HOUR);
    }
    let page = rig.fresh().await;
    let errors = |api| [("account", "prod"), ("api", api), ("reason", reason)];
    let found = page.all("hss_exporter_api_errors_total", &errors("ShowTaskStatistics")[..2]);
    let found: Vec<_> = found.iter().filter(|series| series.value > 0.0).map(|series| series.key()).collect();
    assert_eq!(found.len(), 1, "{what}: {found:?}");
    // A signature that was on its way while an hour passed has expired: that is this test's doing.
    if reason != "auth" {
        page.check("hss_exporter_api_errors_total", &errors("ListTasks"), Some(0.0));
    }
    let fewest = if reason == "throttled" { asked } else { 2 * asked };
    assert!(page.known("hss_exporter_api_errors_total", &errors("ShowTaskStatistics")) >= fewest as f64);
    page.check("hss_exporter_api_retries_total", &errors("ShowTaskStatistics")[..2], Some(0.0));
    assert_eq!(distrusted(&page), 0.0);
}

#[tokio::test]
async fn whatever_they_fail_with_nobody_notices_and_they_are_let_alone_for_an_hour() {
    // What turns away the account as a whole is asked once for all scopes.
    for (what, refusal, reason, asked) in [
        ("refused credential", Refusal::unauthorized("verify aksk signature fail"), "auth", 1),
        ("throttled", Refusal::throttled_over("user", 5, 5), "throttled", 1),
        ("busy", Refusal::busy(), "throttled", 1),
        ("not allowed", Refusal::not_allowed(), "permission", 2),
        ("no such API", Refusal::no_such_api(), "not_found", 2),
        ("invalid", Refusal::invalid("task_type"), "invalid", 2),
        ("broken", Refusal::gateway(500, "0601", "Internal server error"), "server", 2),
    ] {
        check_failing(what, Fault::refuse(refusal), reason, asked).await;
    }
    check_failing("reset", Fault::reset(), "connect", 1).await;
    check_failing("cut", Fault::cut_body(), "connect", 1).await;
    check_failing("no JSON", Fault::html(200), "decode", 2).await;
    check_failing("half of it", Fault::broken_json(), "decode", 2).await;
}

/// Four scopes that the budget cannot refresh as often as they should be.
async fn crowded() -> Rig {
    let mut setup = Setup::of(|world| {
        for project in [PAYMENTS, SHOP] {
            let (start, end) = (BORN - HOUR, BORN - HOUR + MINUTE);
            world.insert(project, Task::cluster(BORN - 2 * HOUR).finished(start, end, 1, 0));
            world.insert(project, Task::iac(BORN - 2 * HOUR).finished(start, end, 1, 0));
        }
    });
    setup.accounts = account("prod", BOTH);
    setup.refresh = "interval: 500ms, requests_per_minute: 60";
    let rig = setup.start().await;
    rig.page_where("statistics stand in for heads", stands_in).await;
    rig
}

/// Whether no scope needed a page in its last turn.
fn stands_in(page: &Page) -> bool {
    let requests = page.all("hss_target_refresh_requests", &[]);
    requests.len() == 4 && requests.iter().all(|series| series.value == 0.0)
}

const VICTIM: [(&str, &str); 2] = [("project", "payments"), CLUSTERS];

#[tokio::test]
async fn where_the_budget_is_short_they_stand_in_for_heads_that_would_show_nothing() {
    let rig = crowded().await;
    let heads = rig.calls();
    let page = rig.fresh().await;
    assert!(stands_in(&page) && rig.calls() == heads, "nothing has changed, and no page was read");
    let now = super::described::seconds(rig.clock.now());
    assert!(page.all("hss_target_last_success_timestamp_seconds", &[]).iter().all(|series| series.value == now));

    let now = rig.clock.now();
    rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(now).finished(now - SECOND, now, 1, 0)));
    let page = rig.fresh().await;
    page.check("hss_tasks_finished_total", &[&VICTIM[..], &[("trigger_type", "manual")]].concat(), Some(1.0));
    assert_eq!(rig.calls(), heads + 1, "one head for one change");
}

#[tokio::test]
async fn what_they_hide_is_seen_with_the_next_head_and_then_they_are_not_believed() {
    let rig = crowded().await;
    let copy = rig.cloud.edit(|world| world.clone());
    rig.cloud.faults().push(Fault::stale(copy).of_api(Api::ShowTaskStatistics).for_project(PAYMENTS).always());
    let now = rig.clock.pass(2 * SECOND);
    rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(now).running(now, 1)));
    rig.clock.pass(2 * MINUTE);
    let page = rig.fresh().await;
    assert_eq!(
        (page.known("hss_tasks", &[&VICTIM[..], &[("status", "running")]].concat()), distrusted(&page)),
        (0.0, 0.0)
    );
    // Half of `stale_after` since the last head.
    rig.clock.pass(3 * MINUTE);
    let page = rig.fresh().await;
    assert_eq!(
        (page.known("hss_tasks", &[&VICTIM[..], &[("status", "running")]].concat()), distrusted(&page)),
        (1.0, 1.0)
    );
    rig.cloud.edit(|world| world.finish(TaskId(5), 1, 0));
    let page = rig.fresh().await;
    page.check("hss_tasks_finished_total", &[&VICTIM[..], &[("trigger_type", "manual")]].concat(), Some(1.0));
    page.check("hss_target_refresh_requests", &VICTIM, Some(1.0));
}

#[tokio::test]
async fn enterprise_projects_that_are_read_together_ask_once_for_all_of_them() {
    let mut setup = Setup::of(|world| {
        for (number, owner) in (1..=500_u64).zip(["0", "7"].into_iter().cycle()) {
            let end = BORN - HOUR - number * MINUTE;
            let task = Task::cluster(BORN).owned_by(owner).finished(end - MINUTE, end, 1, 0);
            world.insert(PAYMENTS, Task { id: TaskId(number.into()), ..task });
        }
    });
    let own = "[{ id: \"0\", name: default }, { id: \"7\", name: team }]";
    setup.accounts = account("prod", &format!("[{{ id: {PAYMENTS}, name: payments, enterprise_projects: {own} }}]"));
    setup.tasks = CLUSTERS_ONLY;
    let rig = read(setup).await;
    let of_all = || {
        let requests = rig.cloud.requests().into_iter();
        requests.filter(|one| one.api == Some(Api::ShowTaskStatistics) && one.enterprise_project == "all_granted_eps")
    };
    rig.page_where("they are read together", |_| of_all().count() > 1).await;
    rig.cloud.edit(|world| world.rerun_in_place(TaskId(490)));
    let running = |page: &Page| {
        ["default", "team"].map(|own| page.known("hss_tasks", &[("enterprise_project", own), ("status", "running")]))
    };
    assert_eq!(running(&rig.fresh().await), [0.0, 1.0]);
    rig.cloud.edit(|world| world.finish(TaskId(490), 1, 0));
    rig.fresh().await;
    let page = rig.fresh().await;
    assert_eq!((running(&page), distrusted(&page)), ([0.0, 0.0], 0.0));
    let ended = page.all("hss_tasks_finished_total", &[("enterprise_project", "team"), ("trigger_type", "manual")]);
    assert_eq!(ended.iter().map(|series| series.value).sum::<f64>(), 1.0);
}

/// An answer that comes late holds up one turn, and no second one for an hour.
#[tokio::test]
async fn statistics_that_do_not_come_cost_one_time_out() {
    let mut setup = Setup::of(|world| history(world, 450, HOUR));
    setup.tasks = CLUSTERS_ONLY;
    setup.refresh = "timeout: 200ms";
    setup.faults = vec![Fault::late(Duration::from_secs(5)).of_api(Api::ShowTaskStatistics).always()];
    let rig = read(setup).await;
    for _ in 0..3 {
        let page = rig.fresh().await;
        page.check("hss_target_up", &[CLUSTERS], Some(1.0));
        check_recent(&page, 450);
    }
    assert_eq!(rig.statistics_calls(), 1);
}
