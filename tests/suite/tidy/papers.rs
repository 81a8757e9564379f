//! What is written about the house: dependencies and their reasons, the changelog, links, the tests that are named.

use super::File;
use super::book::{Book, PATH};
use super::scan::scan;
use std::collections::BTreeSet;

/// Cargo.toml and ARCHITECTURE.md have the same dependencies, and what is reserved is one of them.
pub(super) fn dependencies(book: &Book, house: &[File]) -> Vec<String> {
    let manifest = text(house, "Cargo.toml");
    let (built, tested) = (section(manifest, "dependencies"), section(manifest, "dev-dependencies"));
    let stale = book.reserved.iter().filter_map(|reserved| {
        let name = reserved.name.split("::").next()?;
        let known = name == "std" || built.iter().any(|dependency| dependency.replace('-', "_") == name);
        (!known).then(|| format!("{PATH}: `{name}` is kept for some places, but is no dependency"))
    });
    differences(&built, &book.dependencies)
        .into_iter()
        .chain(differences(&tested, &book.test_dependencies))
        .chain(stale)
        .collect()
}

fn differences(manifest: &BTreeSet<String>, table: &BTreeSet<String>) -> Vec<String> {
    let unsaid = manifest.difference(table).map(|name| format!("Cargo.toml: {PATH} does not say what `{name}` is for"));
    let unused = table.difference(manifest).map(|name| format!("{PATH}: Cargo.toml does not ask for `{name}`"));
    unsaid.chain(unused).collect()
}

/// The keys of a section of a manifest, and the names of its tables (`[dependencies.name]`). A section of a platform
/// (`[target.'cfg(unix)'.dependencies]`) counts as the section itself.
fn section(manifest: &str, wanted: &str) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines() {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let of_platform = header.starts_with("target.") && header.ends_with(&format!(".{wanted}"));
            inside = header == wanted || of_platform;
            keys.extend(header.strip_prefix(wanted).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned));
        } else if inside && !line.starts_with([' ', '#', ']']) {
            keys.extend(line.split_once('=').map(|(key, _)| key.trim().trim_end_matches(".workspace").to_owned()));
        }
    }
    keys
}

/// The newest version of CHANGELOG.md is the crate's, and its lines say what kind of change they are.
pub(super) fn changelog(house: &[File]) -> Vec<String> {
    let log = text(house, "CHANGELOG.md");
    let version = text(house, "Cargo.toml").lines().find_map(|line| line.strip_prefix("version = "));
    let version = version.map_or("", |version| version.trim_matches('"'));
    let newest = log.lines().find_map(|line| line.strip_prefix("## ")).unwrap_or("");
    let agrees = newest.split_once(" / ").is_some_and(|(number, day)| number == version && is_day(day));
    let wrong = (!agrees).then(|| {
        format!("CHANGELOG.md: the newest heading is `## {newest}`; Cargo.toml has version {version}: `## {version} / year-month-day`")
    });
    let kinds = ["[CHANGE]", "[FEATURE]", "[ENHANCEMENT]", "[BUGFIX]", "[SECURITY]"];
    let entries = log.lines().enumerate().filter_map(|(index, line)| Some((index + 1, line.strip_prefix("* ")?)));
    let odd = entries.filter(|(_, entry)| !kinds.iter().any(|kind| entry.starts_with(kind)));
    wrong
        .into_iter()
        .chain(odd.map(|(line, _)| format!("CHANGELOG.md:{line}: not one of {}", kinds.join(" "))))
        .collect()
}

/// `2026-01-31`
fn is_day(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00"
}

/// Links between the pages lead to files that exist, and to headings that they have.
pub(super) fn links(house: &[File]) -> Vec<String> {
    let mut dead = Vec::new();
    for page in house.iter().filter(|file| file.path.ends_with(".md")) {
        for (line, link) in targets(&page.text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = link.split_once('#').unwrap_or((&link, ""));
            let path = if path.is_empty() { page.path.clone() } else { beside(&page.path, path) };
            let is_there = |file: &File| file.path == path || file.path.starts_with(&format!("{path}/"));
            if !house.iter().any(is_there) {
                dead.push(format!("{}:{line}: {link}: there is no {path}", page.path));
            } else if !heading.is_empty() && path.ends_with(".md") && !anchors(text(house, &path)).contains(heading) {
                dead.push(format!("{}:{line}: {link}: {path} has no such heading", page.path));
            }
        }
    }
    dead
}

/// The lines of a page that are neither code nor in backticks, with backticked parts left out.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_code = false;
    let lines = text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    lines.map(|(index, line)| (index + 1, line.split('`').step_by(2).collect::<Vec<_>>().join("`")))
}

/// Where the links of a page lead: `[text](target)`, and `[text]: target` at the start of a line.
fn targets(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        for rest in line.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or("");
            found.push((number, target.to_owned()));
        }
        if let Some((_, target)) = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            found.push((number, target.trim().to_owned()));
        }
    }
    found
}

/// `docs/a.md`, `../b.md` -> `b.md`
fn beside(page: &str, target: &str) -> String {
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.join("/")
}

/// What the headings of a page are called in links: lower case, dashes for spaces, other marks dropped.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// The tests that ARCHITECTURE.md names (`module::test`) exist, in a file or a folder of that name.
pub(super) fn named_tests(book: &Book, house: &[File]) -> Vec<String> {
    let exists = |named: &str| {
        let Some((module, test)) = named.rsplit_once("::") else { return false };
        let module = module.rsplit("::").next().unwrap_or(module);
        let of_module = |file: &&File| {
            let path = file.path.trim_end_matches(".rs");
            file.path.ends_with(".rs") && path.split('/').any(|part| part == module)
        };
        house.iter().filter(of_module).any(|file| {
            let tokens = scan(&file.text).tokens;
            tokens.iter().zip(tokens.iter().skip(1)).any(|(first, next)| first.token.is("fn") && next.token.is(test))
        })
    };
    let missing = book.tests.iter().filter(|test| !exists(test));
    missing.map(|test| format!("{PATH}: there is no test `{test}`")).collect()
}

fn text<'a>(house: &'a [File], path: &str) -> &'a str {
    house.iter().find(|file| file.path == path).map_or("", |file| &file.text)
}
