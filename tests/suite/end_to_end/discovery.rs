//! Projects and enterprise projects that nobody has listed: they are found, they come and go, and what is known outlives a
//! discovery that fails.

use super::page::Page;
use super::rig::{BORN, HOUR, MINUTE, PAYMENTS, Rig, SHOP, Setup, account, within};
use hss_exporter::app::examine;
use hss_exporter::cloud::{Clock, Cloud};
use hss_exporter::model::Timestamp;
use hss_exporter::model::observe::Observe;
use hss_exporter::refresh::discovered;
use hss_exporter::simulator::{Api, Fault, Refusal, Task};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

const CLUSTERS: (&str, &str) = ("task_type", "cluster_scan");
const PROD: (&str, &str) = ("account", "prod");
const NEW: &str = "00112233445566778899aabbccddeeff";
const LISTED: &str = "[{ id: 0123456789abcdef0123456789abcdef, name: payments, enterprise_projects: discover }]";

/// An account with these projects that asks the simulated IAM and EPS what there is.
fn setup(projects: &str) -> Setup {
    let all = "{ hss: \"{endpoint}\", iam: \"{endpoint}\", eps: \"{endpoint}\" }";
    Setup {
        accounts: account("prod", projects).replace("{ hss: \"{endpoint}\" }", all),
        ..Setup::of(|world| {
            for project in [PAYMENTS, SHOP] {
                world.insert(project, Task::cluster(BORN).finished(BORN - 2 * HOUR, BORN - HOUR, 3, 0));
            }
        })
    }
}

/// The targets of which the page speaks: project and enterprise project.
fn targets(page: &Page) -> BTreeSet<(String, String)> {
    let label = |series: &super::page::Series, name| series.label(name).to_owned();
    let infos = page.all("hss_target_info", &[]).into_iter();
    infos.map(|series| (label(series, "project"), label(series, "enterprise_project"))).collect()
}

fn named(ones: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    ones.iter().map(|(project, one)| ((*project).to_owned(), (*one).to_owned())).collect()
}

/// The first page that speaks of these targets and no others, all read.
async fn page_with(rig: &Rig, ones: &[(&str, &str)]) -> Page {
    let wanted = named(ones);
    let is_it = |page: &Page| {
        let up = page.all("hss_target_up", &[CLUSTERS]);
        targets(page) == wanted && up.len() == wanted.len() && up.iter().all(|series| series.value == 1.0)
    };
    rig.page_where(&format!("{ones:?}"), is_it).await
}

/// Waits for so many more calls.
async fn calls(rig: &Rig, api: Api, more: u64) {
    let wanted = rig.cloud.calls(api) + more;
    let what = format!("{} more {api:?}", more);
    rig.page_where(&what, |_| rig.cloud.calls(api) >= wanted).await;
}

fn errors(page: &Page, kind: &str) -> f64 {
    page.known("hss_exporter_discovery_errors_total", &[PROD, ("kind", kind)])
}

const BOTH: [(&str, &str); 2] = [("cn-north-4", "all"), ("cn-north-4_shop", "all")];

#[tokio::test]
async fn the_projects_of_the_region_come_and_go_without_a_restart() {
    let rig = setup("discover").start().await;
    let page = page_with(&rig, &BOTH).await;
    page.check("hss_exporter_targets", &[PROD], Some(2.0));
    let found = page.known("hss_exporter_discovery_last_success_timestamp_seconds", &[PROD, ("kind", "projects")]);
    assert_eq!(found * 1000.0, BORN as f64);
    assert_eq!(errors(&page, "projects"), 0.0);
    assert!(page.all("hss_exporter_discovery_errors_total", &[("kind", "enterprise_projects")]).is_empty());

    rig.cloud.edit(|world| {
        world.add_project(NEW, "labs", &[("0", "default")]);
        world.insert(NEW, Task::cluster(BORN).finished(BORN - HOUR, BORN - MINUTE, 1, 1));
    });
    let page = page_with(&rig, &[BOTH[0], ("cn-north-4_labs", "all"), BOTH[1]]).await;
    page.check("hss_exporter_targets", &[PROD], Some(3.0));
    let labs = ("project", "cn-north-4_labs");
    page.check("hss_tasks", &[labs, CLUSTERS, ("status", "finished")], Some(1.0));

    rig.cloud.edit(|world| world.remove_project(NEW));
    let before = rig.cloud.calls(Api::ListProjects);
    let page = page_with(&rig, &BOTH).await;
    assert!(rig.cloud.calls(Api::ListProjects) >= before + 3, "three good discoveries without it");
    assert!(page.series().iter().all(|series| series.label("project") != "cn-north-4_labs"), "{}", page.text);
}

#[tokio::test]
async fn what_goes_on_is_taken_over_when_others_come() {
    let rig = setup("discover").start().await;
    page_with(&rig, &BOTH).await;
    let running = rig.cloud.edit(|world| world.insert(SHOP, Task::cluster(BORN).running(BORN, 2)));
    let shop = ("project", "cn-north-4_shop");
    let status = [shop, CLUSTERS, ("status", "running")];
    rig.page_where("it runs", |page| page.value("hss_tasks", &status) == Some(1.0)).await;
    rig.clock.pass(MINUTE);
    rig.cloud.edit(|world| assert!(world.finish(running, 2, 0)));
    let finished = |page: &Page| -> f64 {
        page.all("hss_tasks_finished_total", &[shop, CLUSTERS]).iter().map(|series| series.value).sum()
    };
    rig.page_where("its end is counted", |page| finished(page) == 1.0).await;
    for n in 0..3_u32 {
        let id = format!("{n:032x}");
        rig.cloud.edit(|world| world.add_project(&id, &format!("labs{n}"), &[("0", "default")]));
        let many = 3 + n as usize;
        let page = rig.page_where("one more", |page| targets(page).len() == many).await;
        assert_eq!(finished(&page), 1.0, "counters go on");
        page.check("hss_target_complete", &[shop, CLUSTERS], Some(1.0));
        page.check("hss_tasks", &[shop, CLUSTERS, ("status", "finished")], Some(2.0));
    }
}

#[tokio::test]
async fn the_names_that_are_meant_are_watched_and_no_others() {
    let projects = "{ discover: true, include: [\"cn-north-4_*\"], exclude: [\"*_labs\"], enterprise_projects: \
                    { discover: true, exclude: [default] } }";
    let rig = setup(projects).start().await;
    rig.cloud.edit(|world| world.add_project(NEW, "labs", &[("7", "team")]));
    let page = page_with(&rig, &[("cn-north-4_shop", "team")]).await;
    assert_eq!(errors(&page, "enterprise_projects"), 0.0);
    calls(&rig, Api::ListProjects, 2).await;
    page_with(&rig, &[("cn-north-4_shop", "team")]).await;
}

#[tokio::test]
async fn enterprise_projects_come_and_go_and_are_read_together() {
    let rig = setup(LISTED).start().await;
    let page = page_with(&rig, &[("payments", "default"), ("payments", "team")]).await;
    page.check("hss_tasks", &[CLUSTERS, ("enterprise_project", "default"), ("status", "finished")], Some(1.0));
    rig.cloud.edit(|world| {
        world.add_enterprise_project("8", "web");
        world.insert(PAYMENTS, Task::cluster(BORN).owned_by("8").finished(BORN - HOUR, BORN - MINUTE, 1, 0));
    });
    let page = page_with(&rig, &[("payments", "default"), ("payments", "team"), ("payments", "web")]).await;
    page.check("hss_tasks", &[CLUSTERS, ("enterprise_project", "web"), ("status", "finished")], Some(1.0));
    rig.cloud.edit(|world| world.remove_enterprise_project("7"));
    page_with(&rig, &[("payments", "default"), ("payments", "web")]).await;
    // A run that ends afterwards is counted where it belongs.
    let id = rig.cloud.edit(|world| world.insert(PAYMENTS, Task::cluster(BORN).owned_by("8").running(BORN, 1)));
    let running = [("enterprise_project", "web"), CLUSTERS, ("status", "running")];
    rig.page_where("it runs", |page| page.value("hss_tasks", &running) == Some(1.0)).await;
    rig.clock.pass(MINUTE);
    rig.cloud.edit(|world| assert!(world.finish(id, 0, 1)));
    let failed = |page: &Page, of: &str| -> f64 {
        let with = page.all("hss_tasks_finished_with_failures_total", &[CLUSTERS, ("enterprise_project", of)]);
        with.iter().map(|series| series.value).sum()
    };
    let page = rig.page_where("its end is counted", |page| failed(page, "web") == 1.0).await;
    assert_eq!(failed(&page, "default"), 0.0);
}

#[tokio::test]
async fn a_discovery_that_fails_changes_nothing_and_is_counted() {
    let rig = setup("{ discover: true, enterprise_projects: discover }").start().await;
    let all = |page: &Page| targets(page).len() == 4;
    rig.page_where("both of both", all).await;
    let broken = || [Api::ListProjects, Api::ListEnterpriseProjects].map(|api| Fault::html(502).of_api(api).always());
    broken().into_iter().for_each(|fault| rig.cloud.faults().push(fault));
    rig.cloud.edit(|world| world.remove_project(SHOP));
    let page = rig
        .page_where("both fail", |page| errors(page, "projects") >= 4.0 && errors(page, "enterprise_projects") >= 4.0)
        .await;
    assert!(all(&page), "{:?}", targets(&page));
    // Nobody has no project at all: an empty list is no good discovery, either.
    rig.cloud.faults().clear();
    let nothing = |json: &mut serde_json::Value| json["projects"] = serde_json::json!([]);
    rig.cloud.faults().push(Fault::rewrite(nothing).of_api(Api::ListProjects).always());
    let before = errors(&page, "projects");
    let page = rig.page_where("it is empty", |page| errors(page, "projects") >= before + 4.0).await;
    assert!(all(&page), "{:?}", targets(&page));
    rig.cloud.faults().clear();
    rig.page_where("one is gone", |page| targets(page).len() == 2).await;
}

#[tokio::test]
async fn who_finds_nothing_at_first_is_ready_and_looks_again_soon() {
    let mut setup = setup("discover");
    setup.faults = vec![Fault::refuse(Refusal::no_permission()).of_api(Api::ListProjects).times(4)];
    let rig = setup.start().await;
    let page = rig.page_where("it failed", |page| errors(page, "projects") >= 1.0).await;
    assert!(targets(&page).is_empty());
    page.check("hss_exporter_targets", &[PROD], Some(0.0));
    assert_eq!(rig.get("/-/ready").await.0, 200, "the first turn has ended, though not well");
    let landing = rig.landing().await;
    assert!(landing.contains("Discovery fails for 1 account; no target is watched"), "{landing}");
    for told in ["Discovery of prod", "ListProjects", "what to do"] {
        assert!(landing.contains(told), "{told}: {landing}");
    }
    page_with(&rig, &BOTH).await;
    rig.until(|snapshot| snapshot.accounts.iter().all(|account| account.undiscovered.is_none())).await;
    assert!(!rig.landing().await.contains("Discovery"), "it is over");
}

#[tokio::test]
async fn a_refused_key_is_not_tried_again_at_once() {
    let mut setup = setup("{ discover: true, enterprise_projects: discover }");
    setup.accounts = setup.accounts.replace("simulated-secret-of-no-value", "wrong");
    let rig = setup.start().await;
    let page = rig.page_where("it failed", |page| errors(page, "projects") >= 1.0).await;
    assert!(targets(&page).is_empty());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(rig.cloud.requests().len(), 1, "one wrong signature");
}

#[tokio::test]
async fn a_check_finds_what_there_is_and_says_what_it_cannot_find() {
    let rig = setup("{ discover: true, enterprise_projects: { discover: true, include: [team] } }").start().await;
    page_with(&rig, &[("cn-north-4", "team"), ("cn-north-4_shop", "team")]).await;
    let clock = rig.clock.clone();
    let clock: Clock = Arc::new(move || Timestamp::new(Duration::from_millis(clock.now())));
    let observer: Arc<dyn Observe> = Arc::new(());
    let cloud = Cloud::new(Arc::clone(&clock), Arc::clone(&observer), &rig.config.refresh, &[]);
    let cloud = Arc::new(cloud);
    let (config, failures) = within(discovered(rig.config.clone(), &cloud, &observer, &clock)).await;
    let found: Vec<String> = config.accounts[0].watches.iter().map(|watch| watch.target.to_string()).collect();
    assert_eq!(found, ["prod/cn-north-4/team", "prod/cn-north-4_shop/team"]);
    assert!(failures.is_empty(), "{failures:?}");

    rig.cloud.faults().push(Fault::refuse(Refusal::no_permission()).of_api(Api::ListEnterpriseProjects).always());
    let (config, failures) = within(discovered(rig.config.clone(), &cloud, &observer, &clock)).await;
    assert!(config.accounts[0].watches.is_empty());
    let [failure] = &failures[..] else { panic!("{failures:?}") };
    assert!(failure.to_string().contains("ListEnterpriseProjects") && failure.status == Some(400), "{failure}");
    let report = within(examine(&config, failures, &clock, &[], |_| {})).await;
    assert_eq!((report.rows.len(), report.undiscovered.len()), (0, 1));
}

#[tokio::test]
async fn a_name_that_cannot_be_read_or_shown_costs_no_discovery() {
    let body = "{\"enterprise_projects\":[{\"id\":\"0\",\"name\":\"default \\ud83d\"},
        {\"id\":\"7\",\"name\":\"te\u{202e}am\"},{\"id\":\"9\",\"name\":\"a \"quote\"\"}],\"total_count\":3}";
    let fault = Fault::answer(200, &[], body).of_api(Api::ListEnterpriseProjects).always();
    let rig = Setup { faults: vec![fault], ..setup(LISTED) }.start().await;
    page_with(&rig, &[("payments", "7"), ("payments", "default \u{fffd}")]).await;
}
