//! What Prometheus stores is what the exporter says: every sample of a quiet world, by each way that a page can be had.

use super::exporter::Exporter;
use super::prometheus::{Labels, Prometheus, Sample, list};
use super::site::cloud;
use super::wait;
use hss_exporter::simulator::{Options, Scenario};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// What is another number at every look, even where nothing moves.
const RESTLESS: [&str; 2] = ["process_", "hss_exporter_exposition_bytes"];

/// What Prometheus adds to every target.
const ITS_OWN: [&str; 2] = ["up", "scrape_"];

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_stores_every_sample_as_the_page_has_it_packed_or_plain_in_either_format() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = cloud(Options { scenario: Scenario::Quiet, ..Options::default() }).await;
    // Read once, and then not again while the test looks.
    let configuration = cloud.configuration().replace("interval: 10s", "interval: 12h");
    let exporter = Exporter::serve(&configuration, folder.path()).await;
    exporter.whole_page().await;
    let relay = plain_relay(exporter.address).await;
    let prometheus = Prometheus::start(&[exporter.address, relay], None, folder.path()).await;

    for instance in [exporter.address, relay] {
        let labels = format!("{{job=\"hss-exporter\",instance=\"{instance}\"}}");
        wait::until(&format!("what is stored of {instance} is what is said"), async || {
            let stored = comparable(prometheus.try_query(&labels).await?);
            let page = exporter.get("/metrics", &[]).await;
            assert_eq!(page.header("content-encoding"), None);
            let packed = exporter.get("/metrics", &["Accept-Encoding: gzip"]).await;
            assert_eq!(packed.header("content-encoding"), Some("gzip"));
            let [said, packed] = [page, packed].map(|page| comparable(samples(&page.text())));
            assert!(said.len() > 300, "{} samples are no page", said.len());
            differences(&said, &packed)?;
            differences(&said, &stored)
        })
        .await;
    }
    for target in list(&prometheus.get("targets").await.unwrap()["activeTargets"]) {
        assert_eq!((&target["health"], &target["lastError"]), (&"up".into(), &"".into()), "{target}");
    }
    assert_eq!(prometheus.query("up{job=\"hss-exporter\"} == 1").await.len(), 2);
    // Every sample was taken: none was doubled, out of order, or over a limit.
    let all = prometheus.query("scrape_samples_scraped == scrape_samples_post_metric_relabeling").await;
    assert_eq!(all.len(), 2);
}

/// What can be compared of samples, in order.
fn comparable(samples: Vec<Sample>) -> Vec<(Labels, f64)> {
    let mut samples: Vec<(Labels, f64)> = samples
        .into_iter()
        .filter(|sample| {
            let name = sample.labels.get("__name__").map(String::as_str).unwrap_or_default();
            !RESTLESS.iter().chain(&ITS_OWN).any(|prefix| name.starts_with(prefix))
        })
        .map(|Sample { mut labels, value }| {
            labels.retain(|name, value| name != "job" && name != "instance" && !value.is_empty());
            (labels, value)
        })
        .collect();
    samples.sort_by(|a, b| a.0.cmp(&b.0));
    samples
}

fn differences(said: &[(Labels, f64)], stored: &[(Labels, f64)]) -> Result<(), String> {
    let only = |here: &[(Labels, f64)], there: &[(Labels, f64)]| -> Vec<String> {
        here.iter().filter(|one| !there.contains(one)).map(|one| format!("{one:?}")).collect()
    };
    let (missing, extra) = (only(said, stored), only(stored, said));
    if said == stored {
        Ok(())
    } else {
        Err(format!("missing:\n{}\ntoo much:\n{}", missing.join("\n"), extra.join("\n")))
    }
}

/// The samples of a page in the text format.
fn samples(page: &str) -> Vec<Sample> {
    page.lines().filter(|line| !line.starts_with('#')).map(sample).collect()
}

/// `name{label="value",...} number`
fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, inside) = series.split_once('{').unwrap_or((series, "}"));
    let mut labels = Labels::from([("__name__".to_owned(), name.to_owned())]);
    let mut rest = inside.strip_suffix('}').unwrap();
    while let Some((label, after)) = rest.split_once("=\"") {
        let mut value = String::new();
        let mut chars = after.char_indices();
        let end = loop {
            match chars.next().unwrap() {
                (end, '"') => break end,
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    other => other,
                }),
                (_, other) => value.push(other),
            }
        };
        labels.insert(label.to_owned(), value);
        rest = after[end + 1..].trim_start_matches(',');
    }
    Sample { labels, value: value.parse().unwrap() }
}

/// A way to the exporter on which nothing is packed and nothing but the oldest text format is asked for: Prometheus cannot
/// be told to ask so, but others do.
async fn plain_relay(exporter: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((scraper, _)) = listener.accept().await {
            tokio::spawn(relay(scraper, exporter));
        }
    });
    address
}

/// Hands on the first request of a connection without what it says of formats and encodings, and lets it be the last.
async fn relay(mut scraper: TcpStream, exporter: SocketAddr) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(scraper.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let said = |line: &&str| !["accept", "connection"].iter().any(|name| line.to_ascii_lowercase().starts_with(name));
    let lines: Vec<&str> = head.trim_end().lines().filter(said).collect();
    let mut stream = TcpStream::connect(exporter).await?;
    stream.write_all(format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n")).as_bytes()).await?;
    copy_bidirectional(&mut scraper, &mut stream).await?;
    Ok(())
}
