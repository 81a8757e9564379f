//! Times, as a person reads them.

use crate::model::Timestamp;
use maud::{Markup, html};
use std::time::{Duration, SystemTime};

/// A moment, seen from `now`: `2 min ago` or `in 2 min`, with the moment itself for those who point at it.
pub(super) fn moment(at: Timestamp, now: Timestamp) -> Markup {
    let absolute = rfc3339(at);
    let distance = if at > now { format!("in {}", span(at.since(now))) } else { ago(now.since(at)) };
    html! { time datetime=(absolute) title=(absolute) { (distance) } }
}

/// A moment of the day, such as `02:15 UTC`; with its date if it lies a day or more from `now`.
pub(super) fn clock_time(at: Timestamp, now: Timestamp) -> Markup {
    let absolute = rfc3339(at);
    let far = at.since(now).max(now.since(at)) >= Duration::from_secs(24 * 3600);
    let date = absolute.get(..10).unwrap_or_default();
    let minute = absolute.get(11..16).unwrap_or_default();
    html! { time datetime=(absolute) title=(absolute) { @if far { (date) " " } (minute) " UTC" } }
}

/// `2025-09-08T00:00:00Z`
pub(super) fn rfc3339(at: Timestamp) -> String {
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + at.as_date().since_epoch()).to_string()
}

/// A span in its two greatest units: `42 s`, `2 min`, `3 h 5 min`, `2 d 4 h`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => two((hours, "h"), (minutes % 60, "min")),
        (days, hours, _) => two((days, "d"), (hours % 24, "h")),
    }
}

fn ago(age: Duration) -> String {
    if age < Duration::from_secs(2) { "just now".to_owned() } else { format!("{} ago", span(age)) }
}

fn two((large, large_unit): (u64, &str), (small, small_unit): (u64, &str)) -> String {
    match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: u64, wanted: &str) {
        assert_eq!(span(Duration::from_secs(seconds)), wanted);
    }

    #[test]
    fn a_span_has_at_most_two_units() {
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(3599, "59 min");
        check(3600, "1 h");
        check(3600 + 5 * 60 + 59, "1 h 5 min");
        check(86_400, "1 d");
        check(2 * 86_400 + 4 * 3600 + 59 * 60, "2 d 4 h");
        check(400 * 86_400, "400 d");
    }

    #[test]
    fn a_moment_is_told_from_now_and_in_full() {
        let at = |seconds: u64| Timestamp::from_secs(1_757_289_600 + seconds);
        let ago = moment(at(0), at(125)).into_string();
        assert_eq!(ago, r#"<time datetime="2025-09-08T00:00:00Z" title="2025-09-08T00:00:00Z">2 min ago</time>"#);
        assert!(moment(at(900), at(0)).into_string().contains(">in 15 min<"));
        assert!(clock_time(at(900), at(0)).into_string().contains(">00:15 UTC<"));
        assert!(clock_time(at(0), at(2 * 86_400)).into_string().contains(">2025-09-08 00:00 UTC<"));
    }

    #[test]
    fn a_moment_that_no_calendar_has_breaks_nothing() {
        assert_eq!(rfc3339(Timestamp::new(Duration::MAX)), "9999-12-31T23:59:59Z");
    }
}
