//! What answers over HTTP: the exposition for Prometheus, a landing page for people, health for whoever restarts us.
//!
//! Serving never calls the cloud and never waits for a refresh: whatever is asked for is made of the latest snapshot.
//! No client can take more than [`Limits`] allows, and no panic in an answer reaches further than that answer.

mod body;
mod connection;
mod crowd;
mod health;
mod limits;
mod listen;
mod negotiate;
mod pace;
mod pages;
mod reply;
mod routes;
mod serve;
mod talk;
mod trouble;

pub use health::ask_health;
pub use limits::Limits;
pub use listen::{BindError, bind};
pub use serve::serve;

use crate::metrics::{Page, Wanted};
use crate::model::{Snapshot, Timestamp};
use std::sync::Arc;
use tokio::sync::watch;

/// A question to the app that is answered at once.
pub type Check = Arc<dyn Fn() -> bool + Send + Sync>;

/// What is served.
pub struct State {
    /// The exporter's version, for the landing page.
    pub version: &'static str,
    /// Where the exposition is: an absolute path, `/metrics` by default.
    pub telemetry_path: String,
    /// The latest snapshot, for the landing page.
    pub snapshot: watch::Receiver<Arc<Snapshot>>,
    /// The exposition as it is now, as it is wanted. Does not wait for anything.
    pub exposition: Arc<dyn Fn(&Wanted) -> Page + Send + Sync>,
    /// Whether the refresher lives.
    pub healthy: Check,
    /// Whether the first refresh of every target has ended, well or not.
    pub ready: Check,
    /// What time it is: the landing page tells ages.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}
