//! How many tasks there are and run: the statistics, and what may be wrong with them.

use super::wire::{Ask, Ground, MINUTE};
use hss_exporter::simulator::{
    Api, Credential, Fault, Granted, Options, RateLimit, Refusal, Scenario, Simulator, Statistics, Task, TaskId,
};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::time::Duration;

const LIST: &str = r#"{"task_type":"cluster_scan"}"#;

/// A cloud of which one project has two running cluster scans, one that waits and one of another enterprise project.
async fn with(options: Options) -> Ground {
    let ground = Ground::new(Options { scenario: Scenario::Empty, ..options }).await;
    let (project, now) = (ground.project(0), ground.now());
    ground.simulator.edit(|world| {
        let team = world.projects()[0].enterprise_projects()[1].id.to_string();
        world.insert(&project, Task::cluster(now - 9).running(now - 8, 1));
        world.insert(&project, Task::cluster(now - 7).running(now - 6, 1));
        world.insert(&project, Task::cluster(now - 3));
        world.insert(&project, Task::cluster(now - 5).owned_by(&team).finished(now - 4, now - 2, 1, 0));
    });
    ground
}

fn team(simulator: &Simulator) -> String {
    simulator.edit(|world| world.projects()[0].enterprise_projects()[1].id.to_string())
}

/// The statistics of all enterprise projects' cluster scans.
fn ask(ground: &Ground) -> Ask {
    let ask = ground.ask("").query("task_type=cluster_scan&enterprise_project_id=all_granted_eps");
    let path = format!("/v5/{}/common/task-statistics", ground.project(0));
    Ask { method: "GET", path, ..ask }
}

async fn refused(ask: &Ask) -> (u16, String) {
    let (status, code, _) = ask.send().await.error();
    (status, code)
}

#[tokio::test]
async fn they_are_as_documented_for_each_enterprise_project_and_task_type() {
    let ground = with(Options::default()).await;
    let (now, all) = (ground.now(), ask(&ground));
    let team = format!("task_type=cluster_scan&enterprise_project_id={}", team(&ground.simulator));
    for (query, expected) in [
        (&*all.query, json!({ "total_num": 4, "running_num": 2, "last_task_start_time": now - 3 })),
        ("task_type=cluster_scan", json!({ "total_num": 3, "running_num": 2, "last_task_start_time": now - 3 })),
        (&team, json!({ "total_num": 1, "running_num": 0, "last_task_start_time": now - 5 })),
        ("task_type=iac_scan", json!({ "total_num": 0, "running_num": 0, "last_task_start_time": null })),
    ] {
        assert_eq!(all.clone().query(query).page().await, expected, "{query}");
    }
    assert_eq!(refused(&all.clone().query("task_type=image_scan")).await, (400, "HSS.0001".to_owned()));
    assert_eq!(refused(&all.clone().query("")).await, (400, "HSS.0001".to_owned()));
    let nobody = all.clone().query("task_type=iac_scan&enterprise_project_id=nobody");
    assert_eq!(refused(&nobody).await, (400, "HSS.0013".to_owned()));
    assert_eq!(refused(&Ask { method: "POST", ..all.clone() }).await, (404, "APIGW.0101".to_owned()));
    let elsewhere = Ask { path: all.path.replace(&ground.project(0), "elsewhere"), ..all };
    assert_eq!(refused(&elsewhere).await, (403, "APIGW.0310".to_owned()));
}

#[tokio::test]
async fn they_have_a_limit_and_a_count_of_their_own_and_the_same_gate() {
    let ground = with(Options { rate_limit: Some(RateLimit::DOCUMENTED), ..Options::default() }).await;
    let ask = ask(&ground);
    for _ in 0..5 {
        assert_eq!(ask.send().await.status, 200);
    }
    assert_eq!(refused(&ask).await, (429, "APIGW.0308".to_owned()));
    assert_eq!(ground.ask(LIST).send().await.status, 200);
    ground.pass(MINUTE);
    let wrong = Ask { key: (ask.key.0.clone(), "wrong".to_owned()), date: ground.now() / 1000, ..ask };
    assert_eq!(refused(&wrong).await, (401, "APIGW.0301".to_owned()));
    assert_eq!((ground.simulator.calls(Api::ShowTaskStatistics), ground.simulator.calls(Api::ListTasks)), (7, 1));
    let requests = ground.simulator.requests();
    let asked: Vec<_> = requests.iter().map(|request| (request.api, request.task_type())).collect();
    assert_eq!(asked[..6], [(Some(Api::ShowTaskStatistics), "cluster_scan"); 6]);
    assert_eq!(
        (asked[6], requests[0].enterprise_project.as_str()),
        ((Some(Api::ListTasks), "cluster_scan"), "all_granted_eps")
    );
}

#[tokio::test]
async fn a_cloud_may_not_have_them_or_let_nobody_have_them() {
    for (statistics, refusal) in
        [(Statistics::LeftOut, (404, "APIGW.0101")), (Statistics::Refused, (403, "APIGW.0302"))]
    {
        let ground = with(Options { statistics, ..Options::default() }).await;
        assert_eq!(refused(&ask(&ground)).await, (refusal.0, refusal.1.to_owned()));
        assert_eq!(ground.ask(LIST).send().await.status, 200);
    }
}

#[tokio::test]
async fn every_fault_can_be_ordered_for_them() {
    let ground = with(Options::default()).await;
    let (ask, faults) = (ask(&ground), ground.simulator.faults());
    let truth = ask.page().await;
    let order = |fault: Fault| faults.push(fault.of_api(Api::ShowTaskStatistics).for_task_type("cluster_scan"));
    for (name, refusal) in Refusal::examples() {
        order(Fault::refuse(refusal.clone()).for_enterprise_project("all_granted_eps"));
        assert_eq!(ground.ask(LIST).send().await.status, 200, "{name}: the list is not meant");
        assert_eq!(refused(&ask).await.0, refusal.status, "{name}");
    }
    order(Fault::refuse(Refusal::busy()).with_header("Retry-After", "7"));
    assert_eq!(ask.send().await.header("retry-after"), Some("7"));
    order(Fault::html(200));
    assert!(ask.send().await.text().contains("<html>"));
    order(Fault::broken_json());
    assert!(serde_json::from_str::<Value>(&ask.send().await.text()).is_err());
    order(Fault::cut_body());
    assert!(ask.send().await.body.len() < truth.to_string().len());
    order(Fault::reset());
    assert_eq!(ask.raw().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    for fault in
        [Fault::late(Duration::from_millis(1)), Fault::slow_body(9, Duration::from_millis(1)), Fault::compressed()]
    {
        order(fault);
        assert_eq!(ask.page().await, truth);
    }
    assert_eq!(faults.pending(), 0);
}

#[tokio::test]
async fn they_can_lie_and_be_old() {
    let ground = with(Options::default()).await;
    let (ask, faults, now) = (ask(&ground), ground.simulator.faults(), ground.now());
    let order = |fault: Fault| faults.push(fault.of_api(Api::ShowTaskStatistics));
    let says = |total: Value, running: Value| json!({ "total_num": total, "running_num": running, "last_task_start_time": now - 3 });
    order(Fault::field("running_num", 0));
    assert_eq!(ask.page().await, says(json!(4), json!(0)));
    order(Fault::field("running_num", Value::Null));
    assert_eq!(ask.page().await, says(json!(4), Value::Null));
    order(Fault::field("total_num", 17));
    assert_eq!(ask.page().await, says(json!(17), json!(2)));
    order(Fault::total_off_by(-1));
    assert_eq!(ask.page().await, says(json!(3), json!(2)));
    let copy = ground.simulator.edit(|world| world.clone());
    ground.simulator.edit(|world| world.start(TaskId(3)));
    order(Fault::stale(copy));
    assert_eq!(ask.page().await, says(json!(4), json!(2)));
    assert_eq!(ask.page().await, says(json!(4), json!(3)));
}

#[tokio::test]
async fn they_show_what_a_credential_was_granted() {
    let ground = with(Options::default()).await;
    let key = Credential { enterprise_projects: Granted::Only(vec!["0".to_owned()]), ..Credential::demo_key() };
    ground.simulator.set_credentials(vec![key]);
    assert_eq!(ask(&ground).page().await["total_num"], 3, "the other is silently left out");
    let team = format!("task_type=cluster_scan&enterprise_project_id={}", team(&ground.simulator));
    assert_eq!(refused(&ask(&ground).query(&team)).await, (400, "HSS.0013".to_owned()));
}
