//! Logs: what is logged, in which form, and that each line is counted.
//!
//! The level is that of this crate. Dependencies are heard from `warn` on and never in more detail, whatever the level:
//! at `trace` some of them print headers, and a secret in one of those is not ours to mask.

mod line;
mod queue;

use crate::model::Timestamp;
use crate::model::observe::{LogLevel, Note, Observe};
use std::sync::Arc;
use std::{fmt, io, panic};
use tracing::subscriber::{SetGlobalDefaultError, set_global_default};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

pub use queue::{LogQueue, within_exit_limit};

/// The crate's own name, as `tracing` knows it.
const OWN: &str = env!("CARGO_CRATE_NAME");

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `ts=2025-09-08T00:00:00.000Z level=info msg="..." key=value`
    #[default]
    Logfmt,
    /// `{"ts":"2025-09-08T00:00:00.000Z","level":"info","msg":"...","key":"value"}`
    Json,
}

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Logs to standard error from now on, and waits until each line is written.
///
/// # Errors
/// If something else has taken the process's logs before.
pub fn init(
    level: LogLevel,
    format: Format,
    clock: Clock,
    observer: Arc<dyn Observe>,
) -> Result<(), SetGlobalDefaultError> {
    set_global_default(subscriber(level, format, clock, io::stderr, observer))
}

/// Logs to standard error from now on, and never waits for it: neither does a panic, which is logged too.
///
/// # Errors
/// If something else has taken the process's logs before.
pub fn init_queued(
    level: LogLevel,
    format: Format,
    clock: Clock,
    observer: Arc<dyn Observe>,
) -> Result<LogQueue, SetGlobalDefaultError> {
    let (writer, queue) = queue::open(io::stderr(), Arc::clone(&observer));
    set_global_default(subscriber(level, format, clock, writer, observer))?;
    panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a task failed; please report this")));
    Ok(queue)
}

/// What takes the events of `tracing`: writes a line each to `writer`, and tells `observer` about it.
pub fn subscriber<W>(
    level: LogLevel,
    format: Format,
    clock: Clock,
    writer: W,
    observer: Arc<dyn Observe>,
) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let own = to_filter(level);
    let heard = Targets::new().with_target(OWN, own).with_default(own.min(LevelFilter::WARN));
    // The layer's own complaint about a broken standard error would panic there.
    let lines = tracing_subscriber::fmt::layer()
        .event_format(Lines { format, clock })
        .with_writer(writer)
        .log_internal_errors(false);
    tracing_subscriber::registry().with(heard).with(Counting { observer }).with(lines)
}

fn to_filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

fn level_of(event: &Event<'_>) -> LogLevel {
    match *event.metadata().level() {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

/// Counts the lines by level.
struct Counting {
    observer: Arc<dyn Observe>,
}

impl<S: Subscriber> Layer<S> for Counting {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.observer.note(Note::LogMessage { level: level_of(event) });
    }
}

/// Writes an event as a line. Spans are not written: every event says for itself what it is about.
struct Lines {
    format: Format,
    clock: Clock,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let target = event.metadata().target();
        let own = target.strip_prefix(OWN).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        let line = line::Line::of(event, (self.clock)(), level_of(event), (!own).then_some(target));
        match self.format {
            Format::Logfmt => line.write_logfmt(&mut writer)?,
            Format::Json => line.write_json(&mut writer)?,
        }
        writeln!(writer)
    }
}
