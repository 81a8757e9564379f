//! The numbers that alerts and panels show of a world that is known.

use super::dashboards::{Query, dashboards, filled, queries};
use super::prometheus::{Labels, Prometheus, Sample, list};
use super::site::{HOUR, MINUTE, PAYMENTS, Setup, Site};
use super::wait;
use hss_exporter::simulator::Task;
use hss_exporter::simulator::task::{FileType, Scan, ScanType};

/// Scans that are good, bad, in their midst, about to begin, and one that hangs.
async fn described() -> Site {
    let setup = Setup {
        tasks: "expect: [{ task_type: cluster_scan, trigger_type: schedule, every: 26h }]",
        enterprise_projects: &[("0", "default"), ("7", "team")],
        ..Setup::default()
    };
    let mut ends = None;
    let site = Site::with(setup, |world, now| {
        let ago = |hours: u64| now - hours * HOUR;
        let benchmark = Scan::Cluster(&[ScanType::Benchmark]);
        let dockerfiles = Scan::Iac(FileType::Dockerfile);
        let mut insert = |task: Task| world.insert(PAYMENTS, task);
        // The default enterprise project: two kinds fail, two are good, one of them after a failure.
        insert(Task::cluster(ago(27)).scheduled().finished(ago(27), ago(26), 0, 2));
        insert(Task::cluster(ago(3)).scheduled().finished(ago(3), ago(2), 3, 0));
        insert(Task::new(benchmark, ago(3)).scheduled().finished(ago(3), ago(1), 2, 1));
        insert(Task::iac(ago(4)).finished(ago(4), ago(3), 0, 10));
        insert(Task::new(dockerfiles, ago(5)).scheduled().finished(ago(5), ago(4), 7, 0));
        // The team's: one kind is good; one scan runs longer than a day, one waits, one is about to end.
        let team = |task: Task| task.owned_by("7");
        insert(team(Task::cluster(ago(30)).scheduled().finished(ago(30), ago(29), 4, 0)));
        insert(team(Task::iac(ago(25)).scheduled().running(ago(25), 30)).named("hanging"));
        insert(team(Task::cluster(now - MINUTE)).named("waiting"));
        ends = Some(insert(team(Task::cluster(now - MINUTE).scheduled().running(now - MINUTE, 4))));
    })
    .await;
    site.exporter.whole_page().await;
    site.prometheus.holds("sum(hss_tasks{status=\"running\"}) == 2").await;
    site.cloud.edit(|world| assert!(world.finish(ends.unwrap(), 3, 1)));
    site.prometheus.holds("sum(increase(hss_tasks_finished_with_failures_total[10s])) > 0").await;
    site
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_and_panels_show_the_right_numbers_of_a_world_that_is_known() {
    let site = described().await;
    let prometheus = &site.prometheus;
    prometheus.fires(&[("alertname", "HssScanFailed"), ("enterprise_project", "team")]).await;
    numbers_of_alerts(prometheus).await;
    let queries = queries();
    choices(prometheus).await;
    numbers_of_panels(prometheus, &queries).await;
}

/// Which alerts fire, told by all that tells one from the other. The news is over so soon that it is not asked for here.
async fn numbers_of_alerts(prometheus: &Prometheus) {
    let expected = [
        "HssLatestScanFailing default cluster_scan schedule benchmark",
        "HssLatestScanFailing default iac_scan manual k8s_yaml",
        "HssLatestScanFailing team cluster_scan schedule cluster_vul",
        "HssNoSuccessfulScan default cluster_scan schedule benchmark",
        "HssNoSuccessfulScan team cluster_scan schedule cluster_vul",
        "HssScanOverdue team iac_scan schedule",
    ];
    let told_by = ["alertname", "enterprise_project", "task_type", "trigger_type", "scan"];
    wait::until("these alerts fire, and no others", async || {
        let alerts = prometheus.alerts(&[]).await.into_iter();
        let lasting = alerts.filter(|alert| alert.labels.get("alertname").is_some_and(|name| name != "HssScanFailed"));
        let mut found: Vec<String> = lasting
            .map(|alert| format!("{}{}", named(&alert.labels, &told_by), alert.state.trim_start_matches("firing")))
            .collect();
        found.sort();
        if found == expected { Ok(()) } else { Err(found.join("\n")) }
    })
    .await;
}

/// What can be chosen at the top of a dashboard.
async fn choices(prometheus: &Prometheus) {
    for (file, dashboard) in dashboards() {
        for variable in list(&dashboard["templating"]["list"]).filter(|one| one["type"] == "query") {
            let query = variable["query"]["query"].as_str().unwrap();
            let inside = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')).unwrap();
            let (series, label) = inside.rsplit_once(", ").unwrap();
            let found = prometheus.query(&format!("count by ({label}) ({})", filled(series))).await;
            let mut found: Vec<String> = found.iter().map(|sample| named(&sample.labels, &[label])).collect();
            found.sort();
            let expected: &[&str] = match label {
                "account" => &["prod"],
                "project" => &["payments"],
                "enterprise_project" => &["default", "team"],
                other => panic!("{file}: what can be chosen for {other}?"),
            };
            assert_eq!(found, expected, "{file}: {label}");
        }
    }
}

/// The numbers that one looks at first.
async fn numbers_of_panels(prometheus: &Prometheus, queries: &[Query]) {
    for (panel, expected) in [
        ("Targets down or stale", 0.0),
        ("Latest scans with failures", 3.0),
        ("Expected scans missing", 2.0),
        ("Scans that hang", 1.0),
        ("Stuck in the queue", 0.0),
        ("Tasks running", 1.0),
        ("Tasks waiting", 1.0),
        ("Exporters", 1.0),
        ("History incomplete", 0.0),
        ("Tasks withheld", 0.0),
        ("Malformed tasks", 0.0),
        ("Unknown values", 0.0),
    ] {
        let place = format!("/{panel}/A");
        let query = queries.iter().find(|query| query.place.ends_with(&place));
        let query = query.unwrap_or_else(|| panic!("there is no panel {panel}"));
        let found: Vec<f64> = prometheus.query(&query.expr).await.iter().map(|sample| sample.value).collect();
        assert_eq!(found, [expected], "{panel}: {}", query.expr);
    }
    table(
        prometheus,
        queries,
        "Kinds whose latest scan had failures/A",
        &["enterprise_project", "trigger_type", "scan", "outcome"],
        &["default manual k8s_yaml failed", "default schedule benchmark partial", "team schedule cluster_vul partial"],
    )
    .await;
    table(
        prometheus,
        queries,
        "Latest finished run of each kind/A",
        &["enterprise_project", "trigger_type", "scan", "outcome"],
        &[
            "default manual k8s_yaml failed",
            "default schedule benchmark partial",
            "default schedule cluster_vul success",
            "default schedule dockerfile success",
            "team schedule cluster_vul partial",
        ],
    )
    .await;
    table(
        prometheus,
        queries,
        "Running tasks/A",
        &["enterprise_project", "task_type", "task_name"],
        &["team iac_scan hanging"],
    )
    .await;
    let failed = prometheus.query("sum by (enterprise_project) (hss_clusters_scan_failed_total) > 0").await;
    let team = Labels::from([("enterprise_project".to_owned(), "team".to_owned())]);
    assert_eq!(failed, [Sample { labels: team, value: 1.0 }], "the one cluster that failed since we look");
}

/// The rows of a table, told by these labels.
async fn table(prometheus: &Prometheus, queries: &[Query], place: &str, labels: &[&str], expected: &[&str]) {
    let query = queries.iter().find(|query| query.place.ends_with(place));
    let query = query.unwrap_or_else(|| panic!("there is no {place}"));
    let samples = prometheus.query(&query.expr).await;
    let mut found: Vec<String> = samples.iter().map(|sample| named(&sample.labels, labels)).collect();
    found.sort();
    assert_eq!(found, expected, "{place}: {}", query.expr);
}

/// The values of some labels.
fn named(labels: &Labels, names: &[&str]) -> String {
    names.iter().filter_map(|name| labels.get(*name).map(String::as_str)).collect::<Vec<_>>().join(" ")
}
