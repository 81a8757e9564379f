//! What answers over HTTP, and for how long: a server on loopback, with a snapshot made by hand.

#![cfg(test)]

use crate::http::{Response, exchange, get, request, rest};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use hss_exporter::config::ListenAddress;
use hss_exporter::metrics::Encoding;
use hss_exporter::model::{
    Book, ClockOffset, Counts, EnterpriseProject, Failure, Ledger, Project, Reading, Reason, Scan, ScanTypes, Snapshot,
    Standing, Status, Target, Task, TaskType, Timestamp, Trigger,
};
use hss_exporter::server::{Limits, State, ask_health, bind, serve};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// 2025-09-08T00:00:00Z
const NOW: Timestamp = Timestamp::from_secs(1_757_289_600);

const EXPOSITION: &str = "# HELP hss_target_up Whether.\n# TYPE hss_target_up gauge\nhss_target_up 1\n";

/// Longer than any test may take: a limit that must not matter.
const NEVER: Duration = Duration::from_secs(600);

struct Served {
    address: SocketAddr,
    healthy: Arc<AtomicBool>,
    ready: Arc<AtomicBool>,
    broken: Arc<AtomicBool>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Served {
    async fn new() -> Self {
        Self::with(patient(), EXPOSITION.into(), snapshot(Vec::new())).await
    }

    async fn with(limits: Limits, exposition: Bytes, snapshot: Snapshot) -> Self {
        let listeners = bind(&[loopback()]).await.unwrap();
        let address = listeners[0].local_addr().unwrap();
        let flag = |value| Arc::new(AtomicBool::new(value));
        let (healthy, ready, broken) = (flag(true), flag(false), flag(false));
        let check = |flag: &Arc<AtomicBool>| {
            let flag = Arc::clone(flag);
            Arc::new(move || flag.load(Ordering::SeqCst))
        };
        let breaks = check(&broken);
        let gzipped = gzip(&exposition);
        let state = State {
            version: "1.2.3",
            telemetry_path: "/metrics".to_owned(),
            snapshot: watch::channel(Arc::new(snapshot)).1,
            exposition: Arc::new(move |encoding| {
                assert!(!breaks(), "this page is broken, as the test wants it");
                match encoding {
                    Encoding::Identity => exposition.clone(),
                    Encoding::Gzip => gzipped.clone(),
                }
            }),
            healthy: check(&healthy),
            ready: check(&ready),
            clock: Arc::new(|| NOW),
        };
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(serve(listeners, state, limits, async {
            let _ = stopped.await;
        }));
        Self { address, healthy, ready, broken, stop, ended }
    }

    async fn get(&self, path: &str) -> Response {
        get(self.address, path, &[]).await
    }
}

fn loopback() -> ListenAddress {
    ListenAddress { host: Some("127.0.0.1".to_owned()), port: 0 }
}

fn patient() -> Limits {
    Limits { header: NEVER, first_byte: NEVER, idle: NEVER, answer: NEVER, drain: NEVER, ..Limits::default() }
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

fn snapshot(standings: Vec<Standing>) -> Snapshot {
    let standings: Vec<Arc<Standing>> = standings.into_iter().map(Arc::new).collect();
    Snapshot::of(NOW, Arc::new([]), &standings, None)
}

/// A target with one task type, read well two minutes ago.
fn standing(project: &str, enterprise_project: &str, tasks: Vec<Task>, failure: Option<Failure>) -> Standing {
    let name = |text: &str| Arc::from(text);
    let target = Arc::new(Target {
        account: name("prod"),
        project: Project { id: name("0123"), name: name(project) },
        enterprise_project: EnterpriseProject::One { id: name("0"), name: name(enterprise_project) },
        region: name("cn-north-4"),
    });
    let read = NOW.minus(Duration::from_secs(120));
    let mut ledger = Ledger::new(Duration::from_secs(7 * 86_400));
    ledger.apply(read, tasks);
    let reading = Reading {
        last_attempt: Some(read),
        last_success: Some(read),
        failure: failure.map(Arc::new),
        ..Reading::default()
    };
    let book = Book {
        task_type: TaskType::ClusterScan,
        ledger,
        reading,
        stale_after: Duration::from_secs(1800),
        cloud_ahead: ClockOffset::Ahead(Duration::ZERO),
    };
    Standing::of(&target, &[book], None, NOW)
}

fn finished(id: &str, trigger: Trigger, success: u64, failed: u64) -> Task {
    let ago = |seconds| Some(NOW.minus(Duration::from_secs(seconds)));
    Task {
        id: id.into(),
        name: None,
        trigger,
        status: Status::Finished,
        start: ago(8000),
        end: ago(7200),
        estimated_remaining: None,
        scan: Scan::Cluster(ScanTypes::CLUSTER_VUL),
        counts: Counts::Clusters { scanning: Some(0), success: Some(success), failed: Some(failed) },
    }
}

fn refused(message: &str) -> Failure {
    Failure {
        reason: Reason::Auth,
        tried: "ListTasks(cluster_scan) of prod/payments/default".to_owned(),
        status: Some(401),
        code: Some("APIGW.0301".to_owned()),
        message: message.to_owned(),
        request_id: Some("deadbeef".to_owned()),
        retry_after: None,
    }
}

#[tokio::test]
async fn prometheus_gets_the_exposition_as_it_is() {
    let served = Served::new().await;
    let answer = served.get("/metrics?debug=1").await;
    assert_eq!((answer.status, answer.text()), (200, EXPOSITION));
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.header("content-length"), Some(EXPOSITION.len().to_string().as_str()));
}

#[tokio::test]
async fn gzip_unpacks_to_the_same_exposition() {
    let served = Served::new().await;
    for accept in ["gzip", "deflate, gzip;q=0.5", "identity;q=0, *;q=1"] {
        let answer = get(served.address, "/metrics", &[&format!("Accept-Encoding: {accept}")]).await;
        assert_eq!(answer.header("content-encoding"), Some("gzip"), "{accept}");
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
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
        exposition: Arc::new(|_| EXPOSITION.into()),
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

/// Asks on a connection that stays open. Answers the status.
async fn on(stream: &mut TcpStream, request: &str) -> u16 {
    stream.write_all(request.as_bytes()).await.unwrap();
    answer_on(stream).await.status
}

/// Reads one whole answer off a connection that stays open.
async fn answer_on(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.unwrap());
    }
    let mut answer = Response::parse(&bytes);
    answer.body = vec![0; answer.header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut answer.body).await.unwrap();
    answer
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

/// More than a socket's buffers hold.
fn large() -> Bytes {
    vec![b'#'; 32 * 1024 * 1024].into()
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

#[tokio::test]
async fn the_landing_page_says_in_one_line_that_all_is_well() {
    let good = || standing("payments", "default", vec![finished("a", Trigger::Schedule, 3, 0)], None);
    let served = Served::with(patient(), EXPOSITION.into(), snapshot(vec![good()])).await;
    let page = served.get("/").await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    let html = page.text();
    for wanted in [
        "All is well with 1 target<",
        "1.2.3",
        "href=\"metrics\"",
        "href=\"-/healthy\"",
        "href=\"-/ready\"",
        "prod / <b>payments</b> / default",
        ">2 min ago</time>",
        "<time datetime=\"2025-09-07T22:00:00Z\" title=\"2025-09-07T22:00:00Z\">2 h ago</time>",
        "scheduled",
    ] {
        assert!(html.contains(wanted), "no {wanted} in {html}");
    }
    assert!(!html.contains("<script") && !html.contains("src="), "{html}");
    let zipped = get(served.address, "/", &["Accept-Encoding: gzip"]).await;
    let mut text = String::new();
    GzDecoder::new(zipped.body.as_slice()).read_to_string(&mut text).unwrap();
    assert_eq!(text, html);
}

#[tokio::test]
async fn the_landing_page_puts_problems_first_and_the_clouds_words_in_full() {
    let standings = vec![
        standing("a-good-one", "default", vec![finished("a", Trigger::Schedule, 3, 0)], None),
        standing("failing", "default", vec![finished("a", Trigger::Manual, 2, 1)], None),
        standing("refused", "default", Vec::new(), Some(refused("verify aksk signature fail"))),
    ];
    let served = Served::with(patient(), EXPOSITION.into(), snapshot(standings)).await;
    let page = served.get("/").await;
    let html = page.text();
    assert!(html.contains("1 of 3 targets is down; the latest scan of 1 kind had failures"), "{html}");
    let places = ["<b>refused</b>", "<b>failing</b>", "<b>a-good-one</b>"].map(|name| html.find(name).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    for wanted in ["down: auth", "verify aksk signature fail", ">401<", "APIGW.0301", "deadbeef", "machine's clock"] {
        assert!(html.contains(wanted), "no {wanted} in {html}");
    }
}

#[tokio::test]
async fn what_comes_from_outside_is_text_on_the_landing_page() {
    let evil = "<script>alert(\"1\")</script>'&";
    let standings = vec![standing(evil, evil, Vec::new(), Some(refused(evil)))];
    let served = Served::with(patient(), EXPOSITION.into(), snapshot(standings)).await;
    let page = served.get("/").await;
    assert!(!page.text().contains("<script"), "{}", page.text());
    assert!(page.text().matches("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;").count() >= 3);
}

#[tokio::test]
async fn a_page_of_a_thousand_targets_stays_a_page() {
    let standings = (0..1000).map(|n| standing(&format!("p{n}"), "default", Vec::new(), Some(refused("no")))).collect();
    let served = Served::with(patient(), EXPOSITION.into(), snapshot(standings)).await;
    let page = served.get("/").await;
    assert!(page.text().contains("500 more targets are not listed here"));
    assert!(page.body.len() < 2_000_000, "{}", page.body.len());
}
