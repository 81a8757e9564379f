//! The alerts and the runbook: who is woken by an alert finds its section, in either language.

use super::File;
use super::served::rules;
use std::collections::BTreeSet;

const RULES: &str = "deploy/prometheus/alerts.yml";
const TESTS: &str = "deploy/prometheus/alerts.test.yml";
const RUNBOOKS: [&str; 2] = ["docs/runbook.md", "docs/runbook.zh-CN.md"];
/// What an alert is called, and a section of the runbook that is about one.
const PREFIX: &str = "Hss";

/// Everything that an alert, or somebody who reads of it, would miss.
pub(super) fn check(house: &[File]) -> Vec<String> {
    let text = |path: &str| house.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let rules = rules(text(RULES));
    let mut wrong = Vec::new();
    let mut alerts = BTreeSet::new();
    for rule in &rules {
        let Some(alert) = value(rule, "- alert: ") else { continue };
        alerts.insert(alert);
        let wanted = [("severity: ", ""), ("summary: ", ""), ("description: ", ""), ("exporter_url: ", "")];
        let anchor = format!("#{}'", alert.to_lowercase());
        for (key, within) in wanted.into_iter().chain([("runbook_url: ", anchor.as_str())]) {
            if !value(rule, key).is_some_and(|value| value.ends_with(within)) {
                wrong.push(format!("{RULES}: {alert} has no `{key}` that ends in `{within}`"));
            }
        }
        for fires in [true, false] {
            if !is_tested(text(TESTS), alert, fires) {
                let what = if fires { "fires" } else { "stays silent" };
                wrong.push(format!("{TESTS}: there is no case in which {alert} {what}"));
            }
        }
    }
    wrong.extend(links(house, &alerts));
    for path in RUNBOOKS {
        let sections = text(path).lines().filter_map(|line| line.strip_prefix("## "));
        let sections: BTreeSet<&str> = sections.filter(|section| section.starts_with(PREFIX)).collect();
        wrong.extend(alerts.difference(&sections).map(|alert| format!("{path}: {alert} has no section")));
        wrong.extend(sections.difference(&alerts).map(|section| format!("{path}: there is no alert {section}")));
    }
    wrong
}

/// Dashboards lead to sections of the runbook that exist.
fn links(house: &[File], alerts: &BTreeSet<&str>) -> Vec<String> {
    let mut wrong = Vec::new();
    let anchors: BTreeSet<String> = alerts.iter().map(|alert| alert.to_lowercase()).collect();
    for file in house.iter().filter(|file| file.path.starts_with("dashboards/")) {
        for (index, line) in file.text.lines().enumerate() {
            for part in line.split('#').skip(1).filter(|part| part.starts_with(&PREFIX.to_lowercase())) {
                let anchor = part.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
                if !anchors.contains(anchor) {
                    wrong.push(format!("{}:{}: the runbook has no section #{anchor}", file.path, index + 1));
                }
            }
        }
    }
    wrong
}

fn value<'r>(rule: &'r str, key: &str) -> Option<&'r str> {
    rule.lines().find_map(|line| line.trim().strip_prefix(key))
}

/// Whether a case asks for an alert, with what it says (`exp_alerts`) or without.
fn is_tested(tests: &str, alert: &str, fires: bool) -> bool {
    let mut lines = tests.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((_, behind)) = line.split_once("alertname: ") else { continue };
        let asked = behind.trim_end_matches(" }") == alert && !line.contains("exp_");
        let said = lines.peek().is_some_and(|next| next.trim() == "exp_alerts:");
        if asked && said == fires {
            return true;
        }
    }
    false
}
