//! What tests can order: faults, and changes between two requests.

use super::wire::{Ask, Ground};
use super::{ids, items};
use hss_exporter::simulator::{
    Credential, DateHeader, Fault, Granted, Hold, Options, Refusal, Scenario, Task, broken_items,
};
use serde_json::{Value, json};
use std::io::ErrorKind;
use std::time::Duration;

const BODY: &str = r#"{"task_type":"cluster_scan"}"#;

async fn quiet() -> (Ground, Ask, Value) {
    let ground = Ground::new(Options { scenario: Scenario::Quiet, ..Options::default() }).await;
    let ask = ground.ask(BODY);
    let page = ask.page().await;
    (ground, ask, page)
}

#[tokio::test]
async fn every_shape_of_refusal_arrives_as_documented_and_then_all_is_well() {
    let (ground, ask, page) = quiet().await;
    for (name, refusal) in Refusal::examples() {
        ground.simulator.faults().push(Fault::refuse(refusal.clone()));
        let answer = ask.send().await;
        assert_eq!(answer.status, refusal.status, "{name}");
        assert_eq!(answer.json(), refusal.body(answer.header("x-request-id").unwrap()), "{name}");
        assert!(answer.text().contains(&refusal.message), "{name}");
        assert_eq!(ask.page().await, page, "{name}");
    }
}

#[tokio::test]
async fn a_fault_meets_only_those_it_is_meant_for() {
    let (ground, ask, _) = quiet().await;
    let faults = ground.simulator.faults();
    let fault = Fault::html(502).for_project(&ground.project(0)).for_enterprise_project("0").for_task_type("iac_scan");
    faults.push(fault.at_offset(10).times(2));
    let status =
        async |query: &str, body: &str| Ask { body: body.to_owned(), ..ask.clone() }.query(query).send().await.status;
    let iac = r#"{"task_type":"iac_scan"}"#;
    assert_eq!(status("offset=10", BODY).await, 200);
    assert_eq!(status("offset=0", iac).await, 200);
    assert_eq!(status("offset=10&enterprise_project_id=all_granted_eps", iac).await, 200);
    assert_eq!(
        [status("offset=10", iac).await, status("offset=10", iac).await, status("offset=10", iac).await],
        [502, 502, 200]
    );
    faults.push(Fault::refuse(Refusal::throttled("user", 5)).with_header("Retry-After", "7").always());
    let answer = ask.send().await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7")));
    assert_eq!((ask.send().await.status, faults.pending()), (429, 1));
    faults.clear();
    assert_eq!(ask.send().await.status, 200);
}

#[tokio::test]
async fn answers_can_be_cut_reset_slow_late_or_compressed() {
    let (ground, ask, page) = quiet().await;
    let faults = ground.simulator.faults();
    faults.push(Fault::cut_body());
    let cut = ask.send().await;
    let promised: usize = cut.header("content-length").unwrap().parse().unwrap();
    assert_eq!((cut.status, cut.body.len()), (200, promised / 2));
    faults.push(Fault::reset());
    assert_eq!(ask.raw().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    faults.push(Fault::broken_json());
    let broken = ask.send().await;
    assert_eq!(
        (broken.header("content-length"), broken.body.len()),
        (Some(&*(promised / 2).to_string()), promised / 2)
    );
    assert!(serde_json::from_slice::<Value>(&broken.body).is_err());
    faults.push(Fault::slow_body(10_000, Duration::from_millis(1)));
    assert_eq!(ask.page().await, page);
    faults.push(Fault::late(Duration::from_millis(1)));
    assert_eq!(ask.page().await, page);
    faults.push(Fault::compressed());
    let compressed = ask.send().await;
    assert_eq!((compressed.header("content-encoding"), compressed.json()), (Some("gzip"), page));
    let statuses: Vec<_> = ground.simulator.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(200), Some(200), None, Some(200), Some(200), Some(200), Some(200)]);
}

#[tokio::test]
async fn an_answer_can_be_held_until_the_test_lets_it_go() {
    let (ground, ask, page) = quiet().await;
    let hold = Hold::default();
    ground.simulator.faults().push(Fault::held(&hold));
    let waiting = tokio::spawn(async move { ask.page().await });
    ground.simulator.arrived(2).await;
    assert_eq!(ground.simulator.requests()[1].status, None);
    hold.release();
    assert_eq!(waiting.await.unwrap(), page);
}

#[tokio::test]
async fn a_page_can_lie() {
    let (ground, ask, page) = quiet().await;
    let total = page["total_num"].as_i64().unwrap();
    let faults = ground.simulator.faults();
    for (fault, expected) in [
        (Fault::total_off_by(-3), json!(total - 3)),
        (Fault::total_off_by(1_000_000), json!(total + 1_000_000)),
        (Fault::total_null(), Value::Null),
        (Fault::field("total_num", 7), json!(7)),
    ] {
        faults.push(fault);
        let lie = ask.page().await;
        assert_eq!((&lie["total_num"], &lie["data_list"]), (&expected, &page["data_list"]));
    }
    faults.push(Fault::page(json!(["anything"])));
    assert_eq!(ask.page().await, json!(["anything"]));
    faults.push(Fault::answer(200, &[("content-type", "text/html"), ("x-request-id", "mine")], "<html>"));
    let answer = ask.send().await;
    assert_eq!((answer.header("x-request-id"), answer.text()), (Some("mine"), "<html>".to_owned()));
    faults.push(Fault::duplicates());
    assert_eq!(items(&ask.page().await).len(), 2 * items(&page).len());
    let broken: Vec<Value> = broken_items("cluster_scan").into_iter().map(|(_, item)| item).collect();
    faults.push(Fault::extra_items(broken.clone()));
    let list = items(&ask.page().await);
    assert_eq!(list[..broken.len()], broken);
    assert_eq!(list[broken.len()..], items(&page));
}

#[tokio::test]
async fn throttling_comes_in_every_shape() {
    let (ground, ask, _) = quiet().await;
    let faults = ground.simulator.faults();
    faults.push(Fault::refuse(Refusal::throttled_over("user", 200, 5)));
    faults.push(Fault::refuse(Refusal::throttled("ip", 5)).with_header("Retry-After", "30"));
    faults.push(Fault::refuse(Refusal::busy()));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let answer = ask.send().await;
        let (status, code, text) = answer.error();
        let time = text.split_once("time:").map(|(_, time)| time.to_owned());
        seen.push((status, code, time, answer.header("retry-after").map(str::to_owned)));
    }
    let some = |text: &str| Some(text.to_owned());
    let gateway = || "APIGW.0308".to_owned();
    assert_eq!(seen[0], (429, gateway(), some("5 minute"), None));
    assert_eq!(seen[1], (429, gateway(), some("1 minute"), some("30")));
    assert_eq!(seen[2], (429, "HSS.0003".to_owned(), None, None));
}

#[tokio::test]
async fn a_page_can_come_from_an_older_copy_of_the_world() {
    let (ground, ask, page) = quiet().await;
    let copy = ground.simulator.edit(|world| world.clone());
    let (project, now) = (ground.project(0), ground.now());
    ground.simulator.edit(|world| world.insert(&project, Task::cluster(now).running(now, 1)));
    ground.simulator.faults().push(Fault::stale(copy));
    assert_eq!(ask.page().await, page);
    assert_eq!(ask.page().await["total_num"], page["total_num"].as_u64().unwrap() + 1);
}

#[tokio::test]
async fn the_permission_for_one_enterprise_project_can_be_lost() {
    let (ground, all, _) = quiet().await;
    let ids: Vec<String> = ground
        .simulator
        .edit(|world| world.projects()[0].enterprise_projects().iter().map(|one| one.id.to_string()).collect());
    let listed = async |id: &str| ids_of(&all.clone().query(&format!("limit=200&enterprise_project_id={id}"))).await;
    let (first, lost) = (listed(&ids[0]).await, listed(&ids[1]).await);
    let granted = Granted::Only(ids.iter().filter(|id| **id != ids[1]).cloned().collect());
    ground.simulator.set_credentials(vec![Credential { enterprise_projects: granted, ..Credential::demo_key() }]);
    let undivided = ids_of(&all).await;
    assert!(first.iter().all(|id| undivided.contains(id)) && !lost.is_empty());
    assert!(!lost.iter().any(|id| undivided.contains(id)), "it is silently left out");
    let alone = all.clone().query(&format!("enterprise_project_id={}", ids[1]));
    assert_eq!(alone.send().await.error().1, "HSS.0013");
    // As the gateway refuses it.
    ground.simulator.faults().push(Fault::refuse(Refusal::not_allowed()).for_enterprise_project(&ids[1]).always());
    assert_eq!(alone.send().await.status, 403);
    assert_eq!(ids_of(&all).await, undivided);
}

#[tokio::test]
async fn asking_for_all_enterprise_projects_can_be_refused() {
    for refusal in [Refusal::not_allowed(), Refusal::invalid("enterprise_project_id")] {
        let (ground, all, _) = quiet().await;
        let refused = Fault::refuse(refusal.clone()).for_enterprise_project("all_granted_eps");
        ground.simulator.faults().push(refused.always());
        assert_eq!(all.send().await.status, refusal.status);
        assert_eq!(all.query("enterprise_project_id=0").send().await.status, 200);
    }
}

async fn ids_of(ask: &Ask) -> Vec<String> {
    ids(&ask.page().await)
}

#[tokio::test]
async fn the_date_can_be_skewed_or_missing() {
    let (ground, ask, _) = quiet().await;
    let faults = ground.simulator.faults();
    faults.date(DateHeader::Skewed(-400_000));
    assert_eq!(ask.send().await.header("date"), Some("Mon, 08 Sep 2025 02:46:40 GMT"));
    faults.date(DateHeader::Absent);
    assert_eq!(ask.send().await.header("date"), None);
    faults.clear();
    assert_eq!(ask.send().await.header("date"), Some("Mon, 08 Sep 2025 02:53:20 GMT"));
}

#[tokio::test]
async fn the_world_can_change_between_two_pages() {
    let (ground, ask, page) = quiet().await;
    let (project, now) = (ground.project(0), ground.now());
    let gone = hss_exporter::simulator::TaskId::parse(&ids(&page)[0]).unwrap();
    ground.simulator.before_request(2, move |world| {
        world.delete(gone);
        world.insert(&project, Task::cluster(now).running(now, 1));
    });
    let page_at = async |offset: usize| {
        ids(&ask.clone().query(&format!("enterprise_project_id=all_granted_eps&limit=10&offset={offset}")).page().await)
    };
    let ids = ids(&page);
    assert_eq!(page_at(0).await, ids[..10]);
    assert_eq!(page_at(10).await, ids[10..20]);
    assert_eq!(page_at(0).await[1..], ids[1..10]);
}

#[tokio::test]
async fn tasks_of_the_world_can_be_started_finished_and_retried() {
    let ground = Ground::new(Options { scenario: Scenario::Empty, ..Options::default() }).await;
    let (project, now, ask) = (ground.project(0), ground.now(), ground.ask(BODY));
    let look = async || {
        let item = items(&ask.page().await).remove(0);
        let info = &item["cluster_scan_info"];
        let counts =
            ["scanning", "success", "failed"].map(|kind| info[format!("{kind}_cluster_num")].as_u64().unwrap());
        (item["task_status"].as_str().unwrap().to_owned(), counts)
    };
    let id = ground.simulator.edit(|world| world.insert(&project, Task { left: 4, ..Task::cluster(now) }));
    assert_eq!(look().await, ("ready".to_owned(), [0, 0, 0]));
    ground.simulator.edit(|world| world.start(id));
    assert_eq!(look().await, ("running".to_owned(), [4, 0, 0]));
    ground.pass(1);
    ground.simulator.edit(|world| world.finish(id, 3, 1));
    assert_eq!(look().await, ("finished".to_owned(), [0, 3, 1]));
    ground.simulator.edit(|world| world.rerun_in_place(id));
    assert_eq!(look().await, ("running".to_owned(), [4, 0, 0]));
    ground.simulator.edit(|world| world.finish_unsettled(id));
    assert_eq!(look().await, ("finished".to_owned(), [4, 0, 0]));
    ground.simulator.edit(|world| world.settle(id, 2, 2));
    assert_eq!(look().await, ("finished".to_owned(), [0, 2, 2]));
    ground.simulator.edit(|world| world.retry(id));
    assert_eq!(look().await, ("ready".to_owned(), [0, 0, 0]));
    ground.simulator.edit(|world| world.delete(id));
    assert_eq!(items(&ask.page().await).len(), 0);
}
