//! A server on loopback, with a snapshot made by hand and limits that do not matter.

use crate::http::{Response, get};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hss_exporter::config::ListenAddress;
use hss_exporter::metrics::{Encoding, Page, Wanted};
use hss_exporter::model::{Snapshot, Standing, Timestamp};
use hss_exporter::server::{Limits, State, bind, serve};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// 2025-09-08T00:00:00Z
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_757_289_600);

pub(crate) const EXPOSITION: &str = "# HELP hss_target_up Whether.\n# TYPE hss_target_up gauge\nhss_target_up 1\n";

/// Longer than any test may take: a limit that must not matter.
pub(crate) const NEVER: Duration = Duration::from_secs(600);

pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) healthy: Arc<AtomicBool>,
    pub(crate) ready: Arc<AtomicBool>,
    pub(crate) broken: Arc<AtomicBool>,
    asked: Arc<Mutex<Option<Wanted>>>,
    pub(crate) stop: oneshot::Sender<()>,
    pub(crate) ended: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn new() -> Self {
        Self::with(patient(), EXPOSITION.into(), snapshot(Vec::new())).await
    }

    pub(crate) async fn with(limits: Limits, exposition: Bytes, snapshot: Snapshot) -> Self {
        let gzipped = gzip(&exposition);
        let exposition = move |wanted: &Wanted| match wanted.encoding {
            Encoding::Identity => exposition.clone().into(),
            Encoding::Gzip => gzipped.clone().into(),
        };
        Self::showing(exposition, limits, snapshot).await
    }

    pub(crate) async fn showing(
        exposition: impl Fn(&Wanted) -> Page + Send + Sync + 'static,
        limits: Limits,
        snapshot: Snapshot,
    ) -> Self {
        let listeners = bind(&[loopback()]).await.unwrap();
        let address = listeners[0].local_addr().unwrap();
        let flag = |value| Arc::new(AtomicBool::new(value));
        let (healthy, ready, broken) = (flag(true), flag(false), flag(false));
        let check = |flag: &Arc<AtomicBool>| {
            let flag = Arc::clone(flag);
            Arc::new(move || flag.load(Ordering::SeqCst))
        };
        let breaks = check(&broken);
        let asked: Arc<Mutex<Option<Wanted>>> = Arc::default();
        let note = Arc::clone(&asked);
        let state = State {
            version: "1.2.3",
            telemetry_path: "/metrics".to_owned(),
            snapshot: watch::channel(Arc::new(snapshot)).1,
            exposition: Arc::new(move |wanted: &Wanted| {
                assert!(!breaks(), "this page is broken, as the test wants it");
                *note.lock().unwrap() = Some(wanted.clone());
                exposition(wanted)
            }),
            healthy: check(&healthy),
            ready: check(&ready),
            clock: Arc::new(|| NOW),
        };
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(serve(listeners, state, limits, async {
            let _ = stopped.await;
        }));
        Self { address, healthy, ready, broken, asked, stop, ended }
    }

    /// What the exposition was last asked for.
    #[track_caller]
    pub(crate) fn asked(&self) -> Wanted {
        self.asked.lock().unwrap().take().expect("somebody asked")
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        get(self.address, path, &[]).await
    }
}

pub(crate) fn loopback() -> ListenAddress {
    ListenAddress { host: Some("127.0.0.1".to_owned()), port: 0 }
}

pub(crate) fn patient() -> Limits {
    Limits { header: NEVER, first_byte: NEVER, idle: NEVER, answer: NEVER, drain: NEVER, ..Limits::default() }
}

pub(crate) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

pub(crate) fn snapshot(standings: Vec<Standing>) -> Snapshot {
    let standings: Vec<Arc<Standing>> = standings.into_iter().map(Arc::new).collect();
    Snapshot::of(NOW, Arc::new([]), &standings, None)
}

/// More than a socket's buffers hold.
pub(crate) fn large() -> Bytes {
    vec![b'#'; 32 * 1024 * 1024].into()
}

/// Asks on a connection that stays open. Answers the status.
pub(crate) async fn on(stream: &mut TcpStream, request: &str) -> u16 {
    stream.write_all(request.as_bytes()).await.unwrap();
    answer_on(stream).await.status
}

/// Reads one whole answer off a connection that stays open.
pub(crate) async fn answer_on(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.unwrap());
    }
    let mut answer = Response::parse(&bytes);
    answer.body = vec![0; answer.header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut answer.body).await.unwrap();
    answer
}
