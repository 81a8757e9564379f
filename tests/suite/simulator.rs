//! The simulated cloud speaks the vendor's APIs as they are documented.
#![cfg(test)]

/// Keys, signatures, tokens, locks, and how often may be asked.
mod access;
/// The account's enterprise projects.
mod eps;
/// What goes wrong on purpose, and changes between two requests.
mod faults;
/// Signing in, temporary keys, projects.
mod iam;
/// What an instance and a pod are told of themselves.
mod metadata;
/// How many tasks there are and run.
mod statistics;
/// Requests and answers as bytes.
mod wire;

use hss_exporter::simulator::{Options, ReadyOrder, ReadyTimes, Scenario, Simulator, Task};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wire::{Ground, MINUTE};

const TYPES: [&str; 2] = ["cluster_scan", "iac_scan"];

fn items(page: &Value) -> Vec<Value> {
    page["data_list"].as_array().unwrap().clone()
}

fn ids(page: &Value) -> Vec<String> {
    items(page).iter().map(|item| item["task_id"].as_str().unwrap().to_owned()).collect()
}

/// All pages of a list, and its total.
async fn walk(ground: &Ground, body: &Value, limit: usize) -> (u64, Vec<Value>) {
    let (mut all, mut total) = (Vec::new(), None);
    loop {
        let query = format!("enterprise_project_id=all_granted_eps&limit={limit}&offset={}", all.len());
        let page = ground.ask(body.to_string()).query(&query).page().await;
        let this_total = page["total_num"].as_u64().unwrap();
        assert_eq!(*total.get_or_insert(this_total), this_total);
        let new = items(&page);
        if new.is_empty() {
            return (this_total, all);
        }
        all.extend(new);
    }
}

#[tokio::test]
async fn paging_shows_each_task_exactly_once() {
    for ready in [ReadyOrder::Head, ReadyOrder::Tail, ReadyOrder::Mixed] {
        let ground = Ground::new(Options { ready, ..Options::default() }).await;
        for task_type in TYPES {
            let reference = walk(&ground, &json!({ "task_type": task_type }), 200).await;
            for (limit, sort_dir) in [(10, "desc"), (37, "desc"), (37, "asc")] {
                let body = json!({ "task_type": task_type, "sort_key": "start_time", "sort_dir": sort_dir });
                let (total, mut all) = walk(&ground, &body, limit).await;
                if sort_dir == "asc" {
                    all.reverse();
                }
                assert_eq!((total, all), reference, "{ready:?} {task_type} {limit} {sort_dir}");
            }
            let different: BTreeSet<_> = reference.1.iter().map(|item| item["task_id"].to_string()).collect();
            assert_eq!(different.len() as u64, reference.0);
        }
    }
}

#[tokio::test]
async fn the_newest_start_stands_first() {
    let ground = Ground::new(Options { ready: ReadyOrder::Tail, ..Options::default() }).await;
    let (_, all) = walk(&ground, &json!({ "task_type": "cluster_scan" }), 200).await;
    let starts: Vec<_> = all.iter().map(|item| item["start_time"].as_u64()).collect();
    assert!(starts.is_sorted_by(|a, b| a >= b), "{starts:?}");
    assert_eq!(starts.last(), Some(&None), "a ready task at the tail");
}

#[tokio::test]
async fn filters_agree_with_looking_at_every_task() {
    let ground = Ground::new(Options::default()).await;
    let mut found = 0;
    for task_type in TYPES {
        let (_, all) = walk(&ground, &json!({ "task_type": task_type }), 200).await;
        let (info, kinds) = match task_type {
            "cluster_scan" => (
                "cluster_scan_info",
                vec![
                    json!({}),
                    json!({ "scan_type_list": [] }),
                    json!({ "scan_type_list": ["benchmark"] }),
                    json!({ "scan_type_list": ["risk_assessment", "cluster_vul"] }),
                ],
            ),
            _ => (
                "iac_scan_info",
                vec![json!({}), json!({ "file_type": "dockerfile" }), json!({ "file_type": "k8s_yaml" })],
            ),
        };
        let id = all[all.len() / 2]["task_id"].clone();
        for trigger in [Value::Null, json!("manual"), json!("schedule")] {
            for status in [Value::Null, json!("ready"), json!("running"), json!("finished")] {
                for kind in &kinds {
                    for (name, task_id) in [
                        (Value::Null, Value::Null),
                        (json!("NIGHT"), Value::Null),
                        (json!("\"Prod\" 清"), Value::Null),
                        (Value::Null, id.clone()),
                    ] {
                        let body = json!({ "task_type": task_type, "trigger_type": trigger, "task_status": status,
                            "task_name": name, "task_id": task_id, info: kind });
                        let matches = |item: &&Value| {
                            let same = |key: &str, wanted: &Value| wanted.is_null() || item[key] == *wanted;
                            let named = |part: &str| {
                                item["task_name"]
                                    .as_str()
                                    .is_some_and(|name| name.to_lowercase().contains(&part.to_lowercase()))
                            };
                            same("trigger_type", &trigger)
                                && same("task_status", &status)
                                && same("task_id", &task_id)
                                && name.as_str().is_none_or(named)
                                && kind["file_type"].as_str().is_none_or(|wanted| item[info]["file_type"] == wanted)
                                && kind["scan_type_list"].as_array().is_none_or(|wanted| {
                                    wanted
                                        .iter()
                                        .all(|one| item[info]["scan_type_list"].as_array().unwrap().contains(one))
                                })
                        };
                        let expected: Vec<Value> = all.iter().filter(matches).cloned().collect();
                        let page = ground.ask(body.to_string()).page().await;
                        assert_eq!(items(&page), expected, "{body}");
                        assert_eq!(page["total_num"], expected.len(), "{body}");
                        found += usize::from(!expected.is_empty());
                    }
                }
            }
        }
    }
    assert!(found > 60, "most filters of the demo find something: {found}");
}

#[tokio::test]
async fn the_times_of_creation_are_a_filter_though_no_answer_shows_them() {
    let ground = Ground::new(Options { scenario: Scenario::Empty, ..Options::default() }).await;
    let (project, now) = (ground.project(0), ground.now());
    let made: Vec<String> = ground.simulator.edit(|world| {
        [300, 200, 100]
            .map(|ago| world.insert(&project, Task::cluster(now - ago).running(now - 50, 1)).to_string())
            .into()
    });
    for (window, expected) in [
        (json!({}), vec![0, 1, 2]),
        (json!({ "start_create_time": now - 200 }), vec![1, 2]),
        (json!({ "end_create_time": now - 200 }), vec![0, 1]),
        (json!({ "start_create_time": now - 250, "end_create_time": now - 150 }), vec![1]),
    ] {
        let mut body = window.clone();
        body["task_type"] = "cluster_scan".into();
        let found: BTreeSet<String> = ids(&ground.ask(body.to_string()).page().await).into_iter().collect();
        assert_eq!(found, expected.iter().map(|place: &usize| made[*place].clone()).collect(), "{window}");
    }
}

#[tokio::test]
async fn an_answer_has_the_documented_fields_and_no_others() {
    let ground = Ground::new(Options { ready_times: ReadyTimes::Zero, ..Options::default() }).await;
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (task_type, info, counts) in [
        (
            "cluster_scan",
            "cluster_scan_info",
            ["failed_cluster_num", "scan_type_list", "scanning_cluster_num", "success_cluster_num"],
        ),
        ("iac_scan", "iac_scan_info", ["failed_file_num", "file_type", "scan_file_num", "success_file_num"]),
    ] {
        let page = ground.ask(json!({ "task_type": task_type }).to_string()).page().await;
        assert_eq!(keys(&page), ["data_list", "total_num"]);
        for item in items(&page) {
            let mut expected = vec![
                "end_time",
                "estimated_time",
                "start_time",
                "task_id",
                "task_name",
                "task_status",
                "task_type",
                "trigger_type",
                info,
            ];
            expected.sort_unstable();
            expected.retain(|key| *key != "task_name" || item.get("task_name").is_some());
            assert_eq!(keys(&item), expected);
            assert_eq!(keys(&item[info]), counts);
        }
    }
}

#[tokio::test]
async fn a_task_is_ready_then_runs_then_is_finished() {
    let ground = Ground::new(Options { scenario: Scenario::Empty, ..Options::default() }).await;
    let (project, now) = (ground.project(0), ground.now());
    let (start, end) = (now + MINUTE, now + 11 * MINUTE);
    ground.simulator.edit(|world| world.insert(&project, Task::iac(now).finished(start, end, 8, 2)));
    let look = async || {
        let item = items(&ground.ask(r#"{"task_type":"iac_scan"}"#).page().await).remove(0);
        let counts = [&item["iac_scan_info"]["success_file_num"], &item["iac_scan_info"]["failed_file_num"]]
            .map(|n| n.as_u64().unwrap());
        (
            item["task_status"].clone(),
            item["start_time"].as_u64(),
            item["end_time"].as_u64(),
            item["estimated_time"].as_u64(),
            counts,
        )
    };
    assert_eq!(look().await, (json!("ready"), None, None, None, [0, 0]));
    ground.pass(6 * MINUTE);
    assert_eq!(look().await, (json!("running"), Some(start), Some(start), Some(5), [4, 1]));
    ground.pass(5 * MINUTE);
    assert_eq!(look().await, (json!("finished"), Some(start), Some(end), Some(0), [8, 2]));
}

#[tokio::test]
async fn enterprise_projects_divide_the_tasks_of_a_project() {
    let ground = Ground::new(Options { scenario: Scenario::Quiet, ..Options::default() }).await;
    let owners: Vec<String> = ground
        .simulator
        .edit(|world| world.projects()[0].enterprise_projects().iter().map(|one| one.id.to_string()).collect());
    let ask = ground.ask(r#"{"task_type":"cluster_scan"}"#);
    let all: BTreeSet<String> = ids(&ask.page().await).into_iter().collect();
    let mut divided = Vec::new();
    for owner in &owners {
        divided.extend(ids(&ask.clone().query(&format!("limit=200&enterprise_project_id={owner}")).page().await));
    }
    assert_eq!(owners.len(), 3);
    assert_eq!(divided.len(), all.len());
    assert_eq!(divided.into_iter().collect::<BTreeSet<_>>(), all);
    let default = ask.clone().query("limit=200").page().await;
    assert_eq!(default, ask.clone().query("limit=200&enterprise_project_id=0").page().await);
    let unknown = ask.query("enterprise_project_id=nobody").send().await.error();
    assert_eq!((unknown.0, unknown.1.as_str()), (400, "HSS.0013"));
}

#[tokio::test]
async fn without_a_limit_a_page_has_ten_tasks_and_past_the_end_none() {
    let ground = Ground::new(Options { scenario: Scenario::Quiet, ..Options::default() }).await;
    let ask = ground.ask(r#"{"task_type":"iac_scan"}"#);
    assert_eq!(items(&ask.clone().query("enterprise_project_id=all_granted_eps").page().await).len(), 10);
    let past = ask.query("enterprise_project_id=all_granted_eps&offset=2000000").page().await;
    assert_eq!(items(&past).len(), 0);
    assert!(past["total_num"].as_u64().unwrap() > 10);
}

#[tokio::test]
async fn what_is_not_there_is_answered_by_the_gateway() {
    let ground = Ground::new(Options::default()).await;
    let ask = ground.ask(r#"{"task_type":"iac_scan"}"#);
    let error = async |change: &dyn Fn(&mut wire::Ask)| {
        let mut ask = ask.clone();
        change(&mut ask);
        let answer = ask.send().await;
        assert_eq!(answer.json()["request_id"].as_str(), answer.header("x-request-id"));
        let (status, code, _) = answer.error();
        (status, code)
    };
    assert_eq!(error(&|ask| ask.path = "/v5/p/common/task-statistics".into()).await, (404, "APIGW.0101".into()));
    assert_eq!(error(&|ask| ask.path = "/".into()).await, (404, "APIGW.0101".into()));
    assert_eq!(error(&|ask| ask.method = "GET").await, (404, "APIGW.0101".into()));
    assert_eq!(error(&|ask| ask.path = "/v5/nobody/common/tasks/batch-query".into()).await, (403, "APIGW.0310".into()));
}

#[tokio::test]
async fn every_answer_tells_the_clouds_time_and_its_own_id() {
    let ground = Ground::new(Options::default()).await;
    let ask = ground.ask(r#"{"task_type":"iac_scan"}"#);
    let (first, second) = (ask.send().await, ask.send().await);
    assert_eq!(first.header("date"), Some("Mon, 08 Sep 2025 02:53:20 GMT"));
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(first.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_take_gzip() {
    let ground = Ground::new(Options::default()).await;
    let ask = ground.ask(r#"{"task_type":"iac_scan"}"#);
    let (plain, small) = (ask.send().await, ask.clone().unsigned("Accept-Encoding", "gzip, deflate").send().await);
    assert_eq!((plain.header("content-encoding"), small.header("content-encoding")), (None, Some("gzip")));
    assert!(small.body.len() * 2 < plain.body.len());
    assert_eq!(small.json(), plain.json());
}

#[tokio::test]
async fn the_same_seed_makes_the_same_cloud() {
    let page = async |seed| {
        let ground = Ground::new(Options { seed, ..Options::default() }).await;
        ground.pass(45 * MINUTE);
        (ground.project(0), ground.ask(r#"{"task_type":"cluster_scan"}"#).page().await)
    };
    assert_eq!(page(7).await, page(7).await);
    assert_ne!(page(7).await, page(8).await);
}

#[tokio::test]
async fn requests_are_kept_for_tests_to_read() {
    let ground = Ground::new(Options::default()).await;
    ground.ask(r#"{"task_type":"iac_scan"}"#).query("offset=20&limit=10&enterprise_project_id=0").send().await;
    ground.ask(r#"{"task_type":"iac_scan"}"#).query("limit=1").token("wrong").send().await;
    let requests = ground.simulator.requests();
    let [good, bad] = &requests[..] else { panic!("{requests:?}") };
    assert_eq!((good.offset, good.limit, &*good.enterprise_project, good.status), (20, 10, "0", Some(200)));
    assert_eq!((good.task_type(), &*good.credential, good.at), ("iac_scan", "SIMULATEDACCESSKEY", wire::BORN));
    assert_eq!((&*bad.credential, bad.status), ("token", Some(401)));
    assert_eq!(good.project, ground.project(0));
}

#[tokio::test]
async fn the_configuration_names_the_key_and_every_target() {
    let ground = Ground::new(Options { projects: 2, ..Options::default() }).await;
    let (yaml, port) = (ground.simulator.configuration(), ground.simulator.address().port());
    for line in [
        "access_key: { id: \"SIMULATEDACCESSKEY\", secret: \"simulated-secret-of-no-value\" }".to_owned(),
        format!("endpoints: {{ hss: \"http://127.0.0.1:{port}\" }}"),
        format!("- id: \"{}\"", ground.project(0)),
        format!("- id: \"{}\"", ground.project(1)),
        "- { id: \"0\", name: \"default\" }".to_owned(),
        "requests_per_minute: 6000".to_owned(),
    ] {
        assert!(yaml.lines().any(|there| there.trim() == line), "{line} is missing in\n{yaml}");
    }
}

#[tokio::test]
async fn the_configuration_is_one_that_serve_accepts() {
    let ground = Ground::new(Options::default()).await;
    let loaded = hss_exporter::config::parse(&ground.simulator.configuration(), "simulated.yml", &[]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.config.accounts[0].watches.len(), 3 + 2 + 1);
    // One warning is due: the secret, which is none, stands in the file.
    let keys: Vec<_> = loaded.warnings.iter().map(|warning| warning.key.as_str()).collect();
    assert_eq!(keys, ["accounts[0].credentials.access_key.secret"]);
}

#[tokio::test]
async fn a_cloud_that_listens_everywhere_is_found_on_loopback() {
    let clock: hss_exporter::simulator::Clock = std::sync::Arc::new(|| wire::BORN);
    let simulator = Simulator::start(([0, 0, 0, 0], 0).into(), Options::default(), clock).await.unwrap();
    assert_eq!(simulator.endpoint(), format!("http://127.0.0.1:{}", simulator.address().port()));
}

#[tokio::test]
async fn a_stopped_cloud_does_not_answer() {
    let ground = Ground::new(Options::default()).await;
    let ask = ground.ask(r#"{"task_type":"iac_scan"}"#);
    ground.simulator.stop().await;
    assert!(ask.raw().await.is_err());
}
