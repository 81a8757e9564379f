//! The verbs and their flags: what clap parses, and the help it prints.

use crate::config::{Endpoint, ListenAddress, PlainHttp};
use crate::model::observe::LogLevel;
use clap::builder::{EnumValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Prometheus exporter for the scan tasks of Huawei Cloud's Host Security Service (HSS)
#[derive(Debug, Parser)]
#[command(name = "hss-exporter", version, args_conflicts_with_subcommands = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    #[command(flatten)]
    pub(super) serve: Serve,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Refresh the targets and serve `/metrics`; what is done when no command is given
    Serve(Serve),
    /// Check a configuration: exit code 0 if it is good, else 1 and everything that is wrong with it
    Check(Check),
    /// Refresh every target once and print the metrics: for node_exporter's textfile collector. Exit code 2 if one failed
    Once(Once),
    /// Show everything on this machine: a simulated cloud and an exporter that reads it
    Demo(Demo),
    /// Simulate the cloud alone; print a configuration file for `serve`
    Simulate(Simulate),
    /// Ask a running exporter whether it is well (for a container's health check)
    Health(Health),
    /// Print the reference of all metrics
    Metrics,
}

/// What is watched: a configuration file, or without one, a region and a project.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Source {
    /// The configuration file; if not given, hss-exporter.yml if that is there
    #[arg(long = "config.file", value_name = "FILE", conflicts_with_all = ["region", "project"])]
    pub file: Option<PathBuf>,
    /// Without a configuration file: the region to read, such as cn-north-4
    #[arg(long, value_name = "REGION", conflicts_with = "file")]
    pub region: Option<String>,
    /// Without a configuration file: the id of the project to watch
    #[arg(long, value_name = "ID", conflicts_with = "file")]
    pub project: Option<String>,
}

/// How much is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Log {
    /// Log this and what is worse
    #[arg(long = "log.level", value_name = "LEVEL", default_value = "info", value_parser = log_level())]
    pub level: LogLevel,
    /// How a line is written
    #[arg(long = "log.format", value_name = "FORMAT", default_value = "logfmt", value_parser = EnumValueParser::<LogFormat>::new())]
    pub format: LogFormat,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `key=value`
    Logfmt,
    /// An object.
    Json,
}

/// `serve`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Serve {
    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub source: Source,
    /// Where to listen; may be given several times, in the environment separated by commas
    #[arg(long = "web.listen-address", value_name = "[HOST]:PORT", default_value = ":10986", value_delimiter = ',')]
    pub listen: Vec<ListenAddress>,
    /// Where the metrics are served
    #[arg(long = "web.telemetry-path", value_name = "PATH", default_value = "/metrics", value_parser = telemetry_path)]
    pub telemetry_path: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub log: Log,
}

/// `check`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Check {
    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub source: Source,
    /// Also ask the cloud: exit code 2 if a target cannot be read
    #[arg(long)]
    pub online: bool,
    /// How what the cloud said is printed
    #[arg(long, value_name = "FORMAT", default_value = "table", requires = "online", value_parser = EnumValueParser::<Output>::new())]
    pub output: Output,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people: a row a target and task type, as they come.
    Table,
    /// For programs: one object, at the end.
    Json,
}

/// `once`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Once {
    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub source: Source,
    /// After so long the metrics are printed, whether everything has been read or not
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub log: Log,
}

/// `demo`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Demo {
    /// Where to listen; may be given several times, in the environment separated by commas
    #[arg(
        long = "web.listen-address",
        value_name = "[HOST]:PORT",
        default_value = "127.0.0.1:10986",
        value_delimiter = ','
    )]
    pub listen: Vec<ListenAddress>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub log: Log,
}

/// `simulate`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Simulate {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "[HOST]:PORT", default_value = "127.0.0.1:0")]
    pub listen: ListenAddress,
    /// What is going on in the simulated cloud
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// How many tasks each project has
    #[arg(long, value_name = "N")]
    pub tasks: Option<usize>,
    /// How many projects there are
    #[arg(long, value_name = "N")]
    pub projects: Option<usize>,
    /// The same number gives the same world again
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "the type says it")]
    pub log: Log,
}

/// `health`
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Health {
    /// The exporter to ask
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:10986", value_parser = health_url)]
    pub url: Endpoint,
}

/// A path of our own that is not taken: `/` is the landing page, and `/-/` is for administration.
fn telemetry_path(text: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/');
    match text {
        "/" => Err("`/` is the landing page".to_owned()),
        _ if text.starts_with("/-/") => Err("`/-/` is for administration".to_owned()),
        _ if text.starts_with('/') && text.bytes().all(plain) => Ok(text.to_owned()),
        _ => Err("write a path such as `/metrics`, of letters, digits, `-`, `.`, `_`, `~` and `/`".to_owned()),
    }
}

fn health_url(text: &str) -> Result<Endpoint, String> {
    Endpoint::parse(text, PlainHttp::Anywhere).map_err(|error| format!("it {error}; write scheme, host and port"))
}

fn log_level() -> impl TypedValueParser<Value = LogLevel> {
    let named = |name: String| LogLevel::ALL.into_iter().find(|level| level.as_str() == name);
    PossibleValuesParser::new(LogLevel::ALL.map(LogLevel::as_str))
        .map(move |name| named(name).unwrap_or(LogLevel::Info))
}
