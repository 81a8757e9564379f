//! What the landing page says, decided: how each target stands, what is a problem, and what comes first.

use crate::model::{Failure, Kind, KindFacts, Outcome, ScanStanding, Shown, Snapshot, Status};

/// How much a person should care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// All is well.
    Good,
    /// Nothing is known yet, or not everything.
    Unknown,
    /// A scan failed, at least in part.
    Failed,
    /// It cannot be read how things stand.
    Down,
}

/// How one (target, task type) could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// Not tried yet.
    NotYet,
    /// Well.
    Up,
    /// Not, the last time.
    Down,
    /// Not for so long that it is not said any more how things stand.
    Stale,
}

impl Read {
    pub(super) fn of(scan: &ScanStanding) -> Self {
        match (scan.reading.up(), &scan.live, scan.reading.last_success) {
            (None, _, _) => Self::NotYet,
            (Some(_), None, Some(_)) => Self::Stale,
            (Some(true), Some(_), _) => Self::Up,
            (Some(_), _, _) => Self::Down,
        }
    }

    pub(super) const fn level(self) -> Level {
        match self {
            Self::NotYet => Level::Unknown,
            Self::Up => Level::Good,
            Self::Down | Self::Stale => Level::Down,
        }
    }
}

/// The whole page.
pub(super) struct View<'a> {
    pub(super) counts: Counts,
    /// The accounts of which it could not be found out which targets there are, and why.
    pub(super) undiscovered: Vec<(&'a str, &'a Failure)>,
    /// The most serious first, then by name.
    pub(super) targets: Vec<TargetView<'a>>,
}

/// One target.
pub(super) struct TargetView<'a> {
    pub(super) shown: &'a Shown,
    pub(super) level: Level,
    pub(super) counts: Counts,
}

/// What there is, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) targets: u64,
    /// Accounts of which it could not be found out which targets there are.
    pub(super) undiscovered: u64,
    /// Targets of which something cannot be read.
    pub(super) down: u64,
    /// Targets of which something has not been tried yet, and nothing is down.
    pub(super) not_yet: u64,
    /// Targets of which older tasks cannot be read.
    pub(super) incomplete: u64,
    /// Kinds whose latest scan had failures.
    pub(super) failed: u64,
    /// Tasks.
    pub(super) running: u64,
    /// Tasks.
    pub(super) waiting: u64,
}

impl Counts {
    pub(super) const fn level(&self) -> Level {
        match self {
            Self { down: 1.., .. } | Self { undiscovered: 1.., .. } => Level::Down,
            Self { failed: 1.., .. } => Level::Failed,
            Self { not_yet: 1.., .. } | Self { incomplete: 1.., .. } | Self { targets: 0, .. } => Level::Unknown,
            _ => Level::Good,
        }
    }

    fn of(shown: &Shown) -> Self {
        let mut counts = Self { targets: 1, ..Self::default() };
        let mut worst = Level::Good;
        for scan in &shown.standing.scans {
            worst = worst.max(Read::of(scan).level());
            counts.failed += failing(scan).count() as u64;
            if let Some(live) = &scan.live {
                let of = |status| live.statuses.get(&status).copied().unwrap_or(0);
                counts.running = counts.running.saturating_add(of(Status::Running));
                counts.waiting = counts.waiting.saturating_add(of(Status::Ready));
            }
        }
        counts.down = u64::from(worst == Level::Down);
        counts.not_yet = u64::from(worst == Level::Unknown);
        let unread = |scan: &ScanStanding| scan.reading.history_failure.is_some();
        counts.incomplete = u64::from(shown.standing.scans.iter().any(unread));
        counts
    }

    fn plus(self, other: &Self) -> Self {
        Self {
            targets: self.targets + other.targets,
            undiscovered: self.undiscovered + other.undiscovered,
            down: self.down + other.down,
            not_yet: self.not_yet + other.not_yet,
            incomplete: self.incomplete + other.incomplete,
            failed: self.failed + other.failed,
            running: self.running.saturating_add(other.running),
            waiting: self.waiting.saturating_add(other.waiting),
        }
    }
}

impl<'a> View<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let view = |shown| {
            let counts = Counts::of(shown);
            TargetView { shown, level: counts.level(), counts }
        };
        let mut targets: Vec<TargetView<'a>> = snapshot.targets.iter().map(view).collect();
        // A snapshot has its targets by name, and this keeps the order of equals.
        targets.sort_by_key(|target| std::cmp::Reverse(target.level));
        let accounts = snapshot.accounts.iter();
        let undiscovered: Vec<_> =
            accounts.filter_map(|account| Some((&*account.name, account.undiscovered.as_deref()?))).collect();
        let none = Counts { undiscovered: undiscovered.len() as u64, ..Counts::default() };
        let counts = targets.iter().fold(none, |sum, target| sum.plus(&target.counts));
        Self { counts, undiscovered, targets }
    }
}

/// The kinds of a scan, those whose latest scan had failures first.
pub(super) fn kinds(scan: &ScanStanding) -> Vec<(&Kind, &KindFacts)> {
    let mut kinds: Vec<(&Kind, &KindFacts)> = scan.facts.kinds().collect();
    kinds.sort_by_key(|(_, facts)| !failed(facts));
    kinds
}

/// The kinds of a scan whose latest scan had failures.
pub(super) fn failing(scan: &ScanStanding) -> impl Iterator<Item = (&Kind, &KindFacts)> {
    scan.facts.kinds().filter(|(_, facts)| failed(facts))
}

/// How much a person should care about a run's outcome.
pub(super) const fn level_of(outcome: Outcome) -> Level {
    match outcome {
        Outcome::Success => Level::Good,
        Outcome::Empty => Level::Unknown,
        Outcome::Failed | Outcome::Partial => Level::Failed,
    }
}

fn failed(facts: &KindFacts) -> bool {
    facts.latest.outcome().with_failures()
}
