//! The vendor's own SDK before the simulated cloud: it signs in in every way that it has, finds the projects and reads
//! the task list. So what our tests take for the cloud is what the vendor's client takes for it.

use super::child::run;
use super::site::cloud;
use hss_exporter::simulator::{Api, Directory, Options, Scenario};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Where `tests/machine.sh tests` puts the SDK.
const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/sdk/bin/python");
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ecosystem/sdk.py");

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_sdk_signs_in_in_every_way_finds_its_projects_and_reads_the_tasks() {
    assert!(Path::new(PYTHON).exists(), "the vendor's SDK is not there: `tests/machine.sh tests` installs it");
    let cloud = cloud(Options { scenario: Scenario::Quiet, ..Options::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(PYTHON);
    command.arg(SCRIPT).args([cloud.endpoint(), cloud.pod_identity_uri()]).arg(folder.path());
    // Neither a proxy nor somebody's own credentials.
    command.env_clear().env("HOME", folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
    let (good, said) = tokio::task::spawn_blocking(move || run(&mut command, None)).await.unwrap();
    assert!(good, "{said}");
    let said: Value = said.lines().last().and_then(|line| serde_json::from_str(line).ok()).expect(&said);

    let projects = cloud.edit(|world| {
        let ids = world.projects().iter().map(|project| (project.name().to_owned(), project.id().to_owned()));
        ids.collect::<Vec<_>>()
    });
    let [(_, main), (_, storefront), (_, platform)] = &projects[..] else { panic!("{projects:?}") };
    let names = json!({
        "cn-north-4": main, "cn-north-4_storefront": storefront, "cn-north-4_data-platform": platform,
    });
    let account = json!({
        "domain": Directory::default().domain.id,
        "projects": names,
        "enterprise_projects": ["default", "production", "staging"],
    });
    assert_eq!(said["account"], account);

    let tasks = cloud.edit(|world| world.projects()[0].len(hss_exporter::simulator::task::TaskType::ClusterScan));
    let read = json!({ "project": main, "tasks": tasks, "on_page": 10, "counted": tasks });
    let ways = said["ways"].as_object().unwrap();
    let all = ["access key", "id token", "key for a token", "key for an agency", "metadata", "pod identity"];
    assert!(ways.keys().eq(all), "{ways:?}");
    for (way, seen) in ways {
        assert_eq!(*seen, read, "{way}");
    }
    assert_eq!((cloud.calls(Api::InstanceMetadata), cloud.calls(Api::PodIdentity)), (2, 1), "each is asked once");
    assert_eq!(cloud.calls(Api::ListTasks), 6);
    let refused: Vec<_> =
        cloud.requests().into_iter().filter(|one| one.status.is_none_or(|code| code >= 400)).collect();
    assert!(refused.is_empty(), "{refused:?}");
}
