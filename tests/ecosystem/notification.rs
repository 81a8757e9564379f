//! An alert goes its whole way: from a scan that fails in the cloud to Alertmanager, which knows whom to tell.

use super::alertmanager::Alertmanager;
use super::prometheus::{labels, list};
use super::site::{HOUR, MINUTE, PAYMENTS, Setup, Site};
use super::wait;
use hss_exporter::simulator::Task;

#[tokio::test(flavor = "multi_thread")]
async fn alertmanager_knows_whom_to_tell_of_a_failed_scan() {
    let folder = tempfile::tempdir().unwrap();
    let alertmanager = Alertmanager::start(folder.path()).await;
    let setup = Setup { alertmanager: Some(alertmanager.address), ..Setup::default() };
    let mut nightly = None;
    let site = Site::with(setup, |world, now| {
        let good = Task::cluster(now - 2 * HOUR).scheduled().finished(now - 2 * HOUR, now - HOUR, 3, 0);
        world.insert(PAYMENTS, good);
        nightly = Some(world.insert(PAYMENTS, Task::cluster(now - MINUTE).scheduled().running(now - MINUTE, 3)));
    })
    .await;
    site.prometheus.holds("hss_tasks{task_type=\"cluster_scan\",status=\"running\"} == 1").await;
    site.cloud.edit(|world| assert!(world.finish(nightly.unwrap(), 0, 3)));
    let fires = site.prometheus.fires(&[("alertname", "HssLatestScanFailing")]).await;

    let received = wait::until("Alertmanager has HssLatestScanFailing", async || {
        let alerts = alertmanager.alerts().await?;
        let ours = list(&alerts).find(|alert| alert["labels"]["alertname"] == "HssLatestScanFailing");
        ours.cloned().ok_or_else(|| alerts.to_string())
    })
    .await;
    assert_eq!(labels(&received["labels"]), fires.labels, "the links' labels stay behind");
    assert_eq!(received["annotations"]["summary"].as_str(), fires.annotations.get("summary").map(String::as_str));
    let receivers: Vec<&str> = list(&received["receivers"]).filter_map(|one| one["name"].as_str()).collect();
    let severity = fires.labels.get("severity").unwrap();
    assert_eq!(receivers, [format!("hss-{severity}")], "by its severity");
    assert_eq!(received["status"]["state"], "active");

    // The news is in the state: it is not told twice.
    wait::until("HssScanFailed is there, and muted by HssLatestScanFailing", async || {
        let alerts = alertmanager.alerts().await?;
        let news = list(&alerts).find(|alert| alert["labels"]["alertname"] == "HssScanFailed");
        let by: Vec<&str> = news
            .into_iter()
            .flat_map(|news| list(&news["status"]["inhibitedBy"]))
            .filter_map(|id| id.as_str())
            .collect();
        let is_muted = received["fingerprint"].as_str().is_some_and(|id| by.contains(&id));
        if is_muted { Ok(()) } else { Err(alerts.to_string()) }
    })
    .await;
}
