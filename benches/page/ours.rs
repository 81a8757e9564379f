//! Our page, as the app makes it and as the server sends it: all that this bench knows of them.

use crate::Failure;
use crate::world::World;
use bytes::Buf;
use flate2::{Compress, Compression, FlushCompress};
use hss_exporter::config::ListenAddress;
use hss_exporter::metrics::{Build, Encoding, Format, Instruments, Press, SnapshotPage, Wanted};
use hss_exporter::model::Snapshot;
use hss_exporter::server::{self, Limits, State};
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// A page from nothing: written and compressed.
#[inline(never)]
pub(crate) fn whole(snapshot: &Snapshot) -> SnapshotPage {
    SnapshotPage::render(snapshot)
}

/// How many seconds a page from nothing takes without compressing it: all of it, less what compressing its pieces takes by
/// itself, in the same way.
pub(crate) fn text(snapshot: &Snapshot) -> f64 {
    let begin = Instant::now();
    let mut page = whole(snapshot).compose(&Instruments::new([], Build::THIS), &PLAIN);
    let all = begin.elapsed();
    let mut compress = Compress::new(Compression::new(4), false);
    let begin = Instant::now();
    while page.has_remaining() {
        compress.reset();
        let piece = page.chunk();
        let mut out = Vec::with_capacity(piece.len());
        let _ = black_box(compress.compress_vec(piece, &mut out, FlushCompress::Sync));
        page.advance(piece.len());
    }
    all.saturating_sub(begin.elapsed()).as_secs_f64()
}

/// All of the page, plain.
const PLAIN: Wanted = Wanted { format: Format::Text0, encoding: Encoding::Identity, names: Vec::new() };

/// A world whose page is served.
pub(crate) struct Ours {
    /// What is served.
    pub(crate) world: World,
    press: Press,
    pages: watch::Sender<Arc<SnapshotPage>>,
    /// Where.
    pub(crate) address: SocketAddr,
}

impl Ours {
    /// Begins to serve a world on loopback.
    pub(crate) fn serve(runtime: &Runtime, world: World) -> Result<Self, Failure> {
        let loopback = ListenAddress { host: Some("127.0.0.1".to_owned()), port: 0 };
        let listeners = runtime.block_on(server::bind(&[loopback]))?;
        let address = listeners.first().ok_or("no listener")?.local_addr()?;
        let snapshot = world.snapshot();
        let instruments = Instruments::new(snapshot.accounts.iter().map(|account| &*account.name), Build::THIS);
        let at = snapshot.at;
        let mut press = Press::default();
        let (pages, latest) = watch::channel(Arc::new(press.print(&snapshot)));
        let state = State {
            version: env!("CARGO_PKG_VERSION"),
            telemetry_path: "/metrics".to_owned(),
            snapshot: watch::channel(Arc::new(snapshot)).1,
            exposition: Arc::new(move |wanted| {
                let page = latest.borrow().clone();
                page.compose(&instruments, wanted)
            }),
            healthy: Arc::new(|| true),
            ready: Arc::new(|| true),
            clock: Arc::new(move || at),
        };
        runtime.spawn(server::serve(listeners, state, Limits::default(), std::future::pending()));
        Ok(Self { world, press, pages, address })
    }

    /// Refreshes one target and shows the new page. Answers how long it took in seconds, from the standing on and from
    /// the snapshot on.
    pub(crate) fn refresh(&mut self) -> [f64; 2] {
        let begin = Instant::now();
        self.world.refresh();
        let snapshot = self.world.snapshot();
        let read = Instant::now();
        let page = self.press.print(&snapshot);
        self.pages.send_replace(Arc::new(page));
        [begin, read].map(|begin| begin.elapsed().as_secs_f64())
    }
}
