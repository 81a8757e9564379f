//! What Prometheus reads: the page of hand-made ledgers and snapshots, without a cloud and without HTTP.

#![cfg(test)]

use flate2::read::GzDecoder;
use hss_exporter::metrics::{self, Build, CATALOG, Encoding, Format, Instruments, Kind, Section, SnapshotPage, Wanted};
use hss_exporter::model::observe::{Api, Field, LogLevel, Note, Observe, Sought};
use hss_exporter::model::{Reason, Snapshot, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// What is kept from page to page.
mod press;
/// The snapshot of the tests.
pub(crate) mod world;

const BUILD: Build = Build { version: "1.2.3", revision: "abcdef0", rustversion: "1.95.0" };

/// The page of a snapshot, with instruments of its accounts that have counted nothing.
fn page(snapshot: &Snapshot) -> String {
    let instruments = Instruments::new(snapshot.accounts.iter().map(|account| &*account.name), BUILD);
    compose(snapshot, &instruments)
}

/// All families.
fn all(format: Format, encoding: Encoding) -> Wanted {
    Wanted { format, encoding, names: Vec::new() }
}

fn compose(snapshot: &Snapshot, instruments: &Instruments) -> String {
    let page = SnapshotPage::render(snapshot).compose(instruments, &all(Format::Text0, Encoding::Identity));
    String::from_utf8(page.to_vec()).unwrap()
}

/// The families of a page that are read off the snapshot: those before the first that is taken at the scrape.
fn of_snapshot(page: &str) -> &str {
    page.split_once("# HELP hss_exporter_build_info ").unwrap().0
}

/// The lines of a page that are not about the process or the page itself: these two differ from run to run.
fn lasting(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter(|line| {
        let name = line.trim_start_matches("# HELP ").trim_start_matches("# TYPE ");
        !name.starts_with("process_") && !line.starts_with("hss_exporter_exposition_")
    })
}

/// Compares with a checked-in file; where they differ, writes what it should be beside it.
#[track_caller]
fn check_golden(file: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/exposition").join(file);
    if std::fs::read_to_string(&path).unwrap_or_default() != written {
        let new = path.with_added_extension("new");
        std::fs::write(&new, written).unwrap();
        panic!(
            "{} is not what is served now, which is in {}: compare, and if it is right, move it over",
            path.display(),
            new.display()
        );
    }
}

#[track_caller]
fn check_lines(page: &str, start: &str, lines: &[&str]) {
    let found: Vec<&str> = page.lines().filter(|line| line.starts_with(start)).collect();
    assert_eq!(found, lines);
}

#[test]
fn a_rich_world_is_shown_as_it_is() {
    let page = page(&world::rich());
    check_golden("rich.prom", of_snapshot(&page));
}

#[test]
fn a_rich_world_is_shown_as_it_is_in_openmetrics() {
    let instruments = Instruments::new(["lab", "prod"], BUILD);
    let page =
        SnapshotPage::render(&world::rich()).compose(&instruments, &all(Format::OpenMetrics, Encoding::Identity));
    let page = String::from_utf8(page.to_vec()).unwrap();
    check_golden("rich.om", page.split_once("# HELP hss_exporter_build_info ").unwrap().0);
    let process: Vec<&str> = page.lines().filter(|line| line.contains("process_cpu_seconds")).collect();
    if cfg!(target_os = "linux") {
        assert!(
            process[1] == "# TYPE process_cpu_seconds counter" && process[2].starts_with("process_cpu_seconds_total ")
        );
    }
    assert!(page.ends_with("\n# EOF\n"));
    let lasting: Vec<&str> = lasting(&page).collect();
    check_golden("instruments.om", lasting.join("\n").split_once("# HELP hss_exporter_build_info ").unwrap().1);
}

#[test]
fn one_snapshot_is_always_the_same_bytes() {
    assert_eq!(of_snapshot(&page(&world::rich())), of_snapshot(&page(&world::rich())));
}

#[test]
fn the_table_is_what_is_served() {
    let snapshot = world::rich();
    let instruments = Instruments::new(["lab", "prod"], BUILD);
    instruments.note(Note::ClockSkew { account: "prod", seconds: 0.5 });
    instruments.note(Note::CredentialExpiry { account: "prod", at: Some(Timestamp::from_secs(1_757_293_200)) });
    let (account, kind) = ("prod", Sought::Projects);
    instruments.note(Note::Discovered { account, kind, at: Timestamp::from_secs(1_757_293_200) });
    instruments.note(Note::DiscoveryErrors { account, kind, count: 0 });
    instruments.note(Note::Budget { account: "prod", api: Api::ListTasks, requests_per_minute: 5 });
    let mut served: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
    let page = compose(&snapshot, &instruments);
    for line in page.lines().filter(|line| !line.starts_with('#') && !line.starts_with("process_")) {
        let (name, labels) = name_and_labels(line);
        served.entry(name).or_default().insert(labels);
    }
    let mut table = BTreeMap::new();
    for row in CATALOG {
        let labels: Vec<String> = row.labels.iter().map(|label| (*label).to_owned()).collect();
        let suffixes: &[&str] = match row.kind {
            Kind::Summary => &["_sum", "_count"],
            Kind::Histogram => &["_sum", "_count", "_bucket"],
            Kind::Counter | Kind::Gauge | Kind::Info => &[""],
        };
        for suffix in suffixes {
            let mut labels = labels.clone();
            labels.extend((*suffix == "_bucket").then(|| "le".to_owned()));
            table.insert(format!("{}{suffix}", row.name), BTreeSet::from([labels]));
        }
    }
    assert_eq!(served, table);
    let order: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("# TYPE hss_")).collect();
    let rows: Vec<String> = CATALOG.iter().map(|row| row.name.replacen("hss_", "", 1)).collect();
    assert!(order.iter().zip(&rows).all(|(served, row)| served.starts_with(row.as_str())), "in the table's order");
}

#[test]
fn the_documentation_is_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == metrics::docs(), "docs/metrics.md is not what the catalogue says now: run `make docs`");
}

#[test]
fn the_compressed_page_is_one_gzip_member_of_the_same_text() {
    let snapshot = SnapshotPage::render(&world::rich());
    let instruments = Instruments::new(["prod"], BUILD);
    for _ in 0..2 {
        let packed = snapshot.compose(&instruments, &all(Format::Text0, Encoding::Gzip)).to_vec();
        let mut decoder = GzDecoder::new(packed.as_slice());
        let mut text = String::new();
        decoder.read_to_string(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty(), "nothing follows the first member");
        let plain = String::from_utf8(snapshot.compose(&instruments, &all(Format::Text0, Encoding::Identity)).to_vec())
            .unwrap();
        assert!(lasting(&text).eq(lasting(&plain)));
        assert!(packed.len() * 4 < text.len(), "{} of {}", packed.len(), text.len());
        instruments.note(Note::LogMessage { level: LogLevel::Warn });
    }
}

#[test]
fn the_page_says_how_large_it_is_and_is_right() {
    let page = page(&world::rich());
    let series = page.lines().filter(|line| !line.starts_with('#')).count();
    check_lines(&page, "hss_exporter_exposition_series ", &[&format!("hss_exporter_exposition_series {series}")]);
    check_lines(&page, "hss_exporter_exposition_bytes ", &[&format!("hss_exporter_exposition_bytes {}", page.len())]);
}

#[test]
fn what_happens_on_the_way_is_counted() {
    let instruments = Instruments::new(["lab", "prod"], BUILD);
    let (account, api) = ("prod", Api::ListTasks);
    for took in [80, 120, 4_000, 70_000].map(Duration::from_millis) {
        instruments.note(Note::Attempt { account, api, code: Some(200), took });
    }
    instruments.note(Note::Attempt { account, api, code: Some(429), took: Duration::from_millis(50) });
    instruments.note(Note::Attempt { account, api, code: None, took: Duration::from_secs(30) });
    instruments.note(Note::Error { account, api, reason: Reason::Throttled });
    instruments.note(Note::Error { account, api, reason: Reason::Timeout });
    instruments.note(Note::Retry { account, api });
    instruments.note(Note::BudgetWait { account, api, waited: Duration::from_millis(1_500) });
    instruments.note(Note::BudgetWait { account, api, waited: Duration::from_millis(250) });
    instruments.note(Note::Budget { account, api, requests_per_minute: 5 });
    instruments.note(Note::Budget { account, api, requests_per_minute: 2 });
    instruments.note(Note::Blocked { account, blocked: true });
    instruments.note(Note::CredentialExpiry { account: "lab", at: Some(Timestamp::from_secs(1)) });
    instruments.note(Note::CredentialExpiry { account: "lab", at: None });
    instruments.note(Note::CredentialExpiry { account, at: Some(Timestamp::from_secs(1_757_293_200)) });
    instruments.note(Note::ClockSkew { account, seconds: 3.0 });
    instruments.note(Note::ClockSkew { account, seconds: -0.25 });
    instruments.note(Note::DateDistrusted { account });
    instruments.note(Note::MalformedTasks { account, count: 2 });
    instruments.note(Note::DuplicateTasks { account, count: 3 });
    instruments.note(Note::PageReread { account });
    instruments.note(Note::StatisticsDistrusted { account });
    instruments.note(Note::UnknownValues { field: Field::TaskStatus, count: 4 });
    instruments.note(Note::LogMessage { level: LogLevel::Error });
    instruments.note(Note::LogMessagesDropped { count: 4 });
    let page = compose(&world::empty(), &instruments);
    let lines: Vec<&str> = lasting(&page).collect();
    check_golden("instruments.prom", &(lines.join("\n") + "\n"));
}

#[test]
fn the_process_is_described_under_the_usual_names() {
    let page = page(&world::empty());
    let families: BTreeSet<&str> = page.lines().filter_map(|line| line.strip_prefix("# TYPE process_")).collect();
    if cfg!(target_os = "linux") {
        assert!(families.contains("cpu_seconds_total counter") && families.contains("resident_memory_bytes gauge"));
    }
    assert_eq!(page.lines().filter(|line| line.starts_with("process_")).count(), families.len());
}

#[test]
fn a_stale_target_keeps_its_facts_and_says_nothing_about_now() {
    let page = page(&world::rich());
    let of_target = r#"{account="prod",project="payments",enterprise_project="开发""#;
    let shown: BTreeSet<&str> = page.lines().filter_map(|line| Some(line.split_once(of_target)?.0)).collect();
    let live: Vec<&str> = CATALOG
        .iter()
        .filter(|row| matches!(row.section, Section::Tasks | Section::PerTask))
        .map(|row| row.name)
        .filter(|name| shown.contains(name))
        .collect();
    assert!(live.is_empty(), "{live:?}");
    for fact in [
        "hss_latest_task_outcome",
        "hss_tasks_finished_total",
        "hss_target_up",
        "hss_target_info",
        "hss_expected_interval_seconds",
    ] {
        assert!(shown.contains(fact), "{fact} is missing in {shown:?}");
    }
}

#[test]
fn a_target_that_was_never_read_has_its_counters_at_zero_and_no_state() {
    let page = page(&world::rich());
    let of_target = r#"{account="lab",project="new",enterprise_project="all""#;
    let up = format!("hss_target_up{of_target}");
    assert!(!page.contains(&up), "nobody knows yet");
    for task_type in ["cluster_scan", "iac_scan"] {
        for counter in ["hss_tasks_finished_total", "hss_tasks_finished_with_failures_total"] {
            let of_type = format!("{counter}{of_target},task_type=\"{task_type}\"");
            let lines =
                ["manual", "other", "schedule"].map(|trigger| format!("{of_type},trigger_type=\"{trigger}\"}} 0"));
            check_lines(&page, &of_type, &lines.each_ref().map(String::as_str));
        }
    }
    let files = format!("hss_files_scanned_total{of_target}");
    let lines = ["manual", "other", "schedule"].map(|trigger| format!("{files},trigger_type=\"{trigger}\"}} 0"));
    check_lines(&page, &files, &lines.each_ref().map(String::as_str));
}

#[test]
fn without_series_for_tasks_nothing_is_said_about_any() {
    let mut snapshot = world::rich();
    snapshot.series = None;
    snapshot.targets.iter_mut().for_each(|shown| shown.task_series = 0);
    let page = page(&snapshot);
    for family in ["hss_task_info", "hss_task_status", "hss_exporter_tasks_withheld", "hss_exporter_task_series_limit"]
    {
        assert!(!page.contains(&format!("# TYPE {family} ")), "{family}");
    }
    assert!(page.contains("# TYPE hss_task_duration_seconds summary"), "that is no series a task");
}

/// The name of a sample line, and the names of its labels, in order.
fn name_and_labels(line: &str) -> (String, Vec<String>) {
    let Some((name, mut rest)) = line.split_once('{') else {
        return (line.split(' ').next().unwrap().to_owned(), Vec::new());
    };
    let mut labels = Vec::new();
    while let Some((label, value)) = rest.split_once("=\"") {
        labels.push(label.trim_start_matches(',').to_owned());
        let mut escaped = false;
        let end = value.find(|c| {
            let end = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            end
        });
        rest = &value[end.unwrap() + 1..];
    }
    assert!(rest.starts_with("} "), "{line}");
    (name.to_owned(), labels)
}
