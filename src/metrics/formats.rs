//! How a family is written: the text format, version 0.0.4.
//!
//! Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use super::family::Kind;
use super::samples::{Samples, Value};
use std::borrow::Cow;
use std::fmt::Write;

/// The media type of the text format. Prometheus 3 refuses an answer without one.
pub(super) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is said about a family before its samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header<'h> {
    pub(super) name: &'h str,
    pub(super) help: &'h str,
    pub(super) kind: Kind,
    pub(super) labels: &'h [&'h str],
}

/// Writes a family whose samples are sorted; one without samples not at all. Answers how many lines have a value.
pub(super) fn write_family(out: &mut String, header: Header<'_>, samples: &Samples<'_>) -> usize {
    let mut lines = 0;
    for (labels, value) in samples.series() {
        if lines == 0 {
            write_header(out, header);
        }
        lines += write_series(out, header, labels, value);
    }
    lines
}

fn write_header(out: &mut String, header: Header<'_>) {
    for part in ["# HELP ", header.name, " "] {
        out.push_str(part);
    }
    write_escaped(out, header.help, |c| matches!(c, '\\' | '\n'));
    let kind = match header.kind {
        // The format knows no info; its own convention is a gauge that is always 1.
        Kind::Info => Kind::Gauge,
        kind => kind,
    };
    for part in ["\n# TYPE ", header.name, " ", kind.as_str(), "\n"] {
        out.push_str(part);
    }
}

fn write_series(out: &mut String, header: Header<'_>, labels: &[Cow<'_, str>], value: &Value) -> usize {
    let mut line = |suffix: &str, bound: Option<f64>, value: f64| {
        out.push_str(header.name);
        out.push_str(suffix);
        write_labels(out, header.labels, labels, bound);
        out.push(' ');
        write_number(out, value);
        out.push('\n');
    };
    match value {
        Value::Number(number) => {
            line("", None, *number);
            1
        }
        Value::Summary { sum, count } => {
            line("_sum", None, *sum);
            line("_count", None, *count as f64);
            2
        }
        Value::Histogram { buckets, sum, count } => {
            for (bound, at_most) in buckets {
                line("_bucket", Some(*bound), *at_most as f64);
            }
            line("_bucket", Some(f64::INFINITY), *count as f64);
            line("_sum", None, *sum);
            line("_count", None, *count as f64);
            buckets.len() + 3
        }
    }
}

fn write_labels(out: &mut String, names: &[&str], values: &[Cow<'_, str>], bound: Option<f64>) {
    let mut before = '{';
    for (name, value) in names.iter().zip(values) {
        out.push(before);
        out.push_str(name);
        out.push_str("=\"");
        write_escaped(out, value, |c| matches!(c, '\\' | '"' | '\n'));
        out.push('"');
        before = ',';
    }
    if let Some(bound) = bound {
        out.push(before);
        out.push_str("le=\"");
        write_bound(out, bound);
        out.push('"');
        before = ',';
    }
    if before == ',' {
        out.push('}');
    }
}

fn write_escaped(out: &mut String, text: &str, special: fn(char) -> bool) {
    if !text.contains(special) {
        return out.push_str(text);
    }
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            c => {
                if special(c) {
                    out.push('\\');
                }
                out.push(c);
            }
        }
    }
}

/// The shortest form that reads back as the same number.
fn write_number(out: &mut String, number: f64) {
    let size = number.abs();
    // A string takes whatever is written.
    let _ = match number {
        f64::INFINITY => out.write_str("+Inf"),
        // Plain digits are how people write numbers of this size, exponents are shorter for all others.
        _ if size == 0.0 || (1e-4..1e16).contains(&size) => write!(out, "{number}"),
        f64::NEG_INFINITY => out.write_str("-Inf"),
        _ => write!(out, "{number:e}"),
    };
}

/// The upper bound of a bucket: always a float, so that series do not change names with the format.
fn write_bound(out: &mut String, bound: f64) {
    let start = out.len();
    write_number(out, bound);
    if out.get(start..).is_some_and(|written| written.bytes().all(|byte| byte.is_ascii_digit())) {
        out.push_str(".0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: f64, written: &str) {
        let mut out = String::new();
        write_number(&mut out, number);
        assert_eq!(out, written);
        assert_eq!(out.trim_start_matches('+').parse::<f64>().unwrap(), number, "reads back");
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

    #[test]
    fn a_label_value_and_a_help_text_end_where_they_should() {
        let mut samples = Samples::new(2);
        samples.add(["a\"b\\c", ""], 1.0);
        let header = Header { name: "n", help: "A \\ and\na line.", kind: Kind::Info, labels: &["x", "y"] };
        let mut out = String::new();
        assert_eq!(write_family(&mut out, header, &samples), 1);
        assert_eq!(out, "# HELP n A \\\\ and\\na line.\n# TYPE n gauge\nn{x=\"a\\\"b\\\\c\",y=\"\"} 1\n");
    }

    #[test]
    fn a_histogram_writes_its_bounds_as_floats_and_a_family_without_samples_nothing() {
        let header = Header { name: "n", help: "H.", kind: Kind::Histogram, labels: &[] };
        let mut out = String::new();
        let mut samples = Samples::new(0);
        assert_eq!(write_family(&mut out, header, &samples), 0);
        assert_eq!(out, "");
        samples.add([], Value::Histogram { buckets: vec![(0.5, 1), (60.0, 2)], sum: 7.25, count: 3 });
        assert_eq!(write_family(&mut out, header, &samples), 5);
        let lines: Vec<&str> = out.lines().skip(2).collect();
        let want =
            ["n_bucket{le=\"0.5\"} 1", "n_bucket{le=\"60.0\"} 2", "n_bucket{le=\"+Inf\"} 3", "n_sum 7.25", "n_count 3"];
        assert_eq!(lines, want);
    }
}
