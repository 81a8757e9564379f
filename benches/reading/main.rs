//! How many requests reading takes, counted from the plan alone: no clock, no network; and what the tasks that are kept
//! in mind take of memory.
//!
//! `make bench` runs it, prints the table, and writes it into `docs/performance.md`.

mod archive;
mod memory;
mod reader;
mod rows;

use rows::{Row, Situation, row};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

/// How many tasks there are.
const HISTORY: [u64; 4] = [1_000, 20_000, 200_000, 2_000_000];

/// In how many enterprise projects.
const PROJECTS: [u64; 3] = [1, 10, 100];

const BEGIN: &str = "<!-- Written by `make bench`: from here -->\n";
const END: &str = "<!-- to here -->\n";

fn main() -> io::Result<()> {
    // Before anything else has taken memory and given it back.
    let memory = memory::taken()?;
    let table = table() + &memory.map_or_else(String::new, kept_in_mind);
    io::stdout().lock().write_all(table.as_bytes())?;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let text = std::fs::read_to_string(&page)?;
    let Some((before, (_, after))) =
        text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?)))
    else {
        return Err(io::Error::other(format!("{} does not say where the table belongs", page.display())));
    };
    std::fs::write(&page, format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

fn table() -> String {
    let mut text = String::from("| what a refresh finds | enterprise projects |");
    HISTORY.iter().for_each(|tasks| text += &format!(" {} tasks |", thousands(*tasks)));
    text += "\n|---|---:|---:|---:|---:|---:|\n";
    let mut last: Vec<Row> = Vec::new();
    for projects in PROJECTS {
        for situation in Situation::ALL {
            // In one there are no five.
            if projects == 1 && matches!(situation, Situation::NewInEach(_)) {
                continue;
            }
            last = HISTORY.map(|tasks| row(situation, tasks, projects)).into();
            let cells = last.iter().map(|row| format!("{} ({})", thousands(row.ours), thousands(row.bound)));
            line(&mut text, &format!("{} | {projects}", name(situation)), cells);
        }
        let anew = |page: &str| format!("*for comparison: the whole list, {page} a page* | {projects}");
        line(&mut text, &anew("200"), last.iter().map(|row| thousands(row.anew.0)));
        line(&mut text, &anew("10"), last.iter().map(|row| thousands(row.anew.1)));
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\nhss-exporter {}.", env!("CARGO_PKG_VERSION"));
    text
}

fn kept_in_mind(taken: u64) -> String {
    let tasks = memory::TARGETS * memory::TASKS;
    format!(
        "\n{} tasks in the windows of {} targets take {} MiB of resident memory, {} bytes a task.\n",
        thousands(tasks),
        memory::TARGETS,
        taken >> 20,
        taken / tasks
    )
}

fn line(text: &mut String, begin: &str, cells: impl Iterator<Item = String>) {
    *text += &format!("| {begin} |");
    cells.for_each(|cell| *text += &format!(" {cell} |"));
    *text += "\n";
}

fn name(situation: Situation) -> String {
    match situation {
        Situation::Idle => "nothing has changed".to_owned(),
        Situation::New(1) => "1 new task".to_owned(),
        Situation::New(tasks) => format!("{} new tasks, all of one enterprise project", thousands(tasks)),
        Situation::NewInEach(of) => format!("1 new task in each of {of} enterprise projects"),
        Situation::Running(1) => "1 task running, below the first page".to_owned(),
        Situation::Running(tasks) => format!("{tasks} tasks running, below the first page"),
        Situation::Unexplained => "one task more in all, and none new on the first page".to_owned(),
        Situation::First => "all is new: the first read, down to the window's begin".to_owned(),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let parts: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|part| str::from_utf8(part).ok()).collect();
    parts.join(",")
}
