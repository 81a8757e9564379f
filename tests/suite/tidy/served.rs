//! What rules, rule tests, dashboards and pages say of metrics is what the catalogue has: names, and labels of each.

use super::File;
use super::promql::{self, Selector};
use hss_exporter::metrics::{CATALOG, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// What Prometheus adds to every series that it scrapes.
const SCRAPED: [&str; 2] = ["job", "instance"];
/// What it adds to alerts, beside what the rules give them.
const OF_ALERTS: [&str; 3] = ["alertname", "alertstate", "severity"];
/// What begins like a metric and is none: the crate, and the external labels that rules link with.
const NO_METRICS: [&str; 3] = ["hss_exporter", "hss_exporter_url", "hss_runbook_url"];
const PREFIX: &str = "hss_";

type Labels = BTreeSet<String>;

/// Everything that is said of a metric and is not so.
pub(super) fn check(house: &[File]) -> Vec<String> {
    let served = served(house);
    house.iter().filter(|file| speaks_of_metrics(&file.path)).flat_map(|file| check_file(&served, file)).collect()
}

fn speaks_of_metrics(path: &str) -> bool {
    let of_rules = path.starts_with("deploy/prometheus/") || path.starts_with("deploy/alertmanager/");
    path.ends_with(".md") || of_rules || path.starts_with("dashboards/")
}

/// Every name that may be asked for, and its labels: the catalogue's, and what the rules record.
fn served(house: &[File]) -> BTreeMap<String, Labels> {
    let mut served = BTreeMap::new();
    for family in CATALOG {
        let suffixes: &[&str] = match family.kind {
            Kind::Summary => &["", "_sum", "_count"],
            Kind::Histogram => &["", "_sum", "_count", "_bucket"],
            Kind::Counter | Kind::Gauge | Kind::Info => &[""],
        };
        for suffix in suffixes {
            let le = (*suffix == "_bucket").then_some("le");
            let labels = family.labels.iter().copied().chain(le).chain(SCRAPED).map(str::to_owned).collect();
            served.insert(format!("{}{suffix}", family.name), labels);
        }
    }
    let all: Labels = served.values().flatten().cloned().chain(OF_ALERTS.map(str::to_owned)).collect();
    served.insert("ALERTS".to_owned(), all);
    for file in house.iter().filter(|file| file.path.starts_with("deploy/prometheus/")) {
        for rule in rules(&file.text) {
            let recorded = rule.lines().find_map(|line| line.trim().strip_prefix("- record: "));
            let by = expressions(rule).into_iter().flat_map(|(_, text)| promql::read(&text).groupings);
            let labels = by.filter(|grouping| grouping.word == "by").flat_map(|grouping| grouping.labels);
            served.extend(recorded.map(|name| (name.to_owned(), labels.collect())));
        }
    }
    served
}

fn labels_of(served: &BTreeMap<String, Labels>, name: &str) -> Option<Labels> {
    // Prometheus's own, and those of the library that describes the process.
    let others = name == "up" || name.starts_with("process_") || name.starts_with("scrape_");
    served.get(name).cloned().or_else(|| others.then(|| SCRAPED.map(str::to_owned).into()))
}

fn check_file(served: &BTreeMap<String, Labels>, file: &File) -> Vec<String> {
    let json = file.path.ends_with(".json");
    let texts = if json { json_texts(&file.text) } else { lines(&file.text) };
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for (line, text) in &texts {
        wrong.extend(mentioned(served, text).into_iter().map(|why| (*line, why)));
        wrong.extend(incomplete(served, text).into_iter().map(|why| (*line, why)));
    }
    let expressions = match json {
        true => texts
            .iter()
            .zip(texts.iter().skip(1))
            .filter(|((_, key), _)| key == "expr")
            .map(|(_, text)| text.clone())
            .collect(),
        false if file.path.ends_with(".md") => fenced(&file.text),
        false => expressions(&file.text),
    };
    for (line, text) in expressions {
        // What the line itself was blamed for is not said of the whole expression again.
        let whys = expressed(served, &text).into_iter().filter(|why| wrong.iter().all(|(_, said)| said != why));
        wrong.extend(whys.map(|why| (line, why)).collect::<Vec<_>>());
    }
    if !json {
        wrong.extend(templates(served, &file.text).into_iter().map(|why| (1, why)));
    }
    wrong.sort();
    wrong.dedup();
    wrong.into_iter().map(|(line, why)| format!("{}:{line}: {why}", file.path)).collect()
}

/// What any text says of metrics, wherever it stands.
fn mentioned(served: &BTreeMap<String, Labels>, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (Selector { name, labels }, behind) in promql::mentions(text, PREFIX) {
        // `hss_target_*`, or a prefix that is spoken of.
        if NO_METRICS.contains(&name.as_str()) || (name.ends_with('_') && is_prefix(served, &name)) {
            continue;
        }
        match served.get(&name) {
            None => wrong.push(format!("`{name}` is no metric of the catalogue")),
            Some(known) => {
                wrong.extend(labels.iter().filter_map(|label| unknown(label, known, &name)));
                let asked =
                    text.trim_start().starts_with("label_values(").then(|| behind.trim_start_matches([',', ' ']));
                let asked = asked.map(|asked| asked.trim_end_matches(')').to_owned());
                wrong.extend(asked.and_then(|label| unknown(&label, known, &name)));
            }
        }
    }
    wrong
}

fn is_prefix(served: &BTreeMap<String, Labels>, start: &str) -> bool {
    served.keys().any(|name| name.starts_with(start))
}

fn unknown(label: &str, known: &Labels, name: &str) -> Option<String> {
    (!known.contains(label)).then(|| format!("`{label}` is no label of `{name}`"))
}

/// A series that a rule test makes up is one that can exist: it has every label of its family.
fn incomplete(served: &BTreeMap<String, Labels>, text: &str) -> Vec<String> {
    let Some((_, series)) = text.split_once("series: '") else { return Vec::new() };
    let found = promql::mentions(series, PREFIX);
    let Some((Selector { name, labels }, _)) = found.first() else { return Vec::new() };
    let known = served.get(name).cloned().unwrap_or_default();
    let missing = known.iter().filter(|label| !SCRAPED.contains(&label.as_str()) && !labels.contains(label));
    missing.map(|label| format!("the series of `{name}` lacks the label `{label}`")).collect()
}

/// What an expression says of metrics: nothing else is asked for, and what groups or matches is there.
fn expressed(served: &BTreeMap<String, Labels>, text: &str) -> Vec<String> {
    let expression = promql::read(text);
    let mut wrong = Vec::new();
    let mut labels = Vec::new();
    for (at, metric) in &expression.metrics {
        match labels_of(served, &metric.name) {
            None => wrong.push(format!("`{}` is no metric of the catalogue", metric.name)),
            Some(known) => {
                wrong.extend(metric.labels.iter().filter_map(|label| unknown(label, &known, &metric.name)));
                labels.push((at, known));
            }
        }
    }
    for grouping in &expression.groupings {
        let of: Labels =
            labels.iter().filter(|(at, _)| grouping.of.contains(*at)).flat_map(|(_, l)| l.clone()).collect();
        let word = &grouping.word;
        let strange = grouping.labels.iter().filter(|label| !of.contains(*label));
        wrong.extend(strange.map(|label| format!("`{label}` in `{word} (..)` is no label of what it is about")));
    }
    wrong
}

/// `$labels.name` in the texts of an alert is a label that its expression leaves.
fn templates(served: &BTreeMap<String, Labels>, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for rule in rules(text) {
        let Some(alert) = rule.lines().find_map(|line| line.trim().strip_prefix("- alert: ")) else { continue };
        let read = expressions(rule).into_iter().map(|(_, text)| promql::read(&text));
        let left: Labels = read
            .flat_map(|expression| {
                let by = expression.groupings.into_iter().filter(|grouping| grouping.word == "by");
                let recorded = expression.metrics.into_iter().filter(|(_, one)| one.name.contains(':'));
                let of_recorded = recorded.flat_map(|(_, one)| served.get(&one.name).cloned().unwrap_or_default());
                by.flat_map(|grouping| grouping.labels).chain(of_recorded).collect::<Labels>()
            })
            .collect();
        for part in rule.split("$labels.").skip(1) {
            let end = part.find(|c| !promql::is_word(c)).unwrap_or(part.len());
            let label = part.get(..end).unwrap_or_default();
            if !left.contains(label) {
                wrong.push(format!("{alert}: `$labels.{label}` is no label that its expression leaves"));
            }
        }
    }
    wrong
}

/// The rules of a file, each from its name to the next.
pub(super) fn rules(text: &str) -> Vec<&str> {
    let begins = |line: &str| ["- alert: ", "- record: "].iter().any(|begin| line.trim_start().starts_with(begin));
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        starts.extend(begins(line).then_some(at));
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).collect()
}

/// The values of the keys `expr` in YAML, each with its line.
fn expressions(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    // How far in the key stands whose lines follow.
    let mut block: Option<usize> = None;
    for (index, line) in text.lines().enumerate() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if block.is_some_and(|key| indent > key || bare.is_empty()) {
            if let Some((_, text)) = found.last_mut() {
                *text += "\n";
                *text += line;
            }
            continue;
        }
        block = None;
        let Some(value) = bare.trim_start_matches("- ").strip_prefix("expr: ") else { continue };
        let folded = ["|", ">", "|-", ">-"].contains(&value);
        block = folded.then_some(indent);
        found.push((index + 1, if folded { String::new() } else { value.to_owned() }));
    }
    found
}

/// The lines of Markdown between "```promql" and "```", each an expression.
fn fenced(text: &str) -> Vec<(usize, String)> {
    let mut inside = false;
    let lines = text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.starts_with("```");
        inside = if fence { *line == "```promql" } else { inside };
        inside && !fence
    });
    lines.map(|(index, line)| (index + 1, line.to_owned())).collect()
}

/// The lines of a text; what is escaped for the sake of another language is not.
fn lines(text: &str) -> Vec<(usize, String)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line.replace("\\\"", "\""))).collect()
}

/// The texts of a JSON document, each with its line.
fn json_texts(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut chars = line.chars();
        while chars.by_ref().any(|c| c == '"') {
            let mut value = String::new();
            while let Some(c) = chars.next().filter(|c| *c != '"') {
                match if c == '\\' { chars.next() } else { None } {
                    None => value.push(c),
                    Some('n' | 't') => value.push('\n'),
                    Some(escaped) => value.push(escaped),
                }
            }
            found.push((index + 1, value));
        }
    }
    found
}
