//! A small house that is in order, and everything that can be wrong with it, one thing at a time.

use super::{File, complaints};

/// The house: each file's path, and then what is in it.
const HOUSE: &str = include_str!("house.txt");

/// The house, with one file put in its place or added to it, draws exactly one complaint, with these words in it.
#[track_caller]
pub(super) fn check(path: &str, text: &str, expected: &str) {
    check_all(&[(path, text.to_owned())], expected);
}

/// The same, with several files; without expected words nothing is to be complained of.
#[track_caller]
pub(super) fn check_all(files: &[(&str, String)], expected: &str) {
    let mut house = house();
    house.retain(|file| files.iter().all(|(path, _)| file.path != *path));
    house.extend(files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: text.clone() }));
    let complaints = complaints(&house);
    if expected.is_empty() {
        assert_eq!(complaints, Vec::<String>::new());
        return;
    }
    let only = complaints.len() == 1 && complaints.iter().all(|complaint| complaint.contains(expected));
    assert!(only, "one complaint with `{expected}` was due: {complaints:#?}");
}

/// A file that is as it should be.
#[track_caller]
pub(super) fn check_in_order(path: &str, text: &str) {
    check_all(&[(path, text.to_owned())], "");
}

/// The same, with a change to what the file already holds.
#[track_caller]
fn check_change(path: &str, from: &str, to: &str, expected: &str) {
    let house = house();
    let text = house.iter().find(|file| file.path == path).map_or("", |file| &file.text);
    assert!(text.contains(from), "`{from}` is not in {path}");
    check(path, &text.replace(from, to), expected);
}

fn house() -> Vec<File> {
    let files = HOUSE.split("=== ").filter_map(|file| file.split_once('\n'));
    files.map(|(path, text)| File { path: path.to_owned(), text: text.to_owned() }).collect()
}

fn house_with(path: &str, text: &str) -> Vec<File> {
    let mut house = house();
    house.retain(|file| file.path != path);
    house.push(File { path: path.to_owned(), text: text.to_owned() });
    house
}

#[test]
fn a_house_in_order_is_left_in_peace() {
    assert_eq!(complaints(&house_with("src/cloud/more.rs", "//! More.\n")), Vec::<String>::new());
}

#[test]
fn a_room_that_names_another_is_caught_however_it_spells_it() {
    let expected = "`cloud` names `metrics`, which the room table";
    for code in [
        "use crate::metrics;",
        "use crate::metrics::render as draw;",
        "use crate::{model, metrics::{self, catalog}};",
        "use super::super::metrics;",
        "use hss_exporter::metrics;",
        "fn f() { crate::metrics::render() }",
        "mod inner { use super::super::super::metrics; }",
        "use super::super::{model, metrics};",
        "type Page = Vec<crate::metrics::Page>;",
        "macro_rules! page { () => { $crate::metrics::render() } }",
        "#[cfg(test)] mod tests { use crate::metrics; }",
        "/* a comment */ use/* inside */crate :: metrics;",
    ] {
        check("src/cloud/more.rs", &format!("//! More.\n{code}\n"), expected);
    }
}

#[test]
fn the_line_of_a_complaint_is_where_the_name_stands() {
    check("src/cloud/more.rs", "//! More.\n\nuse crate::{\n    metrics,\n};\n", "src/cloud/more.rs:4: ");
}

#[test]
fn bringing_in_the_whole_crate_is_caught() {
    check("src/cloud/more.rs", "//! More.\nuse crate::*;\n", "brings in the whole crate");
    check("src/cloud/more.rs", "//! More.\nuse super::super::{self as all};\n", "brings in the whole crate");
}

#[test]
fn a_part_of_a_room_is_not_the_room() {
    let expected = "of `cloud` it may only name `cloud::sign`";
    check("src/simulator.rs", "//! Pretends.\nuse crate::cloud::Transport;\n", expected);
    check("src/simulator.rs", "//! Pretends.\nuse crate::cloud::{self, sign};\n", expected);
    check("src/simulator.rs", "//! Pretends.\nuse crate::cloud::signs;\n", expected);
}

#[test]
fn a_crate_kept_for_one_file_is_caught_elsewhere() {
    let expected = "`http_client` may be named in `cloud/transport.rs` only";
    for code in
        ["use http_client::Get;", "use http_client;", "fn f() { ::http_client::get() }", "extern crate http_client;"]
    {
        check("src/cloud/more.rs", &format!("//! More.\n{code}\n"), expected);
    }
}

#[test]
fn a_crate_that_is_called_like_a_room_is_told_from_it() {
    check("src/cloud/more.rs", "//! More.\nuse config::Value;\n", "`config` may be named in `metrics` only");
    let file =
        File { path: "src/app.rs".into(), text: "//! A.\nuse crate::config;\nfn f() { config::load() }\n".into() };
    assert_eq!(complaints(&house_with(&file.path, &file.text)), Vec::<String>::new());
}

#[test]
fn a_clock_or_the_environment_read_far_from_the_rim_is_caught() {
    let expected = "`std::time::Instant::now` may be named in `app` only";
    for code in [
        "fn f() { std::time::Instant::now() }",
        "use std::time::{Duration, Instant};\nfn f() { Instant::now() }",
        "use std::time;\nfn f() { time::Instant::now() }",
        "use std::time::Instant as I;\nfn f() { g(I::now) }",
    ] {
        check("src/cloud/more.rs", &format!("//! More.\n{code}\n"), expected);
    }
    check("src/cloud/more.rs", "//! More.\nfn f() { std::env::var(\"X\") }\n", "`std::env::var` may be named");
}

#[test]
fn a_pure_room_that_reaches_out_is_caught() {
    check(
        "src/model.rs",
        "//! Words.\nuse std::fs::read;\n",
        "`model` is std only and reaches nothing, but names `std::fs::read`",
    );
    check("src/model.rs", "//! Words.\nuse raw_bytes::Bytes;\n", "but names `raw_bytes::Bytes`");
}

#[test]
fn a_room_missing_from_the_table_the_tree_or_the_map_is_caught() {
    check("src/attic.rs", "//! A.\n", "src/attic: the room table of ARCHITECTURE.md does not have it");
    let row = "| `app` | wiring | all |";
    let expected = "ARCHITECTURE.md: there is no `store` at the top of src";
    check_change("ARCHITECTURE.md", row, &format!("{row}\n| `store` | a file | `model` |"), expected);
    check_change("src/lib.rs", "pub mod cloud;\n", "", "src/lib.rs: it does not name `cloud`");
}

#[test]
fn a_file_that_does_not_say_what_it_holds_is_caught() {
    for text in ["", "fn f() {}\n", "//!\n", "// More.\n", "\n//! More.\n"] {
        check("src/cloud/more.rs", text, "the first line must be `//! `");
        check("tests/more.rs", text, "the first line must be `//! `");
    }
}

#[test]
fn a_file_that_is_too_long_is_caught() {
    let lines = |count: usize| format!("//! More.\n{}", "// line\n".repeat(count - 1));
    check("src/cloud/more.rs", &lines(401), "401 lines, and 400 are the most");
    check("tests/more.rs", &lines(601), "601 lines, and 600 are the most");
    assert_eq!(complaints(&house_with("src/cloud/more.rs", &lines(400))), Vec::<String>::new());
    assert_eq!(complaints(&house_with("tests/more.rs", &lines(600))), Vec::<String>::new());
    assert_eq!(complaints(&house_with("src/metrics/catalog.rs", &lines(401))), Vec::<String>::new());
}

#[test]
fn a_name_that_says_nothing_is_caught() {
    check("src/cloud/utils.rs", "//! More.\n", "`utils` does not say what is inside");
    check("src/cloud/helpers/mod.rs", "//! More.\n", "`helpers` does not say what is inside");
    check("tests/common/mod.rs", "//! More.\n", "`common` does not say what is inside");
}

#[test]
fn a_metric_spelled_outside_the_catalogue_is_caught() {
    for literal in [r#""hss_tasks""#, r##"r#"hss_tasks"#"##, r#"b"hss_tasks""#, r#""hss_exporter_targets""#] {
        let code = format!("//! More.\nconst NAME: T = {literal};\n");
        check("src/metrics/render.rs", &code, "is spelled in src/metrics/catalog.rs only");
    }
    let after_tests = "//! More.\n#[cfg(test)]\nmod tests {}\nconst NAME: &str = \"hss_tasks\";\n";
    check("src/metrics/render.rs", after_tests, "src/metrics/render.rs:4: \"hss_tasks\"");
}

#[test]
fn unfinished_work_is_caught() {
    check("src/cloud/more.rs", "//! More.\n// TODO: retry\n", "src/cloud/more.rs:2: TODO");
    check("src/cloud/more.rs", "//! More.\n/* FIXME */\n", "FIXME");
    check("src/cloud/more.rs", "//! More.\nfn f() { todo!() }\n", "todo!");
    check("tests/more.rs", "//! More.\nfn f() { unimplemented!(\"x\") }\n", "unimplemented!");
    check("Makefile", "help: # TODO\n", "Makefile:1: TODO");
    check("tests/run.sh", "#!/bin/sh\n# FIXME\n", "tests/run.sh:2: FIXME");
}

#[test]
fn a_lint_that_is_allowed_instead_of_expected_is_caught() {
    for code in ["#[allow(dead_code)]", "#![allow(dead_code)]", "#[cfg_attr(test, allow(dead_code))]", "#[ allow (a)]"]
    {
        check("src/cloud/more.rs", &format!("//! More.\n{code}\nfn f() {{}}\n"), "#[expect(.., reason = \"..\")]");
    }
}

#[test]
fn a_dependency_without_a_reason_and_a_reason_without_one_are_caught() {
    let manifest = "Cargo.toml";
    check_change(manifest, "config = \"1\"", "config = \"1\"\nnew = \"1\"", "does not say what `new` is for");
    check_change(manifest, "[dev-", "[dependencies.new]\nversion = \"1\"\n[dev-", "does not say what `new` is for");
    check_change(manifest, "[dev-", "[target.'cfg(unix)'.dependencies]\nnew = \"1\"\n[dev-", "what `new` is for");
    check_change(manifest, "dice = \"1\"", "dice = \"1\"\nnew.workspace = true", "does not say what `new` is for");
    check_change("ARCHITECTURE.md", "| `config` | layers |", "| `config`, `old` | layers |", "does not ask for `old`");
    check_change(
        "ARCHITECTURE.md",
        "| `dice` | chance |",
        "| `dice` | chance |\n| `old` | x |",
        "does not ask for `old`",
    );
    let expected = "`old_client` is kept for some places, but is no dependency";
    check_change("ARCHITECTURE.md", "| `http_client` |", "| `http_client`, `old_client` |", expected);
}

#[test]
fn a_changelog_that_lags_behind_is_caught() {
    check_change("Cargo.toml", "version = \"0.1.0\"", "version = \"0.2.0\"", "Cargo.toml has version 0.2.0");
    check_change("CHANGELOG.md", " / 2026-01-31", "", "`## 0.1.0 / year-month-day`");
    check_change("CHANGELOG.md", "[FEATURE]", "[NEW]", "CHANGELOG.md:5: not one of [CHANGE] [FEATURE]");
}

#[test]
fn a_link_that_leads_nowhere_is_caught() {
    check("docs/more.md", "See [it](../src/lost.rs).\n", "docs/more.md:1: ../src/lost.rs: there is no src/lost.rs");
    check(
        "docs/more.md",
        "See [it].\n\n[it]: CHANGELOG.md\n",
        "docs/more.md:3: CHANGELOG.md: there is no docs/CHANGELOG.md",
    );
    check("docs/more.md", "[![image](lost.png)](../Makefile)\n", "there is no docs/lost.png");
    check("docs/more.md", "See [it](../CHANGELOG.md#lost).\n", "CHANGELOG.md has no such heading");
    assert_eq!(complaints(&house_with("docs/more.md", "[all](../src), [one](../Makefile)\n")), Vec::<String>::new());
}

#[test]
fn a_test_that_is_named_but_gone_is_caught() {
    check("tests/suite.rs", "//! Tests.\nfn a_page_is_half() {}\n", "there is no test `suite::a_page_is_whole`");
}

#[test]
fn a_table_that_is_gone_is_caught() {
    let gone = complaints(&house_with("ARCHITECTURE.md", "# Architecture\n"));
    assert_eq!(gone.iter().filter(|complaint| complaint.contains("there is no table headed")).count(), 5, "{gone:#?}");
}
