//! What is logged, and how it reads: a line an event, whatever is in it.

#![cfg(test)]

use hss_exporter::model::Timestamp;
use hss_exporter::model::observe::{LogLevel, Note, Observe};
use hss_exporter::telemetry::{Format, subscriber};
use std::io::Write;
use std::sync::{Arc, Mutex};

/// Keeps what is written, and what is noted.
#[derive(Clone, Default)]
struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    levels: Arc<Mutex<Vec<LogLevel>>>,
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Observe for Captured {
    fn note(&self, note: Note<'_>) {
        if let Note::LogMessage { level } = note {
            self.levels.lock().unwrap().push(level);
        }
    }
}

fn logged(level: LogLevel, format: Format, log: impl FnOnce()) -> (String, Vec<LogLevel>) {
    let captured = Captured::default();
    let writer = captured.clone();
    let clock = Arc::new(|| Timestamp::from_secs(1_757_289_600));
    let subscriber = subscriber(level, format, clock, move || writer.clone(), Arc::new(captured.clone()));
    tracing::subscriber::with_default(subscriber, log);
    let text = String::from_utf8(captured.bytes.lock().unwrap().clone()).unwrap();
    let levels = captured.levels.lock().unwrap().clone();
    (text, levels)
}

/// What an outsider may put into a name or an error message.
const EVIL: &str = "a\nlevel=error msg=\"gotcha\" \\ \u{1b}[31m\t\u{2028}\u{202e}\u{e0041}end";

fn log_evil() {
    let error = std::io::Error::other(EVIL);
    tracing::info!(target: "hss_exporter::refresh", plain = "x/y", n = 7, half = 0.5, on = true, nothing = "",
        evil = EVIL, error = &error as &dyn std::error::Error, "read {}", EVIL);
}

#[test]
fn a_line_reads_as_logfmt() {
    let (text, _) = logged(LogLevel::Info, Format::Logfmt, || {
        tracing::warn!(target: "hss_exporter", target = %"prod/payments/default", attempts = 3, "cannot read");
    });
    let wanted = "ts=2025-09-08T00:00:00.000Z level=warn msg=\"cannot read\" target=prod/payments/default attempts=3\n";
    assert_eq!(text, wanted);
}

#[test]
fn nothing_in_a_value_ends_a_line_or_begins_a_field() {
    let (text, _) = logged(LogLevel::Info, Format::Logfmt, log_evil);
    let quoted = r#""a\nlevel=error msg=\"gotcha\" \\ \u001b[31m\t\u2028\u202e\udb40\udc41end""#;
    let message = quoted.replacen('"', "\"read ", 1);
    let wanted = format!(
        "ts=2025-09-08T00:00:00.000Z level=info msg={message} plain=x/y n=7 half=0.5 on=true nothing=\"\" \
         evil={quoted} error={quoted}\n"
    );
    assert_eq!(text, wanted);
}

#[test]
fn a_line_reads_as_json() {
    let (text, _) = logged(LogLevel::Info, Format::Json, log_evil);
    assert_eq!(text.lines().count(), 1);
    let wanted = serde_json::json!({
        "ts": "2025-09-08T00:00:00.000Z", "level": "info", "msg": format!("read {EVIL}"), "plain": "x/y",
        "n": 7, "half": 0.5, "on": true, "nothing": "", "evil": EVIL, "error": EVIL,
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), wanted);
}

#[test]
fn the_level_is_kept_and_every_line_is_counted() {
    let (text, levels) = logged(LogLevel::Info, Format::Logfmt, || {
        tracing::error!(target: "hss_exporter::a", "one");
        tracing::info!(target: "hss_exporter", "two");
        tracing::debug!(target: "hss_exporter", "not heard");
    });
    assert_eq!(text.lines().count(), 2);
    assert_eq!(levels, [LogLevel::Error, LogLevel::Info]);
}

#[test]
fn dependencies_are_heard_only_when_something_is_wrong() {
    let (text, levels) = logged(LogLevel::Trace, Format::Logfmt, || {
        tracing::trace!(target: "hss_exporter", "heard");
        tracing::trace!(target: "h2::codec", authorization = "secret", "send");
        tracing::info!(target: "hyper", "not heard");
        tracing::warn!(target: "hyper", "odd");
    });
    assert!(!text.contains("secret"), "{text}");
    assert!(text.ends_with("level=warn msg=odd source=hyper\n"), "{text}");
    assert_eq!(levels, [LogLevel::Trace, LogLevel::Warn]);
}
