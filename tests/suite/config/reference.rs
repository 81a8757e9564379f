//! `docs/configuration.md` describes the keys that there are, with the defaults they have, examples that are good and
//! values that are refused.

use hss_exporter::config::{self, Problem};
use std::collections::BTreeMap;
use std::path::Path;

const PAGE: &str = "docs/configuration.md";

/// A row of the page's tables, cell by cell, without the key.
struct Row {
    default: String,
    example: String,
    refused: String,
}

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap()
}

/// The rows, by key. A table of keys is known by its heading.
fn rows() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    let mut inside = false;
    for line in page().lines() {
        let Some(cells) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            inside = inside && line.starts_with("|-");
            continue;
        };
        let cells: Vec<&str> = cells.split(" | ").collect();
        if cells[0] == "key" {
            assert_eq!(cells, ["key", "type", "default", "example", "refused"]);
            inside = true;
        } else if inside {
            let [key, _, default, example, refused] = cells[..] else { panic!("{PAGE}: not five cells: {line}") };
            let example = example.trim_matches('`').to_owned();
            let row = Row { default: default.to_owned(), example, refused: refused.to_owned() };
            let twice = rows.insert(key.trim_matches('`').to_owned(), row);
            assert!(twice.is_none(), "{PAGE}: {key} stands twice");
        }
    }
    rows
}

/// A project's own filter and expectations are written as those of all projects, and who acts for an agency as who does not.
fn is_described_elsewhere(key: &str) -> bool {
    let places =
        ["accounts[].projects[].filter.", "accounts[].projects[].expect[].", "accounts[].credentials.agency.source."];
    places.iter().any(|place| key.starts_with(place))
}

/// What is wrong at a key where this is written, and nothing beside it but what leads there.
fn problems_at(key: &str, written: &str) -> Vec<Problem> {
    let mut parents: Vec<&str> = key.split('.').collect();
    parents.pop();
    let nest = |inner: String, parent: &&str| match parent.strip_suffix("[]") {
        Some(list) => format!("{{ {list}: [{inner}] }}"),
        None => format!("{{ {parent}: {inner} }}"),
    };
    let text = parents.iter().rev().fold(format!("{{ {written} }}"), nest);
    let environment = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "HUAWEICLOUD_SDK_SECURITY_TOKEN"];
    let mut environment = environment.map(|name| (name.to_owned(), "ABCDEFGH".to_owned())).to_vec();
    let pod = [
        ("HC_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
        ("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/run/pod-token"),
    ];
    environment.extend(pod.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let problems = config::parse(&text, PAGE, &environment).err().map(|problems| problems.0).unwrap_or_default();
    let at = key.replace("[]", "[0]");
    problems.into_iter().filter(|problem| problem.key.starts_with(&at) || problem.key.is_empty()).collect()
}

#[test]
fn every_key_has_its_row_and_every_row_its_key() {
    let rows = rows();
    let keys: Vec<String> = config::keys().into_iter().filter(|key| !is_described_elsewhere(key)).collect();
    let missing: Vec<_> = keys.iter().filter(|key| !rows.contains_key(*key)).collect();
    assert!(
        missing.is_empty(),
        "{PAGE} lacks {missing:#?}\nwrite a row for each: | `key` | type | default | `key: example` | `key: bad` and why |"
    );
    let unknown: Vec<_> = rows.keys().filter(|key| !keys.contains(*key)).collect();
    assert!(unknown.is_empty(), "{PAGE} describes {unknown:#?}, which there are not");
}

#[test]
fn the_defaults_are_those_of_the_schema() {
    let rows = rows();
    for (key, default) in config::defaults() {
        if let (Some(row), Some(default)) = (rows.get(&key), default) {
            assert_eq!(row.default, format!("`{default}`"), "{PAGE}: {key}");
        }
    }
}

#[test]
fn the_examples_are_good_and_what_is_refused_is() {
    for (key, Row { example, refused, .. }) in rows() {
        let name = format!("{}:", key.rsplit('.').next().unwrap());
        assert!(example.starts_with(&name), "{PAGE}: {key}: the example is written as `{name} ...`, not `{example}`");
        let wrong = problems_at(&key, &example);
        assert!(wrong.is_empty(), "{PAGE}: {key}: `{example}` is no good example: {wrong:#?}");
        let bad: Vec<&str> = refused.split('`').skip(1).step_by(2).filter(|piece| piece.starts_with(&name)).collect();
        assert!(!bad.is_empty(), "{PAGE}: {key}: show a value that is refused, as `{name} ...`");
        for bad in bad {
            // A text that is no YAML at all would say nothing of the key.
            assert!(
                problems_at(&key, bad).iter().any(|problem| !problem.key.is_empty()),
                "{PAGE}: {key}: `{bad}` is not refused"
            );
        }
    }
}

#[test]
fn the_whole_files_on_the_page_are_good() {
    let page = page();
    let files: Vec<&str> = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!files.is_empty());
    let environment = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"].map(|name| (name.to_owned(), "ABCDEFGH".to_owned()));
    for file in files {
        if let Err(problems) = config::parse(file, PAGE, &environment) {
            panic!("{problems}\n{file}");
        }
    }
}
