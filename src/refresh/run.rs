//! The loop: whoever is due is refreshed, all accounts side by side, for as long as the process lives.

use super::account::{FirstTurns, Shared, Work};
use super::board::{Board, Entry};
use super::discover::{Finder, Told};
use super::roll::Periods;
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
use tokio::time::Instant;

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
    config: Config,
    accounts: Vec<(Arc<Work>, Option<Finder>)>,
    periods: Periods,
    first_turns: watch::Receiver<FirstTurns>,
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
        periods: Periods,
    ) -> Result<Self, Failure> {
        let board = Arc::new(board(config, clock()));
        let watches = config.accounts.iter().flat_map(|account| &account.watches);
        let scopes: usize = watches.map(|watch| watch.types.len()).sum();
        let discoveries = config.accounts.iter().filter(|account| !account.searches.is_empty()).count();
        let (first_turns, receiver) = watch::channel(FirstTurns { left: scopes + discoveries, had: 0 });
        let shared = Arc::new(Shared {
            board: Arc::clone(&board),
            observer: Arc::clone(observer),
            clock: Arc::clone(clock),
            reconcile_every: config.refresh.reconcile_every,
            first_turns,
        });
        let mut accounts = Vec::new();
        let mut first_place = 0;
        for account in &config.accounts {
            let connection = Arc::new(cloud.connect(account)?);
            let list = TaskList::new(Arc::clone(&connection), Arc::clone(&account.name), Arc::clone(observer));
            let work = Work::new(account, first_place, list, kept(config, account), Arc::clone(&shared));
            let finder = (!account.searches.is_empty()).then(|| Finder::new(account, connection, observer, clock));
            accounts.push((Arc::new(work), finder));
            first_place += account.watches.len();
        }
        let (clock, config) = (Arc::clone(clock), config.clone());
        Ok(Self { board, clock, config, accounts, periods, first_turns: receiver })
    }

    /// The snapshots, as they come; the first one, in which nothing has been read, is there already.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.board.subscribe()
    }

    /// How many scopes (a target's task types) and discoveries have not had their first turn, well or not.
    pub fn first_turns(&self) -> watch::Receiver<FirstTurns> {
        self.first_turns.clone()
    }

    /// Refreshes for as long as it is polled.
    pub async fn run(self) {
        let mut loops = JoinSet::new();
        for (work, finder) in self.accounts {
            match finder {
                None => loops.spawn(work.run(std::future::pending())),
                Some(finder) => loops.spawn(follow(work, finder, self.periods, self.config.clone())),
            };
        }
        loops.spawn(keep_time(self.board, self.clock));
        // Each of them goes on for good; if one ends, something is wrong, and whoever polls us is told by our end.
        if let Some(Err(error)) = loops.join_next().await {
            tracing::error!(%error, "the refresher has stopped");
        }
    }
}

/// Works on what is given and what is found: whenever that changes, the work goes on with other targets.
async fn follow(mut work: Arc<Work>, finder: Finder, periods: Periods, mut config: Config) {
    let given = config.accounts.iter().find(|account| account.name == *work.name());
    let watches = given.map(|account| account.watches.clone()).unwrap_or_default();
    let (tell, mut told) = watch::channel(Told { watches, failed: None });
    let finding = finder.run(periods, tell);
    let working = async {
        let mut first = true;
        loop {
            let changed = async {
                loop {
                    if told.changed().await.is_err() {
                        std::future::pending::<()>().await;
                    }
                    let told = told.borrow_and_update();
                    work.tell_discovery(told.failed.clone());
                    if first || work.watches_others_than(&told.watches) {
                        return;
                    }
                }
            };
            Arc::clone(&work).run(changed).await;
            let watches = told.borrow().watches.clone();
            if let Some(account) = config.accounts.iter_mut().find(|account| account.name == *work.name()) {
                account.watches = watches;
                tell_pace(&config, work.name());
            }
            if let Some(next) = work.changed(&config, first) {
                work = Arc::new(next);
            }
            if first {
                work.discovery_had_its_turn();
            }
            first = false;
        }
    };
    tokio::join!(finding, working);
}

/// The configuration with all that is found in place of what is looked for, for who works on it once; and what could not
/// be found out.
pub async fn discovered(
    mut config: Config,
    cloud: &Arc<Cloud>,
    observer: &Arc<dyn Observe>,
    clock: &Clock,
) -> (Config, Vec<Failure>) {
    let mut failures = Vec::new();
    for account in config.accounts.iter_mut().filter(|account| !account.searches.is_empty()) {
        match cloud.connect(account) {
            Ok(connection) => {
                let (watches, failed) = Finder::new(account, Arc::new(connection), observer, clock).once().await;
                account.watches = watches;
                failures.extend(failed);
            }
            Err(failure) => failures.push(failure),
        }
        account.searches.clear();
    }
    (config, failures)
}

/// Says so if the intervals of an account cannot be kept.
fn tell_pace(config: &Config, name: &Arc<str>) {
    let Some(account) = config.accounts.iter().find(|account| account.name == *name) else { return };
    let slower = kept(config, account);
    if slower > 1.0 {
        let (targets, kept) = (account.watches.len(), config.kept_interval(account, config.refresh.interval));
        let kept = humantime::format_duration(Duration::from_secs(kept.as_secs()));
        tracing::warn!(account = %name, targets, %kept, "so many targets cannot be kept within the request budget");
    }
}

/// How many times as long as configured the account's intervals are expected to become.
pub(super) fn kept(config: &Config, account: &Account) -> f64 {
    config.kept_interval(account, UNIT).div_duration_f64(UNIT)
}

/// Publishes what changes by the passing of time alone: what leaves the window, what becomes stale.
async fn keep_time(board: Arc<Board>, clock: Clock) {
    let mut snapshots = board.subscribe();
    loop {
        let until = snapshots.borrow_and_update().until();
        let wait = until.map_or(LOOK_AT_CLOCK, |until| until.since(clock()).min(LOOK_AT_CLOCK));
        let stale_in = board.stale_at().map(|stale| stale.saturating_duration_since(Instant::now()));
        let wait = stale_in.map_or(wait, |stale_in| stale_in.min(wait));
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

pub(super) fn entry(config: &Config, account: &Account, watch: &Watch) -> Entry {
    Entry {
        target: Arc::clone(&watch.target),
        types: watch.types.clone(),
        stale_after: watch.stale_after.max(STALE_INTERVALS * config.kept_interval(account, watch.interval)),
        expect: watch.expect.clone(),
    }
}

pub(super) fn standing(config: &Config, account: &Account) -> AccountStanding {
    let slowest = account.watches.iter().map(|watch| watch.interval).max().unwrap_or(config.refresh.interval);
    let refresh_interval = config.kept_interval(account, slowest);
    let stale_after = account.watches.iter().map(|watch| watch.stale_after).max().unwrap_or(config.refresh.stale_after);
    AccountStanding {
        name: Arc::clone(&account.name),
        targets: account.watches.len(),
        refresh_interval,
        stale_after: stale_after.max(STALE_INTERVALS * refresh_interval),
        unwatched: BTreeMap::new(),
        undiscovered: None,
    }
}
