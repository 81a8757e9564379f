//! `once`: every target is read as after a start, history included; then the page is printed, and the process ends.

use super::progress::{Progress, Ticker};
use super::{Failed, account_names, clock, complete, load, log_to_stderr, say, unread_scopes};
use crate::cli;
use crate::cloud::Cloud;
use crate::config::Loaded;
use crate::metrics::{Build, Encoding, Format, Instruments, SnapshotPage, Wanted};
use crate::model::observe::Observe;
use crate::model::{Failure, Reading, Snapshot};
use crate::refresh::{Periods, Refresher, discovered};
use std::sync::Arc;
use tokio::sync::watch;

/// Refreshes everything once and prints the page, also if something could not be read.
pub(super) async fn run(flags: cli::Once, environment: &[(String, String)]) -> Result<String, Failed> {
    let loaded = load(&flags.source, environment)?;
    let instruments =
        Arc::new(Instruments::of_one_page(account_names(&loaded).iter().map(|name| &**name), Build::THIS));
    let observer: Arc<dyn Observe> = Arc::clone(&instruments) as _;
    log_to_stderr(&flags.log, Arc::clone(&observer))?;
    let Loaded { config, warnings } = complete(loaded, &observer, environment).await?;
    for warning in &warnings {
        tracing::warn!(problem = %warning, "configuration");
    }
    let clock = clock();
    let cloud = Arc::new(Cloud::new(Arc::clone(&clock), Arc::clone(&observer), &config.refresh, environment));
    let (config, undiscovered) = discovered(config, &cloud, &observer, &clock).await;
    let refresher = Refresher::new(&config, &cloud, &observer, &clock, Periods::default());
    let refresher = refresher.map_err(|failure| Failed::Run(failure.to_string()))?;
    let mut snapshots = refresher.snapshots();
    let refreshing = tokio::spawn(refresher.run());
    let read = tokio::time::timeout(flags.timeout, until_read(&mut snapshots, Ticker::new())).await;
    refreshing.abort();
    let snapshot = snapshots.borrow().clone();
    let wanted = Wanted { format: Format::Text0, encoding: Encoding::Identity, names: Vec::new() };
    let page = SnapshotPage::render(&snapshot).compose(&instruments, &wanted);
    say(&String::from_utf8_lossy(&page.to_vec()))?;
    let limit =
        read.err().map(|_| format!("the end came after --timeout={}", humantime::format_duration(flags.timeout)));
    match unread(&snapshot, &undiscovered, limit) {
        Some(why) => Err(Failed::Run(why)),
        None => Ok(String::new()),
    }
}

/// Waits until every scope has been read to the end of its history, or has failed.
async fn until_read(snapshots: &mut watch::Receiver<Arc<Snapshot>>, mut ticker: Ticker) {
    loop {
        let progress = Progress::of(&snapshots.borrow_and_update());
        ticker.show(progress);
        if progress.is_done() || snapshots.changed().await.is_err() {
            return;
        }
    }
}

/// What is not on the page as it should be, and why.
fn unread(snapshot: &Snapshot, undiscovered: &[Failure], limit: Option<String>) -> Option<String> {
    let progress = Progress::of(snapshot);
    if progress.read == progress.scopes && undiscovered.is_empty() {
        return None;
    }
    let mut text = match progress.scopes - progress.read {
        0 => "not everything was discovered".to_owned(),
        unread => unread_scopes(unread, progress.scopes, ["was not read", "were not read"]),
    };
    let undiscovered = undiscovered.iter().map(ToString::to_string);
    for line in limit.into_iter().chain(undiscovered).chain(failures(snapshot)) {
        text.push_str(&format!("\n  {line}"));
    }
    Some(text)
}

fn failures(snapshot: &Snapshot) -> impl Iterator<Item = String> {
    let scans = snapshot.targets.iter().flat_map(|shown| &shown.standing.scans);
    let failure = |reading: &Reading| reading.trouble().or(reading.history_failure.as_deref()).map(ToString::to_string);
    scans.filter_map(move |scan| failure(&scan.reading))
}
