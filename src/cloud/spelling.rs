//! A secret in a text that somebody else wrote, however it is spelled there.
//!
//! Who repeats a request may escape it for JSON, for an address or for a page, encode it in base64, collapse its blanks, or
//! cut it. So a secret is searched for character by character, and each character may be spelled in its own way.

use crate::config::Secret;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Shorter secrets would be found in any text; so would shorter beginnings of a secret where a text ends.
pub(super) const SHORTEST_SECRET: usize = 4;

/// So many characters of a secret's beginning are no accident, wherever they stand: the rest was cut off.
const LONG_BEGINNING: usize = 12;

/// A shorter piece of base64 would be found in any text.
const SHORTEST_BASE64: usize = 8;

/// What all blanks are folded into.
const BLANK: char = ' ';

/// How often an escape may be escaped again, as in `%2541`.
const NESTING: usize = 4;

/// How many ways to read a text are followed at a time: one, but for secrets that look like escapes themselves.
const MOST_READINGS: usize = 32;

/// An escape has hardly more bytes, so a shorter one at the end of a text may have been cut.
const LONGEST_ESCAPE: usize = 24;

/// A character reference of HTML is no longer, from `&` on.
const LONGEST_REFERENCE: usize = 9;

/// A secret to search for, without what spellings do not agree about: a run of blanks is one blank, `+` is a blank, as in a
/// form, and there are no backslashes.
pub(super) struct Pattern(Secret);

/// A text to search in.
pub(super) struct Searchable<'a> {
    text: &'a str,
    /// From here on, an escape may have been cut off.
    cut: usize,
}

impl<'a> Searchable<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let tail = text.ceil_char_boundary(text.len().saturating_sub(LONGEST_ESCAPE));
        let half = |c| is_escape(c) || c == char::REPLACEMENT_CHARACTER;
        let escape = text.get(tail..).and_then(|rest| rest.find(half));
        Self { text, cut: escape.map_or(text.len(), |escape| tail + escape) }
    }

    /// What a secret may begin with at `at`, each with its end. None at the end of the text.
    pub(super) fn starts(&self, at: usize, starts: &mut Vec<(char, usize)>) -> Option<char> {
        starts.clear();
        starts.extend(readings(self.text, at).map(|(c, end)| (fold(c), end)));
        self.text.get(at..)?.chars().next()
    }
}

impl Pattern {
    /// Finds the secret as it is, and escaped. None if it is too short.
    pub(super) fn new(secret: &str) -> Option<Self> {
        // As long as it will ever be, so that no copy is left behind.
        let mut folded = Zeroizing::new(String::with_capacity(secret.len()));
        for unit in secret.chars().filter(|c| *c != '\\').map(fold) {
            if unit != BLANK || !folded.ends_with(BLANK) {
                folded.push(unit);
            }
        }
        let folded = folded.trim_matches(BLANK);
        (folded.chars().count() >= SHORTEST_SECRET).then(|| Self(Secret::new(folded)))
    }

    /// Finds the secret in base64, whatever stands before and after it there.
    pub(super) fn base64(secret: &str) -> Vec<Self> {
        let mut patterns: Vec<Self> = Vec::new();
        for shift in 0..3 {
            let mut bytes = Zeroizing::new(vec![0; shift]);
            bytes.reserve_exact(secret.len());
            bytes.extend_from_slice(secret.as_bytes());
            // A character holds six bits. The first and the last one may hold bits of the neighbours.
            let (first, end) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let text = Zeroizing::new(engine.encode(&*bytes));
                let piece = text.get(first..end).filter(|piece| piece.len() >= SHORTEST_BASE64);
                let pattern = piece.and_then(Self::new).filter(|new| patterns.iter().all(|known| known.0 != new.0));
                patterns.extend(pattern);
            }
        }
        patterns
    }

    /// Where the secret ends if it begins with any of `starts`, or as much of it as was not cut off.
    pub(super) fn end(&self, searchable: &Searchable<'_>, starts: &[(char, usize)]) -> Option<usize> {
        let mut units = self.0.expose().chars();
        let first = units.next()?;
        if starts.iter().all(|(c, _)| *c != first) {
            return None;
        }
        let mut ends: Vec<usize> = starts.iter().filter(|(c, _)| *c == first).map(|(_, end)| *end).collect();
        let (mut found, mut before) = (1, first);
        for unit in units {
            let (next, cut) = follow(searchable, &ends, before, unit);
            if next.is_empty() {
                return match found {
                    SHORTEST_SECRET.. if cut => Some(searchable.text.len()),
                    LONG_BEGINNING.. => ends.into_iter().max(),
                    _ => None,
                };
            }
            (ends, found, before) = (next, found + 1, unit);
        }
        ends.into_iter().max()
    }
}

/// Where a character of a secret ends, if it stands at any of `places`. Backslashes escape what follows them, and after a
/// blank there may be more of them. Also tells whether it stands at none because the text was cut.
fn follow(searchable: &Searchable<'_>, places: &[usize], before: char, unit: char) -> (Vec<usize>, bool) {
    let (mut ends, mut cut) = (Vec::new(), false);
    let mut places = places.to_vec();
    while let Some(at) = places.pop() {
        cut |= at >= searchable.cut;
        for (c, end) in readings(searchable.text, at) {
            if fold(c) == unit && !ends.contains(&end) && ends.len() < MOST_READINGS {
                ends.push(end);
            } else if c == '\\' || (before == BLANK && fold(c) == BLANK) {
                places.push(end);
            }
        }
    }
    (ends, cut)
}

const fn is_escape(c: char) -> bool {
    matches!(c, '\\' | '%' | '&')
}

fn fold(c: char) -> char {
    if c == '+' || c.is_whitespace() || c.is_control() { BLANK } else { c }
}

/// The characters that the text may mean at `at`, each with its end: as it stands there, and as an escape.
fn readings(text: &str, at: usize) -> impl Iterator<Item = (char, usize)> {
    std::iter::successors(literal(text, at), |&(c, end)| match c {
        '\\' => json(text, end),
        '%' => percent(text, end),
        '&' => html(text, end),
        _ => None,
    })
    .take(NESTING)
}

fn literal(text: &str, at: usize) -> Option<(char, usize)> {
    let c = text.get(at..)?.chars().next()?;
    Some((c, at + c.len_utf8()))
}

/// What follows a backslash: `u0041`, or two of them for what lies beyond the basic plane.
fn json(text: &str, at: usize) -> Option<(char, usize)> {
    let (high, end) = hex(text, at + text.get(at..)?.strip_prefix('u').map(|_| 1)?, 4)?;
    if !(0xd800..0xdc00).contains(&high) {
        return Some((char::from_u32(high)?, end));
    }
    let rest = text.get(end..)?;
    let backslashes = rest.bytes().take(NESTING).take_while(|byte| *byte == b'\\').count();
    rest.get(backslashes..)?.strip_prefix('u')?;
    let (low, end) = hex(text, end + backslashes + 1, 4)?;
    let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x10000 + ((high - 0xd800) << 10) + low)?, end))
}

/// What follows `%`: a byte, and where it begins a longer character, the other ones.
fn percent(text: &str, at: usize) -> Option<(char, usize)> {
    let (first, mut end) = hex(text, at, 2)?;
    let mut bytes = vec![u8::try_from(first).ok()?];
    let more = match first {
        0xc2..=0xdf => 1,
        0xe0..=0xef => 2,
        0xf0..=0xf4 => 3,
        _ => 0,
    };
    for _ in 0..more {
        let mut next = text.get(end..)?.strip_prefix('%')?;
        for _ in 1..NESTING {
            next = next.strip_prefix("25").unwrap_or(next);
        }
        let (byte, after) = hex(text, text.len() - next.len(), 2)?;
        bytes.push(u8::try_from(byte).ok()?);
        end = after;
    }
    Some((std::str::from_utf8(&bytes).ok()?.chars().next()?, end))
}

/// What follows `&`: `quot;`, `#34;` or `#x22;`.
fn html(text: &str, at: usize) -> Option<(char, usize)> {
    let rest = text.get(at..)?;
    let length = rest.bytes().take(LONGEST_REFERENCE).position(|byte| byte == b';')?;
    let name = rest.get(..length)?.to_ascii_lowercase();
    let number = |digits: &str, base| u32::from_str_radix(digits, base).ok().and_then(char::from_u32);
    let c = match (&*name, name.strip_prefix("#x"), name.strip_prefix('#')) {
        ("quot", ..) => '"',
        ("amp", ..) => '&',
        ("apos", ..) => '\'',
        ("lt", ..) => '<',
        ("gt", ..) => '>',
        ("nbsp", ..) => ' ',
        (_, Some(digits), _) => number(digits, 16)?,
        (_, _, Some(digits)) => number(digits, 10)?,
        _ => return None,
    };
    Some((c, at + length + 1))
}

fn hex(text: &str, at: usize, digits: usize) -> Option<(u32, usize)> {
    let end = at + digits;
    let digits = text.get(at..end)?;
    let number = digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16))?;
    Some((number.ok()?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(pattern: &Pattern, text: &str, at: usize) -> Option<usize> {
        let (searchable, mut starts) = (Searchable::new(text), Vec::new());
        searchable.starts(at, &mut starts)?;
        pattern.end(&searchable, &starts)
    }

    #[track_caller]
    fn check(secret: &str, text: &str, left: &str) {
        let end = end(&Pattern::new(secret).unwrap(), text, 0);
        let end = end.unwrap_or_else(|| panic!("{secret} is not found in {text}"));
        assert_eq!(&text[end..], left, "{secret} in {text}");
    }

    #[test]
    fn a_secret_is_found_in_each_spelling() {
        for text in [
            r#"p"q\r  s/t!"#,
            r#"p\"q\\r  s\/t!"#,
            r#"p\\\"q\\\\r s\\\/t!"#,
            r"\u0070\u0022q\u005Cr\u0020 s/t!",
            "p%22q%5Cr%20%20s%2Ft!",
            "p%22q%5cr++s%2ft!",
            "p%2522q%255Cr%2520s%252Ft!",
            "p%5C%22q%5C%5Cr%20s%2Ft!",
            "p&quot;q\\r s/t!",
            "p&#34;q&#92;r&#32;s&#x2F;t!",
            "p\\u0026quot;q\\r\n\ts&amp;#x2f;t!",
        ] {
            check(r#"p"q\r  s/t"#, text, "!");
        }
        check("%41%25", "%41%25.", ".");
        check("%41%25", "%2541%2525.", ".");
        check("a+b=c", "a b%3Dc.", ".");
        check("密码😀x", "%E5%AF%86%e7%a0%81\\uD83D\\uDE00x.", ".");
        check("密码😀x", "\\u5bc6&#30721;%25F0%259F%2598%2580x.", ".");
    }

    #[test]
    fn a_secret_that_was_cut_is_found_too() {
        check("secret", "secr", "");
        check("secret", "sec%72%6", "");
        check("secret", "secr\\u00", "");
        check("secr&Et", "secr&a", "");
        check("secré", "secr\u{fffd}", "");
        check("a-long-secret-word", "a-long-secret…", "…");
        let none = |text: &str| end(&Pattern::new("secret").unwrap(), text, 0);
        assert_eq!((none("sec"), none("secreS"), none("x")), (None, None, None));
    }

    #[test]
    fn a_secret_is_found_in_base64_whatever_stands_around_it() {
        let patterns = Pattern::base64("canary?/password>>");
        for before in ["", "u", "us", "user:"] {
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let text = engine.encode(format!("{before}canary?/password>>, and more"));
                let found = |at| patterns.iter().any(|pattern| end(pattern, &text, at).is_some());
                assert!((0..text.len()).any(found), "{text}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_is_no_pattern() {
        for text in ["", "abc", " a b ", "\\\\\\\\", "++++"] {
            assert!(Pattern::new(text).is_none(), "{text}");
        }
    }
}
