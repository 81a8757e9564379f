//! The tables of ARCHITECTURE.md that say how the house is ordered, as values.

use super::File;
use std::collections::{BTreeMap, BTreeSet};

/// Where the tables stand.
pub(super) const PATH: &str = "ARCHITECTURE.md";

/// What ARCHITECTURE.md lays down.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// By name.
    pub(super) rooms: BTreeMap<String, Room>,
    pub(super) reserved: Vec<Reserved>,
    /// The crates that it gives a reason for: those of the binary, and those of the tests.
    pub(super) dependencies: BTreeSet<String>,
    pub(super) test_dependencies: BTreeSet<String>,
    /// The tests (`module::name`) that it says hold an invariant.
    pub(super) tests: Vec<String>,
}

/// A room: a file or a folder at the top of `src`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// Names no dependency, and nothing of the standard library that reaches out of the process.
    pub(super) std_only: bool,
    /// The rooms, or modules of rooms, that it may name. `None`: all.
    pub(super) may_name: Option<Vec<String>>,
}

/// A path that may be named in some places only.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reserved {
    /// A crate, or something of `std`.
    pub(super) name: String,
    /// Rooms, and files of rooms, as below `src`.
    pub(super) places: Vec<String>,
}

/// Reads the tables, and says which are missing or empty.
pub(super) fn read(house: &[File]) -> (Book, Vec<String>) {
    let text = house.iter().find(|file| file.path == PATH).map_or("", |file| file.text.as_str());
    let mut missing = Vec::new();
    let mut rows = |header: &[&str]| {
        let rows = table(text, header);
        if rows.is_empty() {
            missing.push(format!("{PATH}: there is no table headed `{}`, or it has no rows", header.join(" | ")));
        }
        rows
    };
    let book = Book {
        rooms: rows(&["room", "nature", "may name"]).iter().flat_map(|row| room(row)).collect(),
        reserved: rows(&["name", "only in", "because"]).iter().flat_map(|row| reserved(row)).collect(),
        dependencies: rows(&["crate", "what it is for"]).iter().flat_map(|row| first_spans(row)).collect(),
        test_dependencies: rows(&["crate of the tests", "what it is for"])
            .iter()
            .flat_map(|row| first_spans(row))
            .collect(),
        tests: rows(&["invariant", "held by"])
            .iter()
            .flat_map(|row| row.last().map_or(Vec::new(), |cell| spans(cell)))
            .filter(|span| span.contains("::"))
            .collect(),
    };
    (book, missing)
}

fn room(row: &[String]) -> Option<(String, Room)> {
    let [room, nature, may_name] = row else { return None };
    let may_name = (may_name != "all").then(|| spans(may_name));
    Some((spans(room).into_iter().next()?, Room { std_only: nature.contains("std only"), may_name }))
}

fn reserved(row: &[String]) -> Vec<Reserved> {
    let [names, places, _] = row else { return Vec::new() };
    spans(names).into_iter().map(|name| Reserved { name, places: spans(places) }).collect()
}

fn first_spans(row: &[String]) -> Vec<String> {
    row.first().map_or(Vec::new(), |cell| spans(cell))
}

/// The rows of the table that has this header.
fn table(text: &str, header: &[&str]) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Option<Vec<String>> {
        let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
        Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
    };
    let lines = text.lines().map(cells).skip_while(|row| row.as_ref().is_none_or(|row| row != header));
    // The header, and the line under it.
    lines.skip(2).map_while(|row| row).collect()
}

/// What stands between backticks.
pub(super) fn spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
