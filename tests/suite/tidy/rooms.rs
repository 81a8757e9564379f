//! Who names whom: rooms, the crates and clocks that only some places may name, and the rooms there are.

use super::File;
use super::book::{Book, PATH};
use super::names::{HERE, Name, names};
use super::scan::scan;
use std::collections::BTreeSet;

/// The crate's two doors. They are no rooms, and know some.
const LIBRARY: &str = "src/lib.rs";
const BINARY: &str = "src/main.rs";

/// What of the standard library reaches out of the process, or reads what nobody handed in.
const OUTSIDE: [&str; 8] =
    ["std::env", "std::fs", "std::io", "std::net", "std::os", "std::process", "std::thread", "std::time::SystemTime"];

/// A room's files name only the rooms that the table allows them.
pub(super) fn neighbours(book: &Book, file: &File) -> Vec<String> {
    let Some((room, rules)) = book.rooms.iter().find(|(room, _)| is_in(&file.path, room)) else { return Vec::new() };
    let Some(may_name) = &rules.may_name else { return Vec::new() };
    let forbidden = |name: &Name| {
        if !name.is_in(HERE) {
            return None;
        }
        let other = match name.path.get(1).map(String::as_str) {
            None | Some("*") => return Some(format!("`{room}` brings in the whole crate; it must say which room")),
            Some(other) => other,
        };
        let allowed = may_name.iter().any(|part| name.is_in(&format!("{HERE}::{part}")));
        if other == room || allowed || !book.rooms.contains_key(other) {
            return None;
        }
        Some(match may_name.iter().find(|part| part.starts_with(&format!("{other}::"))) {
            Some(part) => format!("`{room}` names `{}`; of `{other}` it may only name `{part}`", name.path.join("::")),
            None => format!("`{room}` names `{other}`, which the room table of {PATH} does not allow"),
        })
    };
    say_once(file, forbidden)
}

/// A path that the table keeps for some places stands there only.
pub(super) fn reserved(book: &Book, file: &File) -> Vec<String> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    say_once(file, |name| {
        let kept = book.reserved.iter().find(|kept| name.is_in(&kept.name))?;
        let allowed = kept.places.iter().any(|place| is_in(&file.path, place));
        (!allowed).then(|| format!("`{}` may be named in `{}` only, says {PATH}", kept.name, kept.places.join("`, `")))
    })
}

/// A room that the table calls "std only" names no other crate, and nothing that reaches out of the process.
pub(super) fn purity(book: &Book, file: &File) -> Vec<String> {
    let Some((room, _)) = book.rooms.iter().find(|(room, rules)| rules.std_only && is_in(&file.path, room)) else {
        return Vec::new();
    };
    let foreign = |name: &Name| {
        let first = name.path.first()?;
        let is_dependency = book.dependencies.iter().any(|dependency| dependency.replace('-', "_") == *first);
        (is_dependency || OUTSIDE.iter().any(|outside| name.is_in(outside))).then(|| name.path.join("::"))
    };
    say_once(file, |name| Some(format!("`{room}` is std only and reaches nothing, but names `{}`", foreign(name)?)))
}

/// The table and the tree have the same rooms, and lib.rs has them all.
pub(super) fn plan(book: &Book, house: &[File]) -> Vec<String> {
    let tops = house.iter().filter(|file| ![LIBRARY, BINARY].contains(&file.path.as_str())).filter_map(|file| {
        let top = file.path.strip_prefix("src/")?.split('/').next()?;
        Some(top.trim_end_matches(".rs").to_owned())
    });
    let tree: BTreeSet<String> = tops.collect();
    let table: BTreeSet<String> = book.rooms.keys().cloned().collect();
    let library =
        house.iter().find(|file| file.path == LIBRARY).map(|file| scan(&file.text).tokens).unwrap_or_default();
    let modules: BTreeSet<String> = library
        .windows(2)
        .filter(|pair| pair.first().is_some_and(|spot| spot.token.is("mod")))
        .filter_map(|pair| pair.last().and_then(|spot| spot.token.word()).map(str::to_owned))
        .collect();
    let unlisted = tree.difference(&table).map(|room| format!("src/{room}: the room table of {PATH} does not have it"));
    let unbuilt = table.difference(&tree).map(|room| format!("{PATH}: there is no `{room}` at the top of src"));
    let unmapped = table.intersection(&tree).filter(|room| !modules.contains(*room));
    unlisted.chain(unbuilt).chain(unmapped.map(|room| format!("{LIBRARY}: it does not name `{room}`"))).collect()
}

/// Whether a file belongs to a place: a room, a folder in a room, or itself.
fn is_in(path: &str, place: &str) -> bool {
    let Some(rest) = path.strip_prefix("src/").and_then(|path| path.strip_prefix(place)) else { return false };
    rest.is_empty() || rest == ".rs" || rest.starts_with('/')
}

/// What `why` has against the names of a file: each complaint once, where it is first called for.
fn say_once(file: &File, why: impl Fn(&Name) -> Option<String>) -> Vec<String> {
    let mut said = BTreeSet::new();
    let names = names(&file.path, &scan(&file.text).tokens);
    let complaints = names.iter().filter_map(|name| why(name).map(|why| (name.line, why)));
    complaints
        .filter(|(_, why)| said.insert(why.clone()))
        .map(|(line, why)| format!("{}:{line}: {why}", file.path))
        .collect()
}
