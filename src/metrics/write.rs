//! How headers, label values and numbers are spelled: the text formats, versions 0.0.4 and 1.0.0, and OpenMetrics 1.0.0.
//!
//! Sources: <https://prometheus.io/docs/instrumenting/exposition_formats/>,
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use super::Format;
use super::family::Kind;
use crate::model::text::{self, printable};
use std::io::Write;
use std::time::Duration;

/// Formats whose pages are the same, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    Text,
    OpenMetrics,
}

impl From<Format> for Spelling {
    fn from(format: Format) -> Self {
        match format {
            Format::Text0 | Format::Text1 => Self::Text,
            Format::OpenMetrics => Self::OpenMetrics,
        }
    }
}

/// What is said about a family before its samples.
pub(super) fn header(spelling: Spelling, name: &str, help: &str, kind: Kind) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 * name.len() + help.len() + 32);
    let (name, kind) = match (spelling, kind) {
        // The text formats know no info; their own convention is a gauge that is always 1.
        (Spelling::Text, Kind::Info) => (name, Kind::Gauge),
        (Spelling::Text, kind) => (name, kind),
        (Spelling::OpenMetrics, Kind::Counter) => (name.strip_suffix("_total").unwrap_or(name), kind),
        (Spelling::OpenMetrics, Kind::Info) => (name.strip_suffix("_info").unwrap_or(name), kind),
        (Spelling::OpenMetrics, kind) => (name, kind),
    };
    for part in ["# HELP ", name, " "] {
        out.extend_from_slice(part.as_bytes());
    }
    write_escaped(&mut out, help, spelling == Spelling::OpenMetrics);
    for part in ["\n# TYPE ", name, " ", kind.as_str(), "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    out
}

/// A label value, cut and with printable characters only.
pub(super) fn write_label_value(out: &mut Vec<u8>, value: &str) {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\');
    // Every byte is looked at: eight at a time take less long than stopping at the first that is special.
    if value.len() <= text::MAX_CHARS && value.bytes().fold(true, |all, byte| all & plain(byte)) {
        return out.extend_from_slice(value.as_bytes());
    }
    write_escaped(out, &printable(value), true);
}

fn write_escaped(out: &mut Vec<u8>, text: &str, quotes: bool) {
    for byte in text.bytes() {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'"' if quotes => out.extend_from_slice(b"\\\""),
            byte => out.push(byte),
        }
    }
}

/// The shortest form that reads back as the same number.
pub(super) fn write_number(out: &mut Vec<u8>, number: f64) {
    let size = number.abs();
    // A vector takes whatever is written.
    let _ = match number {
        f64::INFINITY => out.write_all(b"+Inf"),
        // Plain digits are how people write numbers of this size, exponents are shorter for all others.
        _ if size == 0.0 || (1e-4..1e16).contains(&size) => write!(out, "{number}"),
        f64::NEG_INFINITY => out.write_all(b"-Inf"),
        _ => write!(out, "{number:e}"),
    };
}

/// The same of a whole number, faster where a float holds it exactly.
pub(super) fn write_whole(out: &mut Vec<u8>, number: u64) {
    if number >= 1 << f64::MANTISSA_DIGITS {
        return write_number(out, number as f64);
    }
    let mut digits = [0; 16];
    let (mut left, mut start) = (number, digits.len());
    for place in digits.iter_mut().rev() {
        *place = b'0' + (left % 10) as u8;
        left /= 10;
        start -= 1;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// The same of a time, faster where it is a moment in milliseconds: with at most fifteen digits, and far from where two
/// floats are equally near, its decimal form is the shortest.
pub(super) fn write_time(out: &mut Vec<u8>, time: Duration) {
    let (seconds, mut fraction) = (time.as_secs(), time.subsec_millis());
    if !time.subsec_nanos().is_multiple_of(1_000_000) || !(fraction == 0 || (1_000_000..1 << 39).contains(&seconds)) {
        return write_number(out, time.as_secs_f64());
    }
    write_whole(out, seconds);
    let mut divisor = 100;
    if fraction > 0 {
        out.push(b'.');
    }
    while fraction > 0 {
        out.push(b'0' + (fraction / divisor) as u8);
        fraction %= divisor;
        divisor /= 10;
    }
}

/// The upper bound of a bucket: always a float, so that series do not change names with the format.
pub(super) fn write_bound(out: &mut Vec<u8>, bound: f64) {
    let start = out.len();
    write_number(out, bound);
    if out.get(start..).is_some_and(|written| written.iter().all(u8::is_ascii_digit)) {
        out.extend_from_slice(b".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[track_caller]
    fn check(number: f64, text: &str) {
        assert_eq!(written(|out| write_number(out, number)), text);
        assert_eq!(text.trim_start_matches('+').parse::<f64>().unwrap(), number, "reads back");
    }

    #[test]
    fn numbers_are_short_and_exact() {
        check(0.0, "0");
        check(-0.0, "-0");
        check(1.0, "1");
        check(-1.5, "-1.5");
        check(1_745_311_451.5, "1745311451.5");
        check(1_745_311_451.123, "1745311451.123");
        check(9_007_199_254_740_993.0, "9007199254740992");
        check(1e20, "1e20");
        check(u64::MAX as f64, "1.8446744073709552e19");
        check(0.001, "0.001");
        check(0.000_012_5, "1.25e-5");
        check(f64::INFINITY, "+Inf");
        check(f64::NEG_INFINITY, "-Inf");
    }

    proptest! {
        #[test]
        fn whole_numbers_and_times_are_written_as_the_floats_that_they_are(
            digits in 0u32..64, number: u64, millis in 0u64..1000, nanos in 0u32..1_000_000_000,
        ) {
            let number = number >> digits;
            prop_assert_eq!(written(|out| write_whole(out, number)), written(|out| write_number(out, number as f64)));
            for time in [Duration::from_millis(millis), Duration::from_nanos(nanos.into())] {
                let time = time.saturating_add(Duration::from_secs(number));
                let float = written(|out| write_number(out, time.as_secs_f64()));
                prop_assert_eq!(written(|out| write_time(out, time)), float);
            }
        }
    }

    #[test]
    fn a_header_is_spelled_as_its_format_wants_it() {
        let of =
            |spelling, name, kind| String::from_utf8(header(spelling, name, "A \\ \"and\"\na line.", kind)).unwrap();
        let text = "# HELP n_info A \\\\ \"and\"\\na line.\n# TYPE n_info gauge\n";
        assert_eq!(of(Spelling::Text, "n_info", Kind::Info), text);
        let open = "# HELP n A \\\\ \\\"and\\\"\\na line.\n# TYPE n info\n";
        assert_eq!(of(Spelling::OpenMetrics, "n_info", Kind::Info), open);
        assert!(of(Spelling::Text, "n_total", Kind::Counter).ends_with("# TYPE n_total counter\n"));
        assert!(of(Spelling::OpenMetrics, "n_total", Kind::Counter).ends_with("# TYPE n counter\n"));
    }
}
