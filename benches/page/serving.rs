//! Our server as a process of its own, which whoever started it tells what to do, a line at a time.
//!
//! | line | it does | it answers |
//! |---|---|---|
//! | `refresh N` | refreshes N times one of the targets | the medians in seconds: all of a refresh, and its page alone |
//! | `whole N` | makes N times the page from nothing | the medians in seconds: with and without compressing it |
//! | `beat` | refreshes one of the targets every 100 ms from now on | `beating` |
//! | `rest` | stops that | `resting` |
//!
//! It ends when its input ends.

use crate::Failure;
use crate::ours::{self, Ours};
use crate::statistics::median;
use crate::world::World;
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// While it beats, a target is refreshed so often.
const BEAT: Duration = Duration::from_millis(100);

/// Serves a world of so many series until the input ends.
pub(crate) fn serve(series: usize) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut ours = Ours::serve(&runtime, World::of(series))?;
    say(&format!("listening {}", ours.address))?;
    let (lines, told) = mpsc::channel();
    std::thread::spawn(move || io::stdin().lock().lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
    let mut due = None;
    loop {
        let line = match due {
            None => told.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => told.recv_timeout(Instant::saturating_duration_since(&due, Instant::now())),
        };
        match line {
            Ok(line) => {
                let answer = obey(&mut ours, &line)?;
                due = line.starts_with("beat").then(Instant::now);
                say(&answer)?;
            }
            Err(RecvTimeoutError::Timeout) => {
                due = due.map(|due| due + BEAT);
                ours.refresh();
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

fn obey(ours: &mut Ours, line: &str) -> Result<String, Failure> {
    let (verb, times) = line.split_once(' ').unwrap_or((line, "0"));
    let times: usize = times.parse()?;
    Ok(match verb {
        "refresh" => {
            let (all, page): (Vec<_>, Vec<_>) = (0..times).map(|_| <(f64, f64)>::from(ours.refresh())).unzip();
            format!("{} {}", median(all), median(page))
        }
        "whole" => {
            let snapshot = ours.world.snapshot();
            let whole = (0..times).map(|_| seconds(|| ours::whole(&snapshot))).collect();
            let text = (0..times).map(|_| ours::text(&snapshot)).collect();
            format!("{} {}", median(whole), median(text))
        }
        "beat" => "beating".to_owned(),
        "rest" => "resting".to_owned(),
        _ => return Err(format!("no such command: {line}").into()),
    })
}

/// How long it takes.
fn seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let begin = Instant::now();
    black_box(work());
    begin.elapsed().as_secs_f64()
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
