//! What can go wrong with the cloud, and that it goes wrong for those only whom it concerns.

use super::page::Page;
use super::rig::{BORN, HOUR, MINUTE, PAYMENTS, Rig, SECOND, SHOP, Setup, account, account_with, get};
use hss_exporter::simulator::{Fault, Hold, Refusal, Task};
use std::net::TcpListener;
use std::time::Duration;

const BOTH: &str = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }, \
                     { id: fedcba9876543210fedcba9876543210, name: shop }]";

/// The scope that suffers in these tests.
const VICTIM: [(&str, &str); 2] = [("project", "payments"), ("task_type", "cluster_scan")];
const OTHERS: [[(&str, &str); 2]; 3] = [
    [("project", "payments"), ("task_type", "iac_scan")],
    [("project", "shop"), ("task_type", "cluster_scan")],
    [("project", "shop"), ("task_type", "iac_scan")],
];

/// Two projects, each with a failed cluster scan, a running one, and an IaC scan.
fn two_projects() -> Setup {
    let mut setup = Setup::of(|world| {
        for project in [PAYMENTS, SHOP] {
            world.insert(project, Task::cluster(BORN).finished(BORN - HOUR, BORN - 30 * MINUTE, 0, 3));
            world.insert(project, Task::cluster(BORN).running(BORN - MINUTE, 2));
            world.insert(project, Task::iac(BORN).finished(BORN - HOUR, BORN - 30 * MINUTE, 5, 0));
        }
    });
    setup.accounts = account("prod", BOTH);
    setup.refresh = "interval: 20ms";
    setup
}

fn is_down(page: &Page, reason: &str) -> bool {
    let labels = [&VICTIM[..], &[("reason", reason)]].concat();
    page.value("hss_target_down_reason", &labels) == Some(1.0)
}

/// Lets a fault hit the victim until it is down for this reason, looks at the others, and lets it recover. What the
/// landing page must say is `words`.
async fn check(rig: &Rig, what: &str, fault: Fault, reason: &str, words: &[String]) {
    let fault = fault.for_project(PAYMENTS).for_task_type("cluster_scan").always();
    rig.cloud.faults().push(fault.with_header("x-request-id", "req-4711"));
    rig.page_where(&format!("{what} is {reason}"), |page| is_down(page, reason)).await;
    let now = super::described::seconds(rig.clock.now() + 2 * SECOND);
    let page = rig.fresh().await;
    page.check("hss_target_up", &VICTIM, Some(0.0));
    assert!(page.all("hss_target_down_reason", &VICTIM).len() == 1, "{what}: one reason");
    // What was known stays, for now.
    page.check("hss_tasks", &[&VICTIM[..], &[("status", "running")]].concat(), Some(1.0));
    assert_eq!(page.state("hss_latest_task_outcome", &VICTIM, "outcome"), "failed");
    for other in OTHERS {
        page.check("hss_target_up", &other, Some(1.0));
        page.check("hss_target_last_success_timestamp_seconds", &other, Some(now));
        assert!(page.all("hss_target_down_reason", &other).is_empty());
    }
    let landing = rig.landing().await;
    for word in words {
        assert!(landing.contains(word.as_str()), "{what}: the landing page does not say {word}:\n{landing}");
    }
    rig.cloud.faults().clear();
    rig.page_where(&format!("{what} is over"), |page| page.value("hss_target_up", &VICTIM) == Some(1.0)).await;
    let errors = [("account", "prod"), ("api", "ListTasks"), ("reason", reason)];
    assert!(rig.scrape().await.known("hss_exporter_api_errors_total", &errors) >= 1.0, "{what} was counted");
    let landing = rig.landing().await;
    assert!(!landing.contains("req-4711"), "{what}: what is over is not shown any more");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[tokio::test]
async fn every_refusal_takes_down_whom_it_meets_and_says_code_message_and_request_id() {
    let rig = two_projects().start().await;
    rig.first().await;
    for (what, refusal) in Refusal::examples().into_iter().filter(|(_, refusal)| refusal.status != 429) {
        let reason = match what {
            "business error" => "invalid",
            "no error_msg" | "no permission" | "not allowed" | "project unavailable" | "eps" | "identity policy" => {
                "permission"
            }
            // An access key has nothing to renew.
            "wrong signature" | "locked key" | "wrong token" | "expired token" | "iam" => "auth",
            "no such api" | "camel case" => "not_found",
            "database" | "gateway failed" | "no backend" | "iam unavailable" | "backend timeout"
            | "code and message" => "server",
            _ => panic!("what is {what}?"),
        };
        let words =
            [escaped(&refusal.message), refusal.code.clone(), refusal.status.to_string(), "req-4711".to_owned()];
        check(&rig, what, Fault::refuse(refusal), reason, &words).await;
    }
}

/// What is allowed to an account, and how many of its requests were refused because there were too many.
fn budget(page: &Page, account: &str) -> (f64, f64) {
    let account = ("account", account);
    let refused = [account, ("api", "ListTasks"), ("reason", "throttled")];
    let allowed = page.known("hss_exporter_api_budget_requests_per_minute", &[account, ("api", "ListTasks")]);
    (allowed, page.known("hss_exporter_api_errors_total", &refused))
}

#[tokio::test]
async fn too_many_requests_are_a_pause_for_all_at_the_endpoint_and_half_of_the_budget() {
    let projects = BOTH.split_once(", {").map(|(payments, shop)| [format!("{payments}]"), format!("[{{{shop}")]);
    let [payments, shop] = projects.unwrap();
    let near = account("prod", &payments);
    let elsewhere = account("elsewhere", &shop).replace("{endpoint}", "{other_name}");
    for (what, refusal) in Refusal::examples().into_iter().filter(|(_, refusal)| refusal.status == 429) {
        let rig = Setup { accounts: near.clone() + &elsewhere, ..two_projects() }.start().await;
        rig.first().await;
        let words =
            [escaped(&refusal.message), refusal.code.clone(), "429".to_owned(), "no request is sent for".to_owned()];
        let fault = Fault::refuse(refusal).with_header("retry-after", "300").with_header("x-request-id", "req-4711");
        rig.cloud.faults().push(fault.for_project(PAYMENTS).for_task_type("cluster_scan"));
        let throttled = |page: &Page| page.all("hss_target_down_reason", &[("reason", "throttled")]).len();
        rig.page_where(&format!("{what} is a pause for all"), |page| throttled(page) == 2).await;
        let page = rig.fresh().await;
        assert_eq!((budget(&page, "prod"), budget(&page, "elsewhere")), ((3000.0, 1.0), (6000.0, 0.0)), "{what}");
        assert_eq!(throttled(&page), 2, "{what}");
        assert!(page.all("hss_target_up", &[("account", "elsewhere")]).iter().all(|up| up.value == 1.0), "{what}");
        let landing = rig.landing().await;
        for word in words {
            assert!(landing.contains(&word), "{what}: the landing page does not say {word}:\n{landing}");
        }
        assert_eq!(landing.matches("<code>req-4711</code>").count(), 2, "{what}: whoever waits says why, too");
    }
}

#[tokio::test]
async fn after_the_pause_that_the_cloud_wants_all_goes_on_and_the_budget_recovers() {
    let rig = two_projects().start().await;
    rig.first().await;
    let fault = Fault::refuse(Refusal::throttled("user", 5)).with_header("retry-after", "1");
    rig.cloud.faults().push(fault.for_project(PAYMENTS).for_task_type("cluster_scan"));
    let page = rig.page_where("the victim is down", |page| is_down(page, "throttled")).await;
    assert_eq!(budget(&page, "prod"), (3000.0, 1.0));
    rig.page_where("it is up again", |page| page.value("hss_target_up", &VICTIM) == Some(1.0)).await;
    let page = rig.page_where("the budget grows", |page| budget(page, "prod").0 > 3000.0).await;
    assert!(page.all("hss_target_down_reason", &[]).is_empty(), "whoever waited for a second noticed nothing");
}

#[tokio::test]
async fn every_broken_answer_takes_down_whom_it_meets() {
    let rig = two_projects().start().await;
    rig.first().await;
    let many = serde_json::json!({ "total_num": 300, "data_list": vec![serde_json::json!({}); 201] });
    for (what, fault, reason, words) in [
        ("a proxy's page", Fault::html(502), "server", "Bad Gateway"),
        ("a portal's page", Fault::html(200), "decode", "not JSON"),
        ("a page cut off", Fault::cut_body(), "connect", ""),
        ("a reset", Fault::reset(), "connect", "hss"),
        ("nothing", Fault::answer(200, &[], ""), "decode", "not JSON"),
        ("a list", Fault::answer(200, &[], "[]"), "decode", "not a JSON object"),
        ("another object", Fault::answer(200, &[], r#"{"error":null}"#), "decode", "data_list"),
        ("more than asked for", Fault::page(many), "too_large", "more than the 200 tasks that were asked for"),
        ("a way elsewhere", Fault::answer(302, &[("location", "http://127.0.0.1:1/")], ""), "invalid", "redirects"),
        ("an empty 404", Fault::answer(404, &[], ""), "not_found", "404"),
        ("an empty 401", Fault::answer(401, &[], ""), "auth", "401"),
        ("an unknown status", Fault::answer(418, &[], "tea"), "invalid", "tea"),
    ] {
        check(&rig, what, fault, reason, &[words.to_owned()]).await;
    }
}

#[tokio::test]
async fn a_flood_is_not_read_to_its_end() {
    let mut setup = Setup { refresh: "interval: 500ms", ..two_projects() };
    setup.options.gzip_from = None;
    let rig = setup.start().await;
    rig.first().await;
    check(&rig, "a flood", Fault::answer(200, &[], " ".repeat(17 << 20)), "too_large", &["2 MiB".to_owned()]).await;
}

#[tokio::test]
async fn whoever_gets_no_answer_in_time_is_down_and_holds_up_nobody() {
    let setup = Setup { refresh: "interval: 100ms, timeout: 1s", ..two_projects() };
    let rig = setup.start().await;
    rig.first().await;
    let hold = Hold::default();
    for fault in [Fault::held(&hold), Fault::slow_body(1, Duration::from_secs(1))] {
        rig.cloud.faults().push(fault.for_project(PAYMENTS).for_task_type("cluster_scan").always());
        rig.page_where("no answer is a timeout", |page| is_down(page, "timeout")).await;
        let page = rig.fresh_for(|[_, project, _, task_type]| (*project, *task_type) != ("payments", "cluster_scan"));
        let page = page.await;
        for other in OTHERS {
            page.check("hss_target_up", &other, Some(1.0));
        }
        rig.cloud.faults().clear();
        rig.page_where("it recovers", |page| page.value("hss_target_up", &VICTIM) == Some(1.0)).await;
    }
    hold.release();
}

#[tokio::test]
async fn an_unreachable_cloud_leaves_a_page_that_says_so() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let key = "{ access_key: { id: AKEXAMPLE, secret: no-secret } }";
    let accounts = account_with("prod", key, BOTH).replace("{endpoint}", &format!("http://127.0.0.1:{port}"));
    let rig = Setup { accounts, ..Setup::default() }.start().await;
    let page = rig.first().await;
    for scope in [VICTIM, OTHERS[0], OTHERS[1], OTHERS[2]] {
        page.check("hss_target_up", &scope, Some(0.0));
        page.check("hss_target_down_reason", &[&scope[..], &[("reason", "connect")]].concat(), Some(1.0));
        page.check("hss_target_last_success_timestamp_seconds", &scope, None);
        page.check("hss_target_last_attempt_timestamp_seconds", &scope, Some(super::described::seconds(BORN)));
        page.check("hss_target_complete", &scope, Some(0.0));
        for trigger in ["manual", "schedule", "other"] {
            let labels = [&scope[..], &[("trigger_type", trigger)]].concat();
            page.check("hss_tasks_finished_total", &labels, Some(0.0));
            page.check("hss_tasks_finished_with_failures_total", &labels, Some(0.0));
        }
        page.check("hss_task_duration_seconds_count", &scope, Some(0.0));
    }
    for project in ["payments", "shop"] {
        for family in ["hss_clusters_scanned_total", "hss_files_scan_failed_total"] {
            page.check(family, &[("project", project), ("trigger_type", "schedule")], Some(0.0));
        }
    }
    let live = ["hss_tasks", "hss_recent_tasks", "hss_running_clusters", "hss_task_info", "hss_latest_task_outcome"];
    for family in live {
        assert!(page.all(family, &[]).is_empty(), "{family} of a cloud that was never reached");
    }
    page.check(
        "hss_exporter_api_attempts_total",
        &[("account", "prod"), ("api", "ListTasks"), ("code", "200")],
        Some(0.0),
    );
    assert!(
        page.known("hss_exporter_api_attempts_total", &[("account", "prod"), ("api", "ListTasks"), ("code", "error")])
            >= 4.0
    );
    assert!(
        page.known(
            "hss_exporter_api_errors_total",
            &[("account", "prod"), ("api", "ListTasks"), ("reason", "connect")]
        ) >= 4.0
    );
    page.check(
        "hss_exporter_api_errors_total",
        &[("account", "prod"), ("api", "ListTasks"), ("reason", "auth")],
        Some(0.0),
    );
    assert_eq!(rig.get("/-/ready").await.0, 200);
    assert_eq!(rig.get("/-/healthy").await.0, 200);
    assert!(rig.landing().await.contains("connect"));
}

#[tokio::test]
async fn the_page_is_there_before_the_cloud_has_answered() {
    let hold = Hold::default();
    let mut setup = two_projects();
    setup.faults = vec![Fault::held(&hold).always()];
    let rig = setup.start().await;
    rig.cloud.arrived(1).await;
    let page = rig.scrape().await;
    assert_eq!(page.all("hss_target_info", &[]).len(), 2);
    assert!(page.all("hss_target_up", &[]).is_empty());
    assert!(page.all("hss_tasks", &[]).is_empty());
    assert_eq!(page.all("hss_tasks_finished_total", &[]).len(), 2 * 2 * 3);
    let (status, _, body) = get(rig.running.address, "/-/ready").await.unwrap();
    assert_eq!(status, 503, "{body}");
    hold.release();
    rig.first().await;
    assert_eq!(rig.get("/-/ready").await.0, 200);
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again_and_nobody_notices() {
    let setup = Setup { refresh: "max_attempts: 4", ..two_projects() };
    let rig = setup.start().await;
    rig.first().await;
    rig.cloud.faults().push(Fault::refuse(Refusal::gateway(503, "0613", "The IAM service is currently unavailable")));
    rig.cloud.faults().push(Fault::reset());
    let retries =
        |page: &Page| page.known("hss_exporter_api_retries_total", &[("account", "prod"), ("api", "ListTasks")]);
    let page = rig
        .page_where("both have been tried again", |page| {
            assert!(page.all("hss_target_up", &[]).iter().all(|series| series.value == 1.0));
            retries(page) == 2.0
        })
        .await;
    for reason in ["server", "connect"] {
        page.check(
            "hss_exporter_api_errors_total",
            &[("account", "prod"), ("api", "ListTasks"), ("reason", reason)],
            Some(1.0),
        );
    }
    page.check(
        "hss_exporter_api_attempts_total",
        &[("account", "prod"), ("api", "ListTasks"), ("code", "503")],
        Some(1.0),
    );
    page.check(
        "hss_exporter_api_attempts_total",
        &[("account", "prod"), ("api", "ListTasks"), ("code", "error")],
        Some(1.0),
    );
    let page = rig.fresh().await;
    assert!(page.all("hss_target_up", &[]).iter().all(|series| series.value == 1.0));
}
