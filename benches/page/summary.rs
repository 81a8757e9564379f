//! The figures of this run side by side, as rows of a table.

use crate::SERIES;
use serde_json::Value;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;

/// What a row compares, and with what: criterion's names, less the number of series.
const WRITING: [&str; 4] = [
    "table and gzip",
    "prometheus, filled before",
    "prometheus, filled before, and gzip",
    "prometheus, cleared and filled",
];

/// The rows of all that was measured.
pub(crate) fn of(results: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("\n| what | time | ratio |\n|---|---:|---:|\n");
    let mut row = |what: &str, folder: &str, base: Option<f64>| -> Result<Option<f64>, Box<dyn Error>> {
        let Some(time) = seconds(&results.join(folder))? else { return Ok(None) };
        let ratio = base.map_or_else(String::new, |base| format!("{:.1}", time / base));
        writeln!(text, "| {what} | {:.3} ms | {ratio} |", time * 1e3)?;
        Ok(Some(time))
    };
    for series in SERIES {
        let mut ours = None;
        for name in WRITING {
            let time = row(&format!("write {series} series: {name}"), &format!("write/{name}/{series}"), ours)?;
            ours = ours.or(time);
        }
        for name in ["plain", "gzip"] {
            row(&format!("scrape {series} series: {name}"), &format!("scrape/{name}/{series}"), None)?;
        }
    }
    row("apply an unchanged page of 200 tasks to 20000", "apply/unchanged page", None)?;
    Ok(text)
}

/// The median of the last run, if there was one.
fn seconds(folder: &Path) -> Result<Option<f64>, Box<dyn Error>> {
    let Ok(text) = std::fs::read(folder.join("new/estimates.json")) else { return Ok(None) };
    let estimates: Value = serde_json::from_slice(&text)?;
    let nanoseconds = estimates.pointer("/median/point_estimate").and_then(Value::as_f64);
    Ok(nanoseconds.map(|nanoseconds| nanoseconds / 1e9))
}
