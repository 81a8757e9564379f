//! How a single file is written: its first line, its length, its name, and what it must not hold.

use super::File;
use super::scan::{Spot, Token, scan};

/// The one file that spells the names of metrics, and the one that may be as long as its table.
const CATALOGUE: &str = "src/metrics/catalog.rs";
/// The crate's own name begins like a metric's: log filters and spans need it.
const LOG_TARGET: &str = "hss_exporter";
const METRIC_PREFIX: &str = "hss_";

/// The most lines a file may have.
const LINES_OF_SOURCE: usize = 400;
const LINES_OF_TESTS: usize = 600;

/// Names that say nothing of what is inside.
const ATTIC: [&str; 7] = ["common", "helper", "helpers", "misc", "types", "util", "utils"];

/// The words by which unfinished work is left lying about, in comments.
const UNFINISHED: [&str; 2] = ["TODO", "FIXME"];

/// All that is wrong with one file.
pub(super) fn check(file: &File) -> Vec<String> {
    if !file.path.ends_with(".rs") {
        return unfinished(file, file.text.lines().enumerate().map(|(index, line)| (index + 1, line)));
    }
    let source = scan(&file.text);
    let comments = source.comments.iter().map(|comment| (comment.line, comment.text.as_str()));
    [
        first_line(file),
        length(file),
        name(file),
        metric_names(file, &source.tokens),
        unfinished(file, comments),
        macros(file, &source.tokens),
        allowances(file, &source.tokens),
    ]
    .concat()
}

fn first_line(file: &File) -> Vec<String> {
    let says =
        file.text.lines().next().is_some_and(|line| line.strip_prefix("//! ").is_some_and(|rest| !rest.is_empty()));
    complain(!says, || format!("{}:1: the first line must be `//! ` and say what the file holds", file.path))
}

fn length(file: &File) -> Vec<String> {
    let limit = if file.path.starts_with("src/") { LINES_OF_SOURCE } else { LINES_OF_TESTS };
    let lines = file.text.lines().count();
    complain(lines > limit && file.path != CATALOGUE, || {
        format!("{}: {lines} lines, and {limit} are the most; which part is an idea of its own?", file.path)
    })
}

fn name(file: &File) -> Vec<String> {
    let parts = file.path.trim_end_matches(".rs").split('/');
    let attic = parts.filter(|part| ATTIC.contains(part));
    attic.map(|part| format!("{}: `{part}` does not say what is inside", file.path)).collect()
}

/// Names of metrics stand in the catalogue, so that there is one place to read and to change them. Tests may spell them:
/// they say what an operator sees.
fn metric_names(file: &File, tokens: &[Spot]) -> Vec<String> {
    if file.path == CATALOGUE || !file.path.starts_with("src/") || file.path.ends_with("/tests.rs") {
        return Vec::new();
    }
    let is_log_target = |text: &str| {
        let rest = text.strip_prefix(LOG_TARGET);
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with("::") || rest.starts_with('=') || rest.starts_with(',')
        })
    };
    let spelled = tokens.iter().filter(|spot| !spot.test).filter_map(|spot| match &spot.token {
        Token::Text(text) if text.starts_with(METRIC_PREFIX) && !is_log_target(text) => Some((spot.line, text)),
        _ => None,
    });
    spelled.map(|(line, text)| format!("{}:{line}: \"{text}\" is spelled in {CATALOGUE} only", file.path)).collect()
}

fn unfinished<'a>(file: &File, lines: impl Iterator<Item = (usize, &'a str)>) -> Vec<String> {
    // The pages speak of such words, and the lock file and the licence are others' texts.
    if [".md", ".lock", ".json", "LICENSE"].iter().any(|end| file.path.ends_with(end)) {
        return Vec::new();
    }
    let left = lines.filter_map(|(line, text)| Some((line, UNFINISHED.iter().find(|word| text.contains(**word))?)));
    left.map(|(line, word)| format!("{}:{line}: {word}: finish it, or file an issue", file.path)).collect()
}

fn macros(file: &File, tokens: &[Spot]) -> Vec<String> {
    let left = tokens.windows(2).filter_map(|pair| match pair {
        [Spot { line, token: Token::Word(word), .. }, Spot { token: Token::Mark('!'), .. }]
            if ["todo", "unimplemented"].contains(&word.as_str()) =>
        {
            Some(format!("{}:{line}: {word}!: finish it", file.path))
        }
        _ => None,
    });
    left.collect()
}

/// `#[allow(..)]`, also inside `#[cfg_attr(..)]`.
fn allowances(file: &File, tokens: &[Spot]) -> Vec<String> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut previous = &Token::Sep;
    for spot in tokens {
        depth = match (&spot.token, previous) {
            (Token::Mark('['), _) if depth > 0 => depth + 1,
            (Token::Mark('['), Token::Mark('#' | '!')) => 1,
            (Token::Mark(']'), _) => depth.saturating_sub(1),
            _ => depth,
        };
        if depth > 0 && spot.token.is("allow") {
            found.push(format!("{}:{}: #[allow]: it must be #[expect(.., reason = \"..\")]", file.path, spot.line));
        }
        previous = &spot.token;
    }
    found
}

fn complain(wrong: bool, what: impl Fn() -> String) -> Vec<String> {
    wrong.then(what).into_iter().collect()
}
