//! What the text of a single value means, or why it means nothing.

use super::nearest::nearest;
use super::report::Fault;
use crate::model::Timestamp;
use crate::model::text::{MAX_CHARS, is_printable};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// The API's own limit for ids.
const MAX_LENGTH: usize = 256;

/// Nothing here waits or looks back longer; and sums of such durations stay far from any overflow.
const MAX_DURATION: Duration = Duration::from_secs(3650 * 24 * 3600);

/// A duration, but not none at all.
pub(super) fn duration(text: &str) -> Result<Duration, Fault> {
    match duration_or_none(text)? {
        Duration::ZERO => Err(Fault::new("makes no sense here", "write a duration longer than nothing, such as `5m`")),
        duration => Ok(duration),
    }
}

/// A duration, or `0s`.
pub(super) fn duration_or_none(text: &str) -> Result<Duration, Fault> {
    let remedy = "write numbers with units, such as `90s`, `5m`, `1h 30m` or `7d`";
    match humantime::parse_duration(text) {
        Ok(duration) if duration > MAX_DURATION => {
            Err(Fault::new("is longer than ten years", "write a shorter duration"))
        }
        Ok(duration) => Ok(duration),
        Err(_) => Err(Fault::new("is not a duration", remedy)),
    }
}

/// A whole number from 1 to `most`.
pub(super) fn count(text: &str, most: u32) -> Result<NonZeroU32, Fault> {
    let whole = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse::<u32>().ok().filter(|number| whole && *number <= most).and_then(NonZeroU32::new);
    number.ok_or_else(|| {
        Fault::new(format!("is not a whole number from 1 to {most}"), "write one, without a unit or a fraction")
    })
}

/// `true` or `false`.
pub(super) fn switch(text: &str) -> Result<bool, Fault> {
    match text {
        "true" | "True" | "TRUE" => Ok(true),
        "false" | "False" | "FALSE" => Ok(false),
        _ => Err(Fault::new("is neither `true` nor `false`", "write one of the two")),
    }
}

/// One of a set of words.
pub(super) fn word<T: Copy>(text: &str, known: &[(&str, T)]) -> Result<T, Fault> {
    if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    let remedy = match nearest(text, words.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => "write one of them".to_owned(),
    };
    Err(Fault::new(format!("is not one of `{}`", words.join("`, `")), remedy))
}

/// A name: what becomes a label value.
pub(super) fn name(text: &str) -> Result<Arc<str>, Fault> {
    let length = text.chars().count();
    let remedy = format!("write a name of 1 to {MAX_CHARS} characters");
    if text.trim().is_empty() {
        return Err(Fault::new("is blank", remedy));
    }
    if length > MAX_CHARS {
        return Err(Fault::new(format!("has {length} characters"), remedy));
    }
    if !text.chars().all(is_printable) {
        let reason = "holds a line break, or another character that is not printable";
        return Err(Fault::new(reason, "leave it out"));
    }
    Ok(text.into())
}

/// An id of Huawei Cloud, which becomes part of a URL.
pub(super) fn id(text: &str) -> Result<Arc<str>, Fault> {
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    if text.is_empty() || text.len() > MAX_LENGTH {
        let remedy = "copy the id from the console; it has 1 to 256 characters";
        return Err(Fault::new(format!("has {} characters", text.len()), remedy));
    }
    if !text.bytes().all(safe) || text.bytes().all(|b| b == b'.') {
        let remedy = "copy the id (not the name) from the console: letters, digits, `-`, `_`, `.` and `~`";
        return Err(Fault::new("is not an id: it could not be part of a URL's path as it is", remedy));
    }
    Ok(text.into())
}

/// The name of a region, known or not.
pub(super) fn region(text: &str) -> Result<Arc<str>, Fault> {
    let safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if text.is_empty() || text.len() > MAX_LENGTH || !text.bytes().all(safe) {
        return Err(Fault::new(
            "is not the name of a region",
            "write it as the console's URL has it, such as `cn-north-4`",
        ));
    }
    Ok(text.into())
}

/// A moment as RFC 3339 writes it, in whatever time zone.
pub(super) fn moment(text: &str) -> Result<Timestamp, Fault> {
    let fault = || {
        Fault::new(
            "is not a moment as RFC 3339 writes it, from 1970 on",
            "write it as `2026-01-01T00:00:00Z` or `2026-01-01T08:00:00+08:00`",
        )
    };
    let (local, east) = split_zone(text).ok_or_else(fault)?;
    let local = humantime::parse_rfc3339(&format!("{local}Z")).map_err(|_| fault())?;
    let local = local.duration_since(std::time::UNIX_EPOCH).map_err(|_| fault())?;
    let utc = match east {
        Zone::East(by) => local.checked_sub(by),
        Zone::West(by) => local.checked_add(by),
    };
    utc.map(Timestamp::new).ok_or_else(fault)
}

enum Zone {
    East(Duration),
    West(Duration),
}

/// Divides `2026-01-01T08:00:00+08:00` into the local time and how far east or west that is.
fn split_zone(text: &str) -> Option<(&str, Zone)> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some((local, Zone::East(Duration::ZERO)));
    }
    let (local, zone) = text.split_at_checked(text.len().checked_sub("+00:00".len())?)?;
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let number = |digits: &str, below: u64| {
        let whole = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|number: &u64| whole && *number < below)
    };
    let by = Duration::from_secs(number(hours, 24)? * 3600 + number(minutes, 60)? * 60);
    match zone.chars().next()? {
        '+' => Some((local, Zone::East(by))),
        '-' => Some((local, Zone::West(by))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_moment(text: &str, expected: Option<u64>) {
        assert_eq!(moment(text).ok(), expected.map(Timestamp::from_secs), "{text}");
    }

    #[test]
    fn a_moment_may_be_written_in_any_time_zone() {
        check_moment("2026-01-01T00:00:00Z", Some(1_767_225_600));
        check_moment("2026-01-01T08:00:00+08:00", Some(1_767_225_600));
        check_moment("2025-12-31T20:30:00-03:30", Some(1_767_225_600));
        check_moment("2026-01-01", None);
        check_moment("2026-01-01T00:00:00", None);
        check_moment("2026-13-01T00:00:00Z", None);
        check_moment("1969-12-31T00:00:00Z", None);
        check_moment("1970-01-01T00:00:00+08:00", None);
        check_moment("2026-01-01T00:00:00+8:000", None);
        check_moment("扫", None);
        check_moment("", None);
    }

    #[test]
    fn a_count_is_a_whole_number() {
        assert_eq!(count("5", 100).ok(), NonZeroU32::new(5));
        for bad in ["0", "-1", "4.7", "+5", "5e1", "", "101", "99999999999999999999", "five"] {
            assert!(count(bad, 100).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_id_fits_into_a_path() {
        for good in ["0", "0123456789abcdef0123456789abcdef", "a-b_c.d~e"] {
            assert_eq!(id(good).ok().as_deref(), Some(good));
        }
        for bad in ["", ".", "..", "a/b", "a b", "a?b", "a%20b", "扫描", &"x".repeat(257)] {
            assert!(id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_duration_is_refused_where_it_makes_no_sense() {
        assert_eq!(duration("1h 30m").ok(), Some(Duration::from_secs(5400)));
        assert_eq!(duration_or_none("0s").ok(), Some(Duration::ZERO));
        for bad in ["0s", "5", "", "-5m", "5 parsecs", "99999999999999999999y", "11y"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
