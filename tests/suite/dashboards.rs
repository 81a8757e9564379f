//! The dashboards are whole: what Grafana would show without a word, twice, or not at all is found here.
//!
//! Whether the metrics and labels in their queries exist is not asked here.
#![cfg(test)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The version of the dashboard model that Grafana 10.0 writes; later ones bring it up to their own.
const SCHEMA_VERSION: i64 = 38;
/// The grid is so many columns wide.
const COLUMNS: i64 = 24;
const DATA_SOURCE: &str = r#"{"type":"prometheus","uid":"${datasource}"}"#;

/// All that is wrong with a dashboard.
fn complaints(dashboard: &Value) -> Vec<String> {
    let panels: Vec<&Value> = list(dashboard, "/panels").collect();
    let shown = || panels.iter().copied().filter(|panel| text(panel, "/type") != "row");
    let mut all = heading(dashboard);
    all.extend(twice(panels.iter().map(|panel| panel["id"].to_string()), "panels have the id"));
    all.extend(twice(panels.iter().map(|panel| text(panel, "/title").to_owned()), "panels have the title"));
    all.extend(overlaps(&panels));
    all.extend(variables(dashboard));
    all.extend(list(dashboard, "/templating/list").filter(|one| one["type"] == "query").flat_map(data_source));
    for panel in shown() {
        let title = text(panel, "/title");
        let found = [words(panel), queries(panel), data_source(panel), fields(panel)].concat();
        all.extend(found.into_iter().map(|complaint| format!("{title}: {complaint}")));
    }
    all
}

/// What Grafana needs to find a dashboard again, and to show it as it was meant.
fn heading(dashboard: &Value) -> Vec<String> {
    let said = ["/uid", "/title", "/description", "/refresh", "/time/from", "/time/to"];
    let mut wrong: Vec<String> = said
        .iter()
        .filter(|place| text(dashboard, place).is_empty())
        .map(|place| format!("{place} is missing"))
        .collect();
    if dashboard["schemaVersion"] != SCHEMA_VERSION {
        wrong.push(format!("schemaVersion is not {SCHEMA_VERSION}: some Grafana would not take it"));
    }
    if list(dashboard, "/tags").count() == 0 {
        wrong.push("/tags are missing".to_owned());
    }
    // Grafana gives an id of its own; one that comes along belongs to another dashboard there.
    if dashboard.get("id").is_some_and(|id| !id.is_null()) {
        wrong.push("it has an id of somebody's Grafana".to_owned());
    }
    wrong
}

/// What a panel says, and what it says when there is nothing to show.
fn words(panel: &Value) -> Vec<String> {
    let said =
        ["/title", "/description", "/fieldConfig/defaults/unit", "/fieldConfig/defaults/noValue", "/pluginVersion"];
    said.iter().filter(|place| text(panel, place).is_empty()).map(|place| format!("{place} is missing")).collect()
}

fn queries(panel: &Value) -> Vec<String> {
    let targets: Vec<&Value> = list(panel, "/targets").collect();
    let mut wrong = twice(targets.iter().map(|target| text(target, "/refId").to_owned()), "queries are called");
    if targets.is_empty() {
        wrong.push("it has no query".to_owned());
    }
    for target in targets {
        let query = text(target, "/expr");
        if query.trim().is_empty() {
            wrong.push(format!("query {} is empty", target["refId"]));
        }
        if ["instance", "job", "pod"].iter().any(|label| words_of(query).any(|word| word == *label)) {
            wrong.push(format!("query {} names who was scraped: a restart would show twice", target["refId"]));
        }
        if target["instant"] == target["range"] {
            wrong.push(format!("query {} is to be either instant or over a range", target["refId"]));
        }
        let is_table = text(panel, "/type") == "table";
        if is_table != (text(target, "/format") == "table") {
            wrong.push(format!("query {} has not the format of its panel", target["refId"]));
        }
        if text(panel, "/type") == "timeseries" && text(target, "/legendFormat").is_empty() {
            wrong.push(format!("query {} has no legend", target["refId"]));
        }
        wrong.extend(data_source(target));
    }
    wrong
}

/// The data source is the one that was chosen on the page.
fn data_source(of: &Value) -> Vec<String> {
    let named = of.get("datasource").map(Value::to_string).unwrap_or_default();
    if named == DATA_SOURCE { Vec::new() } else { vec![format!("the data source is hard-wired: {named}")] }
}

/// What is said of single fields is said of fields that there are.
fn fields(panel: &Value) -> Vec<String> {
    let legends = list(panel, "/targets").map(|target| text(target, "/legendFormat").to_owned());
    let renamed = list(panel, "/transformations").filter_map(|step| step.pointer("/options/renameByName")?.as_object());
    let columns = renamed.flat_map(|names| names.values()).filter_map(Value::as_str).map(str::to_owned);
    let mut known: BTreeSet<String> = legends.chain(columns).collect();
    // What stands for a label can become anything.
    let open = known.iter().any(|name| name.contains("{{"));
    known.remove("");
    let overridden = list(panel, "/fieldConfig/overrides").filter(|one| one["matcher"]["id"] == "byName");
    let named = overridden.map(|one| text(one, "/matcher/options"));
    let sorted = list(panel, "/options/sortBy").map(|one| text(one, "/displayName"));
    let unknown = named.chain(sorted).filter(|name| !open && !known.contains(*name));
    unknown.map(|name| format!("there is no field `{name}`")).collect()
}

/// Panels lie side by side.
fn overlaps(panels: &[&Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, panel) in panels.iter().enumerate() {
        let [x, y, w, h] = place(panel);
        if x < 0 || y < 0 || w < 1 || h < 1 || x + w > COLUMNS {
            wrong.push(format!("{} lies outside of the grid", panel["title"]));
        }
        for other in panels.iter().skip(index + 1) {
            let [ox, oy, ow, oh] = place(other);
            if x < ox + ow && ox < x + w && y < oy + oh && oy < y + h {
                wrong.push(format!("{} lies upon {}", other["title"], panel["title"]));
            }
        }
    }
    wrong
}

/// Variables that are used exist, and the other way round.
fn variables(dashboard: &Value) -> Vec<String> {
    let defined: Vec<&str> = list(dashboard, "/templating/list").map(|variable| text(variable, "/name")).collect();
    let mut used = BTreeSet::new();
    each_text(dashboard, &mut |text| used.extend(used_in(text)));
    let unknown = used.iter().filter(|name| !defined.contains(&name.as_str()));
    let unknown = unknown.map(|name| format!("there is no variable `{name}`"));
    let idle = defined.iter().filter(|name| !used.contains(**name));
    let idle = idle.map(|name| format!("nothing uses the variable `{name}`"));
    let twice = twice(defined.iter().map(|name| (*name).to_owned()), "variables are called");
    unknown.chain(idle).chain(twice).collect()
}

/// `$name`, `${name}` and `${name:format}`, but for Grafana's own, which begin with two underscores.
fn used_in(text: &str) -> Vec<String> {
    let after = text.split('$').skip(1).map(|rest| rest.strip_prefix('{').unwrap_or(rest));
    let names = after.filter_map(|rest| words_of(rest).next().filter(|name| rest.starts_with(name)));
    names.filter(|name| !name.starts_with("__")).map(str::to_owned).collect()
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn twice(all: impl Iterator<Item = String>, what: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    all.filter(|one| !seen.insert(one.clone())).map(|one| format!("two {what} {one}")).collect()
}

fn each_text(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, visit)),
        Value::Object(fields) => fields.values().for_each(|field| each_text(field, visit)),
        _ => {}
    }
}

fn place(panel: &Value) -> [i64; 4] {
    ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_i64().unwrap_or(-1))
}

fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// (name of the file, its text) of every dashboard.
fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let dashboards = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    dashboards
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
        .collect()
}

fn overview() -> Value {
    let (_, text) = files().into_iter().find(|(name, _)| name == "hss-scan-overview.json").unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_panel_is_whole_and_in_its_place() {
    for (name, source) in files() {
        let dashboard: Value = serde_json::from_str(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
        let complaints = complaints(&dashboard);
        assert!(complaints.is_empty(), "\n\n{name}:\n{}\n", complaints.join("\n"));
        assert_eq!(text(&dashboard, "/uid"), name.trim_end_matches(".json"), "a dashboard is found by its file's name");
    }
}

#[test]
fn a_target_is_chosen_step_by_step_or_all_are_shown() {
    let dashboard = overview();
    let chosen: Vec<(&str, &str)> = list(&dashboard, "/templating/list")
        .filter(|variable| variable["type"] == "query")
        .inspect(|variable| assert_eq!((&variable["multi"], &variable["includeAll"]), (&true.into(), &true.into())))
        .map(|variable| (text(variable, "/name"), text(variable, "/query/query")))
        .collect();
    let expected = [
        ("account", "label_values(hss_target_info, account)"),
        ("project", r#"label_values(hss_target_info{account=~"$account"}, project)"#),
        (
            "enterprise_project",
            r#"label_values(hss_target_info{account=~"$account", project=~"$project"}, enterprise_project)"#,
        ),
    ];
    assert_eq!(chosen, expected);
}

#[test]
fn a_dashboard_can_be_read_as_a_file() {
    for (name, text) in files() {
        assert!(text.ends_with("}\n"), "{name}: the last line ends");
        for (index, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start_matches(' ').len();
            let tidy = indent % 2 == 0 && !line.contains('\t') && line == line.trim_end();
            assert!(tidy, "{name}:{}: indent by two spaces", index + 1);
        }
    }
}

#[test]
fn every_link_into_the_runbook_leads_to_a_section() {
    let runbook = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/runbook.md");
    let runbook = fs::read_to_string(runbook).unwrap();
    let sections: BTreeSet<String> =
        runbook.lines().filter_map(|line| Some(line.strip_prefix("## ")?.trim().to_lowercase())).collect();
    let mut dead = Vec::new();
    for (name, source) in files() {
        each_text(&serde_json::from_str(&source).unwrap(), &mut |text| {
            let section = text.strip_prefix("${runbook:raw}#");
            dead.extend(section.filter(|it| !sections.contains(*it)).map(|it| format!("{name}: {it}")));
        });
    }
    assert!(dead.is_empty(), "no such sections: {dead:?}");
}

/// Breaks one thing in the dashboard, and expects to be told.
#[track_caller]
fn check(pointer: &str, broken: Value, expected: &str) {
    let mut dashboard = overview();
    *dashboard.pointer_mut(pointer).unwrap() = broken;
    let complaints = complaints(&dashboard);
    assert!(complaints.iter().any(|complaint| complaint.contains(expected)), "{expected:?} is not in {complaints:?}");
}

#[test]
fn whatever_is_wrong_with_a_dashboard_is_told() {
    check("/uid", "".into(), "/uid is missing");
    check("/schemaVersion", 99.into(), "schemaVersion is not 38");
    check("/panels/1/id", 1.into(), "two panels have the id 1");
    check("/panels/1/description", "".into(), "/description is missing");
    check("/panels/1/fieldConfig/defaults/unit", Value::Null, "/unit is missing");
    check("/panels/1/fieldConfig/defaults/noValue", Value::Null, "/noValue is missing");
    check("/panels/1/datasource/uid", "P1234".into(), "the data source is hard-wired");
    check("/panels/1/targets/0/datasource/uid", "P1234".into(), "the data source is hard-wired");
    check("/templating/list/1/datasource/uid", "P1234".into(), "the data source is hard-wired");
    check("/panels/1/targets", Value::Array(Vec::new()), "it has no query");
    check("/panels/1/targets/0/expr", " ".into(), "query \"A\" is empty");
    check("/panels/1/targets/0/expr", "max by (instance) (up)".into(), "names who was scraped");
    check("/panels/1/targets/0/expr", "max(up{zone=\"$zone\"})".into(), "there is no variable `zone`");
    check("/panels/1/targets/0/range", true.into(), "either instant or over a range");
    check("/panels/1/gridPos/w", 5.into(), "lies upon");
    check("/panels/1/gridPos/x", 23.into(), "outside of the grid");
    check("/templating/list/1/name", "client".into(), "nothing uses the variable `client`");
    check("/panels/10/options/sortBy/0/displayName", "Age".into(), "there is no field `Age`");
}
