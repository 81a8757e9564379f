//! What a file names: every path in its code, followed back to the crate that it begins in.
//!
//! A reader, not a compiler: one scope a file, and a glob brings in nothing. That is enough for code that names things
//! plainly.

use super::scan::{Spot, Token};
use std::collections::BTreeMap;

/// This crate, as a path begins with it here.
pub(super) const HERE: &str = "crate";
/// This crate, as its binary and its tests call it.
const LIBRARY: &str = "hss_exporter";

/// A path: `crate`, room, ... or a foreign crate's name, ...
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) line: usize,
    pub(super) path: Vec<String>,
    /// Whether it stands in an item that is compiled for tests only.
    pub(super) test: bool,
}

impl Name {
    /// Whether the path begins with `prefix`, which is written with `::`.
    pub(super) fn is_in(&self, prefix: &str) -> bool {
        let mut path = self.path.iter();
        prefix.split("::").all(|part| path.next().is_some_and(|own| own == part))
    }
}

/// Every path that the code of the file `path` names.
pub(super) fn names(path: &str, tokens: &[Spot]) -> Vec<Name> {
    let mut walk = Walk { tokens, at: 0, module: module(path), braces: Vec::new(), found: Vec::new() };
    walk.run();
    let mut local = BTreeMap::new();
    for found in &walk.found {
        if let Some(alias) = &found.alias {
            local.insert(alias.clone(), found.resolved(&local));
        }
    }
    walk.found
        .iter()
        .filter(|found| !found.declared)
        .map(|found| Name { line: found.line, path: found.resolved(&local), test: found.test })
        .collect()
}

/// `src/a/b.rs` -> `a`, `b`; `src/a/mod.rs` -> `a`; `src/lib.rs` -> nothing.
fn module(path: &str) -> Vec<String> {
    let path = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    path.split('/').filter(|part| !["mod", "lib", "main"].contains(part)).map(str::to_owned).collect()
}

/// A path as written, and where.
struct Found {
    line: usize,
    test: bool,
    module: Vec<String>,
    path: Vec<String>,
    /// What the path is called from here on in this file.
    alias: Option<String>,
    /// Whether this is a `mod` item: it calls something by a name, and names nothing.
    declared: bool,
}

impl Found {
    fn resolved(&self, local: &BTreeMap<String, Vec<String>>) -> Vec<String> {
        let inside = |up: usize, rest: usize| -> Vec<String> {
            let kept = self.module.len().saturating_sub(up);
            let module = self.module.iter().take(kept);
            [HERE.to_owned()].iter().chain(module).chain(self.path.iter().skip(rest)).cloned().collect()
        };
        let supers = self.path.iter().skip_while(|part| *part == "self").take_while(|part| *part == "super").count();
        match self.path.first().map(String::as_str) {
            Some(HERE | LIBRARY) => inside(usize::MAX, 1),
            Some("self") => inside(supers, supers + 1),
            Some("super") => inside(supers, supers),
            Some(first) => match local.get(first) {
                Some(path) => path.iter().chain(self.path.iter().skip(1)).cloned().collect(),
                None => self.path.clone(),
            },
            None => Vec::new(),
        }
    }
}

struct Walk<'a> {
    tokens: &'a [Spot],
    at: usize,
    /// The module that the walk is in.
    module: Vec<String>,
    /// The open braces; `true` for one that opened an inline module.
    braces: Vec<bool>,
    found: Vec<Found>,
}

impl Walk<'_> {
    fn run(&mut self) {
        while let Some(token) = self.token(0) {
            match token {
                Token::Mark('{') => {
                    self.braces.push(false);
                    self.at += 1;
                }
                Token::Mark('}') => {
                    if self.braces.pop() == Some(true) {
                        self.module.pop();
                    }
                    self.at += 1;
                }
                Token::Word(word) if word == "mod" => self.module_item(),
                // Not the `use<'a>` of a return type.
                Token::Word(word) if word == "use" && self.token(1) != Some(&Token::Mark('<')) => {
                    self.at += 1;
                    self.tree(Vec::new());
                }
                Token::Word(word) if word == "crate" && self.previous(1).is_some_and(|token| token.is("extern")) => {
                    self.at += 1;
                    self.tree(Vec::new());
                }
                Token::Word(_) if self.token(1) == Some(&Token::Sep) && self.begins_a_path() => self.path(),
                _ => self.at += 1,
            }
        }
    }

    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|spot| &spot.token)
    }

    fn previous(&self, back: usize) -> Option<&Token> {
        self.spot_before(back).map(|spot| &spot.token)
    }

    fn spot_before(&self, back: usize) -> Option<&Spot> {
        self.tokens.get(self.at.checked_sub(back)?)
    }

    /// `.word::<T>()` is a method; `<T as Trait>::word::more` and `T::word` are in the middle of a path.
    fn begins_a_path(&self) -> bool {
        match self.previous(1) {
            Some(Token::Mark('.')) => false,
            Some(Token::Sep) => !matches!(self.previous(2), Some(Token::Word(_) | Token::Mark('>'))),
            _ => true,
        }
    }

    fn module_item(&mut self) {
        self.at += 1;
        let Some(name) = self.token(0).and_then(Token::word).map(str::to_owned) else { return };
        self.push(vec!["self".to_owned(), name.clone()], Some(name.clone()), true);
        self.at += 1;
        if self.token(0) == Some(&Token::Mark('{')) {
            self.module.push(name);
            self.braces.push(true);
            self.at += 1;
        }
    }

    fn path(&mut self) {
        let mut path = Vec::new();
        while let Some(word) = self.token(0).and_then(Token::word).map(str::to_owned) {
            path.push(word);
            self.at += 1;
            if self.token(0) != Some(&Token::Sep) {
                break;
            }
            self.at += 1;
        }
        self.push(path, None, false);
    }

    /// One branch of a `use`: `a::b`, `a::b as c`, `a::*`, `a::{..}`.
    fn tree(&mut self, mut path: Vec<String>) {
        while let Some(token) = self.token(0).cloned() {
            self.at += 1;
            match token {
                Token::Sep => {}
                Token::Word(word) if word == "as" => {
                    let alias = self.token(0).and_then(Token::word).map(str::to_owned);
                    return self.push(path, alias, false);
                }
                Token::Word(word) if word == "self" && !path.is_empty() => {}
                Token::Word(word) => path.push(word),
                Token::Mark('*') => {
                    path.push("*".to_owned());
                    return self.push(path, None, false);
                }
                Token::Mark('{') => {
                    while self.token(0).is_some_and(|token| *token != Token::Mark('}')) {
                        self.tree(path.clone());
                        // Past the comma, or past whatever does not belong here.
                        if self.token(0) != Some(&Token::Mark('}')) {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                _ => {
                    // A comma, a brace or a semicolon: whoever asked for this branch deals with it.
                    self.at -= 1;
                    let alias = path.last().cloned();
                    return self.push(path, alias, false);
                }
            }
        }
    }

    fn push(&mut self, path: Vec<String>, alias: Option<String>, declared: bool) {
        // The token just read is the last of the path, or the mark right behind it.
        if let Some(Spot { line, test, .. }) = self.spot_before(1).filter(|_| !path.is_empty()) {
            let (line, test, module) = (*line, *test, self.module.clone());
            self.found.push(Found { line, test, module, path, alias, declared });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan::scan;
    use super::names;

    #[track_caller]
    fn check(path: &str, code: &str, expected: &[&str]) {
        let names = names(path, &scan(code).tokens);
        let paths: Vec<_> = names.iter().map(|name| name.path.join("::")).collect();
        assert_eq!(paths, expected, "{code}");
    }

    #[test]
    fn a_use_is_every_path_it_brings_in() {
        let code = "use crate::{a, b::{self, c as d}, e::*}; use hss_exporter::f; pub use ::g::h; extern crate i;";
        let expected = ["crate::a", "crate::b", "crate::b::c", "crate::e::*", "crate::f", "g::h", "i"];
        check("src/x.rs", code, &expected);
    }

    #[test]
    fn super_is_counted_from_the_module_it_stands_in() {
        check("src/a/b.rs", "use super::c; use super::super::d;", &["crate::a::c", "crate::d"]);
        check("src/a/mod.rs", "use super::c; use self::d;", &["crate::c", "crate::a::d"]);
        let code = "mod tests { use super::c; fn f() { super::super::d::e() } } fn g() { super::h() }";
        check("src/a/b.rs", code, &["crate::a::b::c", "crate::a::d::e", "crate::a::h"]);
    }

    #[test]
    fn a_name_brought_in_is_followed_back() {
        check("src/a.rs", "use crate::config; fn f() { config::load() }", &["crate::config", "crate::config::load"]);
        check("src/a.rs", "use config as c; fn f() { c::load() }", &["config", "config::load"]);
        check("src/lib.rs", "mod config; fn f() { config::load() }", &["crate::config::load"]);
        let code = "use std::time::{Duration, Instant}; fn f() { Instant::now() }";
        check("src/a.rs", code, &["std::time::Duration", "std::time::Instant", "std::time::Instant::now"]);
    }

    #[test]
    fn methods_and_middles_are_no_paths() {
        let code =
            "fn f() -> impl T + use<'a> { x.config::<u8>(); <A as B>::c::d(); $crate::e!(); #[serde(f)] g::<h::i>() }";
        check("src/a.rs", code, &["crate::e", "g", "h::i"]);
    }
}
