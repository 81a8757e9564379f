//! What an operator writes, and what is said about it. The fixtures in `tests/data/config` each say what they expect:
//! `*.ok.yml` load without a word, and what `*.bad.yml` is told stands in its own `# expect:` lines.

#![cfg(test)]

/// Whatever is written.
mod anything;
/// The page that describes every key.
mod reference;
/// Where credentials come from.
mod credentials;
/// The files that the configuration names.
mod files;
/// What is said where secrets stand.
mod secrets;

use hss_exporter::config::{
    self, Config, Credentials, Expectation, Filter, Loaded, Problem, Problems, SecretSource, Series, Watch, WithoutFile,
};
use hss_exporter::model::{FileType, ScanTypes, TaskType, Timestamp, Trigger};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const FIXTURES: &str = "tests/data/config";
const EXAMPLE: &str = "deploy/config.example.yml";

/// What most tests write first.
const ACCOUNTS: &str = "accounts: [{ name: prod, region: cn-north-4, projects: [{ id: p1 }] }]\n";

fn environment(more: &[(&str, &str)]) -> Vec<(String, String)> {
    let keys = [
        ("HUAWEICLOUD_SDK_AK", "AKEXAMPLE"),
        ("HUAWEICLOUD_SDK_SK", "SKEXAMPLE"),
        ("PROD_AK", "AKPROD"),
        ("PROD_SK", "SKPROD"),
        ("PROD_TOKEN", "TOKEN"),
    ];
    keys.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Loaded, Problems> {
    config::parse(text, "test.yml", &environment(variables))
}

#[track_caller]
fn good(text: &str) -> Config {
    parse(text, &[]).unwrap_or_else(|problems| panic!("{problems}")).config
}

/// The `# word: ...` lines of a fixture.
fn said<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    text.lines().filter_map(|line| line.strip_prefix("# ")?.strip_prefix(word)?.strip_prefix(": ")).collect()
}

fn fixtures(ending: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    files.sort();
    files
}

fn load_fixture(path: &Path) -> (String, Result<Loaded, Problems>) {
    let text = fs::read_to_string(path).unwrap();
    let mut environment = environment(&[]);
    environment.retain(|(name, _)| !said(&text, "without").contains(&name.as_str()));
    let more = said(&text, "env").into_iter().map(|line| line.split_once('=').expect("NAME=VALUE"));
    environment.extend(more.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let result = config::load(path, &environment);
    (text, result)
}

#[test]
fn good_files_load_without_a_word() {
    for path in fixtures(".ok.yml") {
        let loaded = load_fixture(&path).1.unwrap_or_else(|problems| panic!("{}:\n{problems}", path.display()));
        // Whoever cloned this may have made its files readable by others.
        let said = loaded.warnings.iter().filter(|problem| !problem.reason.starts_with("can be read by "));
        assert_eq!(said.collect::<Vec<_>>(), [] as [&Problem; 0], "{}", path.display());
    }
}

#[test]
fn bad_files_are_told_everything_that_is_wrong_and_nothing_else() {
    let files = fixtures(".bad.yml");
    assert!(files.len() >= 25, "only {} of them", files.len());
    for path in files {
        let (text, result) = load_fixture(&path);
        let Err(problems) = result else { panic!("{} was accepted", path.display()) };
        let shown = problems.to_string();
        let expected = said(&text, "expect");
        for sentence in &expected {
            assert!(shown.contains(sentence), "{} lacks\n  {sentence}\nit says\n{shown}", path.display());
        }
        for word in said(&text, "refute") {
            assert!(!format!("{shown}{problems:?}").contains(word), "{} shows {word}:\n{shown}", path.display());
        }
        assert_eq!(problems.0.len(), expected.len(), "{} says\n{shown}", path.display());
        assert_eq!(shown.lines().count(), expected.len(), "one line each:\n{shown}");
    }
}

#[test]
fn every_fixture_is_used() {
    let used: BTreeSet<PathBuf> = fixtures(".ok.yml").into_iter().chain(fixtures(".bad.yml")).collect();
    for path in fs::read_dir(FIXTURES).unwrap().map(|entry| entry.unwrap().path()) {
        assert!(used.contains(&path) || path.ends_with("files"), "{} is no fixture", path.display());
    }
    let texts: String = used.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for path in fs::read_dir(format!("{FIXTURES}/files")).unwrap().map(|entry| entry.unwrap().path()) {
        let name = format!("files/{}", path.file_name().unwrap().to_string_lossy());
        assert!(texts.contains(&name), "nothing names {name}");
    }
}

#[test]
fn what_is_written_is_what_is_meant() {
    let text = fs::read_to_string(format!("{FIXTURES}/everything.ok.yml")).unwrap();
    let config = good(&text);
    let [prod, lab] = config.accounts.as_slice() else { panic!("{config:#?}") };
    assert_eq!(prod.hss_endpoint.as_str(), "http://hss.example.com:8080");
    assert_eq!(lab.hss_endpoint.authority(), "hss.partner.example");
    let Credentials::AccessKey { id: SecretSource::Value(id), security_token: Some(_), .. } = &prod.credentials else {
        panic!("{config:#?}")
    };
    assert_eq!(id.expose(), "AKPROD");

    let labels: Vec<String> = config.accounts.iter().flat_map(|a| &a.watches).map(|w| w.target.to_string()).collect();
    assert_eq!(labels, ["prod/payments/default", "prod/payments/1e5", "prod/p2/all", "lab/p3/all"]);
    let [first, _, third] = prod.watches.as_slice() else { panic!("{config:#?}") };
    assert_eq!(&*first.target.project.id, "12345678901234567890123456789012");
    assert_eq!(first.target.enterprise_project.id(), "0");
    assert_eq!((first.types.as_slice(), first.interval), ([TaskType::IacScan].as_slice(), Duration::from_secs(900)));
    assert_eq!(first.filter, Filter { file_type: Some(FileType::K8sYaml), ..Filter::default() });

    assert_eq!((third.types.as_slice(), third.interval), (TaskType::ALL.as_slice(), Duration::from_secs(600)));
    let filter = Filter {
        trigger: Some(Trigger::Schedule),
        task_name: Some("每晚扫描".into()),
        created_after: Some(Timestamp::from_secs(1_767_225_600)),
        created_before: Some(Timestamp::from_secs(1_798_761_600)),
        scan_types: ScanTypes::CLUSTER_VUL.with(ScanTypes::RISK_ASSESSMENT),
        file_type: None,
    };
    assert_eq!(third.filter, filter);
    let expected = |watch: &Watch| -> Vec<_> {
        let hours = |expectation: &Expectation| expectation.every.as_secs() / 3600;
        watch.expect.iter().map(|e| (e.task_type.as_str(), e.trigger.as_str(), hours(e))).collect()
    };
    assert_eq!(expected(first), [("iac_scan", "manual", 108)]);
    assert_eq!(expected(third), [("cluster_scan", "schedule", 26), ("iac_scan", "schedule", 192)]);
    assert_eq!(config.series, Some(Series { finished_for: Duration::ZERO, limit: 5, total_limit: 50 }));
    assert_eq!(config.refresh.requests_per_minute.get(), 60);
}

fn stale_after(watch: &Watch) -> u64 {
    watch.stale_after.as_secs() / 60
}

#[test]
fn a_slower_project_is_not_stale_between_two_of_its_own_refreshes() {
    let text = "accounts: [{ name: a, region: cn-north-4, projects: [
        { id: p1 }, { id: p2, interval: 1m }, { id: p3, interval: 1h }] }]";
    let minutes: Vec<u64> = good(text).accounts[0].watches.iter().map(stale_after).collect();
    assert_eq!(minutes, [30, 30, 180]);
    assert_eq!(good(&format!("{ACCOUNTS}refresh: {{ interval: 20m }}")).refresh.stale_after.as_secs(), 7200);
}

#[test]
fn what_is_expected_of_all_is_expected_where_it_is_read() {
    let text = "
accounts:
  - name: a
    region: cn-north-4
    projects:
      - { id: p1 }
      - { id: p2, types: [iac_scan] }
      - { id: p3, filter: { trigger_type: manual } }
      - { id: p4, expect: [] }
      - { id: p5, types: [iac_scan], expect: [{ task_type: iac_scan, trigger_type: manual, every: 1h }] }
tasks: { expect: [{ task_type: cluster_scan, trigger_type: schedule, every: 26h }] }";
    let expected: Vec<usize> = good(text).accounts[0].watches.iter().map(|watch| watch.expect.len()).collect();
    assert_eq!(expected, [1, 0, 0, 0, 1]);
}

#[test]
fn series_can_be_switched_off() {
    assert_eq!(good(&format!("{ACCOUNTS}tasks: {{ series: {{ enabled: false }} }}")).series, None);
}

#[test]
fn a_variable_overrides_a_single_value() {
    let variables = [
        ("HSS_EXPORTER__REFRESH__INTERVAL", "1m"),
        ("HSS_EXPORTER__TASKS__FILTER__CLUSTER_SCAN__SCAN_TYPES", ""),
        ("HSS_EXPORTER__TASKS__FILTER__IAC_SCAN__FILE_TYPE", "dockerfile"),
    ];
    let config = parse(&format!("{ACCOUNTS}refresh: {{ interval: 10m, stale_after: 5m }}"), &variables);
    let Err(Problems(problems)) = &config else { panic!("a list was overridden: {config:?}") };
    assert_eq!(problems.len(), 1);
    let config =
        parse(&format!("{ACCOUNTS}refresh: {{ interval: 10m, stale_after: 5m }}"), &[variables[0], variables[2]]);
    let config = config.unwrap_or_else(|problems| panic!("{problems}")).config;
    assert_eq!(config.accounts[0].watches[0].interval, Duration::from_secs(60));
    assert_eq!(config.accounts[0].watches[0].filter.file_type, Some(FileType::Dockerfile));
}

#[track_caller]
fn whole(without_file: Result<WithoutFile, Problems>) -> Loaded {
    match without_file.unwrap_or_else(|problems| panic!("{problems}")) {
        WithoutFile::Whole(loaded) => loaded,
        other @ WithoutFile::Projectless { .. } => panic!("{other:?}"),
    }
}

#[test]
fn without_a_file_the_environment_is_enough() {
    let loaded = config::from_environment(Some("eu-west-101"), Some("p1"), &environment(&[]));
    let config = whole(loaded).config;
    let account = &config.accounts[0];
    assert_eq!(account.hss_endpoint.as_str(), "https://hss.eu-west-101.myhuaweicloud.eu");
    assert_eq!(account.watches[0].target.labels(), ["default", "p1", "all"]);

    let variables = environment(&[
        ("HUAWEICLOUD_SDK_PROJECT_ID", "p2"),
        ("HUAWEICLOUD_SDK_REGION_HSS_PARTNER_1", "http://127.0.0.1:9000,https://other.example"),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", "TOKEN"),
        ("HSS_EXPORTER__REFRESH__INTERVAL", "1m"),
    ]);
    let loaded = config::from_environment(Some("partner-1"), None, &variables);
    let config = whole(loaded).config;
    let account = &config.accounts[0];
    assert_eq!(account.hss_endpoint.as_str(), "http://127.0.0.1:9000");
    assert_eq!(&*account.watches[0].target.project.id, "p2");
    assert_eq!(account.watches[0].interval, Duration::from_secs(60));
    assert!(matches!(&account.credentials, Credentials::AccessKey { security_token: Some(_), .. }));
}

#[track_caller]
fn check_environment(region: Option<&str>, project: Option<&str>, variables: &[(&str, &str)], expected: &[&str]) {
    let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let Problems(problems) = config::from_environment(region, project, &variables).expect_err("wrong");
    let shown: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(shown.len(), expected.len(), "{shown:#?}");
    for (shown, expected) in shown.iter().zip(expected) {
        assert!(shown.contains(expected), "{shown}\nlacks {expected}");
    }
}

#[test]
fn without_a_file_what_is_missing_is_named_as_it_is_given() {
    check_environment(
        None,
        None,
        &[("HUAWEICLOUD_SDK_AK", "AK"), ("HUAWEICLOUD_SDK_PROJECT_ID", "")],
        &[
            "--region: is missing; give it, such as `--region=cn-north-4`",
            "HUAWEICLOUD_SDK_AK is set, and HUAWEICLOUD_SDK_SK is not; set both of them, or none",
        ],
    );
    let key = [("HUAWEICLOUD_SDK_AK", "AK"), ("HUAWEICLOUD_SDK_SK", "SK")];
    check_environment(
        Some("cn-north-5"),
        Some("a/b"),
        &key,
        &["--region: \"cn-north-5\" is no region", "--project: \"a/b\" is not an id"],
    );
    let variables =
        [key[0], key[1], ("HUAWEICLOUD_SDK_REGION_HSS_X", "http://10.0.0.1"), ("HUAWEICLOUD_SDK_PROJECT_ID", "..")];
    check_environment(
        Some("x"),
        None,
        &variables,
        &[
            "HUAWEICLOUD_SDK_REGION_HSS_X: \"http://10.0.0.1\" is `http://` to another machine",
            "HUAWEICLOUD_SDK_PROJECT_ID: \"..\" is not an id",
        ],
    );
}

#[track_caller]
fn check_warnings(text: &str, expected: &[&str]) {
    let warnings = parse(text, &[]).unwrap_or_else(|problems| panic!("{problems}")).warnings;
    let shown: Vec<String> = warnings.iter().map(Problem::to_string).collect();
    assert_eq!(shown, expected);
}

#[test]
fn an_interval_that_the_budget_cannot_keep_is_warned_about_with_the_arithmetic() {
    let projects = |from: u32, to: u32| (from..to).map(|n| format!("{{ id: p{n} }}, ")).collect::<String>();
    let account =
        |name: &str, projects: &str| format!("  - {{ name: {name}, region: cn-north-4, projects: [{projects}] }}\n");
    // Twelve targets with two task types: 24 requests of 12.2 s each fit into five minutes.
    check_warnings(&format!("accounts:\n{}", account("a", &projects(0, 12))), &[]);
    // Accounts on one host share its budget.
    let text = format!(
        "accounts:\n{}{}refresh:\n  interval: 5m\n",
        account("a", &projects(0, 12)),
        account("b", &projects(12, 13))
    );
    check_warnings(
        &text,
        &[
            "test.yml:5: refresh.interval: \"5m\" cannot be kept at hss.cn-north-4.myhuaweicloud.com: one refresh of its 13 targets \
           is 26 requests, or 5m 20s at 5 requests a minute (each is free again 61 s after its end); \
           set an interval of 5m 20s or more, watch less, or raise `refresh.requests_per_minute` if the vendor allows you more",
        ],
    );
    check_warnings(
        "accounts: [{ name: a, region: cn-north-4, projects: [{ id: p1, interval: 10s }, { id: p2 }] }]",
        &[
            "test.yml: refresh.interval: \"5m\" and the projects' own intervals cannot be kept at hss.cn-north-4.myhuaweicloud.com: \
           they ask for 2.5 times as much as 5 requests a minute (each is free again 61 s after its end); make all of them 2.5 times \
           as long (`refresh.interval: 13m`), watch less, or raise `refresh.requests_per_minute` if the vendor allows you more",
        ],
    );
}

#[test]
fn a_secret_in_the_file_and_series_beyond_the_window_are_warned_about() {
    check_warnings(
        "accounts:\n  - name: a\n    region: cn-north-4\n    projects: [{ id: p1 }]\n    credentials:\n      access_key:\n        id: AK\n        secret: canary\ntasks:\n  series:\n    finished_for: 30d\n",
        &[
            "test.yml:8: accounts[0].credentials.access_key.secret: is a secret that stands in the configuration itself; move it out of the configuration: `secret_file` or `secret_env`",
            "test.yml:11: tasks.series.finished_for: \"30d\" is longer than `refresh.window` (7days): older tasks are not known; shorten it, or lengthen the window",
        ],
    );
}

#[test]
fn what_is_expected_more_rarely_than_the_window_is_warned_about() {
    check_warnings(
        &format!("{ACCOUNTS}tasks:\n  expect:\n    - {{ task_type: iac_scan, trigger_type: schedule, every: 8d }}\n"),
        &[
            "test.yml:4: tasks.expect[0]: allows 8days from one good scan to the next, longer than `refresh.window` (7days): after a restart, a scan that succeeded before the window is not known, and seems never to have succeeded; lengthen the window, or expect scans more often",
        ],
    );
}

#[track_caller]
fn check_unreadable(content: Option<&[u8]>, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.yml");
    if let Some(content) = content {
        fs::write(&file, content).unwrap();
    }
    let problems = config::load(&file, &[]).expect_err("unreadable").to_string();
    assert!(problems.starts_with(&format!("{}: {expected}", file.display())), "{problems}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    check_unreadable(None, "cannot be read: No such file or directory");
    check_unreadable(Some(b"accounts:\n  \xff"), "is not UTF-8 text (line 2)");
    check_unreadable(Some(&vec![b' '; 8 * 1024 * 1024 + 1]), "is larger than 8 MiB");
}

#[test]
fn the_example_file_says_what_is_the_default() {
    let loaded = config::load(Path::new(EXAMPLE), &environment(&[])).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.warnings, []);
    let least = "
accounts:
  - name: prod
    region: cn-north-4
    projects:
      - { id: 0123456789abcdef0123456789abcdef, name: payments }
      - id: fedcba9876543210fedcba9876543210
        name: storefront
        enterprise_projects: [{ id: 0, name: default }, 5b1c1e3a-7f0c-4b6e-9d6d-2f4f0a9f6c11]";
    assert_eq!(loaded.config, good(least));
}

/// The example with every key that is only there as a comment, such as `#id_file: ...`; prose has a space after `#`.
fn uncommented_example() -> String {
    let text = fs::read_to_string(EXAMPLE).unwrap();
    let is_key = |rest: &str| rest.trim_start_matches("- ").starts_with(|c: char| c.is_ascii_lowercase());
    let line = |line: &str| match line.split_once('#') {
        Some((indent, rest)) if indent.trim().is_empty() && is_key(rest) => {
            format!("{indent}{rest}\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

#[test]
fn the_example_file_names_every_key_and_no_other() {
    let text = uncommented_example();
    let text = text.as_str();
    // A key in braces is a key as well: `#filter: { trigger_type: schedule }`.
    let mut found = BTreeSet::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty()) {
        let bare = line.trim_start();
        let mut indent = line.len() - bare.len();
        path.retain(|(at, _)| *at < indent);
        let bare = match bare.strip_prefix("- ") {
            None => bare,
            Some(rest) => {
                path.push((indent, "[]".to_owned()));
                indent += 2;
                rest
            }
        };
        let Some((key, _)) = bare.split_once(':') else { continue };
        path.push((indent, key.to_owned()));
        let names: Vec<&str> = path.iter().map(|(_, name)| name.as_str()).collect();
        found.insert(names.join(".").replace(".[]", "[]"));
    }
    // A project's own filter and expectations are written as those of all projects, and who acts for an agency as who does not.
    let declared: BTreeSet<String> = config::keys().into_iter().collect();
    let as_of_all = |key: &&String| {
        let places = [
            "accounts[].projects[].filter.",
            "accounts[].projects[].expect[].",
            "accounts[].credentials.agency.source.",
        ];
        places.iter().any(|place| key.starts_with(place))
    };
    let missing: Vec<&String> = declared.difference(&found).filter(|key| !as_of_all(key)).collect();
    assert!(missing.is_empty(), "{EXAMPLE} lacks {missing:#?}");
    let unknown: Vec<&String> = found.difference(&declared).collect();
    assert!(unknown.is_empty(), "{EXAMPLE} has {unknown:#?}");
}

#[test]
fn the_keys_that_the_example_only_mentions_are_good_too() {
    // One kind of credentials, one way to write each part: else they stand beside each other.
    let others = ["id:", "id_env", "secret:", "secret_env", "security_token:", "security_token_env", "token:", "file:"];
    let text = uncommented_example();
    let (before, rest) = text.split_once("      password:\n").unwrap();
    let (_, after) = rest.split_once("    endpoints:\n").unwrap();
    let text = format!("{before}    endpoints:\n{after}");
    let lines = text.lines().filter(|line| !others.iter().any(|other| line.trim_start().starts_with(other)));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    let config = good(&text);
    assert_eq!(config.accounts[0].watches[0].interval, Duration::from_secs(900));
    assert_eq!(config.accounts[0].watches[1].filter.file_type, Some(FileType::K8sYaml));
    assert!(config.accounts[0].ca_file.is_some());
}
