//! The enterprise projects of a project are read in one list, and only what is new is divided. Whatever the cloud makes of
//! that list, every number is the target's own.

use super::described::seconds;
use super::page::Page;
use super::rig::{BORN, HOUR, MINUTE, PAYMENTS, Rig, SECOND, Setup, account};
use hss_exporter::simulator::{Credential, Fault, Granted, ReadyOrder, Task, TaskId, World};
use serde_json::json;
use std::collections::BTreeSet;

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
            world.insert(
                "00000000000000000000000000000009",
                Task::cluster(now).owned_by("9").finished(now - SECOND, now, 1, 0),
            )
        });
        let page = rig.fresh().await;
        assert_eq!(counts(&page), [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]);
    }
    let known = |page: &Page| page.value("hss_exporter_unwatched_tasks", &[CLUSTERS]) == Some(3.0);
    rig.page_where("three tasks are not watched", known).await;
}

const THIRD: &str = "00000000000000000000000000000009";

/// A project with five enterprise projects, of which two entries of the configuration name two each, with these settings.
async fn two_entries(one: &str, other: &str) -> Rig {
    let mut setup = Setup::of(|world| {
        let parts = [("0", "default"), ("5", "unwatched"), ("7", "team"), ("8", "night"), ("9", "day")];
        world.add_project(THIRD, "third", &parts);
        for (of, ago) in [("0", HOUR), ("8", 2 * HOUR), ("5", 3 * HOUR), ("5", 4 * HOUR)] {
            world.insert(THIRD, ended(of, ago));
        }
    });
    let entry = |ids, settings| format!("{{ id: {THIRD}, name: third, enterprise_projects: {ids}{settings} }}");
    let entries = format!("[{}, {}]", entry("[\"0\", \"7\"]", one), entry("[\"8\", \"9\"]", other));
    setup.accounts = account("prod", &entries);
    let rig = setup.start().await;
    // Once by itself, once with the others.
    rig.fresh().await;
    rig.fresh().await;
    rig
}

#[tokio::test]
async fn each_entry_of_one_project_is_read_with_its_own_filter_and_interval() {
    let rig =
        two_entries(", filter: { trigger_type: manual }", ", interval: 60ms, filter: { trigger_type: schedule }").await;
    let before = rig.cloud.requests().len();
    for _ in 0..5 {
        let now = rig.clock.pass(10 * SECOND);
        rig.cloud.edit(|world| {
            world.insert(THIRD, Task::cluster(now).owned_by("8").scheduled().finished(now - SECOND, now, 1, 0));
            world.insert(THIRD, Task::cluster(now).owned_by("7").finished(now - SECOND, now, 1, 0));
        });
        rig.fresh().await;
    }
    let page = rig.scrape().await;
    for (of, trigger) in [("8", "schedule"), ("7", "manual")] {
        let of = [("enterprise_project", of), CLUSTERS];
        let of_trigger = [&of[..], &[("trigger_type", trigger)]].concat();
        page.check("hss_tasks_finished_total", &of_trigger, Some(5.0));
        page.check("hss_tasks", &[&of[..], &[("status", "finished")]].concat(), Some(5.0));
        assert_eq!(page.all("hss_task_info", &of).len(), 5);
    }
    let requests = rig.cloud.requests();
    let lists = requests.iter().skip(before).filter(|request| request.enterprise_project == "all_granted_eps");
    let triggers: BTreeSet<&str> = lists.filter_map(|request| request.body["trigger_type"].as_str()).collect();
    assert_eq!(triggers, BTreeSet::from(["manual", "schedule"]), "each entry has a list of its own");
    // No single list shows what both filters let through.
    assert_eq!(page.value("hss_exporter_unwatched_tasks", &[CLUSTERS]), None);
}

#[tokio::test]
async fn what_no_entry_of_one_project_covers_is_counted_where_all_are_filtered_alike() {
    let rig = two_entries("", ", interval: 60ms").await;
    let known = |page: &Page| page.value("hss_exporter_unwatched_tasks", &[CLUSTERS]) == Some(2.0);
    rig.page_where("two tasks are not watched", known).await;
    rig.fresh().await;
    assert!(known(&rig.scrape().await), "neither entry takes the tasks of the other for unwatched");
}

const TWELVE: &str = "00000000000000000000000000000012";

/// Twelve enterprise projects, one of which has so many tasks; and what is wrong with it.
async fn twelve(tasks: u64, fault: Fault) -> Rig {
    let names: Vec<String> = (1..=12).map(|number| number.to_string()).collect();
    let ids = names.clone();
    let mut setup = Setup::of(move |world| {
        let projects: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), id.as_str())).collect();
        world.add_project(TWELVE, "twelve", &projects);
        for id in &ids {
            world.insert(TWELVE, ended(id, HOUR));
        }
        for number in 0..tasks {
            world.insert(TWELVE, ended("5", 2 * HOUR + number * MINUTE));
        }
    });
    let projects: Vec<String> = names.iter().map(|id| format!("{{ id: \"{id}\", name: e{id} }}")).collect();
    let projects = format!("[{{ id: {TWELVE}, name: twelve, enterprise_projects: [{}] }}]", projects.join(", "));
    setup.accounts = account("prod", &projects);
    setup.tasks = "{ types: [cluster_scan], series: { enabled: false } }";
    setup.faults = vec![fault.for_enterprise_project("5").always()];
    setup.start().await
}

/// The others are read in one request, and the one that fails in another.
async fn check_that_the_others_are_read_together(rig: &Rig) {
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let before = rig.cloud.requests().len();
        rig.fresh().await;
        rig.fresh().await;
        let asked = asked(rig, before);
        let others = asked.iter().filter(|of| !["all_granted_eps", "5"].contains(&of.as_str())).count();
        let together = asked.iter().filter(|of| *of == "all_granted_eps").count();
        if others == 0 && together >= 2 {
            return;
        }
        assert!(tokio::time::Instant::now() < until, "they are still read by themselves: {asked:?}");
    }
}

#[tokio::test]
async fn an_enterprise_project_that_fails_for_ever_does_not_keep_the_others_apart() {
    let rig = twelve(0, Fault::answer(500, &[], "broken")).await;
    check_that_the_others_are_read_together(&rig).await;
    let page = rig.fresh().await;
    page.check("hss_target_up", &[("enterprise_project", "e5")], Some(0.0));
    page.check("hss_target_refresh_requests", &[("enterprise_project", "e1")], Some(1.0));
    assert_eq!(page.all("hss_target_up", &[]).iter().filter(|series| series.value == 1.0).count(), 11);
    rig.cloud.faults().clear();
    rig.page_where("it is up", |page| page.value("hss_target_up", &[("enterprise_project", "e5")]) == Some(1.0)).await;
    rig.fresh().await;
    let before = rig.cloud.requests().len();
    rig.fresh().await;
    let asked = asked(&rig, before);
    assert!(asked.iter().all(|of| of == "all_granted_eps"), "it has joined them: {asked:?}");
}

#[tokio::test]
async fn an_enterprise_project_whose_history_cannot_be_read_does_not_keep_the_others_apart() {
    let rig = twelve(300, Fault::answer(500, &[], "broken").at_offset(199)).await;
    check_that_the_others_are_read_together(&rig).await;
    let page = rig.fresh().await;
    assert_eq!(page.all("hss_target_up", &[]).iter().filter(|series| series.value == 1.0).count(), 12);
    page.check("hss_target_complete", &[("enterprise_project", "e5")], Some(0.0));
}

#[tokio::test]
async fn after_an_outage_all_are_read_together_again() {
    let rig = twelve(0, Fault::answer(200, &[], "not reached").when(|_| false)).await;
    check_that_the_others_are_read_together(&rig).await;
    rig.cloud.faults().push(Fault::answer(500, &[], "broken").always());
    rig.page_where("all are down", |page| page.all("hss_target_up", &[]).iter().all(|series| series.value == 0.0))
        .await;
    rig.fresh().await;
    rig.cloud.faults().clear();
    rig.fresh().await;
    let before = rig.cloud.requests().len();
    rig.fresh().await;
    let asked = asked(&rig, before);
    assert!(asked.iter().all(|of| of == "all_granted_eps"), "nobody has left: {asked:?}");
}

/// Six short runs come and end, one after the other: each is an event of its owner, and has series.
async fn check_six_short_runs(fault: Fault, unfinished: impl FnOnce(&mut World) + 'static) {
    let mut setup = Setup::of(move |world: &mut World| {
        for (of, ago) in [("0", HOUR), ("0", 2 * HOUR), ("7", 3 * HOUR)] {
            world.insert(PAYMENTS, ended(of, ago));
        }
        unfinished(world);
    });
    setup.accounts = both();
    setup.faults = vec![fault];
    setup.options.ready = ReadyOrder::Head;
    let rig = setup.start().await;
    rig.fresh().await;
    rig.fresh().await;
    for n in 1..=6_u32 {
        let now = rig.clock.pass(2 * MINUTE);
        let id = TaskId(1000 + u128::from(n));
        rig.cloud.edit(|world| {
            let task = Task::cluster(now).owned_by("7").finished(now - MINUTE, now - SECOND, 1, n % 2);
            world.insert(PAYMENTS, Task { id, ..task })
        });
        let page = rig.fresh().await;
        assert_eq!(counts(&page)[1][2], f64::from(n), "{}", page.text);
        let series = page.all("hss_task_info", &[TEAM, CLUSTERS, ("task_id", &id.to_string())]);
        assert_eq!(series.len(), 1);
    }
    let known = |page: &Page| page.value("hss_exporter_unwatched_tasks", &[CLUSTERS]) == Some(0.0);
    rig.page_where("no task is without an owner", known).await;
}

/// Each item for which this is true begins so much later than the world says.
fn starts_at(start: u64, meant: fn(&serde_json::Value) -> bool) -> Fault {
    Fault::rewrite(move |page| {
        let items = page.get_mut("data_list").and_then(serde_json::Value::as_array_mut);
        for item in items.into_iter().flatten().filter(|item| meant(item)) {
            item["start_time"] = start.into();
        }
    })
    .always()
}

#[tokio::test]
async fn a_waiting_task_with_a_planned_start_hides_no_end_of_a_run() {
    let planned = starts_at(BORN + 12 * HOUR, |item| item["task_status"] == "ready");
    check_six_short_runs(planned, |world| {
        world.insert(PAYMENTS, Task::cluster(BORN).owned_by("0"));
    })
    .await;
}

#[tokio::test]
async fn a_running_task_that_begins_in_the_future_hides_no_end_of_a_run() {
    let ahead = starts_at(BORN + 30 * MINUTE, |item| item["task_status"] == "running");
    check_six_short_runs(ahead, |world| {
        world.insert(PAYMENTS, Task::cluster(BORN).owned_by("0").running(BORN - SECOND, 2));
    })
    .await;
}
