//! Those who read our page beside Prometheus: its client for Python with its strict parser, promtool, curl and gunzip.

use super::child::run;
use super::exporter::Exporter;
use super::page::{RESTLESS, comparable, differences, samples};
use super::prometheus::{Labels, Sample, labels, list};
use super::site::{HOUR, MINUTE, PAYMENTS, cloud};
use super::wait;
use fastrand::Rng;
use hss_exporter::model::text::is_printable;
use hss_exporter::simulator::task::{FileType, Scan, ScanType};
use hss_exporter::simulator::{Options, Scenario, Simulator, Task, World};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tokio::time::Instant;

/// Where `tests/machine.sh tests` puts Prometheus's client.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/readers/bin/python");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ecosystem/readers.py");

/// What somebody may call a task, a project and an enterprise project, put together by chance.
const PIECES: [&str; 18] = [
    "\"",
    "\\",
    "\n",
    "\\n",
    "{",
    "}",
    ",",
    "=",
    "#",
    " ",
    "\n# EOF\n",
    "\r\t",
    "每晚扫描",
    "🛡️",
    "é",
    "\u{202e}",
    "scan",
    "_total",
];
const LONG: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn prometheuss_own_client_reads_a_rich_world_in_every_format() {
    let cloud = cloud(Options { scenario: Scenario::Demo, ..Options::default() }).await;
    all_read_the_same(&cloud).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheuss_own_client_reads_worlds_with_any_names_in_every_format() {
    let world = async |seed| {
        let cloud = cloud(Options { scenario: Scenario::Empty, projects: 0, ..Options::default() }).await;
        cloud.edit(|world| strange(world, &mut Rng::with_seed(seed)));
        all_read_the_same(&cloud).await
    };
    let (one, two, three) = tokio::join!(world(1), world(2), world(3));
    let samples = [one, two, three].concat();
    let seen: String = samples.iter().flat_map(|(labels, _)| labels.values()).cloned().collect();
    let unseen: Vec<&str> = PIECES.into_iter().filter(|piece| !seen.contains(piece)).collect();
    assert_eq!(unseen, ["\n", "\n# EOF\n", "\r\t", "\u{202e}"], "these are replaced, all others come through");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_names_its_task_to_those_who_read_openmetrics() {
    let cloud = cloud(Options { scenario: Scenario::Empty, projects: 0, ..Options::default() }).await;
    let scan = cloud.edit(|world| {
        world.add_project(PAYMENTS, "payments", &[("0", "default")]);
        world.insert(PAYMENTS, Task::cluster(world.now() - HOUR).running(world.now() - MINUTE, 4))
    });
    let folder = tempfile::tempdir().unwrap();
    let configuration = cloud.configuration().replace("interval: 10s", "interval: 500ms");
    let exporter = Exporter::serve(&configuration, folder.path()).await;
    exporter.whole_page().await;
    cloud.edit(|world| assert!(world.finish(scan, 3, 1)));
    wait::until("the failure is counted", async || {
        let page = exporter.get("/metrics?name[]=hss_tasks_finished_with_failures_total", &[]).await.text();
        if page.lines().any(|line| line.ends_with(" 1")) { Ok(()) } else { Err(page) }
    })
    .await;
    let url = format!("http://{}/metrics", exporter.address);
    let found = read_by_python(&url, &["process_", "hss_exporter_", "hss_target_"]).await;
    let exemplars = |format: &str| list(&found[format]["exemplars"]).cloned().collect::<Vec<_>>();
    let expected = json!(["hss_tasks_finished_with_failures_total", { "task_id": scan.to_string() }]);
    assert!(exemplars("OpenMetrics").contains(&expected), "{:?}", exemplars("OpenMetrics"));
    for format in ["text 0.0.4", "text 1.0.0"] {
        assert_eq!(exemplars(format), [Value::Null; 0], "{format} knows of none");
    }
}

/// Projects and tasks with any names, in every status.
fn strange(world: &mut World, dice: &mut Rng) {
    let now = world.now();
    for project in 0..2 {
        let id = format!("{project:032x}");
        let teams = [0, 1].map(|number| (number.to_string(), shown(number, &name(dice))));
        let teams = teams.each_ref().map(|(id, name)| (id.as_str(), name.as_str()));
        world.add_project(&id, &shown(project, &name(dice)), &teams);
        for _ in 0..40 {
            let scan = dice.choice([
                Scan::Cluster(&[ScanType::ClusterVul, ScanType::Benchmark]),
                Scan::Cluster(&[]),
                Scan::Iac(FileType::Dockerfile),
                Scan::Iac(FileType::K8sYaml),
            ]);
            let began = now - dice.u64(1..20) * HOUR;
            let task = Task::new(scan.unwrap(), began);
            let task = match dice.u8(0..3) {
                0 => task,
                1 => task.running(began, dice.u32(1..9)),
                _ => task.finished(began, began + MINUTE, dice.u32(0..9), dice.u32(0..3)),
            };
            world.insert(&id, task.named(&name(dice)).owned_by(dice.choice(["0", "1"]).unwrap()));
        }
    }
}

/// A name, now and then a long one.
fn name(dice: &mut Rng) -> String {
    let pieces = dice.usize(0..6);
    let piece = dice.choice(PIECES).unwrap();
    let end = if dice.u8(0..8) == 0 { piece.repeat(LONG / piece.len()) } else { String::new() };
    (0..pieces).map(|_| dice.choice(PIECES).unwrap()).collect::<String>() + &end
}

/// What of a name a configuration takes for one that is no other's.
fn shown(number: usize, name: &str) -> String {
    let name: String = name.chars().filter(|c| is_printable(*c)).take(60).collect();
    format!("{number} {}", name.trim())
}

/// Reads a cloud once, and has everybody read the page. Answers what is on it.
async fn all_read_the_same(cloud: &Simulator) -> Vec<(Labels, f64)> {
    let folder = tempfile::tempdir().unwrap();
    let configuration = cloud.configuration().replace("interval: 10s", "interval: 12h");
    let exporter = Exporter::serve(&configuration, folder.path()).await;
    let page = still_page(&exporter).await;
    let url = format!("http://{}/metrics", exporter.address);
    let (said, of_python) = (comparable(samples(&page)), read_by_python(&url, &RESTLESS).await);
    assert!(said.len() > 300, "{} samples are no page", said.len());
    assert_eq!(of_python.len(), 3);
    for (format, found) in &of_python {
        let samples = list(&found["samples"]).map(|sample| {
            let mut labels = labels(&sample[1]);
            labels.insert("__name__".to_owned(), sample[0].as_str().unwrap().to_owned());
            Sample { labels, value: sample[2].as_str().unwrap().parse().unwrap() }
        });
        differences(&said, &comparable(samples.collect())).unwrap_or_else(|error| panic!("{format}: {error}"));
    }
    promtool_is_silent(&page, folder.path());
    decoders_agree(&url, folder.path());
    said
}

/// The page, once it has stood still for a while: after the targets by themselves, all of a project are read together.
async fn still_page(exporter: &Exporter) -> String {
    const WHILE: Duration = Duration::from_secs(2);
    exporter.whole_page().await;
    let (mut since, mut before) = (Instant::now(), Vec::new());
    wait::until("the page stands still", async || {
        let page = exporter.get("/metrics", &[]).await.text();
        let now = comparable(samples(&page));
        if now != before {
            (since, before) = (Instant::now(), now);
        }
        if since.elapsed() > WHILE { Ok(page) } else { Err(page) }
    })
    .await
}

/// What Prometheus's client for Python finds, by format; that packed and plain answers are the same is seen there.
async fn read_by_python(url: &str, restless: &[&str]) -> serde_json::Map<String, Value> {
    assert!(Path::new(PYTHON).exists(), "Prometheus's client is not there: `tests/machine.sh tests` installs it");
    let mut command = Command::new(PYTHON);
    command.arg(SCRIPT).arg(url).args(restless);
    // Neither a proxy nor somebody's own settings.
    command.env_clear().env("PYTHONDONTWRITEBYTECODE", "1");
    let (good, said) = tokio::task::spawn_blocking(move || run(&mut command, None)).await.unwrap();
    assert!(good, "{said}");
    serde_json::from_str(said.trim()).expect(&said)
}

fn promtool_is_silent(page: &str, folder: &Path) {
    let file = folder.join("page.prom");
    fs::write(&file, page).unwrap();
    let (good, said) = run(Command::new("promtool").args(["check", "metrics"]), Some(&file));
    assert!(good && said.is_empty(), "{said}");
}

/// What curl unpacks, and what gunzip unpacks of what curl got, is what comes plain. Asked for is one family that stands
/// still.
fn decoders_agree(url: &str, folder: &Path) {
    let url = format!("{url}?name[]=hss_tasks&name[]=hss_task_info");
    let get = |arguments: &[&str]| {
        let (good, said) =
            run(Command::new("curl").args(["--silent", "--fail", "--globoff", &url]).args(arguments), None);
        assert!(good, "{said}");
        said
    };
    for accept in ["*/*", "text/plain;version=1.0.0", "application/openmetrics-text"] {
        let accept = format!("Accept: {accept}");
        let plain = get(&["--header", &accept]);
        assert!(plain.contains("hss_tasks{"), "{plain}");
        assert!(get(&["--header", &accept, "--compressed"]) == plain, "curl, {accept}");
        let file = folder.join("page.gz");
        get(&["--header", &accept, "--header", "Accept-Encoding: gzip", "--output", file.to_str().unwrap()]);
        let (good, unpacked) = run(Command::new("gunzip").arg("--stdout").arg(&file), None);
        assert!(good, "{unpacked}");
        assert!(unpacked == plain, "gunzip, {accept}");
    }
}
