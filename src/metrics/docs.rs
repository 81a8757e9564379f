//! `docs/metrics.md`: the catalogue, for its readers.

use super::CATALOG;
use super::catalog::AGE;
use super::family::{Family, Section};
use std::fmt::Write;

/// The documentation of every family, in Markdown.
pub fn docs() -> String {
    let mut out = String::from(INTRODUCTION);
    for section in Section::ALL {
        // A string takes whatever is written.
        let _ = write!(out, "\n## {}\n\n{}\n\n", section.title(), section.about());
        out.push_str("| family | kind | labels | stability | meaning |\n|---|---|---|---|---|\n");
        for family in CATALOG.iter().filter(|family| family.section == section) {
            let _ = writeln!(out, "{}", Line(family));
        }
    }
    out.push_str(PROCESS);
    out
}

const INTRODUCTION: &str = "\
# Metrics

<!-- Written by `make docs` from src/metrics/catalog.rs. Do not edit. -->

What `/metrics` serves. Tasks are read from Huawei Cloud in the background, within the API's limits, and not at the scrape:
`hss_target_last_success_timestamp_seconds` tells how old everything is that comes from there, and every such family says so
on the page. Times are in seconds, moments in seconds since 1970-01-01 UTC. What is not known has no sample; a label that is
not known is empty.

The page is to be had in Prometheus's text format, versions 0.0.4 and 1.0.0, and as OpenMetrics 1.0.0, each as it is or packed
with gzip. The client's `Accept` and `Accept-Encoding` say what it likes most; whoever says nothing gets text 0.0.4.
`/metrics?name[]=hss_target_up&name[]=hss_tasks` is those families alone, by the names of this list.

**Live and facts.** *Live* families say how things stand now. When a target's task type could not be read for
`hss_exporter_stale_after_seconds`, they are withdrawn: old news is not shown as if it were true. *Facts* (events, latest runs)
are true for good, and stay until the target is removed from the configuration. So no alert clears, and none fires, only
because something could not be read.

**P** stands for the labels `account`, `project`, `enterprise_project`: a target, by the names that the configuration gives.
`enterprise_project=\"all\"` is a target that covers every enterprise project of its project, undivided.

**Outcome.** HSS has no status for failure: what a finished run came to is read off how many of its clusters or files succeeded
and failed.

| outcome | means |
|---|---|
| `empty` | nothing succeeded, and nothing failed |
| `failed` | something failed, and nothing succeeded |
| `success` | something succeeded, nothing failed, nothing is still being scanned, and, where HSS says how many files there were, all of them succeeded |
| `partial` | everything else |

*With failures* means `failed` or `partial`.

**Label values.** `task_type` is `cluster_scan` or `iac_scan`; `trigger_type` is `manual`, `schedule` or `other`; `scan` is the
sorted scan types of a cluster scan joined by `+`, or the file type of an IaC scan. Values that HSS adds later become `other`,
and are counted in `hss_exporter_unknown_values_total`. Characters that are not printable (control
characters, those that change the direction of a text, invisible ones) are replaced, and values are cut after 256 characters.

**Stability.** *stable*: name, labels and meaning stay for a major version. *internal*: tells of how the exporter works inside,
and may go when that changes.
";

const PROCESS: &str = "
On Linux the page ends with the `process_*` families of the `prometheus` crate: CPU time, memory, file descriptors, threads and
start time of the exporter's process, under the names that all Prometheus clients use, as they were within the last second.
";

/// A row of a section's table.
struct Line<'f>(&'f Family);

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Family { name, help, kind, labels, stability, .. } = self.0;
        write!(f, "| `{name}` | {} | ", kind.as_str())?;
        let (target, others) = match labels {
            ["account", "project", "enterprise_project", others @ ..] => (Some("P".to_owned()), others),
            others => (None, *others),
        };
        let labels: Vec<String> = target.into_iter().chain(others.iter().map(|label| format!("`{label}`"))).collect();
        // The introduction says for the whole page how old things are.
        let meaning = help.strip_suffix(AGE).unwrap_or_else(|| help.trim_end_matches('.'));
        write!(f, "{} | {} | {meaning} |", labels.join(", "), stability.as_str())
    }
}

impl Section {
    /// All of them, in the order of the page.
    pub const ALL: [Self; 6] = [Self::Targets, Self::Tasks, Self::Latest, Self::Events, Self::PerTask, Self::Exporter];

    const fn title(self) -> &'static str {
        match self {
            Self::Targets => "Targets",
            Self::Tasks => "Tasks by status (live)",
            Self::Latest => "The latest finished run of each kind (facts)",
            Self::Events => "Runs that ended (facts)",
            Self::PerTask => "Per task (live)",
            Self::Exporter => "The exporter itself",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Targets => {
                "What is watched, what is expected of it, and whether what the page says about it can be believed. Always there."
            }
            Self::Tasks => "How things stand now.",
            Self::Latest => {
                "A kind is a trigger type and a scan: asked without the scan, a passing benchmark would hide a failing \
                 vulnerability scan. The latest run is the one that ended last; it only ever moves forward."
            }
            Self::Events => {
                "Counters, there with 0 from the start for every trigger type, so that `increase()` sees the first event. \
                 *Scanned* counts what succeeded and what failed."
            }
            Self::PerTask => {
                "Tasks that have not finished, and those that finished within `tasks.series.finished_for`. Over `limit` (of a \
                 target) or `total_limit` (shared fairly), tasks are withheld in this order: finished without failures, \
                 finished with failures (of both the oldest first), ready; running ones last. A task's series end by \
                 disappearing. With `tasks.series.enabled: false` there are none."
            }
            Self::Exporter => "Always there.",
        }
    }
}
