//! A world in which everything is the matter at once: every alert fires, and every panel has something to show, from what
//! a real exporter says.

use super::dashboards::queries;
use super::prometheus::{Prometheus, list};
use super::site::{HOUR, MINUTE, PAYMENTS, Setup, Site};
use super::wait;
use hss_exporter::simulator::task::{Scan, ScanType};
use hss_exporter::simulator::{DateHeader, Fault, Refusal, Task};
use serde_json::Value;
use std::collections::BTreeSet;

/// In the order in which they are waited for: the first two go by themselves.
const FIRING: [&str; 17] = [
    "HssScanFailed",
    "HssUnknownValues",
    "HssLatestScanFailing",
    "HssNoSuccessfulScan",
    "HssScanNotRun",
    "HssScanOverdue",
    "HssScanEmpty",
    "HssTargetDown",
    "HssDataStale",
    "HssApiThrottled",
    "HssAuthBlocked",
    "HssDiscoveryFailing",
    "HssTasksWithheld",
    "HssUnwatchedTasks",
    "HssCredentialExpiring",
    "HssClockSkewed",
    "HssExporterDown",
];
/// Six hours are six minutes here: too long. It is about to fire.
const PENDING: &str = "HssHistoryIncomplete";
/// Two hours by the exporter's own clock. Nothing can hurry that.
const LATER: &str = "HssScanQueueStuck";

/// The enterprise project that cannot be read any more, and the one that never could.
const LOST: &str = "7";
const NEVER_SEEN: &str = "9";

/// One that has the lost enterprise project, behind a budget of its own, one whose key there is no more, and one with that key
/// whose projects nobody knows.
const ACCOUNTS: &str = "  - name: crowded
    region: cn-north-4
    credentials: { metadata: { endpoint: \"{endpoint}\" } }
    endpoints: { hss: \"{other_name}\" }
    projects:
      - { id: 0123456789abcdef0123456789abcdef, name: payments, enterprise_projects: [{ id: \"7\", name: lost }] }
  - name: refused
    region: cn-north-4
    credentials: { access_key: { id: NOSUCHKEY, secret: simulated-secret-of-no-value } }
    endpoints: { hss: \"{endpoint}\" }
    projects:
      - { id: fedcba9876543210fedcba9876543210, name: shop }
  - name: unknown
    region: cn-north-4
    credentials: { access_key: { id: NOSUCHKEY, secret: simulated-secret-of-no-value } }
    endpoints: { hss: \"{endpoint}\", iam: \"{endpoint}\" }
    projects: discover
";

async fn everything_wrong() -> Site {
    let setup = Setup {
        refresh: "interval: 500ms, stale_after: 20s",
        tasks: "series: { limit: 1 }, expect: [{ task_type: cluster_scan, trigger_type: schedule, every: 26h }, \
                { task_type: iac_scan, trigger_type: manual, every: 1h }]",
        accounts: ACCOUNTS,
        left_out: &[LOST],
        enterprise_projects: &[("0", "default"), (LOST, "lost"), (NEVER_SEEN, "never-seen")],
        faults: vec![Fault::refuse(Refusal::no_permission()).for_enterprise_project(NEVER_SEEN).always()],
        ..Setup::default()
    };
    let mut fails = None;
    let site = Site::with(setup, |world, now| {
        let ago = |hours: u64| now - hours * HOUR;
        let mut insert = |task: Task| world.insert(PAYMENTS, task);
        fails = Some(insert(Task::cluster(now - MINUTE).scheduled().running(now - MINUTE, 4)));
        insert(Task::cluster(ago(3)).scheduled().finished(ago(3), ago(2), 2, 1));
        insert(Task::cluster(ago(30)).scheduled().finished(ago(30), ago(29), 3, 0));
        insert(Task::iac(ago(4)).finished(ago(4), ago(3), 9, 0));
        // A scan that takes longer than a day, and thinks that it needs a minute more.
        insert(Task { estimate: 1, ..Task::iac(ago(25)).scheduled().running(ago(25), 30) });
        let nothing = Task::new(Scan::Cluster(&[ScanType::RiskAssessment]), ago(2));
        insert(nothing.scheduled().finished(ago(2), ago(1), 0, 0));
        insert(Task::cluster(now - MINUTE).named("waiting"));
        insert(Task::iac(ago(9)).owned_by(LOST).finished(ago(9), ago(8), 5, 0));
    })
    .await;
    let seen = "count(hss_target_complete{enterprise_project!=\"never-seen\"} == 1) == 4";
    site.prometheus.holds(seen).await;
    // What the instance is given lives too short from now on to be renewed in time.
    site.cloud.edit_iam(|iam| {
        iam.directory.metadata.key_lifetime = 90_000;
        iam.revoke("hss-reader");
    });
    site.prometheus.some_fire("HssCredentialExpiring").await;
    let faults = site.cloud.faults();
    faults.push(Fault::refuse(Refusal::throttled("user", 5)).for_enterprise_project(LOST).always());
    faults.push(Fault::extra_items(vec![stranger()]).for_enterprise_project("0").for_task_type("iac_scan"));
    site.cloud.edit(|world| assert!(world.finish(fails.unwrap(), 0, 4)));
    site
}

/// A task of a kind that the cloud may think of later.
fn stranger() -> Value {
    serde_json::json!({
        "task_id": "00000000-0000-0000-0000-00000000ffff", "task_type": "iac_scan", "trigger_type": "on_push",
        "task_status": "finished", "start_time": 1_757_289_600_000_u64, "end_time": 1_757_289_660_000_u64,
        "iac_scan_info": { "file_type": "helm", "scan_file_num": 1, "success_file_num": 1, "failed_file_num": 0 },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_alert_fires_and_every_panel_has_something_to_show() {
    let mut site = everything_wrong().await;
    let prometheus = &site.prometheus;
    let names = rules(prometheus).await;
    let known: BTreeSet<String> = FIRING.into_iter().chain([PENDING, LATER]).map(str::to_owned).collect();
    assert_eq!(names, known, "every alert stands in one of the lists of this test");

    let (last, others) = FIRING.split_last().unwrap();
    let (skewed, others) = others.split_last().unwrap();
    for alert in others {
        prometheus.some_fire(alert).await;
    }
    prometheus
        .holds(&format!("ALERTS{{alertname=\"{PENDING}\",alertstate=\"pending\",enterprise_project=\"never-seen\"}}"))
        .await;
    for query in queries() {
        // What is past its estimate is so after a minute.
        let found = async || match query.ask(prometheus).await {
            0 => Err("nothing".to_owned()),
            found => Ok(found),
        };
        wait::until(&format!("{} finds something: {}", query.place, query.expr), found).await;
    }
    // When this cloud's clock is not ours, nothing that is read in it is as it was.
    site.cloud.faults().date(DateHeader::Skewed(-400_000));
    prometheus.some_fire(skewed).await;
    site.exporter.kill();
    prometheus.some_fire(last).await;
    texts(prometheus).await;
    rules(prometheus).await;
}

/// Every rule can be evaluated, by itself and by us. Answers the names of the alerts.
async fn rules(prometheus: &Prometheus) -> BTreeSet<String> {
    let groups = prometheus.get("rules").await.unwrap();
    let mut alerts = BTreeSet::new();
    for rule in list(&groups["groups"]).flat_map(|group| list(&group["rules"])) {
        // Before its first evaluation the health of a rule is not known.
        assert_ne!((&rule["health"], &rule["lastError"]), (&"err".into(), &Value::Null), "{rule}");
        prometheus.query(rule["query"].as_str().unwrap()).await;
        if rule["type"] == "alerting" {
            alerts.insert(rule["name"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(prometheus.query("prometheus_rule_evaluation_failures_total > 0").await, []);
    alerts
}

/// The texts of all alerts are whole.
async fn texts(prometheus: &Prometheus) {
    for alert in prometheus.alerts(&[]).await {
        for (name, text) in &alert.annotations {
            let is_whole = !text.is_empty() && !text.contains("<no value>") && !text.contains("<error");
            assert!(is_whole, "{name} of {:?}: {text}", alert.labels);
        }
    }
}
