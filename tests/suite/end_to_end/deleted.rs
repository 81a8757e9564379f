//! Many tasks are deleted at once: the end of a run far down is seen by the next refresh all the same.

use super::paging::{CLUSTERS, CLUSTERS_ONLY, SCHEDULED, history};
use super::rig::{BORN, HOUR, MINUTE, PAYMENTS, Rig, SECOND, Setup, account};
use hss_exporter::simulator::{Api, Fault, Refusal, Task, TaskId};

const RUNNING: u128 = 7000;

fn no_statistics() -> Fault {
    Fault::refuse(Refusal::gateway(403, "0302", "no")).of_api(Api::ShowTaskStatistics).always()
}

/// So many of the newest tasks are deleted, and what ran far down has ended. The next refresh counts it, and hardly any task
/// is asked for by itself.
async fn check(rig: &Rig, deleted: u128, labels: &[(&str, &str)]) {
    let before = rig.cloud.requests().len();
    rig.clock.pass(2 * SECOND);
    rig.cloud.edit(|world| {
        (1..=deleted).for_each(|id| assert!(world.delete(TaskId(id))));
        assert!(world.finish(TaskId(RUNNING), 1, 0));
    });
    let page = rig.fresh().await;
    page.check("hss_tasks_finished_total", labels, Some(1.0));
    for _ in 0..4 {
        rig.fresh().await;
    }
    let page = rig.scrape().await;
    let recent: f64 = page.all("hss_recent_tasks", &SCHEDULED).iter().map(|series| series.value).sum();
    assert_eq!(recent, (1000 - deleted + 1) as f64);
    let requests = rig.cloud.requests();
    let lookups = requests.iter().skip(before).filter(|request| request.body["task_id"].is_string()).count();
    assert!(lookups <= 1, "{lookups} tasks were asked for one by one");
}

#[tokio::test]
async fn deleted_tasks_delay_no_end_of_a_run() {
    for deleted in [60, 600] {
        let mut setup = Setup::of(|world| {
            history(world, 1000, HOUR);
            let running = Task::cluster(BORN).scheduled().running(BORN - 16 * HOUR, 2);
            world.insert(PAYMENTS, Task { id: TaskId(RUNNING), ..running });
        });
        setup.tasks = CLUSTERS_ONLY;
        setup.faults = vec![no_statistics()];
        let rig = setup.start().await;
        rig.page_where("the window has been read", |page| page.value("hss_target_complete", &[CLUSTERS]) == Some(1.0))
            .await;
        rig.fresh().await;
        check(&rig, deleted, &SCHEDULED).await;
    }
}

#[tokio::test]
async fn deleted_tasks_of_enterprise_projects_that_are_read_together_delay_no_end_of_a_run() {
    for deleted in [60, 600] {
        let mut setup = Setup::of(|world| {
            for number in 1..=1000 {
                let end = BORN - HOUR - number * MINUTE;
                let of = if number % 2 == 0 { "0" } else { "7" };
                let task = Task::cluster(BORN).scheduled().owned_by(of).finished(end - MINUTE, end, 2, 0);
                world.insert(PAYMENTS, Task { id: TaskId(number.into()), ..task });
            }
            let running = Task::cluster(BORN).scheduled().owned_by("7").running(BORN - 16 * HOUR, 2);
            world.insert(PAYMENTS, Task { id: TaskId(RUNNING), ..running });
        });
        setup.accounts = account(
            "prod",
            &format!(
                "[{{ id: {PAYMENTS}, name: payments, enterprise_projects: [{{ id: \"0\", name: default }}, {{ id: \"7\", name: team }}] }}]"
            ),
        );
        setup.tasks = CLUSTERS_ONLY;
        setup.faults = vec![no_statistics()];
        let rig = setup.start().await;
        let complete = |page: &super::page::Page| {
            let all = page.all("hss_target_complete", &[CLUSTERS]);
            all.len() == 2 && all.iter().all(|series| series.value == 1.0)
        };
        rig.page_where("the windows have been read", complete).await;
        rig.fresh().await;
        rig.fresh().await;
        let of_team = [("enterprise_project", "team"), SCHEDULED[0], SCHEDULED[1]];
        check(&rig, deleted, &of_team).await;
    }
}
