//! The cloud cannot be reached: that is told, and nothing is told about scans that nobody could have seen.

use super::site::{HOUR, MINUTE, PAYMENTS, Setup, Site};
use hss_exporter::simulator::{Fault, Task};

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_that_cannot_be_reached_fires_no_scan_alert_and_clears_none() {
    let setup = Setup { refresh: "interval: 500ms, stale_after: 25s", ..Setup::default() };
    let mut nightly = None;
    let site = Site::with(setup, |world, now| {
        let ago = |time: u64| now - time;
        world
            .insert(PAYMENTS, Task::cluster(ago(26 * HOUR)).scheduled().finished(ago(26 * HOUR), ago(25 * HOUR), 3, 0));
        let bad = Task::cluster(ago(2 * HOUR)).scheduled().finished(ago(2 * HOUR), ago(HOUR), 1, 2);
        world.insert(PAYMENTS, bad);
        let good = Task::iac(ago(2 * HOUR)).scheduled().finished(ago(2 * HOUR), ago(HOUR), 30, 0);
        world.insert(PAYMENTS, good);
        nightly = Some(world.insert(PAYMENTS, Task::iac(ago(MINUTE)).scheduled().running(ago(MINUTE), 30)));
    })
    .await;
    let (cloud, prometheus) = (&site.cloud, &site.prometheus);
    let failing = [("alertname", "HssLatestScanFailing"), ("task_type", "cluster_scan")];
    let before = prometheus.fires(&failing).await;
    prometheus.holds("hss_tasks{task_type=\"iac_scan\",status=\"running\"} == 1").await;

    cloud.faults().push(Fault::reset().always());
    // Meanwhile the scan that had failed is repeated with success, and another one fails. Nobody can see it.
    cloud.edit(|world| {
        let now = world.now();
        let good = Task::cluster(now - MINUTE).scheduled().finished(now - MINUTE, now, 3, 0);
        world.insert(PAYMENTS, good);
        assert!(world.finish(nightly.unwrap(), 20, 10));
    });
    for task_type in ["cluster_scan", "iac_scan"] {
        let down = prometheus.fires(&[("alertname", "HssTargetDown"), ("task_type", task_type)]).await;
        assert!(down.annotations.get("summary").unwrap().contains("connect"), "it says why: {down:?}");
    }
    for task_type in ["cluster_scan", "iac_scan"] {
        prometheus.fires(&[("alertname", "HssDataStale"), ("task_type", task_type)]).await;
    }
    // How things stand is not known any more.
    prometheus.holds("absent(hss_tasks)").await;
    let now = prometheus.fires(&failing).await;
    assert_eq!(now.since, before.since, "what had failed has failed, without a break");
    let fired = prometheus.fired("alertname=~\"Hss.+\"").await;
    assert_eq!(fired.iter().collect::<Vec<_>>(), ["HssDataStale", "HssLatestScanFailing", "HssTargetDown"]);

    // The cloud is back, and all that happened is told.
    cloud.faults().clear();
    prometheus.fires(&[("alertname", "HssScanFailed"), ("task_type", "iac_scan"), ("trigger_type", "schedule")]).await;
    prometheus.fires(&[("alertname", "HssLatestScanFailing"), ("task_type", "iac_scan")]).await;
    prometheus.is_silent(&failing).await;
    prometheus.is_silent(&[("alertname", "HssTargetDown")]).await;
    prometheus.is_silent(&[("alertname", "HssDataStale")]).await;
    let failed = prometheus.fired("alertname=\"HssScanFailed\",task_type=\"cluster_scan\"").await;
    assert!(failed.is_empty(), "no scan of clusters failed in all this time: {failed:?}");
}
