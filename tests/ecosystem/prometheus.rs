//! A Prometheus with the configuration and the rules of `deploy/prometheus`, in a hurry.

use super::child::Child;
use super::exporter::own_address;
use super::http;
use super::hurry::shortened;
use super::wait;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// By name. That of the metric is `__name__`.
pub(crate) type Labels = BTreeMap<String, String>;

/// A Prometheus that runs.
pub(crate) struct Prometheus {
    /// Ends with this value.
    _child: Child,
    pub(crate) address: SocketAddr,
    /// When it had scraped everybody for the first time.
    ready: Instant,
}

/// A value that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) labels: Labels,
    pub(crate) value: f64,
}

/// An alert that fires, or is about to.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) labels: Labels,
    pub(crate) annotations: Labels,
    pub(crate) state: String,
    /// Since when without a break.
    pub(crate) since: String,
}

impl Prometheus {
    /// Starts one that scrapes these exporters and tells this Alertmanager.
    pub(crate) async fn start(exporters: &[SocketAddr], alertmanager: Option<SocketAddr>, folder: &Path) -> Self {
        fs::write(folder.join("prometheus.yml"), configuration(exporters, alertmanager)).unwrap();
        fs::write(folder.join("alerts.yml"), shortened(&deployed("alerts.yml"))).unwrap();
        let mut command = Command::new("prometheus");
        command
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=prometheus")
            .arg(format!("--web.listen-address={}", own_address()))
            // Five minutes, if nothing is said.
            .arg("--query.lookback-delta=5s")
            .current_dir(folder);
        let mut child = Child::start("prometheus", &mut command, folder);
        let address = child.says("where it listens", listening).await;
        child.says("that it is ready", |words| words.contains("Server is ready").then_some(())).await;
        let prometheus = Self { _child: child, address, ready: Instant::now() };
        // It takes some seconds to find its targets, which are minutes to the rules.
        prometheus.holds(&format!("count(up{{job=\"hss-exporter\"}} == 1) == {}", exporters.len())).await;
        prometheus.is_silent(&[("alertname", "HssExporterDown")]).await;
        Self { ready: Instant::now(), ..prometheus }
    }

    /// The samples of an expression now. What cannot be executed is an error.
    pub(crate) async fn try_query(&self, expr: &str) -> Result<Vec<Sample>, String> {
        let data = self.post("query", &[("query", expr)]).await?;
        Ok(match data["resultType"].as_str() {
            Some("scalar") => vec![Sample { labels: Labels::new(), value: number(&data["result"][1])? }],
            _ => list(&data["result"])
                .map(|one| Ok(Sample { labels: labels(&one["metric"]), value: number(&one["value"][1])? }))
                .collect::<Result<_, String>>()?,
        })
    }

    /// As [`Self::try_query`], of what can be executed.
    pub(crate) async fn query(&self, expr: &str) -> Vec<Sample> {
        self.try_query(expr).await.unwrap_or_else(|error| panic!("{expr}\n{error}"))
    }

    /// Waits until an expression has at least one sample.
    pub(crate) async fn holds(&self, expr: &str) -> Vec<Sample> {
        wait::until(expr, async || {
            let samples = self.try_query(expr).await?;
            if samples.is_empty() { Err("no sample".to_owned()) } else { Ok(samples) }
        })
        .await
    }

    /// All alerts that have these labels.
    pub(crate) async fn alerts(&self, wanted: &[(&str, &str)]) -> Vec<Alert> {
        let data = self.get("alerts").await.unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let alerts = list(&data["alerts"]).map(|alert| Alert {
            labels: labels(&alert["labels"]),
            annotations: labels(&alert["annotations"]),
            state: text(&alert["state"]),
            since: text(&alert["activeAt"]),
        });
        alerts
            .filter(|alert| wanted.iter().all(|(name, value)| alert.labels.get(*name).is_some_and(|is| is == value)))
            .collect()
    }

    /// Waits until an alert with these labels fires; there must not be two.
    pub(crate) async fn fires(&self, wanted: &[(&str, &str)]) -> Alert {
        wait::until(&format!("this fires: {wanted:?}"), async || {
            let mut alerts = self.alerts(wanted).await;
            assert!(alerts.len() < 2, "one alert and not several: {alerts:#?}");
            match alerts.pop() {
                Some(alert) if alert.state == "firing" => Ok(alert),
                other => Err(format!("{other:#?}\nof all: {:#?}", self.alerts(&[]).await)),
            }
        })
        .await
    }

    /// Waits until at least one alert of this name fires.
    pub(crate) async fn some_fire(&self, name: &str) -> Vec<Alert> {
        wait::until(&format!("{name} fires"), async || {
            let (firing, others): (Vec<_>, Vec<_>) =
                self.alerts(&[("alertname", name)]).await.into_iter().partition(|alert| alert.state == "firing");
            if firing.is_empty() { Err(format!("{others:#?}")) } else { Ok(firing) }
        })
        .await
    }

    /// Waits until no alert with these labels fires or is about to.
    pub(crate) async fn is_silent(&self, wanted: &[(&str, &str)]) {
        wait::until(&format!("this is silent: {wanted:?}"), async || {
            let alerts = self.alerts(wanted).await;
            if alerts.is_empty() { Ok(()) } else { Err(format!("{alerts:#?}")) }
        })
        .await
    }

    /// The names of all alerts that have fired since everything stood, and have these labels. `matchers` as in PromQL.
    pub(crate) async fn fired(&self, matchers: &str) -> BTreeSet<String> {
        let since = self.ready.elapsed().as_millis().max(1);
        let alerts = format!("ALERTS{{alertstate=\"firing\",{matchers}}}");
        let found = self.query(&format!("count by (alertname) (count_over_time({alerts}[{since}ms]))")).await;
        found.into_iter().filter_map(|mut sample| sample.labels.remove("alertname")).collect()
    }

    /// `GET /api/v1/...`: what is in `data`.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, String> {
        let answer = http::get(self.address, &format!("/api/v1/{path}"), &[]).await;
        data(answer.map_err(|error| error.to_string())?.json()?)
    }

    /// `POST /api/v1/...` with a form: what is in `data`.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Value, String> {
        let answer = http::post(self.address, &format!("/api/v1/{path}"), form).await;
        data(answer.map_err(|error| error.to_string())?.json()?)
    }
}

/// The elements of a list.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// An object of texts.
pub(crate) fn labels(value: &Value) -> Labels {
    let pairs = value.as_object().into_iter().flatten();
    pairs.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// Where Prometheus and Alertmanager say that they listen.
pub(crate) fn listening(words: &str) -> Option<SocketAddr> {
    let line = words.lines().find(|line| line.contains("msg=\"Listening on\""))?;
    let (_, address) = line.split_once("address=")?;
    address.trim().parse().ok()
}

/// A file of `deploy/prometheus`.
#[track_caller]
pub(crate) fn deployed(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus").join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The shipped configuration, with our addresses and our pace.
fn configuration(exporters: &[SocketAddr], alertmanager: Option<SocketAddr>) -> String {
    let exporters: Vec<String> = exporters.iter().map(|address| format!("\"{address}\"")).collect();
    let alertmanager = alertmanager.map(|address| format!("\"{address}\"")).unwrap_or_default();
    let landing = exporters.first().map(|address| address.trim_matches('"').to_owned()).unwrap_or_default();
    let changes = [
        ("targets: [hss-exporter:10986]", format!("targets: [{}]", exporters.join(", "))),
        ("targets: [alertmanager:9093]", format!("targets: [{alertmanager}]")),
        ("http://localhost:10986", format!("http://{landing}")),
        // A scrape may take as long as until the next one, and half a second is not much on a busy machine.
        ("scrape_interval: 500ms", "scrape_interval: 1s".to_owned()),
    ];
    changes.iter().fold(shortened(&deployed("prometheus.yml")), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "deploy/prometheus/prometheus.yml has this once: {from}");
        text.replace(from, to)
    })
}

fn data(answer: Value) -> Result<Value, String> {
    if answer["status"] == "success" { Ok(answer["data"].clone()) } else { Err(answer["error"].to_string()) }
}

fn number(value: &Value) -> Result<f64, String> {
    value.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| format!("{value} is no number"))
}
