//! The same small house, with things said of metrics and alerts that are not so.

use super::planted::{check, check_in_order};

const RULES: &str = "deploy/prometheus/rules.yml";

fn rule(expression: &str) -> String {
    format!("groups:\n  - rules:\n      - record: a:hss_tasks:max\n        expr: |\n          {expression}\n")
}

#[test]
fn a_metric_that_nobody_serves_is_caught_wherever_it_is_named() {
    let expected = "`hss_taskz` is no metric of the catalogue";
    check("docs/more.md", "See `hss_taskz`.\n", "docs/more.md:1: `hss_taskz` is no metric of the catalogue");
    check("README.md", "```promql\nmax(hss_taskz)\n```\n", expected);
    check("dashboards/all.json", "{ \"expr\": \"max(hss_taskz)\" }\n", expected);
    check(RULES, &rule("max by (account) (hss_taskz)").replace("max by (account) ", ""), expected);
    check("deploy/prometheus/rules.test.yml", "  - { series: 'hss_taskz{a=\"b\"}', values: '1' }\n", expected);
    check("docs/more.md", "hss_taskz_*, hss_target_*\n", "`hss_taskz_` is no metric");
}

#[test]
fn a_metric_of_nobody_in_an_expression_is_caught() {
    check(RULES, &rule("max(hs_tasks)"), "`hs_tasks` is no metric of the catalogue");
    check("docs/more.md", "```promql\nhs_tasks > 1\n```\n", "docs/more.md:2: `hs_tasks` is no metric");
}

#[test]
fn a_label_that_a_metric_does_not_have_is_caught() {
    let expected = "`task_id` is no label of `hss_tasks`";
    check("docs/more.md", "`hss_tasks{status=\"ready\", task_id=\"1\"}`\n", expected);
    check(RULES, &rule("hss_tasks{task_id=~\".*}.*\"} > 1"), expected);
    check("dashboards/all.json", "{ \"query\": \"hss_tasks{task_id=\\\"1\\\"}\" }\n", expected);
    check("dashboards/all.json", "{ \"query\": \"label_values(hss_tasks{status=\\\"a\\\"}, task_id)\" }\n", expected);
    let expected = "`task_id` in `by (..)` is no label of what it is about";
    check(RULES, &rule("max by (account, task_id) (hss_tasks) + on (account) hss_task_info"), expected);
    check(RULES, &rule("max(hss_tasks) by (account, task_id) + on (account) hss_task_info"), expected);
    check(RULES, &rule("hss_tasks + on (account, scan) hss_tasks"), "`scan` in `on (..)` is no label");
    check(RULES, &rule("max by (le) (hss_exporter_api_request_duration_seconds_sum)"), "`le` in `by (..)`");
}

#[test]
fn a_series_that_cannot_exist_is_caught() {
    let text =
        "  - { series: 'hss_exporter_tasks_withheld{account=\"a\",project=\"b\",instance=\"c\"}', values: '1' }\n";
    check("deploy/prometheus/rules.test.yml", text, "lacks the label `enterprise_project`");
}

#[test]
fn a_label_that_an_alert_does_not_have_is_caught_in_its_text() {
    let text =
        "- alert: A\n  expr: max by (account) (hss_tasks) > 1\n  annotations:\n    summary: '{{ $labels.project }}'\n";
    check(RULES, text, "A: `$labels.project` is no label that its expression leaves");
}

#[test]
fn what_is_said_rightly_is_left_in_peace() {
    check_in_order(
        "docs/more.md",
        "`hss_target_*`, the crate hss_exporter, `hss_tasks{job=\"x\"}`, hss_task_duration_seconds_sum\n",
    );
    check_in_order(
        RULES,
        &rule("max by (account) (up{job=\"a\"} and on (instance) hss_tasks) or ALERTS{alertname=\"A\"}"),
    );
    check_in_order(
        RULES,
        &rule("histogram_quantile(0.9, sum by (le, api) (rate(hss_exporter_api_request_duration_seconds_bucket[5m])))"),
    );
    check_in_order(
        "dashboards/all.json",
        "{ \"expr\": \"rate(hss_tasks_finished_total{account=~\\\"$account\\\"}[$__rate_interval])\" }\n",
    );
}

const ALERT: &str = "
      - alert: HssFirst
        expr: |
          max by (account) (hss_tasks) > 1
        labels:
          severity: info
        annotations:
          summary: a
          description: b
          runbook_url: 'c#hssfirst'
          exporter_url: d
";

#[test]
fn an_alert_without_section_case_or_link_is_caught() {
    let house = |change: &dyn Fn(&str, String) -> String| -> Vec<(&'static str, String)> {
        [
            ("deploy/prometheus/alerts.yml", ALERT.to_owned()),
            (
                "deploy/prometheus/alerts.test.yml",
                "- { eval_time: 1m, alertname: HssFirst }\n- alertname: HssFirst\n  exp_alerts:\n".to_owned(),
            ),
            ("docs/runbook.md", "## Before\n## HssFirst\n".to_owned()),
            ("docs/runbook.zh-CN.md", "## HssFirst\n".to_owned()),
            ("dashboards/all.json", "{ \"url\": \"${runbook}#hssfirst\" }\n".to_owned()),
        ]
        .map(|(path, text)| (path, change(path, text)))
        .into()
    };
    let check = |at: &str, from: &str, to: &str, expected: &str| {
        let house = house(&|path, text| if path == at { text.replace(from, to) } else { text });
        super::planted::check_all(&house, expected);
    };
    super::planted::check_all(&house(&|_, text| text), "");
    check("docs/runbook.md", "## HssFirst\n", "", "docs/runbook.md: HssFirst has no section");
    check("dashboards/all.json", "#hssfirst", "#hsslast", "dashboards/all.json:1: the runbook has no section #hsslast");
    check("docs/runbook.zh-CN.md", "## HssFirst\n", "## HssFirst\n## HssLast\n", "there is no alert HssLast");
    check(
        "deploy/prometheus/alerts.yml",
        "#hssfirst",
        "#hsslast",
        "HssFirst has no `runbook_url: ` that ends in `#hssfirst'`",
    );
    check("deploy/prometheus/alerts.yml", "severity: info", "team: a", "HssFirst has no `severity: `");
    check(
        "deploy/prometheus/alerts.test.yml",
        "- { eval_time: 1m, alertname: HssFirst }\n",
        "",
        "HssFirst stays silent",
    );
    check("deploy/prometheus/alerts.test.yml", "  exp_alerts:\n", "", "no case in which HssFirst fires");
}
