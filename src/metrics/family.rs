//! What a row of the catalogue says about a family of metrics.

use super::lines::Lines;
use super::view::View;
use crate::model::Snapshot;

/// One metric of the catalogue: what is served, documented and checked is read off this.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// As it is spelled on the page, but for the suffixes of a summary or a histogram.
    pub name: &'static str,
    /// One sentence: the API's fields, and the rule applied to them.
    pub help: &'static str,
    /// What its numbers mean to Prometheus.
    pub kind: Kind,
    /// The names of its labels, in the order in which they are written and sorted.
    pub labels: &'static [&'static str],
    /// Where it stands, and with that for how long its series are shown.
    pub section: Section,
    /// Whether alerts may hang on it.
    pub stability: Stability,
    /// Where its samples come from.
    pub(super) source: Source,
}

/// What the numbers of a family mean to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, but for a restart.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Always 1; the labels say it.
    Info,
    /// A sum and a count, without quantiles.
    Summary,
    /// Counts by size.
    Histogram,
}

impl Kind {
    /// As the documentation calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Info => "info",
            Self::Summary => "summary",
            Self::Histogram => "histogram",
        }
    }
}

/// Whether alerts may hang on a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stability {
    /// Name, labels and meaning stay for a major version.
    Stable,
    /// Tells of how the exporter works inside, and may go when that changes.
    Internal,
}

impl Stability {
    /// As the documentation calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Internal => "internal",
        }
    }
}

/// The sections of the catalogue: families that are shown for the same reason, for equally long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Whether what is shown can be believed. Always.
    Targets,
    /// How things stand. Live: withdrawn when stale.
    Tasks,
    /// The latest run of each kind. Facts: true for good.
    Latest,
    /// The ends of runs. Facts: true for good.
    Events,
    /// One series a task. Live, and bounded.
    PerTask,
    /// What the exporter itself does. Always.
    Exporter,
}

/// Where the samples of a family come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// They are read off the targets of a snapshot, one after the other; their labels begin with the target's.
    Target(fn(&View<'_>, &mut Lines<'_>)),
    /// The same, and some have an exemplar.
    Exemplified(fn(&View<'_>, &mut Lines<'_>)),
    /// They are read off the snapshot as a whole.
    Account(fn(&Snapshot, &mut Lines<'_>)),
    /// They are counted as things happen.
    Instrument(Instrument),
    /// They measure the page on which they stand.
    Page(fn(Size) -> usize),
}

/// The exporter's own instruments: which of them a row describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instrument {
    BuildInfo,
    ApiAttempts,
    ApiErrors,
    ApiRetries,
    ApiBudgetWait,
    ApiBudget,
    ApiBlocked,
    ApiRequestDuration,
    ClockSkew,
    DatesDistrusted,
    CredentialExpiry,
    DiscoveryLastSuccess,
    DiscoveryErrors,
    MalformedTasks,
    DuplicateTasks,
    PageRereads,
    StatisticsDistrusted,
    UnknownValues,
    LogMessages,
    LogMessagesDropped,
}

/// How large a page is, as plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Lines with a value.
    pub(super) series: usize,
    /// All of it.
    pub(super) bytes: usize,
}
