//! The landing page: how every target stands, for a person who looks at it at night.
//!
//! `view` decides what is said and in which order, `words` spells times and counts, the others write HTML.

mod landing;
mod scan;
mod summary;
mod view;
mod words;

use super::State;
use crate::metrics::Encoding;
use crate::model::Snapshot;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// The landing page, made at most once a second and once at a time, however many ask for it: with hundreds of targets
/// it takes milliseconds, and these belong to the scrapes.
#[derive(Default)]
pub(super) struct Landing {
    made: Mutex<Option<Made>>,
}

/// A page as it was made.
struct Made {
    of: Arc<Snapshot>,
    at_second: u64,
    html: Bytes,
    gzip: Bytes,
}

impl Landing {
    /// The page as it is now. `None` if it could not be made, which is an error of ours.
    pub(super) async fn page(&self, encoding: Encoding, state: &State) -> Option<Bytes> {
        let mut made = self.made.lock().await;
        let snapshot = Arc::clone(&state.snapshot.borrow());
        let now = (state.clock)();
        let at_second = now.since_epoch().as_secs();
        if !made.as_ref().is_some_and(|made| Arc::ptr_eq(&made.of, &snapshot) && made.at_second == at_second) {
            let (version, telemetry_path) = (state.version, state.telemetry_path.clone());
            let making = spawn_blocking(move || {
                let html = landing::page(&snapshot, now, version, &telemetry_path);
                let gzip = gzip(html.as_bytes());
                Made { of: snapshot, at_second, html: html.into(), gzip: gzip.into() }
            });
            *made = Some(making.await.ok()?);
        }
        made.as_ref().map(|made| match encoding {
            Encoding::Identity => made.html.clone(),
            Encoding::Gzip => made.gzip.clone(),
        })
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // A Vec takes all bytes.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}
