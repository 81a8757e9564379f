//! `once`: everything is read, the page is printed, the process ends.
#![cfg(test)]

use super::binary::{program, write};
use super::page::Page;
use super::rig::{PAYMENTS, SHOP};
use hss_exporter::simulator::{Fault, Options, Refusal, Scenario, Simulator, Task};
use std::net::SocketAddr;
use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the program that is run reads the real clock")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// A cloud with two projects; in the one are more tasks than a page holds, in the other none.
async fn cloud() -> Simulator {
    let options = Options { scenario: Scenario::Empty, projects: 0, ..Options::default() };
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let cloud = Simulator::start(listen, options, Arc::new(now)).await.unwrap();
    let hour = 3_600_000;
    cloud.edit(|world| {
        world.add_project(PAYMENTS, "payments", &[("0", "default")]);
        world.add_project(SHOP, "shop", &[("0", "default")]);
        for n in 0..450 {
            let begun = now() - hour - n * 60_000;
            world.insert(PAYMENTS, Task::cluster(begun).finished(begun, begun + 30_000, 1, u32::from(n == 0)));
        }
        world.insert(PAYMENTS, Task::cluster(now()).running(now() - 1000, 2));
    });
    cloud
}

/// Runs it against this cloud, with these arguments.
async fn once(cloud: &Simulator, arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let file = write(
        &dir,
        "once.yml",
        &format!(
            "accounts:\n  - name: prod\n    region: cn-north-4\n    endpoints: {{ hss: \"{}\" }}\n    \
             credentials: {{ access_key: {{ id: SIMULATEDACCESSKEY, secret: simulated-secret-of-no-value }} }}\n    \
             projects: [{{ id: {PAYMENTS}, name: payments }}, {{ id: {SHOP}, name: shop }}]\n\
             refresh: {{ requests_per_minute: 6000, max_attempts: 1 }}\n",
            cloud.endpoint()
        ),
    );
    let mut command = program(&dir, &[&["once", "--config.file", &file], arguments].concat());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn the_page_holds_the_whole_window_and_nothing_that_node_exporter_has_too() {
    let cloud = cloud().await;
    let output = once(&cloud, &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = Page::read(&String::from_utf8(output.stdout.clone()).unwrap());
    let clusters = [("project", "payments"), ("task_type", "cluster_scan")];
    page.check("hss_tasks", &[&clusters[..], &[("status", "finished")]].concat(), Some(450.0));
    page.check(
        "hss_recent_tasks",
        &[&clusters[..], &[("trigger_type", "manual"), ("outcome", "success")]].concat(),
        Some(449.0),
    );
    assert_eq!(page.all("hss_target_complete", &[]).iter().filter(|series| series.value == 1.0).count(), 4);
    // What had ended before is history: without a state, the counters begin at nothing each time.
    page.check("hss_tasks_finished_total", &[&clusters[..], &[("trigger_type", "manual")]].concat(), Some(0.0));
    assert!(!page.text.contains("process_"), "node_exporter has those of its own, and refuses to show them twice");
    let shown = stderr(&output);
    assert!(shown.contains("4 of 4 scopes read; 451 tasks"), "{shown}");
    assert!(!shown.contains('\x1b'), "no bar where there is no terminal: {shown}");
}

#[tokio::test]
async fn what_fails_holds_nobody_up_and_is_said_beside_the_page() {
    let cloud = cloud().await;
    cloud.faults().push(Fault::refuse(Refusal::no_permission()).for_project(SHOP).always());
    let output = once(&cloud, &[]).await;
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let page = Page::read(&String::from_utf8(output.stdout.clone()).unwrap());
    page.check("hss_target_up", &[("project", "shop"), ("task_type", "iac_scan")], Some(0.0));
    page.check("hss_target_up", &[("project", "payments"), ("task_type", "iac_scan")], Some(1.0));
    assert_eq!(page.all("hss_target_complete", &[]).iter().filter(|series| series.value == 1.0).count(), 2);
    let said = stderr(&output);
    for words in ["2 of 4 scopes were not read", "HSS.0013", "HSS ReadOnlyAccess"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test]
async fn it_ends_when_its_time_is_over_and_prints_what_it_has() {
    let cloud = cloud().await;
    cloud.faults().push(Fault::late(Duration::from_secs(60)).for_project(SHOP).always());
    let output = once(&cloud, &["--timeout=3s"]).await;
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let page = Page::read(&String::from_utf8(output.stdout.clone()).unwrap());
    page.check("hss_target_up", &[("project", "payments"), ("task_type", "iac_scan")], Some(1.0));
    assert!(page.all("hss_target_up", &[("project", "shop")]).is_empty());
    assert!(stderr(&output).contains("--timeout=3s"), "{}", stderr(&output));
}
