//! Rules and configurations for a test that cannot wait: a second for a minute.
//!
//! Every duration that has a unit becomes its sixtieth: `15m` -> `15s`, `1d` -> `24m`, also in the texts of the alerts.
//! So what the rules say of one another stays: what is looked back at, what is waited for, what is held. Prometheus's own
//! look-back of five minutes becomes five seconds likewise. What stands in the rules as a bare number of seconds, such as
//! the day after which a scan by hand is let go, stays what it is: those are compared with times that the cloud gives.

use std::time::Duration;

/// How much faster.
pub(crate) const FACTOR: u32 = 60;

/// The milliseconds of each unit.
const UNITS: [(&str, u64); 7] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
    ("y", 31_536_000_000),
];

/// A text with each of its durations sixty times shorter.
pub(crate) fn shortened(text: &str) -> String {
    let mut short = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        short.push_str(before);
        match duration(word) {
            Some(duration) => short.push_str(&format!("{}ms", duration.as_millis() / u128::from(FACTOR))),
            None => short.push_str(word),
        }
        rest = after;
    }
    short + rest
}

/// `1h30m` as Prometheus writes it; `None` for what is something else.
pub(crate) fn duration(word: &str) -> Option<Duration> {
    let mut sum = 0;
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, from) = rest.split_at(digits);
        let letters = from.find(|c: char| c.is_ascii_digit()).unwrap_or(from.len());
        let (unit, after) = from.split_at(letters);
        let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum += number.parse::<u64>().ok()? * milliseconds;
        rest = after;
    }
    (sum > 0).then(|| Duration::from_millis(sum))
}

#[test]
fn a_minute_becomes_a_second_and_words_stay_words() {
    let rule = "increase(a_2m_total[15m] offset 1d) > 60 * 2 # m5\nfor: 1h30m\nseverity: 5min 0s";
    let short = "increase(a_2m_total[15000ms] offset 1440000ms) > 60 * 2 # m5\nfor: 90000ms\nseverity: 5min 0s";
    assert_eq!(shortened(rule), short);
}
