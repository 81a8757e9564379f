//! A running exporter: the refresher fills the snapshot, the page is made of it, the server shows it.

use crate::cloud::{Clock, Cloud};
use crate::config::{Config, ListenAddress};
use crate::metrics::{Instruments, Press, SnapshotPage};
use crate::model::observe::Observe;
use crate::model::{Failure, Snapshot};
use crate::refresh::{FirstTurns, Periods, Refresher};
use crate::server::{self, BindError, Limits, State};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

/// How old at most is what the page says of this process.
const LOOK_AT_PROCESS: Duration = Duration::from_secs(1);

/// What the command line decides.
pub struct Settings {
    /// Where to listen.
    pub listen: Vec<ListenAddress>,
    /// Where the exposition is.
    pub telemetry_path: String,
    /// What time it is.
    pub clock: Clock,
    /// How often targets are looked for, where they are discovered.
    pub discovery: Periods,
    /// What clients may take.
    pub limits: Limits,
}

/// Why an exporter cannot start.
#[derive(Debug)]
pub enum StartError {
    /// No request could be made.
    Cloud(Failure),
    /// An address cannot be listened on.
    Bind(BindError),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cloud(failure) => failure.fmt(f),
            Self::Bind(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StartError {}

/// An exporter that refreshes, and has begun to listen.
pub struct Exporter {
    listeners: Vec<TcpListener>,
    addresses: Vec<SocketAddr>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    state: State,
    limits: Limits,
    refresher: JoinHandle<()>,
    renderer: AbortHandle,
    watcher: AbortHandle,
}

impl Exporter {
    /// Starts an exporter. `environment` says which proxies to use.
    ///
    /// # Errors
    /// If no request could be made, or an address cannot be listened on.
    pub async fn start(
        config: &Config,
        settings: Settings,
        instruments: Arc<Instruments>,
        environment: &[(String, String)],
    ) -> Result<Self, StartError> {
        let Settings { listen, telemetry_path, clock, discovery, limits } = settings;
        let observer: Arc<dyn Observe> = Arc::clone(&instruments) as _;
        let cloud = Arc::new(Cloud::new(Arc::clone(&clock), Arc::clone(&observer), &config.refresh, environment));
        let refresher = Refresher::new(config, &cloud, &observer, &clock, discovery).map_err(StartError::Cloud)?;
        let listeners = server::bind(&listen).await.map_err(StartError::Bind)?;
        let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        let snapshots = refresher.snapshots();
        let mut press = Press::default();
        let first = press.print(&snapshots.borrow().clone());
        let (page, pages) = watch::channel(Arc::new(first));
        let renderer = tokio::spawn(render(press, snapshots.clone(), page)).abort_handle();
        let ready = ready(&refresher, config.refresh.interval);
        let refresher = tokio::spawn(refresher.run());
        let alive = refresher.abort_handle();
        let watcher = tokio::spawn(look_at_process(Arc::clone(&instruments))).abort_handle();
        let state = State {
            version: env!("CARGO_PKG_VERSION"),
            telemetry_path,
            snapshot: snapshots.clone(),
            exposition: Arc::new(move |wanted| {
                let page = pages.borrow().clone();
                page.compose(&instruments, wanted)
            }),
            healthy: Arc::new(move || !alive.is_finished()),
            ready,
            clock,
        };
        Ok(Self { listeners, addresses, snapshots, state, limits, refresher, renderer, watcher })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The snapshots, as they come.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Answers until `shutdown` ends; then what was asked is still answered.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        server::serve(self.listeners, self.state, self.limits, shutdown).await;
        self.refresher.abort();
        self.renderer.abort();
        self.watcher.abort();
    }
}

/// Makes a page of each snapshot, off the threads that answer. Of snapshots that come faster than that, the last.
async fn render(
    mut press: Press,
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    page: watch::Sender<Arc<SnapshotPage>>,
) {
    while snapshots.changed().await.is_ok() {
        let snapshot = snapshots.borrow_and_update().clone();
        let printing = tokio::task::spawn_blocking(move || {
            let printed = press.print(&snapshot);
            (press, printed)
        });
        match printing.await {
            Ok((back, printed)) => {
                press = back;
                page.send_replace(Arc::new(printed));
            }
            Err(error) => {
                tracing::error!(%error, "a page could not be made; the last one stays: this is a defect");
                press = Press::default();
            }
        }
    }
}

/// Keeps what the page says of this process up to date.
async fn look_at_process(instruments: Arc<Instruments>) {
    loop {
        tokio::time::sleep(LOOK_AT_PROCESS).await;
        instruments.look_at_process();
    }
}

/// Ready when every target has been tried once, well or not; with many targets that takes long, so at the latest when
/// one interval has passed and something has been tried.
fn ready(refresher: &Refresher, interval: Duration) -> server::Check {
    let (first_turns, started) = (refresher.first_turns(), Instant::now());
    Arc::new(move || {
        let FirstTurns { left, had } = *first_turns.borrow();
        left == 0 || (had > 0 && started.elapsed() >= interval)
    })
}
