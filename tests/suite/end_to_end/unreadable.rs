//! A page far down the list that cannot be read, again and again: what can be read is up to date, and what cannot is said.

use super::page::Page;
use super::paging::{CLUSTERS, CLUSTERS_ONLY, SCHEDULED, history};
use super::rig::{BORN, HOUR, PAYMENTS, Rig, SECOND, Setup};
use super::secrets::{Shown, log_everything};
use hss_exporter::simulator::{Api, Fault, LoggedRequest, Refusal, Task, TaskId};
use hss_exporter::telemetry::Format;

const RUNNING: u128 = 7000;

fn unreadable() -> Fault {
    Fault::refuse(Refusal::gateway(500, "0601", "this page is broken")).at_offset(199).always()
}

/// 450 runs, and among the oldest of them one task that still runs.
fn setup() -> Setup {
    let mut setup = Setup::of(|world| {
        history(world, 450, HOUR);
        let running = Task::cluster(BORN).scheduled().running(BORN - 8 * HOUR, 2);
        world.insert(PAYMENTS, Task { id: TaskId(RUNNING), ..running });
    });
    setup.tasks = CLUSTERS_ONLY;
    // The statistics would tell that a task has ended, and are not everybody's.
    setup.faults = vec![Fault::refuse(Refusal::gateway(403, "0302", "no")).of_api(Api::ShowTaskStatistics).always()];
    setup
}

fn complete(page: &Page) -> Option<f64> {
    page.value("hss_target_complete", &[CLUSTERS])
}

/// It is up, and incomplete, whenever one looks; and the landing page says why.
async fn check_incomplete(rig: &Rig) {
    let attempts = |page: &Page| {
        let labels = [("account", "prod"), ("api", "ListTasks"), ("reason", "server")];
        page.known("hss_exporter_api_errors_total", &labels)
    };
    let incomplete = |page: &Page| complete(page) == Some(0.0) && attempts(page) >= 1.0;
    let page = rig.page_where("a page cannot be read", incomplete).await;
    let before = attempts(&page);
    let mut page = page;
    while attempts(&page) < before + 4.0 {
        page.check("hss_target_up", &[CLUSTERS], Some(1.0));
        assert!(page.all("hss_target_down_reason", &[]).is_empty());
        assert_eq!(complete(&page), Some(0.0));
        page = rig.fresh().await;
    }
    let landing = rig.landing().await;
    for words in [
        "this page is broken",
        "Older tasks cannot be read",
        "Older tasks of 1 of 1 target cannot be read",
        "incomplete",
    ] {
        assert!(landing.contains(words), "no {words} in {landing}");
    }
}

/// The running task ends: that is an event at once.
async fn check_the_running_one(rig: &Rig, events: f64) {
    let before = rig.scrape().await.known("hss_tasks_finished_total", &SCHEDULED);
    rig.clock.pass(2 * SECOND);
    rig.cloud.edit(|world| assert!(world.finish(TaskId(RUNNING), 1, 1)));
    let page = rig.fresh().await;
    page.check("hss_tasks_finished_total", &SCHEDULED, Some(before + events));
    page.check("hss_tasks", &[CLUSTERS, ("status", "running")], Some(0.0));
}

async fn check_over(rig: &Rig) {
    rig.cloud.faults().clear();
    let page = rig.page_where("it can be read again", |page| complete(page) == Some(1.0)).await;
    page.check("hss_target_up", &[CLUSTERS], Some(1.0));
    assert!(!rig.landing().await.contains("this page is broken"));
}

#[tokio::test]
async fn a_history_page_that_cannot_be_read_makes_the_target_incomplete_and_not_down() {
    let shown = Shown::default();
    let _log = log_everything(&shown, Format::Logfmt);
    let mut setup = setup();
    setup.faults.push(unreadable());
    let rig = setup.start().await;
    check_incomplete(&rig).await;
    check_the_running_one(&rig, 1.0).await;
    check_over(&rig).await;
    let log = shown.text();
    for line in ["older tasks cannot be read", "older tasks can be read again"] {
        assert_eq!(log.matches(line).count(), 1, "{line}");
    }
    assert!(!log.contains("not refreshed"));
}

#[tokio::test]
async fn a_page_of_many_new_tasks_that_cannot_be_read_hides_no_end_of_a_run() {
    let rig = setup().start().await;
    rig.page_where("the window has been read", |page| complete(page) == Some(1.0)).await;
    rig.cloud.faults().push(unreadable());
    let now = rig.clock.pass(2 * SECOND);
    rig.cloud.edit(|world| {
        for id in 1000..1450 {
            let task = Task::cluster(now).scheduled().finished(now - SECOND, now, 1, 0);
            world.insert(PAYMENTS, Task { id: TaskId(id), ..task });
        }
    });
    check_incomplete(&rig).await;
    check_the_running_one(&rig, 1.0).await;
    check_over(&rig).await;
    rig.fresh().await.check("hss_tasks_finished_total", &SCHEDULED, Some(451.0));
}

#[tokio::test]
async fn a_page_that_cannot_be_read_again_makes_the_target_incomplete_and_not_down() {
    let mut setup = setup();
    // Heads leave time for reading again.
    setup.refresh = "interval: 1s, reconcile_every: 1s";
    let rig = setup.start().await;
    rig.page_where("the window has been read", |page| complete(page) == Some(1.0)).await;
    rig.cloud.faults().push(unreadable());
    check_incomplete(&rig).await;
    check_the_running_one(&rig, 1.0).await;
    check_over(&rig).await;
}

/// Of what runs nothing can be said without it.
#[tokio::test]
async fn a_list_of_the_running_tasks_that_cannot_be_read_makes_the_target_down() {
    let rig = setup().start().await;
    rig.page_where("the window has been read", |page| complete(page) == Some(1.0)).await;
    let running =
        |request: &LoggedRequest| request.body["task_status"] == "running" || request.body["task_id"].is_string();
    let refused = Fault::refuse(Refusal::gateway(500, "0601", "this list is broken"));
    rig.cloud.faults().push(refused.when(running).always());
    rig.page_where("it is down", |page| page.value("hss_target_up", &[CLUSTERS]) == Some(0.0)).await;
}
