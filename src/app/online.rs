//! `check --online`: every target is asked once, for a small page, and what that tells is reported.

mod ask;
mod json;
mod report;
mod table;
mod witness;

pub use report::{Counts, Outcome, Report, Row, Undivided};

use super::{Failed, clock, say, unread_scopes, verdict};
use crate::cli::Output;
use crate::cloud::{Clock, Cloud};
use crate::config::{Config, Loaded};
use crate::hss::TaskList;
use crate::metrics::{Build, Instruments, SnapshotPage};
use crate::model::Failure;
use crate::model::observe::Observe;
use crate::model::plural::{counted, number};
use crate::refresh::board::Place;
use crate::refresh::discovered;
use crate::refresh::forecast::{self, Extent, Sample};
use ask::{Asker, Depth, Effort, Scope};
use std::sync::Arc;
use std::time::Duration;
use witness::Witness;

/// Asks about everything, and prints what that tells: as a table while it comes, or as JSON at the end.
pub(super) async fn run(
    Loaded { config, warnings }: Loaded,
    output: Output,
    environment: &[(String, String)],
) -> Result<String, Failed> {
    let clock = clock();
    let (config, undiscovered) = discovered_silently(config, &clock, environment).await;
    let table = table::Table::of(&config);
    if output == Output::Table {
        say(&(verdict(&config, &warnings) + &announcement(&config) + &table.head()))?;
    }
    let mut unwritten = None;
    let report = examine(&config, undiscovered, &clock, environment, |row| {
        if output == Output::Table {
            unwritten = say(&table.row(row)).err().or(unwritten.take());
        }
    })
    .await;
    if let Some(failed) = unwritten {
        return Err(failed);
    }
    match output {
        Output::Table => say(&table::conclusions(&report))?,
        Output::Json => say(&json::report(&report, &warnings))?,
    }
    let unread = report.rows.iter().filter(|row| !matches!(row.outcome, Outcome::Read(_))).count();
    match (unread, report.undiscovered.len()) {
        (0, 0) => Ok(String::new()),
        (0, _) => Err(Failed::Run("not everything can be discovered".to_owned())),
        (unread, _) => Err(Failed::Run(unread_scopes(unread, report.rows.len(), ["cannot be read"; 2]))),
    }
}

/// What is to be watched, with what is found of it.
async fn discovered_silently(
    config: Config,
    clock: &Clock,
    environment: &[(String, String)],
) -> (Config, Vec<Failure>) {
    let silent: Arc<dyn Observe> = Arc::new(());
    let cloud = Cloud::new(Arc::clone(clock), Arc::clone(&silent), &config.refresh, environment);
    discovered(config, &Arc::new(cloud), &silent, clock).await
}

/// Asks about everything that is known to be there; `tell` is given each row as it comes.
pub async fn examine(
    config: &Config,
    undiscovered: Vec<Failure>,
    clock: &Clock,
    environment: &[(String, String)],
    mut tell: impl FnMut(&Row),
) -> Report {
    let names = config.accounts.iter().map(|account| &*account.name);
    let witness = Arc::new(Witness::new(Instruments::new(names, Build::THIS)));
    let observer: Arc<dyn Observe> = Arc::clone(&witness) as _;
    let cloud = Arc::new(Cloud::new(Arc::clone(clock), Arc::clone(&observer), &config.refresh, environment));
    let depth = Depth::of(config);
    let (mut rows, mut undivided, mut samples) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = 0;
    for account in &config.accounts {
        let list = cloud.connect(account);
        let list = list.map(|connection| TaskList::new(connection, Arc::clone(&account.name), Arc::clone(&observer)));
        let mut asker = Asker::new(list, depth);
        for (target, watch) in (first..).zip(&account.watches) {
            for (scan, task_type) in watch.types.iter().enumerate() {
                let (outcome, page) = asker.scope(&Scope { watch, task_type: *task_type }).await;
                samples.extend(page.map(|page| Sample { place: Place { target, scan }, page }));
                let row = Row { target: Arc::clone(&watch.target), task_type: *task_type, outcome };
                tell(&row);
                rows.push(row);
            }
        }
        for whole in ask::divided(account) {
            if let Some(answer) = asker.total(&whole.as_scope()).await {
                undivided.push(Undivided::of(&whole, answer, &rows));
            }
        }
        first += account.watches.len();
    }
    let series = [Extent::Seen, Extent::Most].map(|extent| {
        let snapshot = forecast::snapshot(config, &samples, extent, clock());
        SnapshotPage::render(&snapshot).series(witness.instruments())
    });
    Report {
        rows,
        undivided,
        clocks: witness.clocks(),
        loads: forecast::loads(config, &samples),
        series,
        undiscovered,
        requests: witness.requests(),
        sign_in_requests: witness.sign_in_requests(),
    }
}

/// How many requests are about to be sent at most, and how long the budget makes them take.
fn announcement(config: &Config) -> String {
    let Effort { requests, with_retries, takes } = Effort::of(config);
    let all = counted(requests, "request", "requests");
    let retries =
        if with_retries > requests { format!(", or {} with retries", number(with_retries)) } else { String::new() };
    let takes = match takes {
        Duration::ZERO => "the budget lets all of them go at once".to_owned(),
        takes => format!("the budget makes that take up to {} without retries", humantime::format_duration(takes)),
    };
    format!("asking HSS: at most {all}{retries}; {takes}\n\n")
}
