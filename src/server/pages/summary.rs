//! One target in a line, and what is wrong with it in a line each: what is seen of it where it is folded.

use super::landing::badge;
use super::scan::{read_words, trigger_word};
use super::view::{Level, Read, TargetView, failing};
use super::words::moment;
use crate::model::plural::number;
use crate::model::{Kind, KindFacts, ScanStanding, Timestamp};
use maud::{Markup, html};

/// Failing kinds of one task type that are named here.
const MOST_FAILING: usize = 3;

/// Characters of the cloud's words that are shown here; unfolded, the target shows more.
const LONGEST_MESSAGE: usize = 160;

pub(super) fn summary(view: &TargetView<'_>, now: Timestamp) -> Markup {
    let standing = &view.shown.standing;
    let [account, project, enterprise_project] = standing.target.labels();
    // The oldest: it may be the reason for looking.
    let read = standing.scans.iter().filter_map(|scan| scan.reading.last_success).min();
    html! {
        summary {
            (badge(view.level, &words(view)))
            span.name { (account) " / " b { (project) } " / " (enterprise_project) }
            span.brief {
                @if view.counts.running > 0 { span { (number(view.counts.running)) " running" } }
                @if view.counts.waiting > 0 { span { (number(view.counts.waiting)) " waiting" } }
                @if let Some(read) = read { span { "read " (moment(read, now)) } }
            }
            @for scan in &standing.scans { (wrong(scan, now)) }
        }
    }
}

/// How a target stands, in a word or two; of a target that is down, the word of the scan that is.
fn words(view: &TargetView<'_>) -> String {
    let mut scans = view.shown.standing.scans.iter().map(|scan| (Read::of(scan), &scan.reading));
    match view.level {
        Level::Good => "ok".to_owned(),
        Level::Unknown if view.counts.not_yet == 0 => "incomplete".to_owned(),
        Level::Unknown => "not read yet".to_owned(),
        Level::Failed => "failures".to_owned(),
        Level::Down => scans.find(|(read, _)| read.level() == Level::Down).map_or_else(String::new, read_words),
    }
}

fn wrong(scan: &ScanStanding, now: Timestamp) -> Markup {
    let failing: Vec<(&Kind, &KindFacts)> = failing(scan).collect();
    let unnamed = failing.len().saturating_sub(MOST_FAILING);
    html! {
        @if let Some(failure) = scan.reading.trouble() {
            @let message: String = failure.message.chars().take(LONGEST_MESSAGE).collect();
            span.wrong.down { code { (scan.task_type.as_str()) } " " (message) }
        }
        @if let Some(failure) = &scan.reading.history_failure {
            @let message: String = failure.message.chars().take(LONGEST_MESSAGE).collect();
            span.wrong.failed { code { (scan.task_type.as_str()) } " older tasks cannot be read: " (message) }
        }
        @for (kind, facts) in failing.iter().take(MOST_FAILING) {
            span.wrong.failed {
                code { (scan.task_type.as_str()) } " " (kind.scan.as_str()) ", " (trigger_word(kind.trigger)) ": "
                b { (facts.latest.outcome().as_str()) } " " (moment(facts.latest.end, now)) ", " (number(facts.latest.counts.done().1)) " failed"
            }
        }
        @if unnamed > 0 { span.wrong.failed { code { (scan.task_type.as_str()) } " and " (number(unnamed as u64)) " more" } }
    }
}
