//! One task type of one target: how it was read, what runs, what the latest scans came to.

use super::landing::badge;
use super::view::{Read, kinds, level_of};
use super::words::{clock_time, moment, span};
use crate::model::plural::{counted, number};
use crate::model::{
    Failure, Kind, KindFacts, Reading, ScanStanding, Status, Tally, TaskType, Timestamp, Trigger, Unfinished,
};
use maud::{Markup, html};
use std::time::Duration;

/// Kinds that are listed for one task type: more than this nobody schedules.
const MOST_KINDS: usize = 12;

/// Characters of the cloud's words that are shown: a proxy may have put a whole page there.
const LONGEST_MESSAGE: usize = 2000;

pub(super) fn section(scan: &ScanStanding, now: Timestamp) -> Markup {
    let read = Read::of(scan);
    html! {
        section.scan {
            h3 { (name(scan.task_type)) " " code { (scan.task_type.as_str()) } " " (badge(read.level(), &read_words((read, &scan.reading)))) }
            (age(read, &scan.reading, now))
            @if let Some(failure) = scan.reading.trouble() { (error(failure)) }
            @if let Some(live) = &scan.live { (now_in_it(live, &scan.reading, now)) }
            (latest(scan, now))
            @if let Some(failure) = &scan.reading.history_failure {
                p.note { "Older tasks cannot be read now. The newest tasks, and those that run, are up to date." }
                (error(failure))
            } @else if read == Read::Up && !scan.complete {
                p.note { "Its history is still being read." }
            }
        }
    }
}

const fn name(task_type: TaskType) -> &'static str {
    match task_type {
        TaskType::ClusterScan => "Cluster scans",
        TaskType::IacScan => "IaC scans",
    }
}

/// How it could be read, in a word, with the reason if it could not.
pub(super) fn read_words((read, reading): (Read, &Reading)) -> String {
    let word = match read {
        Read::NotYet => "not read yet",
        Read::Up => "up",
        Read::Down => "down",
        Read::Stale => "stale",
    };
    match reading.trouble() {
        Some(failure) => format!("{word}: {}", failure.reason.as_str()),
        None => word.to_owned(),
    }
}

fn age(read: Read, reading: &Reading, now: Timestamp) -> Markup {
    let took = reading.duration.map(took).zip(reading.requests);
    html! {
        p.age {
            @match reading.last_success {
                Some(at) => { "Read " (moment(at, now)) }
                None => { "Never read" }
            }
            @if let (Read::Down | Read::Stale, Some(at)) = (read, reading.last_attempt) { ", last tried " (moment(at, now)) }
            @if let (Read::Up, Some((took, requests))) = (read, took) {
                ", in " (took) " with " (counted(requests, "request", "requests"))
            }
            "."
            @if read == Read::Stale { " That is too long ago to say how things stand now." }
        }
    }
}

fn took(duration: Duration) -> String {
    if duration < Duration::from_secs(1) { "less than a second".to_owned() } else { span(duration) }
}

/// All that is known of the error: with it the vendor's support can be asked.
pub(super) fn error(failure: &Failure) -> Markup {
    let message: String = failure.message.chars().take(LONGEST_MESSAGE).collect();
    html! {
        div.error role="note" {
            @if !message.is_empty() { p.message { (message) } }
            dl {
                @if let Some(status) = failure.status { div { dt { "HTTP status" } dd { (status) } } }
                @if let Some(code) = &failure.code { div { dt { "code" } dd { code { (code) } } } }
                @if let Some(id) = &failure.request_id { div { dt { "request id" } dd { code { (id) } } } }
                div { dt { "tried" } dd { (failure.tried) } }
                div { dt { "what to do" } dd { (failure.advice()) } }
            }
        }
    }
}

/// What HSS lists now, and what is under way.
fn now_in_it(live: &Tally, reading: &Reading, now: Timestamp) -> Markup {
    let of = |status| live.statuses.get(&status).copied();
    let count = |status: Status, word: &str| {
        html! {
            @if let Some(n) = of(status).filter(|n| *n > 0 || status != Status::Other) {
                li { b { (number(n)) } " " (word) }
            }
        }
    };
    html! {
        ul.counts {
            (count(Status::Running, "running"))
            (count(Status::Ready, "ready"))
            (count(Status::Finished, "finished"))
            (count(Status::Other, "in another status"))
        }
        @for (trigger, unfinished) in &live.unfinished { (under_way(*trigger, *unfinished, reading, now)) }
    }
}

fn under_way(trigger: Trigger, unfinished: Unfinished, reading: &Reading, now: Timestamp) -> Markup {
    // The estimate counts from the moment at which it was read.
    let end = reading.last_success.zip(unfinished.estimated_remaining).map(|(read, left)| read.plus(left));
    let overdue = unfinished.earliest_estimated_end.filter(|first| *first < now);
    html! {
        @if let Some(start) = unfinished.oldest_running_start {
            p.running {
                b { "Running" } ", " (trigger_word(trigger)) ": since " (moment(start, now))
                @if let Some(end) = end { ", estimated to end " (moment(end, now)) " at " (clock_time(end, now)) }
                "."
                @if let Some(first) = overdue { " " strong.overdue { "Its first estimate was " (clock_time(first, now)) "." } }
            }
        }
        @if let Some(since) = unfinished.oldest_ready_first_seen {
            p.running { b { "Ready" } ", " (trigger_word(trigger)) ": first seen " (moment(since, now)) "." }
        }
    }
}

fn latest(scan: &ScanStanding, now: Timestamp) -> Markup {
    let kinds = kinds(scan);
    let listed = kinds.get(..MOST_KINDS).unwrap_or(&kinds);
    let unlisted = kinds.len() - listed.len();
    html! {
        @if kinds.is_empty() {
            @if scan.reading.last_success.is_some() { p.note { "No finished scan is known." } }
        } @else {
            table {
                caption { "Latest scan of each kind" }
                thead { tr {
                    th scope="col" { "Scan" } th scope="col" { "Outcome" } th scope="col" { "Ended" }
                    th.n scope="col" { "Success" } th.n scope="col" { "Failed" } th scope="col" { "Last good end" }
                } }
                tbody { @for (kind, facts) in listed { (row(kind, facts, now)) } }
            }
            @if unlisted > 0 { p.note { (counted(unlisted as u64, "more kind is", "more kinds are")) " not listed here." } }
        }
    }
}

fn row(kind: &Kind, facts: &KindFacts, now: Timestamp) -> Markup {
    let outcome = facts.latest.outcome();
    let (success, failed) = facts.latest.counts.done();
    let scan = Some(kind.scan.as_str()).filter(|scan| !scan.is_empty()).unwrap_or("not named");
    html! {
        tr {
            th scope="row" { (scan) " " small { (trigger_word(kind.trigger)) } }
            td data-name="Outcome" { (badge(level_of(outcome), outcome.as_str())) }
            td data-name="Ended" { (moment(facts.latest.end, now)) }
            td.n data-name="Success" { (number(success)) }
            td.n.some-failed[failed > 0] data-name="Failed" { (number(failed)) }
            td data-name="Last good end" {
                @match facts.last_success_end { Some(end) => (moment(end, now)), None => "none known" }
            }
        }
    }
}

/// What started a task, as a person says it.
pub(super) const fn trigger_word(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::Manual => "manual",
        Trigger::Schedule => "scheduled",
        Trigger::Other => "other trigger",
    }
}
