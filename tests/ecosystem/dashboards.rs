//! The dashboards, as Grafana asks Prometheus for them.

use super::prometheus::{Prometheus, list};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// What Grafana puts in the place of its variables, with every choice at "All".
const VARIABLES: [(&str, &str); 6] = [
    ("$__rate_interval", "10s"),
    ("$__interval", "5s"),
    ("$__range", "1h"),
    ("$enterprise_project", ".*"),
    ("$project", ".*"),
    ("$account", ".*"),
];

/// What a panel shows of the past, in seconds: more than a test takes.
const STRETCH: u32 = 300;

/// A query of a dashboard.
pub(crate) struct Query {
    /// File, panel and letter.
    pub(crate) place: String,
    pub(crate) expr: String,
    /// Over a stretch of time, and not of a moment.
    range: bool,
}

impl Query {
    /// How many series it finds. What cannot be executed fails.
    pub(crate) async fn ask(&self, prometheus: &Prometheus) -> usize {
        if !self.range {
            return prometheus.query(&self.expr).await.len();
        }
        let now = prometheus.query("time()").await[0].value;
        let (start, end) = ((now - f64::from(STRETCH)).to_string(), now.to_string());
        let form = [("query", &*self.expr), ("start", &*start), ("end", &*end), ("step", "1")];
        let answer = prometheus.post("query_range", &form).await;
        let answer = answer.unwrap_or_else(|error| panic!("{}: {}\n{error}", self.place, self.expr));
        list(&answer["result"]).count()
    }
}

/// The queries of all panels, those in folded rows included.
pub(crate) fn queries() -> Vec<Query> {
    let mut queries = Vec::new();
    for (file, dashboard) in dashboards() {
        let rows = list(&dashboard["panels"]);
        let panels: Vec<&Value> = rows.flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"]))).collect();
        for (panel, target) in
            panels.iter().flat_map(|panel| list(&panel["targets"]).map(move |target| (panel, target)))
        {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let place = format!("{file}/{}/{}", text(&panel["title"]), text(&target["refId"]));
            queries.push(Query { place, expr: filled(&text(&target["expr"])), range: target["range"] == true });
        }
    }
    assert!(queries.len() > 30, "{} queries are too few to be all", queries.len());
    queries
}

/// (the file's name, the dashboard)
pub(crate) fn dashboards() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|file| file.extension().is_some_and(|end| end == "json"));
    let read = |file: std::path::PathBuf| {
        let dashboard = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        (file.file_name().unwrap().to_string_lossy().into_owned(), dashboard)
    };
    let all: Vec<_> = files.map(read).collect();
    assert!(!all.is_empty(), "there are dashboards");
    all
}

/// A query with its variables filled in.
pub(crate) fn filled(expr: &str) -> String {
    let expr = VARIABLES.iter().fold(expr.to_owned(), |expr, (name, value)| expr.replace(name, value));
    assert!(!expr.contains('$'), "a variable is left: {expr}");
    expr
}
