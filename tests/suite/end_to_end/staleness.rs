//! What is too old to be said is not said any more; what is true for good is.

use super::page::Page;
use super::rig::{BORN, HOUR, MINUTE, PAYMENTS, SECOND, SHOP, Setup, account};
use hss_exporter::simulator::{Fault, Hold, Refusal, Task};

const LIVE: [&str; 8] = [
    "hss_tasks",
    "hss_recent_tasks",
    "hss_running_clusters",
    "hss_estimated_remaining_seconds",
    "hss_earliest_estimated_end_timestamp_seconds",
    "hss_oldest_running_task_start_timestamp_seconds",
    "hss_task_info",
    "hss_task_status",
];

/// A failed scan of yesterday and a running one, in both projects; and one more that fails before our eyes.
async fn start(refresh: &'static str, projects: &str) -> super::rig::Rig {
    let mut setup = Setup::of(|world| {
        for project in [PAYMENTS, SHOP] {
            world.insert(project, Task::cluster(BORN).finished(BORN - HOUR, BORN - 30 * MINUTE, 0, 3));
            world.insert(project, Task::cluster(BORN).running(BORN - MINUTE, 2));
        }
    });
    setup.accounts = account("prod", projects);
    setup.refresh = refresh;
    let rig = setup.start().await;
    rig.first().await;
    rig.clock.pass(2 * SECOND);
    let now = rig.clock.now();
    rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(now).finished(now - SECOND, now, 1, 1)));
    rig.fresh().await;
    rig
}

/// Of the cluster scans of one project.
fn is_live(page: &Page) -> bool {
    let of_clusters = |family: &&&str| {
        page.all(family, &[("project", "payments")]).iter().any(|series| series.label("task_type") != "iac_scan")
    };
    let some = LIVE.iter().filter(of_clusters).count();
    assert!(some == 0 || some == LIVE.len(), "all of them or none: {}", page.text);
    some > 0
}

#[track_caller]
fn check_facts(page: &Page) {
    let scope = [("project", "payments"), ("task_type", "cluster_scan")];
    assert_eq!(page.state("hss_latest_task_outcome", &scope, "outcome"), "partial");
    let manual = [&scope[..], &[("trigger_type", "manual")]].concat();
    page.check("hss_tasks_finished_total", &manual, Some(1.0));
    page.check("hss_tasks_finished_with_failures_total", &manual, Some(1.0));
    assert_eq!(page.all("hss_target_info", &[("project", "payments")]).len(), 1);
    assert_eq!(page.all("hss_last_failed_task_end_timestamp_seconds", &scope).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_for_too_long_is_withdrawn_while_facts_stay() {
    let both = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }, \
                 { id: fedcba9876543210fedcba9876543210, name: shop }]";
    let rig = start("stale_after: 10m", both).await;
    let refused = Fault::refuse(Refusal::gateway(500, "0601", "Internal server error"));
    rig.cloud.faults().push(refused.for_project(PAYMENTS).always());
    rig.fresh().await;
    rig.clock.pass(9 * MINUTE);
    let page = rig.fresh().await;
    page.check("hss_target_up", &[("project", "payments"), ("task_type", "cluster_scan")], Some(0.0));
    assert!(is_live(&page), "nine minutes are not too old");
    check_facts(&page);

    rig.clock.pass(2 * MINUTE);
    let page = rig.fresh().await;
    assert!(!is_live(&page), "eleven minutes are");
    page.check("hss_target_up", &[("project", "payments"), ("task_type", "cluster_scan")], Some(0.0));
    check_facts(&page);
    page.check("hss_exporter_tasks_withheld", &[("project", "payments")], Some(0.0));
    let shop = [("project", "shop"), ("task_type", "cluster_scan"), ("status", "running")];
    page.check("hss_tasks", &shop, Some(1.0));
    assert!(rig.landing().await.contains("stale: server"));

    rig.cloud.faults().clear();
    let page = rig.page_where("it is read again", is_live).await;
    check_facts(&page);
    rig.page_where("both types are up", |page| page.all("hss_target_up", &[]).iter().all(|series| series.value == 1.0))
        .await;
}

#[tokio::test]
async fn time_alone_withdraws_what_is_too_old_though_nothing_is_refreshed() {
    let one = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }]";
    let rig = start("stale_after: 300ms", one).await;
    assert!(is_live(&rig.scrape().await));
    let hold = Hold::default();
    rig.cloud.faults().push(Fault::held(&hold).always());
    let unanswered = || rig.cloud.requests().iter().filter(|request| request.status.is_none()).count();
    rig.page_where("both task types hang", |_| unanswered() == 2).await;
    rig.clock.pass(SECOND);
    let page = rig.page_where("it is withdrawn", |page| !is_live(page)).await;
    check_facts(&page);
    assert_eq!(unanswered(), 2, "nothing was refreshed");
    hold.release();
    rig.page_where("it is read again", is_live).await;
}

#[tokio::test]
async fn what_is_withdrawn_does_not_come_back_when_our_clock_is_set_back() {
    let one = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }]";
    let rig = start("stale_after: 10m", one).await;
    rig.cloud.faults().push(Fault::refuse(Refusal::gateway(500, "0601", "Internal server error")).always());
    rig.fresh().await;
    rig.clock.pass(11 * MINUTE);
    rig.page_where("it is withdrawn", |page| !is_live(page)).await;
    rig.set_our_clock(-(2 * MINUTE).cast_signed());
    let calls = rig.calls();
    rig.page_where("it was tried often since", |_| rig.calls() > calls + 10).await;
    assert!(!is_live(&rig.scrape().await));
    rig.cloud.faults().clear();
    rig.page_where("it is read again", is_live).await;
}

#[tokio::test]
async fn a_clock_of_ours_that_is_set_back_keeps_nothing_live_for_longer() {
    let one = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }]";
    let rig = start("stale_after: 300ms", one).await;
    let hold = Hold::default();
    rig.cloud.faults().push(Fault::held(&hold).always());
    rig.set_our_clock(-(10 * MINUTE).cast_signed());
    let page = rig.page_where("it is withdrawn", |page| !is_live(page)).await;
    check_facts(&page);
    hold.release();
    rig.page_where("it is read again", is_live).await;
}

#[tokio::test]
async fn a_cloud_that_hangs_does_not_lengthen_the_time_after_which_data_is_stale() {
    let one = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }]";
    let rig = start("stale_after: 300ms, timeout: 1200ms", one).await;
    let stale_after = |page: &Page| page.value("hss_exporter_stale_after_seconds", &[("account", "prod")]);
    rig.page_where("the interval is kept", |page| stale_after(page) == Some(0.3)).await;
    let hold = Hold::default();
    rig.cloud.faults().push(Fault::held(&hold).always());
    let unanswered = || rig.cloud.requests().iter().filter(|request| request.status.is_none()).count();
    rig.page_where("both task types have run out of time twice", |_| unanswered() >= 6).await;
    rig.scrape().await.check("hss_exporter_stale_after_seconds", &[("account", "prod")], Some(0.3));
    hold.release();
}
