//! What `deploy/docker/compose.yml` starts in containers, started from Debian's parts: the same commands, the same files,
//! and who talks to whom. Grafana is not among them.

use super::alertmanager::Alertmanager;
use super::child::{Child, run};
use super::exporter::{Exporter, own_address, program};
use super::prometheus::{Prometheus, list};
use super::wait;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A file of `deploy/docker`.
#[track_caller]
fn deployed(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/docker").join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What stands between two marks, the only time that they are there.
#[track_caller]
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    assert_eq!(text.matches(before).count(), 1, "{before}");
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn what_compose_starts_tells_a_newcomer_of_a_failed_scan() {
    let folder = tempfile::tempdir().unwrap();
    let compose = deployed("compose.yml");

    let seed = between(&compose, r#"command: ["simulate", "--listen=0.0.0.0:8080", ""#, "\"]");
    let mut command = program(folder.path());
    command.args(["simulate", &format!("--listen={}", own_address()), seed]);
    let mut cloud = Child::start("cloud", &mut command, folder.path());
    let endpoint = cloud.says("where it listens", |words| {
        let (_, rest) = words.split_once("msg=\"simulating a cloud\" endpoint=http://")?;
        rest.split_once('\n').map(|(endpoint, _)| endpoint.to_owned())
    });
    let endpoint = endpoint.await;

    let configuration = deployed("demo.yml");
    assert!(configuration.contains("http://cloud:8080"), "it reads the cloud beside it");
    let key = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"];
    let key = key.map(|name| (name.to_owned(), between(&compose, &format!("{name}: "), "\n").to_owned()));
    let configuration = configuration.replace("cloud:8080", &endpoint);
    let exporter = Exporter::serve_in(key.to_vec(), &configuration, folder.path()).await;
    exporter.whole_page().await;
    let url = format!("--url=http://{}", exporter.address);
    assert_eq!(run(program(folder.path()).args(["health", &url]), None), (true, String::new()), "its health check");

    let alertmanager = Alertmanager::start(folder.path()).await;
    let url = format!("--alertmanager.url=http://{}", alertmanager.address);
    let (healthy, said) = run(Command::new("amtool").args([&url, "cluster", "show"]), None);
    assert!(healthy, "its health check: {said}");

    let prometheus = Prometheus::start(&[exporter.address], Some(alertmanager.address), folder.path()).await;
    assert_eq!(
        prometheus.holds("count(hss_target_up == 1)").await[0].value,
        12.0,
        "six targets, each of two task types"
    );
    wait::until("Alertmanager is told of a failed scan of the demo", async || {
        let alerts = alertmanager.alerts().await?;
        let told = list(&alerts).any(|alert| alert["labels"]["alertname"] == "HssLatestScanFailing");
        if told { Ok(()) } else { Err(alerts.to_string()) }
    })
    .await;
}
