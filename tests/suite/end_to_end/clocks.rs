//! Clocks that differ: what ended when is judged by the cloud's, how old our data is by ours.

use super::described::seconds;
use super::rig::{BORN, HOUR, MINUTE, PAYMENTS, SECOND, Setup, account};
use hss_exporter::simulator::{DateHeader, Task};

const SCOPE: [(&str, &str); 2] = [("task_type", "cluster_scan"), ("trigger_type", "manual")];

/// Our clock is ahead of the cloud's by so many milliseconds, and the cloud says what time it is there, or does not.
async fn check(ahead: i64, date: DateHeader, skew: Option<f64>) {
    let mut setup = Setup::of(|world| {
        world.insert(PAYMENTS, Task::cluster(BORN).finished(BORN - HOUR, BORN - 2 * MINUTE, 0, 3));
        world.insert(PAYMENTS, Task::cluster(BORN).running(BORN - MINUTE, 2));
        world.insert(PAYMENTS, Task::cluster(BORN));
    });
    setup.ahead = ahead;
    setup.date = date;
    setup.tasks = "{ series: { finished_for: 1h } }";
    let rig = setup.start().await;
    let page = rig.first().await;
    page.check("hss_exporter_clock_skew_seconds", &[("account", "prod")], skew);
    let ours = |cloud: u64| seconds(cloud.saturating_add_signed(ahead));
    page.check("hss_target_last_success_timestamp_seconds", &SCOPE[..1], Some(ours(BORN)));
    let cloud = if skew.is_some() { seconds(BORN) } else { ours(BORN) };
    // Where the cloud does not say what time it is, it is counted from the start.
    let since = |family, moment: f64| page.known(family, &SCOPE) - moment;
    let exact = if skew.is_some() { f64::EPSILON } else { 60.0 };
    assert!((0.0..exact).contains(&since("hss_earliest_estimated_end_timestamp_seconds", cloud + 300.0)));
    assert!((0.0..exact).contains(&since("hss_oldest_ready_task_first_seen_timestamp_seconds", cloud)));
    page.check("hss_tasks_finished_total", &SCOPE, Some(0.0));

    // Without a `Date` the cloud's time goes on by the monotonic clock, which does not leap.
    let now = rig.clock.pass(if skew.is_some() { 20 * MINUTE } else { 20 * SECOND });
    rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(now).finished(now - 10 * SECOND, now - SECOND, 1, 1)));
    let page = rig.fresh().await;
    page.check("hss_tasks_finished_total", &SCOPE, Some(1.0));
    page.check("hss_recent_tasks", &[&SCOPE[..], &[("outcome", "partial")]].concat(), Some(1.0));
    page.check("hss_recent_tasks", &[&SCOPE[..], &[("outcome", "failed")]].concat(), Some(1.0));
    assert_eq!(page.all("hss_task_end_timestamp_seconds", &[]).len(), 2);
    if skew.is_some() {
        // The first has ended an hour ago, in the cloud.
        rig.clock.pass(39 * MINUTE);
        assert_eq!(rig.fresh().await.all("hss_task_end_timestamp_seconds", &[]).len(), 1);
    }
}

#[tokio::test]
async fn an_event_is_judged_by_the_clouds_clock() {
    check(0, DateHeader::True, Some(0.0)).await;
    check(10 * 60_000, DateHeader::True, Some(600.0)).await;
    check(-10 * 60_000, DateHeader::True, Some(-600.0)).await;
}

#[tokio::test]
async fn a_cloud_that_does_not_say_what_time_it_is_has_ours() {
    check(0, DateHeader::Absent, None).await;
    check(-30_000, DateHeader::Absent, None).await;
}

#[tokio::test]
async fn a_clock_that_is_too_far_off_is_a_refused_signature_and_the_landing_page_says_why() {
    let accounts = account("prod", &format!("[{{ id: {PAYMENTS} }}]"));
    let setup = Setup { accounts, ahead: 16 * 60_000, ..Setup::default() };
    let rig = setup.start().await;
    rig.page_where("it is refused", |page| page.all("hss_target_down_reason", &[("reason", "auth")]).len() == 2).await;
    let landing = rig.landing().await;
    assert!(landing.contains("signature expired") && landing.contains("clock"), "{landing}");
}
