//! The figures of this run side by side, as rows of a table.

use crate::SERIES;
use serde_json::Value;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;

/// What is measured of writing a page: criterion's names, and what the row says.
const WRITING: [(&str, &str); 5] = [
    ("table and gzip", "our table, written and compressed"),
    ("gzip alone", "of this, compressing"),
    ("prometheus, filled before", "`prometheus`: gather, encode"),
    ("prometheus, filled before, and gzip", "`prometheus`: gather, encode, compress"),
    ("prometheus, cleared and filled", "`prometheus`: clear, set, gather, encode"),
];

/// The rows of all that was measured.
pub(crate) fn of(results: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("\n| what | series | time | times ours |\n|---|---:|---:|---:|\n");
    let mut row = |what: &str, series: &str, folder: &str, ours: Option<f64>| -> Result<Option<f64>, Box<dyn Error>> {
        let Some(time) = seconds(&results.join(folder))? else { return Ok(None) };
        let ratio = ours.map_or_else(String::new, |ours| format!("{:.1}", time / ours));
        writeln!(text, "| {what} | {series} | {:.2} ms | {ratio} |", time * 1e3)?;
        Ok(Some(time))
    };
    for series in SERIES.map(|series| series.to_string()) {
        let mut ours = None;
        for (name, what) in WRITING {
            let time = row(what, &series, &format!("write/{name}/{series}"), ours)?;
            ours = ours.or(time);
        }
        for (name, what) in [("plain", "at the scrape: as it is"), ("gzip", "at the scrape: compressed")] {
            row(what, &series, &format!("scrape/{name}/{series}"), None)?;
        }
    }
    row("an unchanged page of 200 tasks, applied to a ledger of 20,000", "", "apply/unchanged page", None)?;
    Ok(text)
}

/// The median of the last run, if there was one.
fn seconds(folder: &Path) -> Result<Option<f64>, Box<dyn Error>> {
    let Ok(text) = std::fs::read(folder.join("new/estimates.json")) else { return Ok(None) };
    let estimates: Value = serde_json::from_slice(&text)?;
    let nanoseconds = estimates.pointer("/median/point_estimate").and_then(Value::as_f64);
    Ok(nanoseconds.map(|nanoseconds| nanoseconds / 1e9))
}
