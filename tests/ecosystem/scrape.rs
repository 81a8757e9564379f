//! What Prometheus stores is what the exporter says: every sample of a quiet world, by each way that a page can be had.

use super::exporter::Exporter;
use super::page::{comparable, differences, samples};
use super::prometheus::{Prometheus, list};
use super::relay::relay;
use super::site::cloud;
use super::wait;
use hss_exporter::simulator::{Options, Scenario};

/// What can be asked for, and what is answered then. Of these versions of Prometheus none can be told to ask so, but newer
/// ones and others do.
const FORMATS: [(&str, &str); 4] = [
    ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
    ("text/plain;version=0.0.4;q=0.6,*/*;q=0.5", "text/plain; version=0.0.4; charset=utf-8"),
    (
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.5",
        "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    ),
    (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.5",
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_stores_every_sample_as_the_page_has_it_packed_or_plain_in_each_format() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = cloud(Options { scenario: Scenario::Quiet, ..Options::default() }).await;
    // Read once, and then not again while the test looks.
    let configuration = cloud.configuration().replace("interval: 10s", "interval: 12h");
    let exporter = Exporter::serve(&configuration, folder.path()).await;
    exporter.whole_page().await;
    // As it asks by itself, and then in every other way.
    let mut instances = vec![exporter.address];
    for (accept, content_type) in FORMATS {
        for encoding in ["gzip", "identity"] {
            let headers = [format!("Accept: {accept}"), format!("Accept-Encoding: {encoding}")];
            let headers = headers.each_ref().map(String::as_str);
            let page = exporter.get("/metrics", &headers).await;
            assert_eq!(page.header("content-type"), Some(content_type), "{accept}");
            assert_eq!(page.header("content-encoding"), (encoding == "gzip").then_some("gzip"), "{accept}");
            instances.push(relay(exporter.address, &headers).await);
        }
    }
    let prometheus = Prometheus::start(&instances, None, folder.path()).await;

    for instance in &instances {
        let labels = format!("{{job=\"hss-exporter\",instance=\"{instance}\"}}");
        wait::until(&format!("what is stored of {instance} is what is said"), async || {
            let stored = comparable(prometheus.try_query(&labels).await?);
            let said = comparable(samples(&exporter.get("/metrics", &[]).await.text()));
            assert!(said.len() > 300, "{} samples are no page", said.len());
            differences(&said, &stored)
        })
        .await;
    }
    for target in list(&prometheus.get("targets").await.unwrap()["activeTargets"]) {
        assert_eq!((&target["health"], &target["lastError"]), (&"up".into(), &"".into()), "{target}");
    }
    assert_eq!(prometheus.query("up{job=\"hss-exporter\"} == 1").await.len(), instances.len());
    // Every sample was taken: none was doubled, out of order, or over a limit.
    let all = prometheus.query("scrape_samples_scraped == scrape_samples_post_metric_relabeling").await;
    assert_eq!(all.len(), instances.len());
}
