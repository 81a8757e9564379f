//! Instructions, counted by callgrind: the same in every run, whatever else the machine does.

use crate::Failure;
use std::path::Path;
use std::process::{Command, Stdio};

/// How many instructions a page from nothing takes, of so many series, without what makes chunks of its text: compressing
/// it, and its checksums.
pub(crate) fn of_a_page(series: usize) -> Result<u64, Failure> {
    let [all, chunks] = ["*::Press::print", "*::Packer::chunk"].map(|function| within(function, series));
    Ok(all?.saturating_sub(chunks?))
}

fn within(function: &str, series: usize) -> Result<u64, Failure> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("callgrind.out");
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--toggle-collect={function}"))
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe()?)
        .args(["whole", &series.to_string()])
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let number: u64 = collected.and_then(|(_, number)| number.trim().parse().ok()).unwrap_or_default();
    if number == 0 { Err(format!("callgrind has counted nothing in {function}: {said}").into()) } else { Ok(number) }
}
