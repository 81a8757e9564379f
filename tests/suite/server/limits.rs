//! What a client may take: time, room, connections. And what it may keep.

use super::rig::{EXPOSITION, Served, large, on, patient, snapshot};
use crate::http::{Response, exchange, get, request, rest};
use hss_exporter::server::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_connection_is_kept_for_the_next_scrape() {
    let served = Served::new().await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    for _ in 0..3 {
        assert_eq!(on(&mut stream, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await, 200);
    }
    let old = exchange(served.address, b"GET /metrics HTTP/1.0\r\n\r\n").await;
    assert_eq!(Response::parse(&old).text(), EXPOSITION);
}

#[tokio::test]
async fn a_body_is_not_waited_for() {
    let served = Served::new().await;
    let unsent = exchange(served.address, b"GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n").await;
    let answer = Response::parse(&unsent);
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    let sent = request(served.address, "POST", "/metrics", &[], b"{}").await;
    assert_eq!((sent.status, sent.header("connection")), (405, Some("close")));
}

#[tokio::test]
async fn a_huge_header_is_refused() {
    let served = Served::new().await;
    let line = format!("X-Huge: {}", "a".repeat(20_000));
    assert_eq!(get(served.address, "/metrics", &[&line]).await.status, 431);
    let lines = vec!["X-Many: a"; 100];
    assert_eq!(get(served.address, "/metrics", &lines).await.status, 431);
    let cookie = format!("Cookie: {}", "a".repeat(8_000));
    assert_eq!(get(served.address, "/metrics", &[&cookie]).await.status, 200);
}

#[tokio::test]
async fn a_header_that_comes_too_slowly_ends_the_connection() {
    let limits = Limits { header: Duration::from_millis(50), ..patient() };
    let served = Served::with(limits, EXPOSITION.into(), snapshot(Vec::new())).await;
    assert_eq!(exchange(served.address, b"").await, b"");
    assert_eq!(exchange(served.address, b"GET /metrics HTTP/1.1\r\nHost:").await, b"");
}

#[tokio::test]
async fn a_connection_that_is_silent_too_long_ends() {
    let limits = Limits { idle: Duration::from_millis(50), ..patient() };
    let served = Served::with(limits, EXPOSITION.into(), snapshot(Vec::new())).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(on(&mut stream, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await, 200);
    assert_eq!(rest(&mut stream).await, b"");
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_loses_it() {
    let limits = Limits { answer: Duration::from_millis(50), ..patient() };
    let served = Served::with(limits, large(), snapshot(Vec::new())).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    served.stop.send(()).unwrap();
    // Ends although nobody reads: drain waits for every connection, and here for ever.
    served.ended.await.unwrap();
    let mut taken = Vec::new();
    let _ = stream.read_to_end(&mut taken).await;
    assert!(taken.len() < large().len());
}

#[tokio::test]
async fn hundreds_of_silent_connections_do_not_stop_a_scrape() {
    let limits = Limits { connections: 16, ..patient() };
    let served = Served::with(limits, EXPOSITION.into(), snapshot(Vec::new())).await;
    let mut silent = Vec::new();
    for n in 0..300 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET /metrics HTTP/1.1\r\n").await.unwrap();
        }
        silent.push(stream);
        if n % 50 == 0 {
            assert_eq!(served.get("/metrics").await.status, 200);
        }
    }
    assert_eq!(served.get("/metrics").await.status, 200);
    // The oldest had to go.
    let mut one = [0];
    assert!(matches!(silent[1].read(&mut one).await, Ok(0) | Err(_)));
}
