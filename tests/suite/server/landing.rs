//! What a person reads: the landing page.

use super::rig::{EXPOSITION, NOW, Served, patient, snapshot};
use crate::http::get;
use flate2::read::GzDecoder;
use hss_exporter::model::{
    Book, ClockOffset, Counts, EnterpriseProject, Failure, Ledger, Project, Reading, Reason, Scan, ScanTypes, Standing,
    Status, Target, Task, TaskType, Trigger,
};
use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

/// A target with one task type, read well two minutes ago.
fn standing(project: &str, enterprise_project: &str, tasks: Vec<Task>, failure: Option<Failure>) -> Standing {
    let name = |text: &str| Arc::from(text);
    let target = Arc::new(Target {
        account: name("prod"),
        project: Project { id: name("0123"), name: name(project) },
        enterprise_project: EnterpriseProject::One { id: name("0"), name: name(enterprise_project) },
        region: name("cn-north-4"),
    });
    let read = NOW.minus(Duration::from_secs(120));
    let mut ledger = Ledger::new(Duration::from_secs(7 * 86_400));
    ledger.apply(read, tasks);
    let reading = Reading {
        last_attempt: Some(read),
        last_success: Some(read),
        failure: failure.map(Arc::new),
        ..Reading::default()
    };
    let book = Book {
        task_type: TaskType::ClusterScan,
        ledger,
        reading,
        stale_after: Duration::from_secs(1800),
        cloud_ahead: ClockOffset::Ahead(Duration::ZERO),
        expected: BTreeMap::new(),
    };
    Standing::of(&target, &[book], None, NOW)
}

fn finished(id: &str, trigger: Trigger, success: u64, failed: u64) -> Task {
    let ago = |seconds| Some(NOW.minus(Duration::from_secs(seconds)));
    Task {
        id: id.into(),
        name: None,
        trigger,
        status: Status::Finished,
        start: ago(8000),
        end: ago(7200),
        estimated_remaining: None,
        scan: Scan::Cluster(ScanTypes::CLUSTER_VUL),
        counts: Counts::Clusters { scanning: Some(0), success: Some(success), failed: Some(failed) },
    }
}

fn refused(message: &str) -> Failure {
    Failure {
        reason: Reason::Auth,
        tried: "ListTasks(cluster_scan) of prod/payments/default".to_owned(),
        status: Some(401),
        code: Some("APIGW.0301".to_owned()),
        message: message.to_owned(),
        request_id: Some("deadbeef".to_owned()),
        retry_after: None,
    }
}

#[tokio::test]
async fn the_landing_page_says_in_one_line_that_all_is_well() {
    let good = || standing("payments", "default", vec![finished("a", Trigger::Schedule, 3, 0)], None);
    let served = Served::with(patient(), EXPOSITION.into(), snapshot(vec![good()])).await;
    let page = served.get("/").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let html = page.text();
    for wanted in [
        "All is well with 1 target<",
        "1.2.3",
        "href=\"metrics\"",
        "href=\"-/healthy\"",
        "href=\"-/ready\"",
        "prod / <b>payments</b> / default",
        ">2 min ago</time>",
        "<time datetime=\"2025-09-07T22:00:00Z\" title=\"2025-09-07T22:00:00Z\">2 h ago</time>",
        "scheduled",
    ] {
        assert!(html.contains(wanted), "no {wanted} in {html}");
    }
    assert!(!html.contains("<script") && !html.contains("src="), "{html}");
    let zipped = get(served.address, "/", &["Accept-Encoding: gzip"]).await;
    let mut text = String::new();
    GzDecoder::new(zipped.body.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(text, html);
}

#[tokio::test]
async fn the_landing_page_puts_problems_first_and_the_clouds_words_in_full() {
    let standings = vec![
        standing("a-good-one", "default", vec![finished("a", Trigger::Schedule, 3, 0)], None),
        standing("failing", "default", vec![finished("a", Trigger::Manual, 2, 1)], None),
        standing("refused", "default", Vec::new(), Some(refused("verify aksk signature fail"))),
    ];
    let served = Served::with(patient(), EXPOSITION.into(), snapshot(standings)).await;
    let page = served.get("/").await;
    let html = page.text();
    assert!(html.contains("1 of 3 targets is down; the latest scan of 1 kind had failures"), "{html}");
    let places = ["<b>refused</b>", "<b>failing</b>", "<b>a-good-one</b>"].map(|name| html.find(name).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    for wanted in [
        "down: auth",
        "verify aksk signature fail",
        ">401<",
        "APIGW.0301",
        "deadbeef",
        "the secret does not belong to this access key",
    ] {
        assert!(html.contains(wanted), "no {wanted} in {html}");
    }
}

#[tokio::test]
async fn what_comes_from_outside_is_text_on_the_landing_page() {
    let evil = "<script>alert(\"1\")</script>'&";
    let standings = vec![standing(evil, evil, Vec::new(), Some(refused(evil)))];
    let served = Served::with(patient(), EXPOSITION.into(), snapshot(standings)).await;
    let page = served.get("/").await;
    assert!(!page.text().contains("<script"), "{}", page.text());
    assert!(page.text().matches("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;").count() >= 3);
}

#[tokio::test]
async fn a_page_of_a_thousand_targets_stays_a_page() {
    let standings = (0..1000).map(|n| standing(&format!("p{n}"), "default", Vec::new(), Some(refused("no")))).collect();
    let served = Served::with(patient(), EXPOSITION.into(), snapshot(standings)).await;
    let page = served.get("/").await;
    assert!(page.text().contains("500 more targets are not listed here"));
    assert!(page.body.len() < 2_000_000, "{}", page.body.len());
}
