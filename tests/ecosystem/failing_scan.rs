//! A scan fails in the cloud: who is told, for how long, and what ends it.

use super::prometheus::list;
use super::site::{HOUR, MINUTE, PAYMENTS, Site};
use hss_exporter::simulator::Task;
use hss_exporter::simulator::task::{Scan, ScanType};

const BENCHMARK: Scan = Scan::Cluster(&[ScanType::Benchmark]);

/// The labels of the nightly scan for vulnerabilities, as the alerts have them.
const NIGHTLY: [(&str, &str); 5] = [
    ("account", "prod"),
    ("project", "payments"),
    ("enterprise_project", "default"),
    ("task_type", "cluster_scan"),
    ("trigger_type", "schedule"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_scan_is_told_until_one_of_its_kind_is_good() {
    let mut nightly = None;
    let site = Site::start(|world, now| {
        let ago = |time: u64| now - time;
        let good = Task::cluster(ago(24 * HOUR)).scheduled().finished(ago(24 * HOUR), ago(23 * HOUR), 3, 0);
        world.insert(PAYMENTS, good);
        // Before anybody looked, somebody's benchmark failed.
        let old = Task::new(BENCHMARK, ago(3 * HOUR)).finished(ago(3 * HOUR), ago(2 * HOUR), 0, 4);
        world.insert(PAYMENTS, old);
        let running = Task::cluster(ago(10 * MINUTE)).scheduled().running(ago(10 * MINUTE), 3);
        nightly = Some(world.insert(PAYMENTS, running));
    })
    .await;
    let (cloud, prometheus) = (&site.cloud, &site.prometheus);
    let news = [&[("alertname", "HssScanFailed")], &NIGHTLY[..]].concat();
    let state = [&[("alertname", "HssLatestScanFailing"), ("scan", "cluster_vul")], &NIGHTLY[..]].concat();

    // The old failure is a fact, and no news.
    prometheus.fires(&[("alertname", "HssLatestScanFailing"), ("trigger_type", "manual"), ("scan", "benchmark")]).await;
    prometheus.holds("hss_tasks{task_type=\"cluster_scan\",status=\"running\"} == 1").await;

    // The nightly scan ends, and one of its three clusters could not be scanned.
    cloud.edit(|world| assert!(world.finish(nightly.unwrap(), 2, 1)));
    let told = prometheus.fires(&news).await;
    assert_eq!(told.labels.get("scan"), None, "it is told once for all scans of the trigger");
    let failing = prometheus.fires(&state).await;
    for alert in [&told, &failing] {
        let said = format!("{:?}", alert.annotations);
        assert!(said.contains("prod/payments/default"), "it says where: {said}");
        assert!(!said.contains("<no value>") && !said.contains("error"), "its texts are whole: {said}");
        let page = alert.annotations.get("exporter_url").map(String::as_str);
        assert_eq!(page, Some(&*format!("http://{}", site.exporter.address)), "it leads to the landing page");
    }
    let description = failing.annotations.get("description").unwrap();
    assert!(description.contains("1 cluster(s) failed, 2 succeeded"), "it says how much: {description}");

    // A good benchmark by the same schedule says nothing about vulnerabilities.
    cloud.edit(|world| {
        let now = world.now();
        let other = Task::new(BENCHMARK, now - 2 * MINUTE).scheduled().finished(now - 2 * MINUTE, now - 1, 3, 0);
        world.insert(PAYMENTS, other);
    });
    let good =
        |scan| format!("hss_latest_task_outcome{{scan=\"{scan}\",trigger_type=\"schedule\",outcome=\"success\"}} == 1");
    prometheus.holds(&good("benchmark")).await;
    // What is asked now is asked after the good benchmark was seen: the alert that fires is not one that has yet to clear.
    let kind = "{trigger_type=\"schedule\",scan=\"cluster_vul\"}";
    let still = prometheus
        .query(&format!(
            "({}) and on (trigger_type, scan) hss_latest_task_end_timestamp_seconds{kind}",
            failing_rule(&site).await
        ))
        .await;
    assert_eq!(still.len(), 1, "vulnerabilities are still not scanned: {still:?}");
    assert_eq!(prometheus.fires(&state).await.since, failing.since, "it has not been interrupted");

    // The next good scan for vulnerabilities clears it, and nothing else.
    cloud.edit(|world| {
        let now = world.now();
        let next = Task::cluster(now - 2 * MINUTE).scheduled().finished(now - 2 * MINUTE, now - 1, 3, 0);
        world.insert(PAYMENTS, next);
    });
    prometheus.holds(&good("cluster_vul")).await;
    prometheus.is_silent(&state).await;
    prometheus.is_silent(&news).await;
    prometheus.fires(&[("alertname", "HssLatestScanFailing"), ("trigger_type", "manual"), ("scan", "benchmark")]).await;

    let manual = prometheus.fired("trigger_type=\"manual\"").await;
    assert_eq!(manual.iter().collect::<Vec<_>>(), ["HssLatestScanFailing"], "the old failure was never news");
    let iac = prometheus.fired("task_type=\"iac_scan\"").await;
    assert!(iac.is_empty(), "scans of files have nothing to do with it: {iac:?}");
}

/// What HssLatestScanFailing asks.
async fn failing_rule(site: &Site) -> String {
    let rules = site.prometheus.get("rules?type=alert").await.unwrap();
    let mut all = list(&rules["groups"]).flat_map(|group| list(&group["rules"]));
    all.find(|rule| rule["name"] == "HssLatestScanFailing").unwrap()["query"].as_str().unwrap().to_owned()
}
