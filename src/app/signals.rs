//! Being told to end.

use tokio::signal::unix::{SignalKind, signal};

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
