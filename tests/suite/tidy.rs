//! The house keeps its rules: ARCHITECTURE.md says how it is ordered, and these tests hold the tree against it.
//!
//! Each rule is a function from the files, as values, to complaints. So each is also held against a small house in which
//! it is broken.

/// Alerts, and what is said of them.
mod alerts;
/// The tables of ARCHITECTURE.md.
mod book;
/// How a single file is written.
mod files;
/// What a file names.
mod names;
/// What is written about the house.
mod papers;
/// A small house, and everything that can be wrong with it.
mod planted;
/// The same for what is said of metrics.
mod planted_metrics;
/// PromQL as far as it names things.
mod promql;
/// Who names whom.
mod rooms;
/// Rust source as tokens.
mod scan;
/// Metrics, and what is said of them.
mod served;

use std::path::Path;
use std::{fs, io};

/// A file of the project: its path below the project's folder, with `/`, and what is in it.
#[derive(Clone, Debug)]
struct File {
    path: String,
    text: String,
}

/// Everything that is wrong with a house.
fn complaints(house: &[File]) -> Vec<String> {
    let (book, missing) = book::read(house);
    let sources: Vec<_> = house.iter().filter(|file| file.path.ends_with(".rs")).collect();
    let mut all = missing;
    all.extend(sources.iter().flat_map(|file| rooms::neighbours(&book, file)));
    all.extend(sources.iter().flat_map(|file| rooms::reserved(&book, file)));
    all.extend(sources.iter().flat_map(|file| rooms::purity(&book, file)));
    all.extend(rooms::plan(&book, house));
    all.extend(house.iter().flat_map(files::check));
    all.extend(papers::dependencies(&book, house));
    all.extend(papers::changelog(house));
    all.extend(papers::links(house));
    all.extend(papers::named_tests(&book, house));
    all.extend(served::check(house));
    all.extend(alerts::check(house));
    all
}

/// The files below a folder, but for what is built or belongs to git. A file that is no text counts as empty.
fn collect(folder: &Path, prefix: &str, house: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if ["target", ".git"].contains(&path.as_str()) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), house)?;
        } else {
            house.push(File { path, text: fs::read_to_string(entry.path()).unwrap_or_default() });
        }
    }
    Ok(())
}

#[test]
fn this_house_is_in_order() {
    let mut house = Vec::new();
    collect(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut house).expect("the project's files can be read");
    house.sort_by(|a, b| a.path.cmp(&b.path));
    let complaints = complaints(&house);
    assert!(complaints.is_empty(), "\n\n{}\n", complaints.join("\n"));
}
