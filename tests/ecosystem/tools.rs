//! What the tools of Prometheus, Alertmanager and systemd say of our page and of our files: nothing, or that they are good.

use super::child::run;
use super::exporter::Exporter;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs a tool in the project's folder, and expects it to be content.
#[track_caller]
fn is_content(program: &str, arguments: &[&str], input: Option<&Path>) -> String {
    let mut command = Command::new(program);
    // Tenths of a second, for a machine that has much else to do.
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env("ALERTMANAGER_PATIENCE", "1200");
    let (good, said) = run(&mut command, input);
    assert!(good, "{program} {}\n{said}", arguments.join(" "));
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_has_nothing_to_say_of_the_demos_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.prom");
    fs::write(&page, Exporter::demo(folder.path()).await.whole_page().await).unwrap();
    assert_eq!(is_content("promtool", &["check", "metrics"], Some(&page)), "");
}

#[test]
fn promtool_accepts_the_configuration_of_prometheus_and_its_rules() {
    for file in ["deploy/prometheus/prometheus.yml", "deploy/prometheus/demo.yml"] {
        let said = is_content("promtool", &["check", "config", file], None);
        assert!(said.contains("SUCCESS") && !said.contains("WARNING"), "{said}");
    }
    let said = is_content("promtool", &["check", "rules", "deploy/prometheus/alerts.yml"], None);
    assert!(said.contains("rules found"), "{said}");
}

#[test]
fn every_alert_survives_its_cases() {
    let said = is_content("promtool", &["test", "rules", "deploy/prometheus/alerts.test.yml"], None);
    assert!(said.contains("SUCCESS"), "{said}");
}

#[test]
fn alertmanager_accepts_its_configuration_and_routes_and_mutes_as_described() {
    let said = is_content("amtool", &["check-config", "deploy/alertmanager/alertmanager.yml"], None);
    assert!(said.contains("SUCCESS"), "{said}");
    is_content("tests/ecosystem/alertmanager.sh", &[], None);
}

#[test]
fn systemd_finds_no_mistake_in_the_unit_and_sees_it_shut_in() {
    is_content("tests/ecosystem/systemd.sh", &[], None);
}

#[test]
fn the_image_holds_what_the_program_needs_and_no_shell() {
    is_content("tests/ecosystem/image.sh", &[env!("CARGO_BIN_EXE_hss-exporter")], None);
}
