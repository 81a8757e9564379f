//! Every number that is read off the cloud, for a world in which everything occurs.

use super::described::{Described, How, Of, Wanted, scope, seconds};
use super::page::Page;
use super::rig::{BORN, DAY, HOUR, MINUTE, PAYMENTS, Rig, SHOP, Setup, account};
use hss_exporter::simulator::task::{FileType, ScanType};
use hss_exporter::simulator::{Fault, ReadyOrder, ReadyTimes, TaskId};
use std::collections::BTreeMap;

const PROJECTS: &str = r#"
      - { id: 0123456789abcdef0123456789abcdef, name: 'pay "ments" \ 支付',
          enterprise_projects: [{ id: "0", name: default }, { id: "7", name: 团队 }] }
      - { id: fedcba9876543210fedcba9876543210, name: shop }"#;

const DEFAULT: [&str; 3] = ["prod", "pay \"ments\" \\ 支付", "default"];
const TEAM: [&str; 3] = ["prod", "pay \"ments\" \\ 支付", "团队"];
const WHOLE_SHOP: [&str; 3] = ["prod", "shop", "all"];
const TARGETS: [[&str; 3]; 3] = [DEFAULT, TEAM, WHOLE_SHOP];

const VUL: Of = Of::Clusters(&[ScanType::ClusterVul], "cluster_vul");
const BENCHMARK_AND_VUL: Of = Of::Clusters(&[ScanType::ClusterVul, ScanType::Benchmark], "benchmark+cluster_vul");
const NOTHING: Of = Of::Clusters(&[], "");
const YAML: Of = Of::Files(FileType::K8sYaml, "k8s_yaml");
const DOCKER: Of = Of::Files(FileType::Dockerfile, "dockerfile");

/// A finished task that took ten minutes and a half.
const fn ended(ago: u64) -> How {
    How::Finished { start: BORN - ago - 10 * MINUTE - 30_500, end: BORN - ago }
}

fn world() -> Vec<Described> {
    let mut all: Vec<Described> = Vec::new();
    let mut add = |target: [&'static str; 3], place, of, trigger, how, done| {
        let id = 100 + all.len() as u128;
        all.push(Described { id, target, place, of, trigger, name: None, how, done, odd: false });
        all.len() - 1
    };
    let (default, team) = ([PAYMENTS, "0"], [PAYMENTS, "7"]);
    // Every outcome, the newest of the kind partial, an older one good.
    add(DEFAULT, default, VUL, "schedule", ended(HOUR + 1), [3, 1, 0]);
    add(DEFAULT, default, VUL, "schedule", ended(DAY + HOUR), [4, 0, 0]);
    add(DEFAULT, default, VUL, "schedule", ended(2 * DAY), [0, 4, 0]);
    add(DEFAULT, default, VUL, "schedule", ended(3 * DAY), [0, 0, 0]);
    // One that outlived the window, and is the only one of its kind.
    add(DEFAULT, default, BENCHMARK_AND_VUL, "manual", ended(8 * DAY), [0, 2, 0]);
    // Finished, with one cluster still being scanned.
    add(DEFAULT, default, NOTHING, "manual", ended(5 * HOUR), [2, 0, 1]);
    // Two that ended in the same moment: the one that began later is the latest.
    add(DEFAULT, default, YAML, "manual", How::Finished { start: BORN - HOUR, end: BORN - 30 * MINUTE }, [9, 0, 0]);
    add(
        DEFAULT,
        default,
        YAML,
        "manual",
        How::Finished { start: BORN - 50 * MINUTE, end: BORN - 30 * MINUTE },
        [8, 1, 0],
    );
    // Files that were neither good nor bad.
    add(DEFAULT, default, DOCKER, "schedule", ended(6 * HOUR), [5, 0, 2]);
    add(DEFAULT, default, VUL, "manual", How::Running { since: BORN - 20 * MINUTE, minutes: 7 }, [1, 2, 3]);
    add(DEFAULT, default, VUL, "manual", How::Running { since: BORN - 9 * MINUTE, minutes: 40 }, [0, 0, 5]);
    add(DEFAULT, default, VUL, "schedule", How::Running { since: BORN - MINUTE, minutes: 1 }, [0, 1, 1]);
    add(DEFAULT, default, VUL, "schedule", How::Waiting, [0, 0, 4]);
    add(DEFAULT, default, DOCKER, "manual", How::Running { since: BORN - 3 * MINUTE, minutes: 2 }, [10, 1, 89]);
    let paused = add(DEFAULT, default, VUL, "manual", How::Running { since: BORN - 2 * HOUR, minutes: 3 }, [1, 0, 1]);
    let webhook = add(DEFAULT, default, VUL, "other", ended(4 * HOUR), [0, 1, 0]);
    add(TEAM, team, VUL, "schedule", ended(7 * HOUR), [6, 0, 0]);
    add(TEAM, team, YAML, "schedule", How::Waiting, [0, 0, 12]);
    // The shop is read undivided.
    add(WHOLE_SHOP, [SHOP, "0"], VUL, "manual", ended(7 * HOUR), [1, 0, 0]);
    add(WHOLE_SHOP, [SHOP, "7"], VUL, "manual", ended(6 * HOUR), [0, 1, 0]);
    all[0].name = Some("nightly \"prod\" \\ 每晚扫描");
    all[9].name = Some("by hand");
    all[paused].odd = true;
    assert_eq!(all[webhook].trigger, "other");
    all
}

/// The task whose status nobody knows, and the one whose trigger nobody knows.
fn newer_api(world: &[Described]) -> Fault {
    let change = |task: &Described, field: &'static str, value: &'static str| (task.id(), field, value);
    let paused = world.iter().filter(|task| task.odd).map(|task| change(task, "task_status", "paused"));
    let webhook =
        world.iter().filter(|task| task.trigger == "other").map(|task| change(task, "trigger_type", "webhook"));
    let changes: Vec<_> = paused.chain(webhook).collect();
    let rewrite = Fault::rewrite(move |page| {
        for item in page["data_list"].as_array_mut().unwrap() {
            for (id, field, value) in &changes {
                if item["task_id"] == **id {
                    item[*field] = (*value).into();
                }
            }
        }
    });
    rewrite.always()
}

fn all_wanted(world: &[Described], now: u64) -> Wanted {
    let mut wanted = Wanted::default();
    for (target, ids) in TARGETS.into_iter().zip([[PAYMENTS, "0"], [PAYMENTS, "7"], [SHOP, "all_granted_eps"]]) {
        let place = [("account", target[0]), ("project", target[1]), ("enterprise_project", target[2])];
        let info = [("region", "cn-north-4"), ("project_id", ids[0]), ("enterprise_project_id", ids[1])];
        wanted.line("hss_target_info", &[place, info].concat(), 1.0);
        wanted.line("hss_exporter_tasks_withheld", &place, 0.0);
        for task_type in ["cluster_scan", "iac_scan"] {
            let labels = [&place[..], &[("task_type", task_type)]].concat();
            wanted.line("hss_target_up", &labels, 1.0);
            wanted.line("hss_target_complete", &labels, 1.0);
            wanted.line("hss_target_last_success_timestamp_seconds", &labels, seconds(now));
            wanted.line("hss_target_last_attempt_timestamp_seconds", &labels, seconds(now));
            let tasks: Vec<_> =
                world.iter().filter(|task| task.target == target && task.task_type() == task_type).collect();
            scope(&mut wanted, target, task_type, &tasks, now);
        }
    }
    wanted.families.insert("hss_target_down_reason");
    wanted.line("hss_exporter_targets", &[("account", "prod")], 3.0);
    wanted.line("hss_exporter_refresh_interval_seconds", &[("account", "prod")], 0.1);
    wanted.line("hss_exporter_stale_after_seconds", &[("account", "prod")], 600.0);
    for api in ["ListTasks", "ShowTaskStatistics"] {
        let budget = [("account", "prod"), ("api", api)];
        wanted.line("hss_exporter_api_budget_requests_per_minute", &budget, 6000.0);
    }
    wanted.line("hss_exporter_task_series_limit", &[("limit", "target")], 100.0);
    wanted.line("hss_exporter_task_series_limit", &[("limit", "total")], 5000.0);
    wanted
}

/// The events so far: by (target, task type, trigger), the runs' ends with what they came to.
#[derive(Default)]
struct Ends(BTreeMap<([&'static str; 3], &'static str, &'static str), Vec<Described>>);

impl Ends {
    fn add(&mut self, task: &Described) {
        self.0.entry((task.target, task.task_type(), task.trigger)).or_default().push(task.clone());
    }

    fn wanted(&self, wanted: &mut Wanted) {
        for target in TARGETS {
            let place = [("account", target[0]), ("project", target[1]), ("enterprise_project", target[2])];
            for (task_type, scanned, failed) in [
                ("cluster_scan", "hss_clusters_scanned_total", "hss_clusters_scan_failed_total"),
                ("iac_scan", "hss_files_scanned_total", "hss_files_scan_failed_total"),
            ] {
                let scope = [&place[..], &[("task_type", task_type)]].concat();
                let (mut took, mut runs) = (0.0, 0.0);
                for trigger in ["manual", "schedule", "other"] {
                    let ends = self.0.get(&(target, task_type, trigger)).map_or(&[][..], Vec::as_slice);
                    let sum = |of: fn(&Described) -> u32| f64::from(ends.iter().map(of).sum::<u32>());
                    let by_trigger = [&place[..], &[("trigger_type", trigger)]].concat();
                    let by_scope = [&scope[..], &[("trigger_type", trigger)]].concat();
                    wanted.line("hss_tasks_finished_total", &by_scope, ends.len() as f64);
                    let bad = sum(|task| u32::from(task.done[1] > 0));
                    wanted.line("hss_tasks_finished_with_failures_total", &by_scope, bad);
                    wanted.line(scanned, &by_trigger, sum(|task| task.done[0] + task.done[1]));
                    wanted.line(failed, &by_trigger, sum(|task| task.done[1]));
                    for task in ends {
                        if let How::Finished { start, end } = task.how {
                            took += seconds(end - start);
                            runs += 1.0;
                        }
                    }
                }
                wanted.line("hss_task_duration_seconds_sum", &scope, took);
                wanted.line("hss_task_duration_seconds_count", &scope, runs);
            }
        }
    }
}

/// Nothing less and nothing more.
#[track_caller]
fn check(page: &Page, wanted: &Wanted) {
    let of_families = page.series().iter().filter(|series| wanted.families.contains(series.name.as_str()));
    let shown: BTreeMap<String, f64> = of_families.map(|series| (series.key(), series.value)).collect();
    let differs = |key: &&String| shown.get(*key) != wanted.lines.get(*key);
    let keys: std::collections::BTreeSet<&String> = shown.keys().chain(wanted.lines.keys()).filter(differs).collect();
    let told: Vec<String> = keys
        .into_iter()
        .map(|key| format!("{key} is {:?} instead of {:?}", shown.get(key), wanted.lines.get(key)))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    // What is not about the exporter itself is either checked here or depends on the machine.
    // So does how the targets of a project are read at this moment: together, or each by itself.
    let by_chance = ["hss_target_refresh_duration_seconds", "hss_target_refresh_requests"];
    let own = page.series().iter().filter(|series| {
        !series.name.starts_with("hss_exporter_")
            && !series.name.starts_with("process_")
            && !by_chance.contains(&series.name.as_str())
    });
    let unchecked: Vec<_> = own.filter(|series| !wanted.families.contains(series.name.as_str())).collect();
    assert!(unchecked.is_empty(), "{unchecked:?}");
}

async fn start(ready: ReadyOrder, ready_times: ReadyTimes) -> (Rig, Vec<Described>) {
    let world = world();
    let tasks: Vec<_> = world.iter().map(|described| (described.place[0], described.task())).collect();
    let mut setup = Setup::of(move |all| {
        for (project, task) in tasks {
            all.insert(project, task);
        }
    });
    setup.options.ready = ready;
    setup.options.ready_times = ready_times;
    setup.accounts = account("prod", PROJECTS);
    setup.refresh = "interval: 100ms";
    setup.faults = vec![newer_api(&world)];
    let rig = setup.start().await;
    rig.first().await;
    (rig, world)
}

#[tokio::test]
async fn every_number_is_what_the_cloud_says() {
    for (ready, times) in [
        (ReadyOrder::Head, ReadyTimes::Absent),
        (ReadyOrder::Tail, ReadyTimes::Zero),
        (ReadyOrder::Mixed, ReadyTimes::Null),
    ] {
        let (rig, mut world) = start(ready, times).await;
        let page = rig.fresh().await;
        let mut ends = Ends::default();
        let mut wanted = all_wanted(&world, rig.clock.now());
        ends.wanted(&mut wanted);
        check(&page, &wanted);

        // Two of the running ones end; what was history stays history.
        let now = rig.clock.now();
        for (index, good, bad) in [(9, 5, 1), (13, 100, 0)] {
            let task = &mut world[index];
            let How::Running { since, .. } = task.how else { panic!("it runs") };
            assert!(rig.cloud.edit(|all| all.finish(TaskId(task.id), good, bad)));
            (task.how, task.done) = (How::Finished { start: since, end: now }, [good, bad, 0]);
            ends.add(task);
        }
        let page = rig.fresh().await;
        let mut wanted = all_wanted(&world, rig.clock.now());
        ends.wanted(&mut wanted);
        check(&page, &wanted);
    }
}

#[tokio::test]
async fn two_scrapes_of_one_snapshot_differ_in_the_instruments_only() {
    let (rig, _) = start(ReadyOrder::Head, ReadyTimes::Absent).await;
    rig.fresh().await;
    // Refreshes go on, and the clock stands: only how long they took differs.
    let lasting = |page: &Page| {
        let counted = ["hss_exporter_", "process_", "hss_target_refresh_duration_seconds"];
        let lines = page.text.lines().filter(|line| {
            let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
            !counted.iter().any(|prefix| name.starts_with(prefix))
        });
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let first = lasting(&rig.scrape().await);
    assert!(first.len() > 300, "{}", first.len());
    for _ in 0..5 {
        assert_eq!(lasting(&rig.scrape().await), first);
    }
}
