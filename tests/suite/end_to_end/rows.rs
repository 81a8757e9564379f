//! Tasks with series of their own: which, how long, and with which labels.

use super::page::Page;
use super::rig::{BORN, DAY, HOUR, MINUTE, PAYMENTS, Rig, SECOND, SHOP, Setup, account};
use hss_exporter::simulator::task::Name;
use hss_exporter::simulator::{Task, TaskId};
use std::collections::BTreeSet;

/// The numbers of the tasks that have series, in a project.
fn shown(page: &Page, project: &str) -> BTreeSet<u128> {
    let ids = page.all("hss_task_info", &[("project", project)]);
    let infos: BTreeSet<u128> = ids.iter().map(|series| TaskId::parse(series.label("task_id")).unwrap().0).collect();
    let statuses = page.all("hss_task_status", &[("project", project)]);
    let of_statuses: BTreeSet<u128> =
        statuses.iter().map(|series| TaskId::parse(series.label("task_id")).unwrap().0).collect();
    assert_eq!(infos, of_statuses, "a task has all of its series or none");
    infos
}

/// Tasks 1 to 8, the most important first: running (the newest first), waiting, with failures, without.
fn ranks() -> Vec<Task> {
    let ended = |ago, success, failed| Task::cluster(BORN).finished(BORN - ago - MINUTE, BORN - ago, success, failed);
    let tasks = [
        Task::cluster(BORN).running(BORN - MINUTE, 1),
        Task::cluster(BORN).running(BORN - HOUR, 1),
        Task::cluster(BORN),
        ended(10 * HOUR, 1, 1),
        ended(11 * HOUR, 0, 1),
        ended(HOUR, 1, 0),
        ended(2 * HOUR, 0, 0),
        ended(3 * HOUR, 5, 0),
    ];
    (1..).zip(tasks).map(|(number, task)| Task { id: TaskId(number), ..task }).collect()
}

async fn start(
    tasks: &'static str,
    projects: &str,
    world: impl FnOnce(&mut hss_exporter::simulator::World) + 'static,
) -> Rig {
    let mut setup = Setup::of(world);
    setup.accounts = account("prod", projects);
    setup.tasks = tasks;
    let rig = setup.start().await;
    rig.first().await;
    rig
}

const ONE: &str = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }]";
const BOTH: &str = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }, \
                     { id: fedcba9876543210fedcba9876543210, name: shop }]";

#[track_caller]
fn check_withheld(page: &Page, project: &str, wanted: u32) {
    page.check("hss_exporter_tasks_withheld", &[("project", project)], Some(f64::from(wanted)));
}

#[tokio::test]
async fn over_the_limit_the_least_important_tasks_are_withheld() {
    for (limit, tasks) in [
        (1, "{ series: { limit: 1 } }"),
        (2, "{ series: { limit: 2 } }"),
        (3, "{ series: { limit: 3 } }"),
        (4, "{ series: { limit: 4 } }"),
        (5, "{ series: { limit: 5 } }"),
        (7, "{ series: { limit: 7 } }"),
        (8, "{ series: { limit: 8 } }"),
    ] {
        let world = |all: &mut hss_exporter::simulator::World| {
            for task in ranks() {
                all.insert(PAYMENTS, task);
            }
        };
        let rig = start(tasks, ONE, world).await;
        let page = rig.fresh().await;
        assert_eq!(shown(&page, "payments"), (1..=limit).collect(), "of eight, {limit}");
        check_withheld(&page, "payments", 8 - u32::try_from(limit).unwrap());
        page.check("hss_exporter_task_series_limit", &[("limit", "target")], Some(limit as f64));
        // What is withheld is counted all the same.
        page.check("hss_tasks", &[("task_type", "cluster_scan"), ("status", "finished")], Some(5.0));
    }
}

#[tokio::test]
async fn the_limit_of_all_targets_is_shared_out_fairly() {
    let world = |all: &mut hss_exporter::simulator::World| {
        for number in 0..20 {
            let end = BORN - HOUR - number * MINUTE;
            let task = Task::cluster(BORN).finished(end - MINUTE, end, 1, 0);
            all.insert(PAYMENTS, Task { id: TaskId(100 + u128::from(number)), ..task });
        }
        for task in ranks().into_iter().take(2) {
            all.insert(SHOP, task);
        }
    };
    let rig = start("{ series: { total_limit: 10 } }", BOTH, world).await;
    let page = rig.fresh().await;
    assert_eq!(shown(&page, "shop"), [1, 2].into());
    assert_eq!(shown(&page, "payments"), (100..108).collect());
    check_withheld(&page, "shop", 0);
    check_withheld(&page, "payments", 12);
}

#[tokio::test]
async fn a_finished_task_has_series_for_as_long_as_is_configured() {
    let world = |all: &mut hss_exporter::simulator::World| {
        for (number, ago) in [(1, 59 * MINUTE), (2, 61 * MINUTE)] {
            let task = Task::cluster(BORN).finished(BORN - 2 * HOUR, BORN - ago, 1, 0);
            all.insert(PAYMENTS, Task { id: TaskId(number), ..task });
        }
        all.insert(PAYMENTS, Task { id: TaskId(3), ..Task::cluster(BORN).running(BORN - 40 * DAY, 1) });
    };
    let rig = start("{ series: { finished_for: 1h } }", ONE, world).await;
    let page = rig.fresh().await;
    assert_eq!(shown(&page, "payments"), [1, 3].into());
    check_withheld(&page, "payments", 0);
    rig.clock.pass(MINUTE);
    assert_eq!(shown(&rig.fresh().await, "payments"), [3].into());
}

#[tokio::test]
async fn without_series_of_tasks_none_is_there() {
    let world = |all: &mut hss_exporter::simulator::World| {
        for task in ranks() {
            all.insert(PAYMENTS, task);
        }
    };
    let rig = start("{ series: { enabled: false } }", ONE, world).await;
    let page = rig.fresh().await;
    let own = page.series().iter().filter(|series| {
        series.labels.contains_key("task_id")
            || ["hss_exporter_tasks_withheld", "hss_exporter_task_series_limit"].contains(&series.name.as_str())
    });
    assert_eq!(own.count(), 0);
    page.check("hss_tasks", &[("task_type", "cluster_scan"), ("status", "running")], Some(2.0));
}

#[tokio::test]
async fn a_tasks_labels_never_change_and_its_series_end_by_disappearing() {
    let world = |all: &mut hss_exporter::simulator::World| {
        all.insert(PAYMENTS, Task { id: TaskId(1), ..Task::cluster(BORN).running(BORN - HOUR, 4) });
        all.insert(PAYMENTS, Task { id: TaskId(2), ..Task::cluster(BORN).named("nightly").running(BORN - HOUR, 4) });
    };
    let rig = start("{}", ONE, world).await;
    let info = |page: &Page, id: u128| {
        let id = TaskId(id).to_string();
        let all = page.all("hss_task_info", &[("task_id", &id)]);
        assert_eq!(all.len(), 1, "{}", page.text);
        all[0].labels.clone()
    };
    let page = rig.fresh().await;
    let (nameless, named) = (info(&page, 1), info(&page, 2));
    assert_eq!((nameless["task_name"].as_str(), named["task_name"].as_str()), ("", "nightly"));

    // A name may come once. It is not taken back, and does not change.
    let name = |id, name| rig.cloud.edit(|world| world.change(TaskId(id), |task| task.name = name));
    name(1, Name::Text("late".into()));
    name(2, Name::Text("renamed".into()));
    let page = rig.fresh().await;
    assert_eq!((info(&page, 1)["task_name"].as_str(), info(&page, 2)), ("late", named.clone()));
    name(1, Name::Null);
    name(2, Name::Absent);
    rig.cloud.edit(|world| world.finish(TaskId(2), 4, 0));
    let page = rig.fresh().await;
    assert_eq!((info(&page, 1)["task_name"].as_str(), info(&page, 2)), ("late", named));
    let second = TaskId(2).to_string();
    assert_eq!(page.state("hss_task_status", &[("task_id", &second)], "status"), "finished");

    let first = TaskId(1).to_string();
    page.check("hss_task_estimated_remaining_seconds", &[("task_id", &first)], Some(300.0));
    page.check("hss_task_estimated_remaining_seconds", &[("task_id", &second)], None);
    page.check("hss_task_end_timestamp_seconds", &[("task_id", &first)], None);
    rig.cloud.edit(|world| world.delete(TaskId(1)));
    rig.clock.pass(SECOND);
    rig.fresh().await;
    assert_eq!(shown(&rig.fresh().await, "payments"), [2].into());
}
