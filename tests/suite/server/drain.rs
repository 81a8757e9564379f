//! Nobody is cut short when the server stops, and nobody keeps it from stopping.

use super::rig::{EXPOSITION, Served, large, on, patient, snapshot};
use crate::http::{Response, rest};
use hss_exporter::server::Limits;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[tokio::test]
async fn requests_in_flight_end_whole_when_the_server_stops() {
    let served = Served::with(patient(), large(), snapshot(Vec::new())).await;
    let mut taking = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        taking.push(stream);
    }
    // One has been answered and is silent, one has sent half its request, one has sent nothing.
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    assert_eq!(on(&mut idle, "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").await, 200);
    let mut half = TcpStream::connect(served.address).await.unwrap();
    half.write_all(b"GET /-/ready HTTP/1.1\r\n").await.unwrap();
    let mut fresh = TcpStream::connect(served.address).await.unwrap();
    served.ready.store(true, Ordering::SeqCst);
    assert_eq!(served.get("/-/ready").await.status, 200);

    served.stop.send(()).unwrap();
    assert_eq!(rest(&mut idle).await, b"");
    half.write_all(b"Host: x\r\n\r\n").await.unwrap();
    let half = Response::parse(&rest(&mut half).await);
    assert_eq!((half.status, half.header("connection")), (503, Some("close")));
    assert!(half.text().contains("shutting down"), "{}", half.text());
    assert!(TcpStream::connect(served.address).await.is_err());
    fresh.write_all(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert_eq!(Response::parse(&rest(&mut fresh).await).status, 200);
    for mut stream in taking {
        let answer = Response::parse(&rest(&mut stream).await);
        assert_eq!((answer.status, answer.body.len()), (200, large().len()));
    }
    served.ended.await.unwrap();
}

/// Scrapes one after the other, until the server has gone. Answers how many answers came whole, and fails on any other.
async fn scrape_until_gone(address: SocketAddr, scraped: watch::Sender<u64>) -> u64 {
    loop {
        let Ok(mut stream) = TcpStream::connect(address).await else { break };
        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
        let mut bytes = Vec::new();
        // A connection that the system made, and that nobody accepted before the door closed, ends without a byte.
        if stream.read_to_end(&mut bytes).await.is_err() && bytes.is_empty() {
            break;
        }
        assert_eq!(Response::parse(&bytes).text(), EXPOSITION);
        scraped.send_modify(|n| *n += 1);
    }
    *scraped.borrow()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_cut_when_the_server_stops_under_load() {
    let served = Served::new().await;
    let (scraped, mut count) = watch::channel(0);
    let clients: Vec<JoinHandle<u64>> =
        (0..16).map(|_| tokio::spawn(scrape_until_gone(served.address, scraped.clone()))).collect();
    count.wait_for(|n| *n >= 200).await.unwrap();
    served.stop.send(()).unwrap();
    served.ended.await.unwrap();
    for client in clients {
        assert!(client.await.unwrap() >= 200);
    }
}

#[tokio::test]
async fn a_new_connection_that_asks_for_nothing_does_not_hold_the_shutdown() {
    let limits = Limits { first_byte: Duration::from_millis(50), ..patient() };
    let served = Served::with(limits, EXPOSITION.into(), snapshot(Vec::new())).await;
    let mut fresh = TcpStream::connect(served.address).await.unwrap();
    served.stop.send(()).unwrap();
    served.ended.await.unwrap();
    assert_eq!(rest(&mut fresh).await, b"");
}

#[tokio::test]
async fn a_drain_ends_in_time() {
    let limits = Limits { drain: Duration::from_millis(50), ..patient() };
    let served = Served::with(limits, large(), snapshot(Vec::new())).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let first = stream.read_u8().await.unwrap();
    assert_eq!(first, b'H');
    served.stop.send(()).unwrap();
    served.ended.await.unwrap();
}
