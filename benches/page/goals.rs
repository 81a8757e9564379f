//! What is aimed at, and whether this run has reached it.

use crate::Figures;
use crate::load::Answer;
use crate::rounds::Scrapes;
use crate::sizes::USUAL;
use crate::table::{ms, name, ratio, thousands};
use std::fmt::{self, Write};

/// A figure, and on which side of what it should lie.
struct Goal {
    what: String,
    bound: Bound,
    reached: f64,
    /// Both, as they are written.
    write: fn(f64) -> String,
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}
use Bound::{AtLeast, AtMost};

/// The goals as rows.
pub(crate) fn table(text: &mut String, figures: &Figures) -> fmt::Result {
    writeln!(text, "| what | goal | reached | |\n|---|---:|---:|---|")?;
    for Goal { what, bound, reached, write } in goals(figures) {
        let (goal, short) = match bound {
            AtMost(bound) => (format!("at most {}", write(bound)), reached - bound),
            AtLeast(bound) => (format!("at least {}", write(bound)), bound - reached),
        };
        let verdict = if short <= 0.0 { "met".to_owned() } else { format!("missed by {}", write(short)) };
        writeln!(text, "| {what} | {goal} | {} | {verdict} |", write(reached))?;
    }
    Ok(())
}

fn goals(figures: &Figures) -> Vec<Goal> {
    let goal = |what, bound, reached, write| Goal { what, bound, reached, write };
    let Figures { making, disturbed, memory: [ours, theirs], .. } = figures;
    let series = thousands(figures.series);
    let mut all: Vec<Goal> =
        [Answer::Plain, Answer::Gzip].into_iter().filter_map(|answer| nginx(figures, answer)).collect();
    all.extend(promhttp(figures));
    for of in disturbed {
        let what =
            |p| format!("{p} of {} scrapes while targets are refreshed, times that of idle ones", name(of.answer));
        all.push(goal(what("p50"), AtMost(2.0), of.beating.p50 / of.idle.p50, ratio));
        all.push(goal(what("p99"), AtMost(2.0), of.beating.p99 / of.idle.p99, ratio));
    }
    let what = "a page from nothing, times one refresh to the new page".to_owned();
    all.push(goal(what, AtLeast(20.0), making.whole / making.refresh, ratio));
    let what = format!("a page of {series} series from nothing, not compressed, ms");
    all.push(goal(what, AtMost(0.015), making.text, ms));
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let ([first, .., last], [.., of_promhttp]) = (ours.after.map(mebibytes), theirs.after.map(mebibytes));
    let what = format!("memory at {series} series after 1,000 refreshes, MiB");
    all.push(goal(what, AtMost(96.0), last, |mebibytes| format!("{mebibytes:.1}")));
    all.push(goal("the same, times that after 100".to_owned(), AtMost(1.05), last / first, ratio));
    all.push(goal("promhttp's memory, times ours".to_owned(), AtLeast(3.0), of_promhttp / last, ratio));
    all
}

/// The worst ratio to nginx, of all sizes and connections.
fn nginx(figures: &Figures, answer: Answer) -> Option<Goal> {
    let ratio_to_nginx = |scrapes: &Scrapes| {
        let [ours, nginx, ..] = scrapes.times;
        Some((ours?.p50 / nginx?.p50, scrapes.series, scrapes.connections))
    };
    let rows = figures.scrapes.iter().filter(|scrapes| scrapes.answer == answer);
    let (reached, series, connections) = rows.filter_map(ratio_to_nginx).max_by(|a, b| a.0.total_cmp(&b.0))?;
    let (answer, series) = (name(answer), thousands(series));
    let what =
        format!("p50 of {answer} scrapes, times nginx's; the worst: {series} series, connections: {connections}");
    Some(Goal { what, bound: AtMost(1.1), reached, write: ratio })
}

/// The worst ratio to promhttp, of the usual page.
fn promhttp(figures: &Figures) -> Option<Goal> {
    let times_ours = |scrapes: &Scrapes| {
        let [ours, _, promhttp, _] = scrapes.times;
        Some(promhttp?.p50 / ours?.p50)
    };
    let rows = figures.scrapes.iter().filter(|scrapes| scrapes.series == USUAL);
    let reached = rows.filter_map(times_ours).min_by(f64::total_cmp)?;
    let what = format!("promhttp's p50 at {} series, times ours; the worst", thousands(USUAL));
    Some(Goal { what, bound: AtLeast(100.0), reached, write: ratio })
}
