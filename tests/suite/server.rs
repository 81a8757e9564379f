//! What answers over HTTP, and for how long: a server on loopback, with a snapshot made by hand.

#![cfg(test)]

/// Nobody is cut short when the server stops.
mod drain;
/// What a person reads.
mod landing;
/// What a client may take.
mod limits;
/// What is sent is what was asked for.
mod negotiation;
/// The server under test.
mod rig;

use crate::http::{Response, get, request};
use bytes::Bytes;
use flate2::read::GzDecoder;
use hss_exporter::config::ListenAddress;
use hss_exporter::server::{State, ask_health, bind, serve};
use rig::{EXPOSITION, NOW, Served, loopback, patient, snapshot};
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::watch;

#[tokio::test]
async fn prometheus_gets_the_exposition_as_it_is() {
    let served = Served::new().await;
    let answer = served.get("/metrics?debug=1").await;
    assert_eq!((answer.status, answer.text()), (200, EXPOSITION));
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.header("content-length"), Some(EXPOSITION.len().to_string().as_str()));
}

#[tokio::test]
async fn gzip_unpacks_to_the_same_exposition() {
    let served = Served::new().await;
    for accept in ["gzip", "deflate, gzip;q=0.5", "identity;q=0, *;q=1"] {
        let answer = get(served.address, "/metrics", &[&format!("Accept-Encoding: {accept}")]).await;
        assert_eq!(answer.header("content-encoding"), Some("gzip"), "{accept}");
        assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
        let mut text = String::new();
        GzDecoder::new(answer.body.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(text, EXPOSITION);
    }
    for refusal in ["gzip;q=0", "*;q=0", "identity;q=0", "br"] {
        let answer = get(served.address, "/metrics", &[&format!("Accept-Encoding: {refusal}")]).await;
        assert_eq!((answer.status, answer.text()), (200, EXPOSITION), "{refusal}");
    }
}

#[tokio::test]
async fn head_gets_the_headers_of_get_and_no_body() {
    let served = Served::new().await;
    for path in ["/metrics", "/", "/-/healthy", "/-/ready", "/no"] {
        let whole = served.get(path).await;
        let head = request(served.address, "HEAD", path, &[], b"").await;
        assert_eq!((head.status, head.body.len()), (whole.status, 0), "{path}");
        let without_date = |answer: Response| {
            let mut headers = answer.headers;
            headers.retain(|(name, _)| name != "date");
            headers
        };
        assert_eq!(without_date(head), without_date(whole), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_path_or_method_is_told_so() {
    let served = Served::new().await;
    let missing = served.get("/metrics/").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("/metrics and /-/healthy and /-/ready"), "{}", missing.text());
    assert_eq!(missing.header("content-type"), Some("text/plain; charset=utf-8"));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let answer = request(served.address, method, "/metrics", &[], b"").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    assert_eq!(request(served.address, "POST", "/no", &[], b"").await.status, 404);
}

#[tokio::test]
async fn health_and_readiness_follow_the_app() {
    let served = Served::new().await;
    let url = format!("http://{}", served.address);
    let ready = served.get("/-/ready").await;
    assert_eq!(
        (ready.status, ready.text()),
        (503, "hss-exporter is not ready: the first refresh has not ended yet.\n")
    );
    assert_eq!(served.get("/metrics").await.status, 200);
    served.ready.store(true, Ordering::SeqCst);
    assert_eq!(served.get("/-/ready").await.status, 200);

    assert_eq!(served.get("/-/healthy").await.text(), "hss-exporter is healthy.\n");
    assert_eq!(ask_health(&url).await, Ok(()));
    served.healthy.store(false, Ordering::SeqCst);
    assert_eq!(served.get("/-/healthy").await.status, 503);
    let refusal = ask_health(&url).await.unwrap_err();
    assert!(refusal.starts_with(&format!("{url} answers 503: hss-exporter is not healthy")), "{refusal}");

    served.stop.send(()).unwrap();
    served.ended.await.unwrap();
    let unreachable = ask_health(&url).await.unwrap_err();
    assert!(unreachable.starts_with(&format!("cannot ask {url}: ")), "{unreachable}");
}

#[tokio::test]
async fn every_address_is_served() {
    let listeners = bind(&[loopback(), loopback(), ListenAddress { host: None, port: 0 }]).await.unwrap();
    let ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
    let state = State {
        version: "1.2.3",
        telemetry_path: "/hss/metrics".to_owned(),
        snapshot: watch::channel(Arc::new(snapshot(Vec::new()))).1,
        exposition: Arc::new(|_| Bytes::from(EXPOSITION).into()),
        healthy: Arc::new(|| true),
        ready: Arc::new(|| true),
        clock: Arc::new(|| NOW),
    };
    tokio::spawn(serve(listeners, state, patient(), std::future::pending()));
    for port in ports {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(get(address, "/hss/metrics", &[]).await.text(), EXPOSITION);
        assert_eq!(get(address, "/metrics", &[]).await.status, 404);
    }
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let wanted = ListenAddress { host: Some("127.0.0.1".to_owned()), port };
    let error = bind(&[loopback(), wanted]).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on 127.0.0.1:{port}: Address")), "{error}");
    assert!(error.ends_with("choose another port"), "{error}");

    let held = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let error = bind(&[ListenAddress { host: None, port }]).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on :{port}: Address")), "{error}");
}

#[tokio::test]
async fn a_page_that_breaks_does_not_break_the_next() {
    let served = Served::new().await;
    served.broken.store(true, Ordering::SeqCst);
    let answer = served.get("/metrics").await;
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("could not be made"), "{}", answer.text());
    served.broken.store(false, Ordering::SeqCst);
    assert_eq!(served.get("/metrics").await.text(), EXPOSITION);
}
