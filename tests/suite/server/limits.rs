//! What a client may take: time, room, connections. And what it may keep.

use super::rig::{EXPOSITION, Served, large, on, patient, snapshot};
use crate::http::{Response, exchange, get, request, rest};
use hss_exporter::server::Limits;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// What Prometheus gives a scrape unless configured otherwise.
const SCRAPE_TIMEOUT: Duration = Duration::from_secs(10);

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

/// Asks for the large page many times over, and takes nothing.
async fn take_nothing(from: Ipv4Addr, server: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind((from, 0).into()).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    // The server may have closed it already, for the next one.
    let _ = stream.write_all(&b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20)).await;
    stream
}

async fn check_flood(connections: u32, addresses: u32) {
    let limits = Limits { connections: 32, ..patient() };
    // More than the sockets of a client that takes nothing hold.
    let page = vec![b'#'; 8 * 1024 * 1024];
    let served = Served::with(limits, page.clone().into(), snapshot(Vec::new())).await;
    let healthy = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 1, 1), 0).into()).unwrap();
    let mut kept = socket.connect(served.address).await.unwrap();
    assert_eq!(on(&mut kept, healthy).await, 200);
    let mut hostile = Vec::new();
    for n in 0..connections {
        let from = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + n % addresses);
        let connected = timeout(SCRAPE_TIMEOUT, take_nothing(from, served.address)).await;
        hostile.push(connected.expect("the server accepts connections"));
        if (n + 1) % (connections / 2) == 0 {
            let scraped = timeout(SCRAPE_TIMEOUT, served.get("/metrics")).await.expect("a scrape is answered in time");
            assert_eq!((scraped.status, scraped.body.len()), (200, page.len()));
        }
    }
    assert_eq!(on(&mut kept, healthy).await, 200, "who holds one connection keeps it");
}

#[tokio::test]
async fn connections_of_one_address_that_take_nothing_do_not_stop_a_scrape() {
    check_flood(700, 1).await;
}

#[tokio::test]
async fn connections_of_many_addresses_that_take_nothing_do_not_stop_a_scrape() {
    check_flood(2000, 10).await;
}

#[tokio::test]
async fn requests_that_are_sent_ahead_do_not_renew_the_time_for_an_answer() {
    const REQUESTS: usize = 300;
    let limits = Limits { answer: Duration::from_secs(1), ..patient() };
    let served = Served::with(limits, large(), snapshot(Vec::new())).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(&b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(REQUESTS)).await.unwrap();
    let (mut buffer, mut taken) = (vec![0; 1 << 20], 0);
    // Takes all that comes, but there is always more to take.
    while let Ok(1..) = stream.read(&mut buffer).await.inspect(|bytes| taken += bytes) {}
    assert!(taken < REQUESTS * large().len(), "{taken}");
}

#[tokio::test]
async fn a_request_without_exactly_one_valid_host_is_refused() {
    let served = Served::new().await;
    let status = async |version: &str, hosts: &[&str]| {
        let hosts: String = hosts.iter().map(|host| format!("Host: {host}\r\n")).collect();
        let request = format!("GET /metrics HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
        Response::parse(&exchange(served.address, request.as_bytes()).await).status
    };
    assert_eq!(status("1.1", &[]).await, 400);
    assert_eq!(status("1.0", &[]).await, 200);
    for version in ["1.0", "1.1"] {
        assert_eq!(status(version, &["x", "x"]).await, 400);
        for good in ["x", "x:10986", "x:", "", "127.0.0.1", "[::1]:10986", "[::1]", "a_b.example"] {
            assert_eq!(status(version, &[good]).await, 200, "{good}");
        }
        for bad in ["a b", "user@x", "x/", "x:y", "x:1:2", ":10986", "[::1", "\u{e9}"] {
            assert_eq!(status(version, &[bad]).await, 400, "{bad}");
        }
    }
}
