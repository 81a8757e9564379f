//! What stays true for good: the latest run of each kind, and the counts of runs that ended.
//!
//! Facts move only forward in end time. They outlive the window, retries, deletions and staleness, so that an alert
//! neither clears nor fires because something could not be read.

use super::{ClockOffset, Counts, Outcome, Scan, Timestamp, Trigger};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How much later an end may be reported for what is still the same run.
pub const SAME_RUN: Duration = Duration::from_secs(60);

/// What "the latest scan" is asked of: without the scan, a passing benchmark would clear a failing vulnerability scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// What started it.
    pub trigger: Trigger,
    /// What was scanned. A closed set, which bounds the number of kinds.
    pub scan: Scan,
}

/// A run that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The task that ran.
    pub id: Arc<str>,
    /// When it began, if that is known.
    pub start: Option<Timestamp>,
    /// When it ended; see [`super::Stage::Finished`] for what stands here while that is not known.
    pub end: Timestamp,
    /// Whether the API has given a credible end.
    pub end_is_known: bool,
    /// What it came to.
    pub counts: Counts,
}

impl Run {
    /// What it came to, in a word.
    pub fn outcome(&self) -> Outcome {
        self.counts.outcome()
    }

    /// Newest end, then newest start, then greatest id.
    fn order(&self) -> (Timestamp, Option<Timestamp>, &str) {
        (self.end, self.start, &self.id)
    }
}

/// What is known about one kind for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindFacts {
    /// The latest run.
    pub latest: Run,
    /// The end of the newest run with outcome `success`.
    pub last_success_end: Option<Timestamp>,
    /// The end of the newest run with failures.
    pub last_failed_end: Option<Timestamp>,
}

/// The facts of one (target, task type), by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    kinds: BTreeMap<Kind, KindFacts>,
}

impl Facts {
    /// Takes in a run. An older one changes at most the ends of the newest good and bad runs. The latest run may be
    /// corrected, within [`SAME_RUN`] or as long as its start is the same; what was once the end of a good or a bad run is
    /// not taken back.
    pub fn learn(&mut self, kind: Kind, run: Run) {
        let (end, outcome) = (run.end, run.outcome());
        let facts = self.kinds.entry(kind).or_insert_with(|| KindFacts {
            latest: run.clone(),
            last_success_end: None,
            last_failed_end: None,
        });
        let corrected =
            facts.latest.id == run.id && (facts.latest.start == run.start || facts.latest.end.since(end) <= SAME_RUN);
        if corrected || run.order() > facts.latest.order() {
            facts.latest = run;
        }
        match outcome {
            Outcome::Success => facts.last_success_end = facts.last_success_end.max(Some(end)),
            outcome if outcome.with_failures() => facts.last_failed_end = facts.last_failed_end.max(Some(end)),
            _ => {}
        }
    }

    /// The cloud's clock was corrected, and shows `now`. An end that lies ahead of that was given by the clock, where the list
    /// gave none: it would be the latest for good.
    pub(super) fn correct(&mut self, by: ClockOffset, now: Timestamp) {
        for facts in self.kinds.values_mut() {
            let others = facts.last_success_end.iter_mut().chain(&mut facts.last_failed_end);
            for end in others.chain([&mut facts.latest.end]).filter(|end| **end > now) {
                by.correct(end);
            }
        }
    }

    /// Every kind that ever ran, in order.
    pub fn kinds(&self) -> impl Iterator<Item = (&Kind, &KindFacts)> {
        self.kinds.iter()
    }

    /// Whether a run with this trigger is known.
    pub fn knows(&self, trigger: Trigger) -> bool {
        self.kinds.keys().any(|kind| kind.trigger == trigger)
    }
}

/// The end of a run: what counters count, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Of which kind.
    pub kind: Kind,
    /// The run.
    pub run: Run,
}

/// The events of one trigger, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TriggerCounts {
    /// Runs that ended.
    pub finished: u64,
    /// Of these, runs in which something failed.
    pub with_failures: u64,
    /// Clusters or files that were scanned, well or not.
    pub scanned: u64,
    /// Of these, those that failed.
    pub failed: u64,
}

/// The events of one (target, task type), counted since the counters began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counters {
    triggers: BTreeMap<Trigger, TriggerCounts>,
    /// The runs with failures that were counted last.
    failures: BTreeMap<Trigger, Run>,
    /// How long the runs took whose start and end were known when they were counted, together.
    pub duration_sum: Duration,
    /// How many runs that were.
    pub duration_count: u64,
}

impl Default for Counters {
    /// Zero for every trigger there is, so that the first event is an increase.
    fn default() -> Self {
        let triggers = Trigger::ALL.map(|trigger| (trigger, TriggerCounts::default())).into();
        Self { triggers, failures: BTreeMap::new(), duration_sum: Duration::ZERO, duration_count: 0 }
    }
}

impl Counters {
    /// Counts an event.
    pub fn count(&mut self, Event { kind, run }: &Event) {
        let (success, failed) = run.counts.done();
        let counts = self.triggers.entry(kind.trigger).or_default();
        counts.finished += 1;
        counts.with_failures += u64::from(run.outcome().with_failures());
        counts.scanned = counts.scanned.saturating_add(success).saturating_add(failed);
        counts.failed = counts.failed.saturating_add(failed);
        if run.outcome().with_failures() {
            self.failures.insert(kind.trigger, run.clone());
        }
        if let Some(start) = run.start.filter(|start| run.end_is_known && *start <= run.end) {
            self.duration_sum = self.duration_sum.saturating_add(run.end.since(start));
            self.duration_count += 1;
        }
    }

    /// The run with failures that was counted last.
    pub fn last_with_failures(&self, trigger: Trigger) -> Option<&Run> {
        self.failures.get(&trigger)
    }

    /// Every trigger with its counts, in order.
    pub fn triggers(&self) -> impl Iterator<Item = (Trigger, TriggerCounts)> + '_ {
        self.triggers.iter().map(|(trigger, counts)| (*trigger, *counts))
    }
}
