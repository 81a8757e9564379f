//! The signals: SIGTERM and SIGINT end the process, SIGHUP does not.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGHUP, which would end the process silently. systemd takes that for a clean end.
pub(super) struct Hangups(io::Result<Signal>);

impl Hangups {
    /// Catches SIGHUP from now on. One that comes before [`Self::ignore`] is logged there.
    pub(super) fn catch() -> Self {
        Self(signal(SignalKind::hangup()))
    }

    /// Logs each one. Does not end.
    pub(super) async fn ignore(self) {
        match self.0 {
            Ok(mut signals) => {
                while signals.recv().await.is_some() {
                    tracing::warn!("SIGHUP ignored: reload is not supported; restart to read the configuration again");
                }
            }
            Err(error) => tracing::warn!(%error, "SIGHUP cannot be caught, and ends the process"),
        }
    }
}

/// Ends when the process is told to: SIGTERM, or SIGINT from a terminal.
pub(super) async fn told_to_end() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(error) => {
                tracing::warn!(%error, "SIGTERM cannot be heard");
                std::future::pending().await
            }
        }
    };
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let signal = tokio::select! {
        () = terminated => "SIGTERM",
        () = interrupted => "SIGINT",
    };
    tracing::info!(signal, "ending");
}
