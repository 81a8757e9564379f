//! The exporter is killed, and comes back without a memory: what is told all the same, and what is lost.

use super::prometheus::Prometheus;
use super::site::{HOUR, MINUTE, PAYMENTS, SECOND, Site};
use hss_exporter::simulator::{Task, TaskId};

const RUNNING: &str = "sum(hss_tasks{status=\"running\"})";

/// A site with a nightly scan of clusters and one of files that run; the ones of last night were good.
async fn two_scans_run() -> (Site, TaskId, TaskId) {
    let mut ids = None;
    let site = Site::start(|world, now| {
        let night = (now - 24 * HOUR, now - 23 * HOUR);
        world.insert(PAYMENTS, Task::cluster(night.0).scheduled().finished(night.0, night.1, 3, 0));
        world.insert(PAYMENTS, Task::iac(night.0).scheduled().finished(night.0, night.1, 20, 0));
        let since = now - 5 * MINUTE;
        let clusters = world.insert(PAYMENTS, Task::cluster(since).scheduled().running(since, 3));
        let files = world.insert(PAYMENTS, Task::iac(since).scheduled().running(since, 20));
        ids = Some((clusters, files));
    })
    .await;
    site.prometheus.holds(&format!("{RUNNING} == 2")).await;
    let (clusters, files) = ids.unwrap();
    (site, clusters, files)
}

/// The sum of a counter over all that is counted.
async fn counted(prometheus: &Prometheus, counter: &str) -> f64 {
    prometheus.holds(&format!("sum({counter})")).await[0].value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_that_fails_while_the_exporter_is_down_is_told_once_it_is_back_but_counted_nowhere() {
    let (mut site, clusters, files) = two_scans_run().await;
    site.exporter.kill();
    let ended = site.cloud.edit(|world| {
        assert!(world.finish(clusters, 0, 3));
        assert!(world.finish(files, 15, 5));
        world.now()
    });
    let down = site.prometheus.fires(&[("alertname", "HssExporterDown")]).await;
    assert_eq!(down.labels.get("instance"), Some(&site.exporter.address.to_string()));
    assert!(site.prometheus.alerts(&[("alertname", "HssScanFailed")]).await.is_empty(), "nobody could see it");
    // The files are scanned once more, and well. The exporter has not seen that either.
    site.cloud.edit(|world| {
        assert!(world.now() > ended + SECOND, "the exporter is not said to be down so soon");
        let again = Task::iac(ended).scheduled().finished(ended, ended + SECOND, 20, 0);
        world.insert(PAYMENTS, again);
    });

    site.exporter.restart().await;
    let prometheus = &site.prometheus;
    // Not lost: that both have failed, and that one of them has not been mended.
    for task_type in ["cluster_scan", "iac_scan"] {
        prometheus.fires(&[("alertname", "HssScanFailed"), ("task_type", task_type)]).await;
    }
    let state = [("alertname", "HssLatestScanFailing"), ("task_type", "cluster_scan")];
    prometheus.fires(&state).await;
    prometheus.is_silent(&[("alertname", "HssExporterDown")]).await;
    prometheus.is_silent(&[("alertname", "HssScanFailed")]).await;
    prometheus.fires(&state).await;
    let files = prometheus.fired("alertname=\"HssLatestScanFailing\",task_type=\"iac_scan\"").await;
    assert!(files.is_empty(), "the latest scan of files is a good one: {files:?}");
    // Lost: the runs that ended meanwhile are in no counter, the failed ones and the good one. Whatever had been counted
    // before the kill begins at 0 again, which `increase` understands.
    for counter in [
        "hss_tasks_finished_total",
        "hss_tasks_finished_with_failures_total",
        "hss_clusters_scanned_total",
        "hss_clusters_scan_failed_total",
        "hss_files_scanned_total",
        "hss_files_scan_failed_total",
        "hss_task_duration_seconds_count",
    ] {
        assert_eq!(counted(prometheus, counter).await, 0.0, "{counter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_repeats_no_alert_and_interrupts_none_and_a_scan_that_outlives_it_is_counted() {
    let (mut site, clusters, files) = two_scans_run().await;
    site.cloud.edit(|world| assert!(world.finish(clusters, 1, 2)));
    let state = [("alertname", "HssLatestScanFailing"), ("task_type", "cluster_scan")];
    site.prometheus.fires(&[("alertname", "HssScanFailed"), ("task_type", "cluster_scan")]).await;
    let before = site.prometheus.fires(&state).await;

    site.exporter.restart().await;
    let prometheus = &site.prometheus;
    prometheus.holds(&format!("{RUNNING} == 1 and sum(hss_tasks_finished_total) == 0")).await;
    site.cloud.edit(|world| assert!(world.finish(files, 15, 5)));
    prometheus.fires(&[("alertname", "HssScanFailed"), ("task_type", "iac_scan")]).await;
    assert_eq!(
        counted(prometheus, "hss_tasks_finished_with_failures_total").await,
        1.0,
        "what ended since the restart"
    );

    prometheus.is_silent(&[("alertname", "HssScanFailed")]).await;
    // When an alert began is a series; an alert that ends and begins again changes it.
    let begun_anew = prometheus.query("changes(ALERTS_FOR_STATE{alertname=\"HssScanFailed\"}[1h]) > 0").await;
    assert_eq!(begun_anew, [], "each failure was told once");
    assert_eq!(prometheus.fires(&state).await.since, before.since, "the state was never interrupted");
}
