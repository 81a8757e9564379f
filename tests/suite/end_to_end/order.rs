//! Lists that are not what was asked for: not sorted, cut off, or at odds with their own totals.

use super::page::Page;
use super::paging::{CLUSTERS, CLUSTERS_ONLY, SCHEDULED, check_one_more, check_recent, check_status, history};
use super::rig::{BORN, DAY, HOUR, MINUTE, PAYMENTS, Rig, SECOND, Setup};
use hss_exporter::simulator::{Fault, LoggedRequest, ReadyOrder, Statistics, Task, TaskId, World};
use serde_json::{Value, json};

fn setup(tasks: u64, faults: Vec<Fault>) -> Setup {
    let mut setup = Setup::of(move |world| history(world, tasks, HOUR));
    setup.tasks = CLUSTERS_ONLY;
    setup.faults = faults;
    setup
}

async fn complete(rig: &Rig) -> Page {
    rig.page_where("the window has been read", |page| page.value("hss_target_complete", &[CLUSTERS]) == Some(1.0)).await
}

/// Every item of every page, changed.
fn each_item(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Fault {
    Fault::rewrite(move |page| {
        let items = page.get_mut("data_list").and_then(Value::as_array_mut);
        items.into_iter().flatten().for_each(&change);
    })
    .always()
}

/// The tasks of [`history`], which stand in the order of their numbers, each with the start that its number gives, in
/// minutes before now.
fn started(minutes_ago: impl Fn(u64) -> u64 + Send + Sync + 'static) -> Fault {
    each_item(move |item| {
        let number = item["task_id"].as_str().and_then(TaskId::parse).map_or(0, |id| id.0 as u64);
        // Those that come later stand where they should.
        if number > 1000 {
            return;
        }
        let start = BORN - HOUR - minutes_ago(number) * MINUTE;
        (item["start_time"], item["end_time"]) = (start.into(), (start + MINUTE).into());
    })
}

#[tokio::test]
async fn a_list_in_another_order_is_not_believed() {
    let orders: [(&str, Fault); 3] = [
        ("oldest first", started(|number| 2 * (1000 - number))),
        ("no order", started(|number| 2 * (number * 7919 % 1009))),
        ("each page sorted by itself", started(|number| number % 199 * 10 + number / 199)),
    ];
    for (what, fault) in orders {
        let rig = setup(450, vec![fault]).start().await;
        let down = |page: &Page| {
            let reason = [CLUSTERS, ("reason", "inconsistent")];
            page.value("hss_target_down_reason", &reason) == Some(1.0)
        };
        let page = rig.page_where(what, down).await;
        page.check("hss_target_up", &[CLUSTERS], Some(0.0));
        let told = rig.landing().await;
        assert!(told.contains("not sorted by start_time"), "{what}: {told}");
        rig.cloud.faults().clear();
        rig.page_where("it is up again", |page| page.value("hss_target_up", &[CLUSTERS]) == Some(1.0)).await;
    }
}

#[tokio::test]
async fn a_right_order_may_be_disturbed_a_little() {
    // Seconds are cut off, neighbours are swapped, and every thirtieth task stands where it does not belong.
    let starts = |number: u64| if number.is_multiple_of(30) { number * 7919 % 1009 } else { number ^ 1 };
    let rig = setup(450, vec![started(starts)]).start().await;
    complete(&rig).await.check("hss_target_up", &[CLUSTERS], Some(1.0));
    check_one_more(&rig, 5000).await;
}

#[tokio::test]
async fn the_order_of_a_list_that_is_one_page_does_not_matter() {
    let rig = setup(90, vec![started(|number| 2 * (1000 - number))]).start().await;
    let page = complete(&rig).await;
    page.check("hss_target_up", &[CLUSTERS], Some(1.0));
    check_recent(&page, 90);
    check_one_more(&rig, 5000).await;
}

/// The cloud gives `most` items a page, and tells no total, or that of the page.
fn capped(most: usize, total: fn(usize) -> Value) -> Fault {
    Fault::rewrite(move |page| {
        let items = page.get_mut("data_list").and_then(Value::as_array_mut);
        let listed = items.map(|items| {
            items.truncate(most);
            items.len()
        });
        page["total_num"] = total(listed.unwrap_or_default());
    })
    .always()
}

#[tokio::test]
async fn pages_with_fewer_items_than_asked_for_are_not_the_whole_list() {
    let totals: [fn(usize) -> Value; 2] = [|_| Value::Null, |listed| json!(listed)];
    for (most, total) in [50, 100].into_iter().flat_map(|most| totals.map(|total| (most, total))) {
        let mut setup = setup(300, vec![capped(most, total)]);
        setup.world = Box::new(|world: &mut World| {
            history(world, 300, HOUR);
            let deep = Task::cluster(BORN).scheduled().running(BORN - 2 * DAY, 2);
            world.insert(PAYMENTS, Task { id: TaskId(600), ..deep });
        });
        let rig = setup.start().await;
        complete(&rig).await;
        rig.fresh().await;
        let page = rig.fresh().await;
        check_recent(&page, 300);
        check_status(&page, "running", 1);
        // The head, and what runs.
        page.check("hss_target_refresh_requests", &[CLUSTERS], Some(2.0));
        rig.cloud.edit(|world| world.finish(TaskId(600), 1, 1));
        rig.fresh().await.check("hss_tasks_finished_total", &SCHEDULED, Some(1.0));
        rig.fresh().await.check("hss_target_refresh_requests", &[CLUSTERS], Some(1.0));
        rig.clock.pass(2 * SECOND);
        let now = rig.clock.now();
        rig.cloud.edit(|world| {
            (0..120).for_each(|n| {
                let task = Task::cluster(now).scheduled().finished(now - SECOND, now, 1, 0);
                world.insert(PAYMENTS, Task { id: TaskId(1000 + n), ..task });
            });
        });
        rig.fresh().await.check("hss_tasks_finished_total", &SCHEDULED, Some(121.0));
    }
}

/// A list of as many tasks as some cloud may put on a page at most.
#[tokio::test]
async fn a_whole_list_of_a_round_number_costs_one_request_more_and_only_once() {
    let rig = setup(100, Vec::new()).start().await;
    rig.fresh().await;
    assert_eq!(rig.cloud.requests().iter().filter(|request| request.offset > 0).count(), 1);
    check_one_more(&rig, 5000).await;
    let page = rig.fresh().await;
    page.check("hss_target_refresh_requests", &[CLUSTERS], Some(1.0));
    assert_eq!(rig.cloud.requests().iter().filter(|request| request.offset > 0).count(), 1);
}

fn asks_for_one(request: &LoggedRequest) -> bool {
    request.body["task_id"].is_string()
}

#[tokio::test]
async fn an_answer_that_counts_a_task_and_does_not_show_it_says_nothing_of_it() {
    let counted = json!({"total_num": 1, "data_list": []});
    let mut setup = setup(300, vec![Fault::page(counted).when(asks_for_one).always()]);
    // They would find it again.
    setup.options.statistics = Statistics::LeftOut;
    setup.world = Box::new(|world: &mut World| {
        history(world, 300, HOUR);
        let deep = Task::cluster(BORN).scheduled().running(BORN - 2 * DAY, 2);
        world.insert(PAYMENTS, Task { id: TaskId(600), ..deep });
    });
    let rig = setup.start().await;
    complete(&rig).await;
    for _ in 0..3 {
        check_status(&rig.fresh().await, "running", 1);
    }
    rig.cloud.faults().clear();
    rig.cloud.edit(|world| world.finish(TaskId(600), 1, 1));
    rig.fresh().await.check("hss_tasks_finished_total", &SCHEDULED, Some(1.0));
}

#[tokio::test]
async fn an_empty_head_of_a_list_that_has_tasks_is_not_the_whole_list() {
    let rig = setup(90, Vec::new()).start().await;
    complete(&rig).await;
    rig.cloud.faults().push(Fault::field("data_list", json!([])).always());
    let page = rig.fresh().await;
    page.check("hss_target_down_reason", &[CLUSTERS, ("reason", "inconsistent")], Some(1.0));
    rig.cloud.faults().clear();
    let page = rig.fresh().await;
    page.check("hss_target_up", &[CLUSTERS], Some(1.0));
    check_recent(&page, 90);
}

#[tokio::test]
async fn waiting_tasks_that_change_places_while_they_are_listed_are_all_counted() {
    for order in [ReadyOrder::Head, ReadyOrder::Tail] {
        let mut setup = setup(0, Vec::new());
        setup.options.ready = order;
        setup.world = Box::new(|world: &mut World| {
            history(world, 50, HOUR);
            (0..450).for_each(|n| {
                let task = Task::cluster(BORN - n).scheduled();
                world.insert(PAYMENTS, Task { id: TaskId(1000 + u128::from(n)), ..task });
            });
        });
        let rig = setup.start().await;
        // Before each request, all of them stand in another order.
        for request in 1..60 {
            rig.cloud.before_request(request, move |world| {
                for n in 0..450_u64 {
                    world.change(TaskId(1000 + u128::from(n)), |task| {
                        task.created = BORN - 1 - (n * 7919 + request * 104_729) * (request + 12_345) % 1009;
                    });
                }
            });
        }
        complete(&rig).await;
        rig.fresh().await;
        let page = rig.fresh().await;
        page.check("hss_target_up", &[CLUSTERS], Some(1.0));
        check_status(&page, "ready", 450);
        check_status(&page, "finished", 50);
    }
}

#[tokio::test]
async fn cut_pages_of_enterprise_projects_are_found_out_too() {
    let mut setup = setup(0, vec![capped(50, |listed| json!(listed))]);
    setup.accounts = super::rig::account(
        "prod",
        &format!(
            "[{{ id: {PAYMENTS}, enterprise_projects: [{{ id: \"0\" }}, {{ id: \"7\" }}], types: [cluster_scan] }}]"
        ),
    );
    setup.world = Box::new(|world: &mut World| {
        for number in 1..=260 {
            let end = BORN - HOUR - number * MINUTE;
            let task = Task::cluster(BORN).scheduled().finished(end - MINUTE, end, 2, 0);
            world.insert(PAYMENTS, task.owned_by(if number.is_multiple_of(2) { "0" } else { "7" }));
        }
    });
    let rig = setup.start().await;
    let all = |page: &Page| {
        let recent = page.all("hss_recent_tasks", &[&SCHEDULED[..], &[("outcome", "success")]].concat());
        recent.iter().map(|series| series.value).collect::<Vec<_>>() == [130.0, 130.0]
    };
    rig.page_where("both windows have been read", all).await;
}
