//! `check --online`: what is found out by asking everything once, and that it costs little.
#![cfg(test)]

use super::binary::{program, write};
use super::rig::{BORN, HOUR, MINUTE, PAYMENTS, Rig, SHOP, Setup, account, account_with, within};
use hss_exporter::app::{Counts, Outcome, Report, examine};
use hss_exporter::model::{Reason, Timestamp};
use hss_exporter::simulator::{
    Api, DateHeader, Fault, LoggedRequest, Options, Refusal, Scenario, Statistics, Task, World,
};
use serde_json::Value;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

const BOTH: &str = "[{ id: 0123456789abcdef0123456789abcdef, name: payments }, \
                     { id: fedcba9876543210fedcba9876543210, name: shop }]";
const DIVIDED: &str = "[{ id: 0123456789abcdef0123456789abcdef, name: payments, \
                         enterprise_projects: [{ id: \"0\", name: default }, { id: \"7\", name: team }] }]";

/// A running cluster scan, a waiting one, and so many that are finished; in the other project one file scan.
fn work(finished: u64) -> impl FnOnce(&mut World) {
    move |world| {
        world.insert(PAYMENTS, Task::cluster(BORN).running(BORN - MINUTE, 2));
        world.insert(PAYMENTS, Task::cluster(BORN));
        for n in 0..finished {
            let begun = BORN - HOUR - n * MINUTE;
            world.insert(PAYMENTS, Task::cluster(begun).finished(begun, begun + 30_000, 1, 0));
        }
        world.insert(SHOP, Task::iac(BORN).finished(BORN - HOUR, BORN - 30 * MINUTE, 5, 0));
    }
}

/// An exporter that reads rarely, and the same configuration examined.
async fn examined(mut setup: Setup) -> (Rig, Report) {
    setup.refresh = "interval: 1h, stale_after: 3h";
    let rig = setup.start().await;
    rig.first().await;
    let report = examine_again(&rig).await;
    (rig, report)
}

async fn examine_again(rig: &Rig) -> Report {
    let clock = rig.clock.clone();
    let clock: hss_exporter::cloud::Clock = Arc::new(move || Timestamp::new(Duration::from_millis(clock.now())));
    let mut told = 0;
    let report = within(examine(&rig.config, Vec::new(), &clock, &[], |_| told += 1)).await;
    assert_eq!(told, report.rows.len(), "rows come as they are found");
    report
}

fn counts(report: &Report, project: &str, task_type: &str) -> Counts {
    let is =
        |row: &&hss_exporter::app::Row| &*row.target.project.name == project && row.task_type.as_str() == task_type;
    match &report.rows.iter().find(is).unwrap().outcome {
        Outcome::Read(counts) => *counts,
        other => panic!("{other:?}"),
    }
}

fn with_projects(accounts: String, world: impl FnOnce(&mut World) + 'static) -> Setup {
    Setup { accounts, ..Setup::of(world) }
}

#[tokio::test]
async fn every_scope_is_counted_with_few_requests() {
    let expected = Counts { total: Some(32), running: Some(1), ready: Some(1) };
    for (statistics, list_requests, statistics_requests) in
        [(Statistics::Answered, 4 + 1, 1), (Statistics::LeftOut, 4 + 2, 1)]
    {
        let options = Options { scenario: Scenario::Empty, projects: 0, statistics, ..Options::default() };
        let setup = Setup { options, ..with_projects(account("prod", BOTH), work(30)) };
        let (rig, _) = examined(setup).await;
        let before = (rig.cloud.calls(Api::ListTasks), rig.cloud.calls(Api::ShowTaskStatistics));
        let report = examine_again(&rig).await;
        assert_eq!(counts(&report, "payments", "cluster_scan"), expected, "{statistics:?}");
        assert_eq!(counts(&report, "payments", "cluster_scan").finished(), Some(30));
        assert_eq!(counts(&report, "shop", "iac_scan").total, Some(1));
        assert_eq!(counts(&report, "shop", "cluster_scan").running, Some(0));
        let sent = rig.cloud.calls(Api::ListTasks) - before.0;
        let asked = rig.cloud.calls(Api::ShowTaskStatistics) - before.1;
        assert_eq!((sent, asked), (list_requests, statistics_requests), "{statistics:?}");
        assert_eq!(report.requests, sent + asked);
        assert!(report.clocks["prod"].abs() < 1.5);
        let [load] = &report.loads[..] else { panic!("{:?}", report.loads) };
        assert_eq!((load.targets, load.requests_per_refresh), (2, 4));
        assert!((load.requests_per_hour - 4.0).abs() < 1e-9 && load.kept_interval == load.interval, "{load:?}");
    }
}

#[tokio::test]
async fn the_predicted_series_are_those_of_the_page() {
    let series = |page: &str| page.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
    let (rig, report) = examined(with_projects(account("prod", BOTH), work(6))).await;
    let real = series(&rig.scrape().await.text);
    assert_eq!(report.series, [real, real], "all tasks were on the pages");

    let (rig, report) = examined(with_projects(account("prod", BOTH), work(60))).await;
    let page = rig
        .page_where("the history is there", |page| {
            page.all("hss_target_complete", &[]).iter().all(|series| series.value == 1.0)
        })
        .await;
    let real = series(&page.text);
    let [least, most] = report.series;
    assert!(least < real && real == most, "{least} < {real} = {most}");
}

#[tokio::test]
async fn a_project_that_is_refused_is_said_and_the_others_are_counted() {
    let (rig, _) = examined(with_projects(account("prod", BOTH), work(6))).await;
    rig.cloud.faults().push(Fault::refuse(Refusal::no_permission()).for_project(PAYMENTS).always());
    let report = examine_again(&rig).await;
    let failed: Vec<_> = report.rows.iter().filter(|row| matches!(row.outcome, Outcome::Failed(_))).collect();
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|row| &*row.target.project.name == "payments"));
    assert_eq!(counts(&report, "shop", "iac_scan").total, Some(1));
}

#[tokio::test]
async fn a_refused_credential_is_tried_once_and_not_for_every_target() {
    let key = "{ access_key: { id: SIMULATEDACCESSKEY, secret: wrong-secret } }";
    let (rig, _) = examined(with_projects(account_with("prod", key, BOTH), |_| {})).await;
    let before = rig.cloud.calls(Api::ListTasks);
    let report = examine_again(&rig).await;
    assert_eq!(rig.cloud.calls(Api::ListTasks) - before, 1);
    let [first, others @ ..] = &report.rows[..] else { panic!("{report:?}") };
    assert!(matches!(&first.outcome, Outcome::Failed(failure) if failure.reason == Reason::Auth), "{first:?}");
    assert!(others.len() == 3 && others.iter().all(|row| matches!(row.outcome, Outcome::Spared(_))));
}

#[tokio::test]
async fn enterprise_projects_that_nobody_watches_are_counted() {
    let one = DIVIDED.replace(", { id: \"7\", name: team }", "");
    let world = |world: &mut World| {
        for n in 0..5 {
            world.insert(PAYMENTS, Task::cluster(BORN - n * MINUTE).owned_by(if n < 3 { "7" } else { "0" }));
        }
    };
    let (_rig, report) = examined(with_projects(account("prod", &one), world)).await;
    let unwatched: Vec<_> = report.undivided.iter().map(|whole| (whole.task_type.as_str(), whole.unwatched)).collect();
    assert_eq!(unwatched, [("cluster_scan", Some(3)), ("iac_scan", Some(0))]);
    let (_rig, report) = examined(with_projects(account("prod", DIVIDED), world)).await;
    assert_eq!(report.undivided.iter().map(|whole| whole.unwatched).collect::<Vec<_>>(), [Some(0), Some(0)]);
    assert!(report.undivided.iter().all(|whole| whole.alike.is_empty()));
}

#[tokio::test]
async fn a_cloud_that_ignores_the_enterprise_project_is_found_out() {
    let (rig, _) = examined(with_projects(account("prod", DIVIDED), |_| {})).await;
    rig.cloud.faults().push(Fault::rewrite(|page| page["total_num"] = 9.into()).for_task_type("iac_scan").always());
    let report = examine_again(&rig).await;
    let [clusters, files] = &report.undivided[..] else { panic!("{report:?}") };
    assert!(clusters.alike.is_empty());
    assert_eq!((files.alike.join(","), files.unwatched), ("default,team".to_owned(), None));
}

/// Runs the program against the cloud of a rig, on the real clock: with a token, which has no date.
async fn check(rig: &Rig, arguments: &[&str]) -> Output {
    check_projects(rig, BOTH, 1, arguments).await
}

async fn check_projects(rig: &Rig, projects: &str, max_attempts: u32, arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "accounts:\n{}refresh: {{ requests_per_minute: 600, max_attempts: {max_attempts} }}\n",
        super::rig::with_token("prod", projects).replace("{endpoint}", &rig.cloud.endpoint())
    );
    let file = write(&dir, "online.yml", &text);
    let mut command = program(&dir, &[&["check", "--online", "--config.file", &file], arguments].concat());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_program_prints_a_table_or_json_and_its_exit_code_tells() {
    let (rig, _) = examined(with_projects(account("prod", BOTH), work(30))).await;
    let output = check(&rig, &[]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for words in [
        "the configuration is valid: 1 account, 2 targets",
        "asking HSS: at most 16 requests, or 30 with retries",
        "reachable",
        "SET IT",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    let row = text.lines().find(|line| line.starts_with("prod/payments/all") && line.contains("cluster_scan")).unwrap();
    assert_eq!(row.split_whitespace().skip(2).collect::<Vec<_>>(), ["yes", "yes", "32", "1", "1", "30"], "{text}");

    rig.cloud.faults().push(Fault::refuse(Refusal::no_permission()).for_project(SHOP).always());
    let output = check(&rig, &["--output=json"]).await;
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let targets = report["targets"].as_array().unwrap();
    assert_eq!(targets[0]["tasks"]["total"], 32);
    let refused = targets.iter().find(|row| row["project"] == "shop").unwrap();
    assert_eq!((&refused["authorised"], &refused["failure"]["code"]), (&Value::Bool(false), &Value::from("HSS.0013")));
    assert!(refused["failure"]["advice"].as_str().unwrap().contains("HSS ReadOnlyAccess"));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("simulated-token"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("2 of 4 scopes cannot be read"));
}

/// The number before these words.
#[track_caller]
fn number_before(text: &str, words: &str) -> u64 {
    let before = text.split_once(words).unwrap_or_else(|| panic!("{words}:\n{text}")).0;
    before.split_whitespace().last().unwrap().replace(',', "").parse().unwrap()
}

#[tokio::test]
async fn no_more_requests_are_sent_than_were_announced() {
    let with_filter = "[{ id: 0123456789abcdef0123456789abcdef, name: payments, enterprise_projects: [0] }, \
                        { id: 0123456789abcdef0123456789abcdef, name: payments, enterprise_projects: [7], \
                          filter: { trigger_type: manual } }]";
    // More scopes than are asked for what runs and what waits.
    let many: Vec<String> = (0..9)
        .map(|n| format!("{{ id: 0123456789abcdef0123456789abcdef, name: p{n}, enterprise_projects: [{n}] }}"))
        .collect();
    let many = format!("[{}]", many.join(", "));
    let (rig, _) = examined(with_projects(account("prod", BOTH), work(30))).await;
    for projects in [BOTH, DIVIDED, with_filter, &many] {
        let output = check_projects(&rig, projects, 1, &[]).await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(number_before(&text, " requests to HSS") <= number_before(&text, " requests, or"), "{text}");
    }
    // Each request to the list fails once, and then each that can; the token is refused once, which nothing replaces.
    let list = |request: &LoggedRequest| request.api == Some(Api::ListTasks);
    for faults in [
        vec![Fault::html(200).when(move |request| list(request) && request.number % 2 == 0).always()],
        vec![Fault::html(200).when(list).always()],
        vec![
            Fault::refuse(Refusal::unauthorized("verify token fail")).when(list),
            Fault::html(200).when(list).always(),
        ],
    ] {
        rig.cloud.faults().clear();
        faults.into_iter().for_each(|fault| rig.cloud.faults().push(fault));
        let before = rig.calls() + rig.statistics_calls();
        let output = check_projects(&rig, with_filter, 2, &[]).await;
        let sent = rig.calls() + rig.statistics_calls() - before;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            number_before(&text, if sent == 1 { " request to HSS" } else { " requests to HSS" }),
            sent,
            "{text}"
        );
        assert!(sent <= number_before(&text, " with retries"), "{text}");
    }
}

#[tokio::test]
async fn one_is_not_called_many() {
    let one = "[{ id: fedcba9876543210fedcba9876543210, name: shop, types: [iac_scan] }]";
    let (rig, _) = examined(with_projects(account("prod", BOTH), work(30))).await;
    // This machine's clock is not the simulated cloud's: an answer that says so would be asked for again.
    rig.cloud.faults().date(DateHeader::Absent);
    let output = check_projects(&rig, one, 1, &[]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for words in ["valid: 1 account, 1 target\n", "sent      1 request to HSS\n"] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    rig.cloud.faults().push(Fault::refuse(Refusal::no_permission()).always());
    let output = check_projects(&rig, one, 1, &[]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("1 of 1 scope cannot be read"), "{said}");
}

#[tokio::test]
async fn signing_in_is_counted_by_itself() {
    let credentials = "{ password: { domain: simulated, user: demo, password: simulated-password-of-no-value } }";
    let account = account_with("prod", credentials, BOTH)
        .replace("{ hss: \"{endpoint}\" }", "{ hss: \"{endpoint}\", iam: \"{endpoint}\" }");
    let (rig, _) = examined(with_projects(account, work(6))).await;
    let before = rig.calls();
    let report = examine_again(&rig).await;
    assert_eq!((report.requests, report.sign_in_requests), (rig.calls() - before, 2));
}

#[tokio::test]
async fn each_entry_of_one_project_is_compared_with_what_its_own_filter_lets_through() {
    let with = |filter: &str| {
        let entry = |id, filter: &str| {
            format!(
                "{{ id: {PAYMENTS}, name: payments, types: [cluster_scan], enterprise_projects: [\"{id}\"]{filter} }}"
            )
        };
        format!("[{}, {}]", entry("0", ""), entry("7", filter))
    };
    let world = |world: &mut World| {
        for (n, of) in [(0, "0"), (1, "7"), (2, "7")] {
            world.insert(PAYMENTS, Task::cluster(BORN - n * MINUTE).owned_by(of));
        }
    };
    for (filter, expected) in
        [(", interval: 2h", &[(3, Some(0))][..]), (", filter: { trigger_type: manual }", &[(3, None), (3, None)])]
    {
        let (_rig, report) = examined(with_projects(account("prod", &with(filter)), world)).await;
        let told: Vec<(u64, Option<u64>)> =
            report.undivided.iter().map(|whole| (whole.total.clone().unwrap().unwrap(), whole.unwatched)).collect();
        assert_eq!(told, expected, "{filter}");
    }
}
