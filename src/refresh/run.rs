//! The loop: whoever is due is refreshed, all accounts side by side, for as long as the process lives.

use super::account::{Shared, Work};
use super::board::{Board, Entry};
use crate::cloud::{Clock, Cloud};
use crate::config::{Account, Config, Watch};
use crate::hss::TaskList;
use crate::model::observe::Observe;
use crate::model::{AccountStanding, Failure, SeriesLimits, Snapshot, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// After so long at most it is looked whether time has changed anything: our clock may have been set.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(60);

/// How many intervals that can be kept may pass before data is stale, whatever is configured.
pub(super) const STALE_INTERVALS: u32 = 3;

/// An interval: all become longer by the same factor.
const UNIT: Duration = Duration::from_secs(60);

/// Brings all targets up to date, again and again.
pub struct Refresher {
    board: Arc<Board>,
    clock: Clock,
    accounts: Vec<Arc<Work>>,
    /// How many scopes have not had their first turn.
    untried: watch::Receiver<usize>,
}

impl Refresher {
    /// A refresher of everything that is configured. Nothing is asked yet.
    ///
    /// # Errors
    /// If an account's requests could not be made at all: no certificate authorities, an unreadable `ca_file`.
    pub fn new(
        config: &Config,
        cloud: &Arc<Cloud>,
        observer: &Arc<dyn Observe>,
        clock: &Clock,
    ) -> Result<Self, Failure> {
        let board = Arc::new(board(config, clock()));
        let watches = config.accounts.iter().flat_map(|account| &account.watches);
        let scopes: usize = watches.map(|watch| watch.types.len()).sum();
        let (untried, untried_receiver) = watch::channel(scopes);
        let shared = Arc::new(Shared {
            board: Arc::clone(&board),
            observer: Arc::clone(observer),
            clock: Arc::clone(clock),
            reconcile_every: config.refresh.reconcile_every,
            untried,
        });
        let mut accounts = Vec::new();
        let mut first_place = 0;
        for account in &config.accounts {
            let connection = cloud.connect(account)?;
            let list = TaskList::new(connection, Arc::clone(&account.name), Arc::clone(observer));
            let slower = config.kept_interval(account, UNIT).div_duration_f64(UNIT);
            accounts.push(Arc::new(Work::new(account, first_place, list, slower, Arc::clone(&shared))));
            first_place += account.watches.len();
        }
        Ok(Self { board, clock: Arc::clone(clock), accounts, untried: untried_receiver })
    }

    /// The snapshots, as they come; the first one, in which nothing has been read, is there already.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.board.subscribe()
    }

    /// How many scopes (a target's task types) have not had their first refresh, well or not.
    pub fn untried(&self) -> watch::Receiver<usize> {
        self.untried.clone()
    }

    /// Refreshes for as long as it is polled.
    pub async fn run(self) {
        let mut loops = JoinSet::new();
        for account in self.accounts {
            loops.spawn(account.run());
        }
        loops.spawn(keep_time(self.board, self.clock));
        // Each of them goes on for good; if one ends, something is wrong, and whoever polls us is told by our end.
        if let Some(Err(error)) = loops.join_next().await {
            tracing::error!(%error, "the refresher has stopped");
        }
    }
}

/// Publishes what changes by the passing of time alone: what leaves the window, what becomes stale.
async fn keep_time(board: Arc<Board>, clock: Clock) {
    let mut snapshots = board.subscribe();
    loop {
        let until = snapshots.borrow_and_update().until();
        let wait = until.map_or(LOOK_AT_CLOCK, |until| until.since(clock()).min(LOOK_AT_CLOCK));
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait) => board.publish_passing_of_time(clock()),
        }
    }
}

/// The board of everything that is configured, with nothing on it yet.
pub(super) fn board(config: &Config, now: Timestamp) -> Board {
    let entries: Vec<Entry> = config
        .accounts
        .iter()
        .flat_map(|account| account.watches.iter().map(move |watch| entry(config, account, watch)))
        .collect();
    let series = config.series.as_ref().map(|series| SeriesLimits {
        finished_for: series.finished_for,
        target: series.limit,
        total: series.total_limit,
    });
    let standings = config.accounts.iter().map(|account| standing(config, account)).collect();
    Board::new(&entries, config.refresh.window, standings, series, now)
}

fn entry(config: &Config, account: &Account, watch: &Watch) -> Entry {
    Entry {
        target: Arc::clone(&watch.target),
        types: watch.types.clone(),
        stale_after: watch.stale_after.max(STALE_INTERVALS * config.kept_interval(account, watch.interval)),
        expect: watch.expect.clone(),
    }
}

fn standing(config: &Config, account: &Account) -> AccountStanding {
    let slowest = account.watches.iter().map(|watch| watch.interval).max().unwrap_or(config.refresh.interval);
    let refresh_interval = config.kept_interval(account, slowest);
    let stale_after = account.watches.iter().map(|watch| watch.stale_after).max().unwrap_or(config.refresh.stale_after);
    AccountStanding {
        name: Arc::clone(&account.name),
        targets: account.watches.len(),
        refresh_interval,
        stale_after: stale_after.max(STALE_INTERVALS * refresh_interval),
        unwatched: BTreeMap::new(),
    }
}
