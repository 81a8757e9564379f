//! Whatever is written gets an answer, and nothing panics.
#![cfg(test)]

use super::{ACCOUNTS, EXAMPLE, parse};
use hss_exporter::config::Problems;
use proptest::prelude::*;
use std::fs;

/// Something that looks like YAML, with keys of ours in it.
pub(super) fn yamlish() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "accounts",
        "name",
        "region",
        "projects",
        "id",
        "credentials",
        "access_key",
        "secret",
        "secret_env",
        "token",
        "file",
        "enterprise_projects",
        "all",
        "endpoints",
        "hss",
        "http://[::1]:1",
        "refresh",
        "interval",
        "1ns",
        "10y",
        "5m",
        "stale_after",
        "requests_per_minute",
        "1",
        "tasks",
        "types",
        "cluster_scan",
        "filter",
        "created_after",
        "2026-01-01T00:00:00+23:59",
        "expect",
        "task_type",
        "trigger_type",
        "schedule",
        "every",
        "series",
        "finished_for",
        "limit",
        "cn-north-4",
        "~",
        "\"\"",
        "&a x",
        "*a",
        "!t x",
        "扫描",
    ]);
    let leaf = prop_oneof![4 => word.clone().prop_map(str::to_owned), 1 => "[ -~]{0,8}"];
    leaf.prop_recursive(6, 64, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::vec((word.clone(), inner), 0..5).prop_map(|pairs| {
                let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", pairs.join(", "))
            }),
        ]
    })
}

/// Whatever is written, there is an answer: a good configuration, or at least one problem.
fn check_answers(text: &str) -> Result<(), TestCaseError> {
    match parse(text, &[]) {
        Ok(loaded) => prop_assert!(!loaded.config.accounts.is_empty()),
        Err(Problems(problems)) => prop_assert!(!problems.is_empty(), "refused without a word: {text}"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in any::<String>()) {
        check_answers(&text)?;
    }

    #[test]
    fn anything_like_a_configuration_gets_an_answer(text in yamlish()) {
        check_answers(&text)?;
    }

    #[test]
    fn any_values_at_known_keys_get_an_answer(
        account in yamlish(), refresh in yamlish(), tasks in yamlish(), interval in "[0-9]{1,20}(ns|ms|s|m|d|y)", own in "[0-9]{1,4}(ns|s|y)",
    ) {
        check_answers(&format!("accounts: [{account}]\nrefresh: {refresh}\ntasks: {tasks}"))?;
        check_answers(&format!("accounts: [{{name: a, region: cn-north-4, projects: [{{id: p, interval: {own}}}]}}]\nrefresh: {{interval: {interval}}}"))?;
    }

    #[test]
    fn any_variable_gets_an_answer(name in "HSS_EXPORTER__[A-Z_]{0,20}", value in any::<String>()) {
        let result = parse(ACCOUNTS, &[(&name, &value)]);
        if let Err(Problems(problems)) = result {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn a_cut_file_gets_an_answer(at in 0_usize..20_000) {
        let text = fs::read_to_string(EXAMPLE).unwrap();
        if let Some((cut, _)) = text.split_at_checked(at.min(text.len())) {
            check_answers(cut)?;
        }
    }
}
