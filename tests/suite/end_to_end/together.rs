//! The enterprise projects of a project are read in one list, and only what is new is divided. Whatever the cloud makes of
//! that list, every number is the target's own.

use super::described::seconds;
use super::page::Page;
use super::rig::{BORN, HOUR, MINUTE, PAYMENTS, Rig, SECOND, Setup, account};
use hss_exporter::simulator::{Credential, Fault, Granted, Task, TaskId, World};
use serde_json::json;

const CLUSTERS: (&str, &str) = ("task_type", "cluster_scan");
const DEFAULT: (&str, &str) = ("enterprise_project", "default");
const TEAM: (&str, &str) = ("enterprise_project", "team");

/// Both enterprise projects, by themselves.
fn both() -> String {
    account(
        "prod",
        &format!(
            "[{{ id: {PAYMENTS}, name: payments, enterprise_projects: [{{ id: \"0\", name: default }}, {{ id: \"7\", name: team }}] }}]"
        ),
    )
}

fn ended(of: &str, ago: u64) -> Task {
    Task::cluster(BORN).owned_by(of).finished(BORN - ago - 10 * MINUTE, BORN - ago, 3, 0)
}

/// Two runs in one of them, three in the other, one of these running; read, and read together.
async fn start(faults: Vec<Fault>) -> (Rig, TaskId) {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut setup = Setup::of(move |world: &mut World| {
        for (of, ago) in [("0", HOUR), ("0", 2 * HOUR), ("7", 3 * HOUR), ("7", 4 * HOUR)] {
            world.insert(PAYMENTS, ended(of, ago));
        }
        let running = Task::cluster(BORN).owned_by("7").running(BORN - MINUTE, 4);
        sender.send(world.insert(PAYMENTS, running)).unwrap();
    });
    setup.accounts = both();
    setup.faults = faults;
    let rig = setup.start().await;
    rig.fresh().await;
    (rig, receiver.recv().unwrap())
}

/// Finished and running tasks, and runs whose end was counted, of both.
fn counts(page: &Page) -> [[f64; 3]; 2] {
    [DEFAULT, TEAM].map(|of| {
        let status = |status| page.known("hss_tasks", &[of, CLUSTERS, ("status", status)]);
        let events = page.all("hss_tasks_finished_total", &[of, CLUSTERS]).iter().map(|series| series.value).sum();
        [status("finished"), status("running"), events]
    })
}

/// A run in one of them begins and ends, and the running one ends: every number is right.
async fn check_numbers(rig: &Rig, running: TaskId) {
    assert_eq!(counts(&rig.fresh().await), [[2.0, 0.0, 0.0], [2.0, 1.0, 0.0]]);
    let now = rig.clock.pass(10 * SECOND);
    let id = rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(now).owned_by("0").running(now, 2)));
    let page = rig.fresh().await;
    assert_eq!(counts(&page), [[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]]);
    rig.clock.pass(10 * SECOND);
    let end = rig.clock.now();
    rig.cloud.edit(|world| world.finish(id, 1, 1) && world.finish(running, 4, 0));
    rig.fresh().await;
    let page = rig.fresh().await;
    assert_eq!(counts(&page), [[3.0, 0.0, 1.0], [3.0, 0.0, 1.0]]);
    for of in [DEFAULT, TEAM] {
        page.check("hss_target_up", &[of, CLUSTERS], Some(1.0));
        let latest = page.all("hss_latest_task_end_timestamp_seconds", &[of, CLUSTERS]);
        assert!(latest.iter().any(|series| series.value == seconds(end)), "{latest:?}");
    }
}

/// Which enterprise projects were asked for since so many requests, for one task type.
fn asked(rig: &Rig, since: usize) -> Vec<String> {
    let requests = rig.cloud.requests();
    let of_clusters = requests.into_iter().skip(since).filter(|request| request.task_type() == "cluster_scan");
    of_clusters.map(|request| request.enterprise_project).collect()
}

#[tokio::test]
async fn where_nothing_is_new_one_request_reads_them_all() {
    let (rig, running) = start(Vec::new()).await;
    let before = rig.cloud.requests().len();
    let page = rig.fresh().await;
    let asked = asked(&rig, before);
    assert!(asked.len() >= 2 && asked.iter().all(|of| of == "all_granted_eps"), "{asked:?}");
    page.check("hss_target_refresh_requests", &[DEFAULT, CLUSTERS], Some(1.0));
    page.check("hss_target_refresh_requests", &[TEAM, CLUSTERS], Some(0.0));
    check_numbers(&rig, running).await;
}

#[tokio::test]
async fn what_is_new_costs_a_request_for_its_owner() {
    let (rig, _) = start(Vec::new()).await;
    let before = rig.cloud.requests().len();
    let now = rig.clock.pass(10 * SECOND);
    rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(now).owned_by("7").finished(now - SECOND, now, 1, 0)));
    let page = rig.fresh().await;
    assert_eq!(counts(&page)[1], [3.0, 1.0, 1.0]);
    let single: Vec<String> = asked(&rig, before).into_iter().filter(|of| of != "all_granted_eps").collect();
    assert_eq!(single, ["7"], "the busiest is asked first, and it is the one");
}

#[tokio::test]
async fn an_undivided_list_that_is_refused_is_not_needed() {
    for refusal in [
        Fault::answer(403, &[], json!({"error_code": "APIGW.0302", "error_msg": "no"}).to_string()),
        Fault::answer(400, &[], json!({"error_code": "HSS.0013", "error_msg": "no permission"}).to_string()),
        Fault::answer(400, &[], json!({"error_code": "HSS.0001", "error_msg": "invalid parameter"}).to_string()),
        Fault::answer(404, &[], json!({"error_code": "HSS.0011", "error_msg": "not found"}).to_string()),
    ] {
        let (rig, running) = start(vec![refusal.for_enterprise_project("all_granted_eps").always()]).await;
        check_numbers(&rig, running).await;
    }
}

/// A cloud that takes the word for the id of an enterprise project that has no tasks.
#[tokio::test]
async fn an_undivided_list_that_is_empty_hides_nothing() {
    let nothing = Fault::page(json!({"total_num": 0, "data_list": []}));
    let (rig, running) = start(vec![nothing.for_enterprise_project("all_granted_eps").always()]).await;
    rig.fresh().await;
    check_numbers(&rig, running).await;
}

#[tokio::test]
async fn a_lost_permission_takes_down_one_target_and_nothing_of_what_it_knew() {
    let (rig, _) = start(Vec::new()).await;
    let may = |ids: Granted| vec![Credential { enterprise_projects: ids, ..Credential::demo_key() }];
    rig.cloud.set_credentials(may(Granted::Only(vec!["0".to_owned()])));
    let page = rig
        .page_where("the lost one is down", |page| page.value("hss_target_up", &[TEAM, CLUSTERS]) == Some(0.0))
        .await;
    page.check("hss_target_down_reason", &[TEAM, CLUSTERS, ("reason", "permission")], Some(1.0));
    let page = rig.fresh().await;
    page.check("hss_target_up", &[DEFAULT, CLUSTERS], Some(1.0));
    assert_eq!(counts(&page), [[2.0, 0.0, 0.0], [2.0, 1.0, 0.0]], "what runs is not believed to be gone");
    rig.cloud.set_credentials(may(Granted::All));
    let page = rig.fresh().await;
    page.check("hss_target_up", &[TEAM, CLUSTERS], Some(1.0));
}

#[tokio::test]
async fn tasks_that_no_target_covers_are_counted_and_touch_nothing() {
    let mut setup = Setup::of(|world| {
        for (of, ago) in [("0", HOUR), ("7", 2 * HOUR), ("7", 3 * HOUR)] {
            world.insert(PAYMENTS, ended(of, ago));
        }
    });
    let only = format!("[{{ id: {PAYMENTS}, name: payments, enterprise_projects: [{{ id: \"0\", name: default }}] }}]");
    setup.accounts = account("prod", &only);
    let rig = setup.start().await;
    let known = |page: &Page| page.value("hss_exporter_unwatched_tasks", &[CLUSTERS]) == Some(2.0);
    let page = rig.page_where("two tasks are not watched", known).await;
    page.check("hss_tasks", &[DEFAULT, CLUSTERS, ("status", "finished")], Some(1.0));
}

#[tokio::test]
async fn runs_of_others_are_no_events() {
    let accounts = both();
    let mut setup = Setup::of(|world| {
        world.add_project(
            "00000000000000000000000000000009",
            "third",
            &[("0", "default"), ("7", "team"), ("9", "others")],
        );
        world.insert("00000000000000000000000000000009", ended("0", HOUR));
    });
    setup.accounts = accounts.replace(PAYMENTS, "00000000000000000000000000000009");
    let rig = setup.start().await;
    rig.fresh().await;
    for _ in 0..3 {
        let now = rig.clock.pass(10 * SECOND);
        rig.cloud.edit(|world| {
            world.insert("00000000000000000000000000000009", Task::cluster(now).owned_by("9").finished(now, now, 1, 0))
        });
        let page = rig.fresh().await;
        assert_eq!(counts(&page), [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]);
    }
    let known = |page: &Page| page.value("hss_exporter_unwatched_tasks", &[CLUSTERS]) == Some(3.0);
    rig.page_where("three tasks are not watched", known).await;
}
