//! Watching less: filters, and task types.

use super::rig::{BORN, HOUR, MINUTE, PAYMENTS, SHOP, Setup, account};
use hss_exporter::simulator::task::{FileType, Scan, ScanType};
use hss_exporter::simulator::{Task, World};

/// Ten finished tasks that differ in everything that can be asked for.
fn world(world: &mut World) {
    let end = |n: u64| BORN - HOUR - n * MINUTE;
    let clusters = |types: &'static [ScanType], created| Task::new(Scan::Cluster(types), created);
    let files = |of, created| Task::new(Scan::Iac(of), created);
    let old = BORN - 48 * HOUR;
    let tasks = [
        clusters(&[ScanType::ClusterVul], old).scheduled().named("nightly one"),
        clusters(&[ScanType::ClusterVul, ScanType::Benchmark], old).scheduled(),
        clusters(&[ScanType::Benchmark], end(9)).scheduled().named("Nightly two"),
        clusters(&[ScanType::ClusterVul], end(9)),
        clusters(&[ScanType::RiskAssessment], end(9)),
        files(FileType::Dockerfile, old).named("nightly three"),
        files(FileType::K8sYaml, end(9)).scheduled(),
        files(FileType::K8sYaml, end(9)),
    ];
    for (n, task) in (0..).zip(tasks) {
        world.insert(PAYMENTS, task.finished(end(n) - MINUTE, end(n), 1, 0));
    }
}

/// How many tasks of each type are seen with this filter.
async fn check(tasks: &'static str, clusters: f64, files: f64) {
    let mut setup = Setup::of(world);
    setup.tasks = tasks;
    let rig = setup.start().await;
    let page = rig.first().await;
    for (task_type, seen) in [("cluster_scan", clusters), ("iac_scan", files)] {
        page.check("hss_tasks", &[("task_type", task_type), ("status", "finished")], Some(seen));
        let recent = page.all("hss_recent_tasks", &[("task_type", task_type)]);
        assert_eq!(recent.iter().map(|series| series.value).sum::<f64>(), seen, "{tasks}");
        assert_eq!(page.all("hss_task_info", &[("task_type", task_type)]).len(), seen as usize, "{tasks}");
        page.check("hss_target_up", &[("task_type", task_type)], Some(1.0));
    }
}

#[tokio::test]
async fn a_filter_lets_through_what_it_says() {
    check("{}", 5.0, 3.0).await;
    check("{ filter: { trigger_type: schedule } }", 3.0, 1.0).await;
    check("{ filter: { trigger_type: manual } }", 2.0, 2.0).await;
    check("{ filter: { task_name: nightly } }", 2.0, 1.0).await;
    check("{ filter: { cluster_scan: { scan_types: [cluster_vul] } } }", 3.0, 3.0).await;
    check("{ filter: { cluster_scan: { scan_types: [benchmark, cluster_vul] } } }", 1.0, 3.0).await;
    check("{ filter: { iac_scan: { file_type: k8s_yaml } } }", 5.0, 2.0).await;
    // Made before, or after, the day before the test's.
    check("{ filter: { created_before: 2025-09-06T12:00:00Z } }", 2.0, 1.0).await;
    check("{ filter: { created_after: 2025-09-06T12:00:00Z } }", 3.0, 2.0).await;
    check("{ filter: { trigger_type: manual, iac_scan: { file_type: dockerfile } } }", 2.0, 1.0).await;
}

#[tokio::test]
async fn a_project_may_watch_one_task_type_and_be_filtered_by_itself() {
    let mut setup = Setup::of(|all| {
        world(all);
        all.insert(SHOP, Task::iac(BORN).finished(BORN - HOUR, BORN - MINUTE, 0, 1));
    });
    setup.accounts = account(
        "prod",
        "[{ id: 0123456789abcdef0123456789abcdef, name: payments, types: [cluster_scan], filter: { trigger_type: manual } }, \
          { id: fedcba9876543210fedcba9876543210, name: shop }]",
    );
    let rig = setup.start().await;
    let page = rig.first().await;
    assert_eq!(page.all("hss_target_up", &[("project", "payments")]).len(), 1);
    page.check("hss_tasks", &[("project", "payments"), ("status", "finished")], Some(2.0));
    for family in ["hss_tasks", "hss_tasks_finished_total", "hss_running_files", "hss_files_scanned_total"] {
        let iac = page.all(family, &[("project", "payments")]);
        let iac = iac.iter().filter(|series| series.label("task_type") == "iac_scan" || family.contains("files"));
        assert_eq!(iac.count(), 0, "{family}");
    }
    page.check("hss_tasks", &[("project", "shop"), ("task_type", "iac_scan"), ("status", "finished")], Some(1.0));
    let asked = rig.cloud.requests();
    assert!(asked.iter().all(|request| request.project != PAYMENTS || request.task_type() == "cluster_scan"));
}
