//! What the exporter itself does, counted as it happens.
//!
//! Names, help texts and labels come from the catalogue. Every label set that is known beforehand is there from the start
//! with 0, so that Prometheus sees the first event as an increase.

use super::CATALOG;
use super::ends::{Edition, News};
use super::family::{Family, Instrument, Kind, Source};
use super::lines::Lines;
use super::value::Value;
use crate::model::Reason;
use crate::model::observe::{Api, Field, LogLevel, Note, Observe};
use prometheus::core::{Collector, MetricVec, MetricVecBuilder};
#[cfg(target_os = "linux")]
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::{Metric, MetricFamily, MetricType};
use prometheus::{CounterVec, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};
use std::sync::{Mutex, PoisonError};

/// The label `code` of an attempt that ended without an HTTP status.
const NO_STATUS: &str = "error";

/// In seconds. A page takes a few tenths; an attempt is given up after half a minute, unless configured otherwise.
const LATENCY_BUCKETS: [f64; 9] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// The exporter's own instruments. Counting is cheap, and may be done from anywhere.
#[derive(Debug)]
pub struct Instruments {
    registry: Registry,
    news: News,
    /// What was last seen of the process.
    process: Mutex<Vec<MetricFamily>>,
    build_info: GaugeVec,
    attempts: IntCounterVec,
    errors: IntCounterVec,
    retries: IntCounterVec,
    budget_wait: CounterVec,
    budget: GaugeVec,
    blocked: GaugeVec,
    request_duration: HistogramVec,
    clock_skew: GaugeVec,
    dates_distrusted: IntCounterVec,
    credential_expiry: GaugeVec,
    discovery_success: GaugeVec,
    discovery_errors: IntCounterVec,
    malformed: IntCounterVec,
    duplicates: IntCounterVec,
    rereads: IntCounterVec,
    distrusted: IntCounterVec,
    unknown_values: IntCounterVec,
    log_messages: IntCounterVec,
    log_messages_dropped: IntCounterVec,
}

/// Of what this binary was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// The version of this crate.
    pub version: &'static str,
    /// The commit; empty where the build was not told.
    pub revision: &'static str,
    /// The compiler's version; empty where it could not be asked.
    pub rustversion: &'static str,
}

impl Build {
    /// This binary.
    pub const THIS: Self = Self {
        version: env!("CARGO_PKG_VERSION"),
        revision: known_or_empty(option_env!("HSS_EXPORTER_REVISION")),
        rustversion: known_or_empty(option_env!("HSS_EXPORTER_RUSTVERSION")),
    };
}

impl Instruments {
    /// Instruments that have counted nothing, for these accounts.
    pub fn new<'a>(accounts: impl IntoIterator<Item = &'a str>, build: Build) -> Self {
        let instruments = Self::of_one_page(accounts, build);
        instruments.look_at_process();
        instruments
    }

    /// Looks how this process is doing: `process_*` say what was seen last. A few files of the system are read.
    pub fn look_at_process(&self) {
        #[cfg(target_os = "linux")]
        {
            let mut seen = ProcessCollector::for_self().collect();
            seen.sort_by(|a, b| a.name().cmp(b.name()));
            *self.process.lock().unwrap_or_else(PoisonError::into_inner) = seen;
            self.news.add();
        }
    }

    /// The same for a process that prints its page and ends: without `process_*`, which whoever publishes the page has of
    /// its own.
    pub fn of_one_page<'a>(accounts: impl IntoIterator<Item = &'a str>, build: Build) -> Self {
        #[expect(clippy::expect_used, reason = "it depends on nothing but the catalogue, and every test would fail")]
        let instruments = Self::registered().expect("the catalogue's names and labels are valid, and none is doubled");
        instruments.begin(accounts, build);
        instruments
    }

    fn registered() -> prometheus::Result<Self> {
        let registry = &Registry::new();
        let count = |which| register(registry, which, IntCounterVec::new);
        Ok(Self {
            build_info: register(registry, Instrument::BuildInfo, GaugeVec::new)?,
            attempts: count(Instrument::ApiAttempts)?,
            errors: count(Instrument::ApiErrors)?,
            retries: count(Instrument::ApiRetries)?,
            budget_wait: register(registry, Instrument::ApiBudgetWait, CounterVec::new)?,
            budget: register(registry, Instrument::ApiBudget, GaugeVec::new)?,
            blocked: register(registry, Instrument::ApiBlocked, GaugeVec::new)?,
            request_duration: register(registry, Instrument::ApiRequestDuration, |opts, labels| {
                HistogramVec::new(HistogramOpts::from(opts).buckets(LATENCY_BUCKETS.to_vec()), labels)
            })?,
            clock_skew: register(registry, Instrument::ClockSkew, GaugeVec::new)?,
            dates_distrusted: count(Instrument::DatesDistrusted)?,
            credential_expiry: register(registry, Instrument::CredentialExpiry, GaugeVec::new)?,
            discovery_success: register(registry, Instrument::DiscoveryLastSuccess, GaugeVec::new)?,
            discovery_errors: count(Instrument::DiscoveryErrors)?,
            malformed: count(Instrument::MalformedTasks)?,
            duplicates: count(Instrument::DuplicateTasks)?,
            rereads: count(Instrument::PageRereads)?,
            distrusted: count(Instrument::StatisticsDistrusted)?,
            unknown_values: count(Instrument::UnknownValues)?,
            log_messages: count(Instrument::LogMessages)?,
            log_messages_dropped: count(Instrument::LogMessagesDropped)?,
            registry: registry.clone(),
            news: News::default(),
            process: Mutex::default(),
        })
    }

    /// Brings every label set into being that is known beforehand.
    fn begin<'a>(&self, accounts: impl IntoIterator<Item = &'a str>, build: Build) {
        with(&self.build_info, &[build.version, build.revision, build.rustversion], |info| info.set(1.0));
        for account in accounts {
            Api::OF_HSS.into_iter().for_each(|api| self.begin_api(account, api));
            with(&self.blocked, &[account], |_| {});
            let counters = [&self.dates_distrusted, &self.malformed, &self.duplicates, &self.rereads, &self.distrusted];
            for counters in counters {
                with(counters, &[account], |_| {});
            }
        }
        for field in Field::ALL {
            with(&self.unknown_values, &[field.as_str()], |_| {});
        }
        for level in LogLevel::ALL {
            with(&self.log_messages, &[level.as_str()], |_| {});
        }
        with(&self.log_messages_dropped, &[], |_| {});
    }

    /// The same for an API that an account begins to use.
    fn begin_api(&self, account: &str, api: Api) {
        for code in ["200", NO_STATUS] {
            with(&self.attempts, &[account, api.as_str(), code], |_| {});
        }
        for reason in Reason::OF_REQUESTS {
            with(&self.errors, &[account, api.as_str(), reason.as_str()], |_| {});
        }
        with(&self.retries, &[account, api.as_str()], |_| {});
        with(&self.budget_wait, &[account, api.as_str()], |_| {});
        with(&self.request_duration, &[api.as_str()], |_| {});
    }

    /// What has been counted until now.
    pub(super) fn gather(&self) -> Gathered {
        let mut families = self.registry.gather();
        families.extend(self.process.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        Gathered(families)
    }

    /// Which edition of them [`Self::gather`] will give, or an older one.
    pub(super) fn edition(&self) -> Edition {
        self.news.edition()
    }
}

impl Observe for Instruments {
    fn note(&self, note: Note<'_>) {
        match note {
            Note::Attempt { account, api, code, took } => {
                let code = code.map(|code| code.to_string());
                let code = code.as_deref().unwrap_or(NO_STATUS);
                with(&self.attempts, &[account, api.as_str(), code], |count| count.inc());
                with(&self.request_duration, &[api.as_str()], |times| times.observe(took.as_secs_f64()));
            }
            Note::Error { account, api, reason } => {
                with(&self.errors, &[account, api.as_str(), reason.as_str()], |count| count.inc());
            }
            Note::Retry { account, api } => with(&self.retries, &[account, api.as_str()], |count| count.inc()),
            Note::BudgetWait { account, api, waited } => {
                with(&self.budget_wait, &[account, api.as_str()], |sum| sum.inc_by(waited.as_secs_f64()));
            }
            Note::Budget { account, api, requests_per_minute } => {
                // Whoever is told of a budget uses the API.
                self.begin_api(account, api);
                with(&self.budget, &[account, api.as_str()], |budget| budget.set(f64::from(requests_per_minute)));
            }
            Note::Blocked { account, blocked } => {
                with(&self.blocked, &[account], |gauge| gauge.set(f64::from(u8::from(blocked))));
            }
            Note::CredentialExpiry { account, at: Some(at) } => {
                with(&self.credential_expiry, &[account], |expiry| expiry.set(at.as_secs_f64()));
            }
            // That there was none is no error.
            Note::CredentialExpiry { account, at: None } => {
                drop(self.credential_expiry.remove_label_values(&[account]));
            }
            Note::Discovered { account, kind, at } => {
                with(&self.discovery_success, &[account, kind.as_str()], |success| success.set(at.as_secs_f64()));
            }
            Note::DiscoveryErrors { account, kind, count: by } => {
                with(&self.discovery_errors, &[account, kind.as_str()], |count| count.inc_by(by));
            }
            Note::ClockSkew { account, seconds } => with(&self.clock_skew, &[account], |skew| skew.set(seconds)),
            Note::DateDistrusted { account } => with(&self.dates_distrusted, &[account], |count| count.inc()),
            Note::MalformedTasks { account, count: by } => with(&self.malformed, &[account], |count| count.inc_by(by)),
            Note::DuplicateTasks { account, count: by } => with(&self.duplicates, &[account], |count| count.inc_by(by)),
            Note::PageReread { account } => with(&self.rereads, &[account], |count| count.inc()),
            Note::StatisticsDistrusted { account } => with(&self.distrusted, &[account], |count| count.inc()),
            Note::UnknownValues { field, count: by } => {
                with(&self.unknown_values, &[field.as_str()], |count| count.inc_by(by));
            }
            Note::LogMessage { level } => with(&self.log_messages, &[level.as_str()], |count| count.inc()),
            Note::LogMessagesDropped { count: by } => with(&self.log_messages_dropped, &[], |count| count.inc_by(by)),
        }
        self.news.add();
    }
}

/// What the instruments had counted at one moment.
#[derive(Debug)]
pub(super) struct Gathered(Vec<MetricFamily>);

impl Gathered {
    /// Adds the samples of a row.
    pub(super) fn samples(&self, row: &Family, lines: &mut Lines<'_>) {
        for family in self.0.iter().filter(|family| family.name() == row.name) {
            for metric in family.get_metric() {
                let label = |name: &&str| metric.get_label().iter().find(|label| label.name() == *name);
                let values = row.labels.iter().map(|name| label(name).map_or("", |label| label.value()));
                lines.add(values, value(metric, family.get_field_type()));
            }
        }
    }

    /// What the `prometheus` crate says about the process: name, help, kind and value of each family. All of them are
    /// without labels, and sorted by name.
    pub(super) fn process(&self) -> impl Iterator<Item = (&str, &str, Kind, Value)> {
        self.0.iter().filter(|family| family.name().starts_with("process_")).filter_map(|family| {
            let kind = match family.get_field_type() {
                MetricType::COUNTER => Kind::Counter,
                _ => Kind::Gauge,
            };
            let value = value(family.get_metric().first()?, family.get_field_type());
            Some((family.name(), family.help(), kind, value))
        })
    }
}

fn value(metric: &Metric, of: MetricType) -> Value {
    match of {
        MetricType::COUNTER => Value::Number(metric.get_counter().get_value()),
        MetricType::HISTOGRAM => {
            let histogram = metric.get_histogram();
            let buckets = histogram.get_bucket().iter();
            Value::Histogram {
                buckets: buckets.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count())).collect(),
                sum: histogram.get_sample_sum(),
                count: histogram.get_sample_count(),
            }
        }
        _ => Value::Number(metric.get_gauge().get_value()),
    }
}

/// Makes the instrument that a row of the catalogue describes.
fn register<V: Collector + Clone + 'static>(
    registry: &Registry,
    which: Instrument,
    make: impl FnOnce(Opts, &[&str]) -> prometheus::Result<V>,
) -> prometheus::Result<V> {
    let row = CATALOG.iter().find(|row| matches!(row.source, Source::Instrument(of) if of == which));
    let row = row.ok_or_else(|| prometheus::Error::Msg(format!("no row describes {which:?}")))?;
    let instrument = make(Opts::new(row.name, row.help), row.labels)?;
    registry.register(Box::new(instrument.clone()))?;
    Ok(instrument)
}

/// Does something with the series of these label values, which comes into being if it is new.
fn with<B: MetricVecBuilder>(of: &MetricVec<B>, labels: &[&str], then: impl FnOnce(B::M)) {
    // It fails only for a wrong number of labels, which the test of every note would show.
    if let Ok(series) = of.get_metric_with_label_values(labels) {
        then(series);
    }
}

const fn known_or_empty(text: Option<&'static str>) -> &'static str {
    match text {
        Some(text) => text,
        None => "",
    }
}
