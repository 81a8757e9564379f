//! What is sent is what was asked for: real clients' headers and queries, over a real connection.

use super::rig::{EXPOSITION, Served, gzip, patient};
use crate::exposition::world::rich;
use crate::http::{get, request};
use flate2::read::MultiGzDecoder;
use hss_exporter::metrics::{Build, Encoding, Format, Instruments, Page, SnapshotPage, Wanted};
use std::io::Read;
use std::sync::{Arc, Mutex};

const TEXT_0: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";
const OPENMETRICS_UTF_8: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
const TEXT_1_UTF_8: &str = "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
const TEXT_1_DOTS: &str = "text/plain; version=1.0.0; charset=utf-8; escaping=dots";

/// Clients, the `Accept` that they send (as their sources and recordings of their requests have it), and what they get.
const CLIENTS: &[(&str, &str, &str)] = &[
    (
        "Prometheus 1.8",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,\
         text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
        TEXT_0,
    ),
    ("Prometheus 2.2", "text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT_0),
    ("Prometheus 2.30", "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", TEXT_0),
    (
        "Prometheus 2.42",
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
         text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        OPENMETRICS,
    ),
    (
        "Prometheus 2.42 with native histograms",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,\
         application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,\
         text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        OPENMETRICS,
    ),
    (
        "Prometheus 2.53",
        "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
         text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        OPENMETRICS,
    ),
    (
        "Prometheus 3, Grafana Alloy",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
         application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
         text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        OPENMETRICS_UTF_8,
    ),
    (
        "Prometheus 3.3",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
         application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,\
         text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,\
         */*;q=0.2",
        OPENMETRICS_UTF_8,
    ),
    (
        "Prometheus 3 with native histograms",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,\
         application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
         application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
         text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        OPENMETRICS_UTF_8,
    ),
    (
        "Prometheus 3, told to take nothing but protobuf",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,*/*;q=0.5",
        TEXT_0,
    ),
    ("Prometheus 3, told PrometheusText0.0.4", "text/plain;version=0.0.4;q=0.6,*/*;q=0.5", TEXT_0),
    (
        "Prometheus 3, told PrometheusText1.0.0 first",
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,\
         application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.3",
        TEXT_1_UTF_8,
    ),
    (
        "Prometheus 3, told PrometheusText1.0.0 and metric_name_escaping_scheme: dots",
        "text/plain;version=1.0.0;escaping=dots;q=0.6,*/*;q=0.5",
        TEXT_1_DOTS,
    ),
    ("vmagent, Netdata", "text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT_0),
    ("Datadog", "text/plain", TEXT_0),
    (
        "Datadog with use_latest_spec",
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1",
        OPENMETRICS,
    ),
    (
        "Telegraf",
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,\
         text/plain;version=0.0.4;q=0.3",
        TEXT_0,
    ),
    ("Metricbeat", "application/openmetrics-text; version=1.0.0; charset=utf-8,text/plain", OPENMETRICS),
    ("curl, wget, Python's requests", "*/*", TEXT_0),
    ("a program in Java", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", TEXT_0),
    (
        "Chrome",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,\
         application/signed-exchange;v=b3;q=0.7",
        TEXT_0,
    ),
    ("Firefox", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT_0),
    ("nobody", "", TEXT_0),
    ("somebody who wants JSON", "application/json", TEXT_0),
    ("nonsense", ";q=,,=/*\";version", TEXT_0),
];

#[tokio::test]
async fn every_client_gets_the_format_that_it_likes_most_of_ours() {
    let served = Served::new().await;
    for (client, accept, content_type) in CLIENTS {
        let answer = get(served.address, "/metrics", &[&format!("Accept: {accept}")]).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(*content_type)), "{client}");
        assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"), "{client}");
        let format = match *content_type {
            TEXT_0 => Format::Text0,
            TEXT_1_UTF_8 | TEXT_1_DOTS => Format::Text1,
            _ => Format::OpenMetrics,
        };
        assert_eq!(served.asked(), Wanted { format, encoding: Encoding::Identity, names: Vec::new() }, "{client}");
    }
    let silent = served.get("/metrics").await;
    assert_eq!(silent.header("content-type"), Some(TEXT_0));
}

#[tokio::test]
async fn formats_encodings_and_names_are_asked_for_together() {
    let served = Served::new().await;
    let headers = ["Accept: text/plain;q=0.1", "Accept: application/openmetrics-text", "Accept-Encoding: gzip"];
    let path = "/metrics?name[]=hss_target_up&x=1&name%5B%5D=a+b";
    let whole = get(served.address, path, &headers).await;
    assert_eq!((whole.status, whole.header("content-type")), (200, Some(OPENMETRICS)));
    assert_eq!(
        (whole.header("content-encoding"), whole.body.as_slice()),
        (Some("gzip"), &*gzip(EXPOSITION.as_bytes()))
    );
    let names = ["hss_target_up", "a b"].map(str::to_owned).to_vec();
    let wanted = Wanted { format: Format::OpenMetrics, encoding: Encoding::Gzip, names };
    assert_eq!(served.asked(), wanted);

    let head = request(served.address, "HEAD", path, &headers, b"").await;
    assert_eq!((served.asked(), head.body.len()), (wanted, 0));
    for name in ["content-type", "content-encoding", "content-length", "vary"] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

#[tokio::test]
async fn too_many_names_are_refused_with_the_number() {
    let served = Served::new().await;
    let path = |names: usize| format!("/metrics?{}", vec!["name[]=a"; names].join("&"));
    assert_eq!(served.get(&path(256)).await.status, 200);
    assert_eq!(served.asked().names.len(), 256);
    let refused = served.get(&path(257)).await;
    let sentence = "more than 256 times name[]; ask for fewer families, or for all of them\n";
    assert_eq!((refused.status, refused.text()), (400, sentence));
    assert_eq!(served.get(&path(257).replace("/metrics", "/")).await.status, 200, "elsewhere it means nothing");
}

const WHOLE: &str = "/metrics";
const SOME: &str = "/metrics?name[]=hss_exporter_targets&name[]=hss_target_up&name[]=hss_nobody";
const PATHS: [&str; 3] = [WHOLE, SOME, "/metrics?name[]=hss_nobody"];

#[tokio::test]
async fn every_byte_of_a_page_arrives_and_its_length_before_it() {
    let instruments = Instruments::new(["lab", "prod"], Build { version: "1", revision: "2", rustversion: "3" });
    let page = SnapshotPage::render(&rich());
    let made: Arc<Mutex<Option<Page>>> = Arc::default();
    let note = Arc::clone(&made);
    let exposition = move |wanted: &Wanted| {
        let page = page.compose(&instruments, wanted);
        *note.lock().unwrap() = Some(page.clone());
        page
    };
    let served = Served::showing(exposition, patient(), rich()).await;
    for accept in ["text/plain", "text/plain;version=1.0.0", "application/openmetrics-text"] {
        let end = if accept.starts_with("application/") { "# EOF\n" } else { "" };
        for (encoding, path) in ["identity", "gzip"].iter().flat_map(|encoding| PATHS.map(|path| (encoding, path))) {
            let what = format!("{path}, {accept}, {encoding}");
            let headers = [format!("Accept: {accept}"), format!("Accept-Encoding: {encoding}")];
            let headers = headers.each_ref().map(String::as_str);
            let answer = get(served.address, path, &headers).await;
            let made = made.lock().unwrap().take().unwrap().to_vec();
            assert!(answer.body == made, "{what}: {} and {} bytes", answer.body.len(), made.len());
            assert_eq!(answer.header("content-length"), Some(made.len().to_string().as_str()), "{what}");
            let mut text = String::new();
            match answer.header("content-encoding") {
                None => text.push_str(answer.text()),
                _ => drop(MultiGzDecoder::new(&*answer.body).read_to_string(&mut text).unwrap()),
            }
            let families: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
            match path {
                WHOLE => assert!(families.len() > 50, "{what}: {families:?}"),
                SOME => assert_eq!(families, ["hss_target_up gauge", "hss_exporter_targets gauge"], "{what}"),
                _ => assert_eq!((answer.status, text.as_str()), (200, end), "{what}"),
            }
            assert!(text.ends_with(end), "{what}");

            let head = request(served.address, "HEAD", path, &headers, b"").await;
            assert_eq!((head.status, head.body.len()), (200, 0), "{what}");
            for name in ["content-type", "content-encoding", "vary"] {
                assert_eq!(head.header(name), answer.header(name), "{what}: {name}");
            }
        }
    }
}
