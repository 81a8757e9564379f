//! The page as a whole: the head, the verdict, the targets.

use super::scan::{error, section};
use super::summary::summary;
use super::view::{Counts, Level, TargetView, View};
use super::words::rfc3339;
use crate::model::plural::{counted, number};
use crate::model::{Snapshot, Timestamp};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Targets that are listed. With more, a page is no overview any more, and Grafana shows them better.
const MOST_TARGETS: usize = 500;

/// So many targets are shown in full at once; where there are more, each is a line that unfolds, so that what is wrong
/// fits on a screen.
const MOST_OPEN: usize = 4;

const STYLE: &str = include_str!("style.css");

/// Whether targets are shown in full.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fold {
    Open,
    Folded,
}

impl Fold {
    const fn of(targets: usize) -> Self {
        if targets <= MOST_OPEN { Self::Open } else { Self::Folded }
    }
}

/// The landing page of `snapshot` at `now`, in HTML.
pub(super) fn page(snapshot: &Snapshot, now: Timestamp, version: &str, telemetry_path: &str) -> String {
    let view = View::of(snapshot);
    let (verdict, level) = (verdict(&view.counts), view.counts.level());
    // The links are relative, so that they also lead right behind a proxy that puts a prefix before them.
    let telemetry = telemetry_path.trim_start_matches('/');
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (verdict) " – hss-exporter" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "hss-exporter " small { (version) } }
                    nav { a href=(telemetry) { (telemetry_path) } a href="-/healthy" { "/-/healthy" } a href="-/ready" { "/-/ready" } }
                    p { "Tells Prometheus how the security scans of Huawei Cloud's Host Security Service are going." }
                }
                main {
                    section.verdict.(class(level)) aria-label="In short" {
                        p.headline { (mark(level)) (verdict) }
                        (tiles(&view.counts))
                    }
                    @for (account, failure) in &view.undiscovered {
                        section {
                            h2 { "Discovery of " (account) }
                            (error(failure))
                        }
                    }
                    (targets(&view, now))
                }
                footer { p { "As of " time datetime=(rfc3339(now)) { (rfc3339(now)) } ". All times are UTC. Reload for news." } }
            }
        }
    };
    markup.into_string()
}

/// Whether all is well, in one line.
fn verdict(counts: &Counts) -> String {
    if counts.undiscovered > 0 {
        let accounts = counted(counts.undiscovered, "account", "accounts");
        let rest = Counts { undiscovered: 0, ..*counts };
        return format!("Discovery fails for {accounts}; {}", uncapitalized(&verdict(&rest)));
    }
    let targets = counted(counts.targets, "target", "targets");
    let down = format!("{} of {targets} {} down", number(counts.down), if counts.down == 1 { "is" } else { "are" });
    let failed = match counts.failed {
        1 => "the latest scan of 1 kind had failures".to_owned(),
        n => format!("the latest scans of {} kinds had failures", number(n)),
    };
    match counts {
        Counts { targets: 0, .. } => "No target is watched".to_owned(),
        Counts { down: 0, failed: 0, not_yet: 0, incomplete: 0, .. } => format!("All is well with {targets}"),
        Counts { down: 0, failed: 0, not_yet: 0, incomplete, .. } => {
            format!("Older tasks of {} of {targets} cannot be read", number(*incomplete))
        }
        Counts { down: 0, failed: 0, not_yet, .. } => format!("{} of {targets} not read yet", number(*not_yet)),
        Counts { down: 0, .. } => capitalized(&failed),
        Counts { failed: 0, .. } => down,
        _ => format!("{down}; {failed}"),
    }
}

fn tiles(counts: &Counts) -> Markup {
    let tile = |n: u64, name: &str, level: Option<Level>| {
        let level = level.filter(|_| n > 0).map_or("", class);
        html! { div.tile.(level) { dt { (name) } dd { (number(n)) } } }
    };
    html! {
        dl.tiles {
            (tile(counts.targets, "targets", None))
            (tile(counts.down, "down", Some(Level::Down)))
            (tile(counts.failed, "latest scans with failures", Some(Level::Failed)))
            (tile(counts.running, "tasks running", None))
            (tile(counts.waiting, "tasks waiting", None))
        }
    }
}

fn targets(view: &View<'_>, now: Timestamp) -> Markup {
    let listed = view.targets.get(..MOST_TARGETS).unwrap_or(&view.targets);
    let (problems, others) = listed.split_at(listed.partition_point(|target| target.level >= Level::Failed));
    let (fold_problems, fold_others) = (Fold::of(problems.len()), Fold::of(listed.len()));
    let unlisted = view.targets.len() - listed.len();
    html! {
        (list("Problems", problems, fold_problems, now))
        (list(if problems.is_empty() { "Targets" } else { "Other targets" }, others, fold_others, now))
        @if unlisted > 0 {
            p.more { (counted(unlisted as u64, "more target is", "more targets are")) " not listed here; " (number(view.counts.targets)) " are in the exposition." }
        }
    }
}

fn list(heading: &str, targets: &[TargetView<'_>], fold: Fold, now: Timestamp) -> Markup {
    html! {
        @if !targets.is_empty() {
            section {
                h2 { (heading) " " small { (number(targets.len() as u64)) } }
                @for view in targets { (target(view, fold, now)) }
            }
        }
    }
}

fn target(view: &TargetView<'_>, fold: Fold, now: Timestamp) -> Markup {
    let standing = &view.shown.standing;
    html! {
        details.target.(class(view.level)) open[fold == Fold::Open] {
            (summary(view, now))
            div.scans { @for scan in &standing.scans { (section(scan, now)) } }
            p.ids {
                span { "region " (standing.target.region) }
                span { "project id " code { (standing.target.project.id) } }
                span { "enterprise project id " code { (standing.target.enterprise_project.id()) } }
            }
        }
    }
}

/// A word with its colour, and a sign for those who do not see the colour.
pub(super) fn badge(level: Level, word: &str) -> Markup {
    html! { span.badge.(class(level)) { (mark(level)) (word) } }
}

fn mark(level: Level) -> Markup {
    let sign = match level {
        Level::Good => "✓",
        Level::Unknown => "○",
        Level::Failed => "▲",
        Level::Down => "✕",
    };
    html! { span.mark aria-hidden="true" { (sign) } }
}

const fn class(level: Level) -> &'static str {
    match level {
        Level::Good => "good",
        Level::Unknown => "unknown",
        Level::Failed => "failed",
        Level::Down => "down",
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
