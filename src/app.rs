//! The wiring: the verbs, and what each of them puts together. The only room that knows all rooms, the clock and the
//! environment.

mod exporter;
mod once;
mod online;
mod progress;
mod projectless;
mod resources;
mod signals;

pub use exporter::{Exporter, Settings, StartError};
pub use online::{Counts, Outcome, Report, Row, Undivided, examine};

use crate::cli::{self, Command};
use crate::cloud::Cloud;
use crate::config::{self, Config, Loaded, Problem, WithoutFile};
use crate::metrics::{self, Build, Instruments};
use crate::model::Timestamp;
use crate::model::observe::Observe;
use crate::model::plural::counted;
use crate::refresh::Periods;
use crate::server::{self, Limits};
use crate::simulator::{self, Simulator};
use crate::telemetry::{self, LogQueue};
use std::ffi::OsString;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The configuration file, where none is named.
const CONFIG_FILE: &str = "hss-exporter.yml";

/// Why the program ends without having done what it was told to.
#[derive(Debug)]
pub enum Failed {
    /// The usage or the configuration is wrong.
    Usage(String),
    /// Something went wrong at run time.
    Run(String),
}

impl Failed {
    /// 1 or 2.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 1,
            Self::Run(_) => 2,
        }
    }
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let environment = environment();
    let command = match cli::parse(&arguments, &environment) {
        Ok(command) => command,
        Err(cli::Exit { text, code: 0 }) => return print(&text),
        Err(cli::Exit { text, code }) => {
            complain(&text);
            return ExitCode::from(code);
        }
    };
    resources::forbid_core_dumps();
    let is_service = matches!(command, Command::Serve(_) | Command::Demo(_) | Command::Simulate(_));
    match run(command, &environment) {
        Ok(text) => print(&text),
        Err(failed) => {
            let code = failed.exit_code();
            let (Failed::Usage(text) | Failed::Run(text)) = failed;
            if is_service {
                telemetry::within_exit_limit(move || complain(&text));
            } else {
                complain(&text);
            }
            ExitCode::from(code)
        }
    }
}

/// Does what a command says. Answers what is left to print.
fn run(command: Command, environment: &[(String, String)]) -> Result<String, Failed> {
    match command {
        Command::Serve(serve) => block_on(self::serve(serve, environment)),
        Command::Check(check) => self::check(&check, environment),
        Command::Once(once) => block_on(once::run(once, environment)),
        Command::Demo(demo) => block_on(self::demo(demo, environment)),
        Command::Simulate(simulate) => block_on(self::simulate(simulate)),
        Command::Health(health) => {
            let asked = async move { server::ask_health(health.url.as_str()).await.map_err(Failed::Run) };
            block_on(asked).map(|()| String::new())
        }
        Command::Metrics => Ok(metrics::docs()),
    }
}

async fn serve(flags: cli::Serve, environment: &[(String, String)]) -> Result<String, Failed> {
    let hangups = signals::Hangups::catch();
    let loaded = load(&flags.source, environment)?;
    let instruments = Arc::new(Instruments::new(account_names(&loaded).iter().map(|name| &**name), Build::THIS));
    let observer: Arc<dyn Observe> = Arc::clone(&instruments) as _;
    let _logs = queue_logs(&flags.log, Arc::clone(&observer))?;
    tokio::spawn(hangups.ignore());
    let Loaded { config, warnings } = tokio::select! {
        loaded = complete(loaded, &observer, environment) => loaded?,
        () = signals::told_to_end() => return Ok(String::new()),
    };
    for warning in &warnings {
        tracing::warn!(problem = %warning, "configuration");
    }
    let settings = Settings {
        listen: flags.listen,
        telemetry_path: flags.telemetry_path,
        clock: clock(),
        discovery: Periods::default(),
        limits: Limits::of_open_files(resources::open_files()),
    };
    let exporter = Exporter::start(&config, settings, instruments, environment).await.map_err(failed)?;
    let targets: usize = config.accounts.iter().map(|account| account.watches.len()).sum();
    for address in exporter.addresses() {
        tracing::info!(%address, targets, version = env!("CARGO_PKG_VERSION"), "listening");
    }
    exporter.run_until(signals::told_to_end()).await;
    Ok(String::new())
}

fn check(flags: &cli::Check, environment: &[(String, String)]) -> Result<String, Failed> {
    let loaded = load(&flags.source, environment)?;
    if flags.online {
        return block_on(async {
            let silent: Arc<dyn Observe> = Arc::new(());
            online::run(complete(loaded, &silent, environment).await?, flags.output, environment).await
        });
    }
    let loaded = match loaded {
        WithoutFile::Whole(loaded) => loaded,
        WithoutFile::Projectless { .. } => {
            return Ok(
                "the configuration is valid: 1 account; its region's project is looked up at the start\n".to_owned()
            );
        }
    };
    let Loaded { config, warnings } = loaded;
    Ok(verdict(&config, &warnings))
}

/// What is said of a configuration that is good.
fn verdict(config: &Config, warnings: &[Problem]) -> String {
    let warnings: String = warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    let targets: usize = config.accounts.iter().map(|account| account.watches.len()).sum();
    let discovers = config.accounts.iter().any(|account| !account.searches.is_empty());
    let discovered = if discovers { ", and what is discovered" } else { "" };
    let accounts = counted(config.accounts.len() as u64, "account", "accounts");
    let targets = counted(targets as u64, "target", "targets");
    format!("{warnings}the configuration is valid: {accounts}, {targets}{discovered}\n")
}

/// `1 of 4 scopes was not read`, `2 of 4 scopes were not read`.
fn unread_scopes(unread: usize, scopes: usize, [one, many]: [&str; 2]) -> String {
    let scopes = counted(scopes as u64, "scope", "scopes");
    format!("{unread} of {scopes} {}", if unread == 1 { one } else { many })
}

async fn demo(flags: cli::Demo, environment: &[(String, String)]) -> Result<String, Failed> {
    let hangups = signals::Hangups::catch();
    let options = simulator::Options::default();
    let cloud = Simulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), options, simulator_clock());
    let cloud = cloud.await.map_err(|error| Failed::Run(format!("cannot start the simulated cloud: {error}")))?;
    let loaded = config::parse(&cloud.configuration(), "the simulated cloud's configuration", environment);
    let Loaded { config, .. } = loaded.map_err(|wrong| Failed::Usage(wrong.to_string()))?;
    let instruments = instruments(&config);
    let _logs = queue_logs(&flags.log, Arc::clone(&instruments) as _)?;
    tokio::spawn(hangups.ignore());
    let settings = Settings {
        listen: flags.listen,
        telemetry_path: "/metrics".to_owned(),
        clock: clock(),
        discovery: Periods::default(),
        limits: Limits::of_open_files(resources::open_files()),
    };
    let exporter = Exporter::start(&config, settings, instruments, environment).await.map_err(failed)?;
    let address = exporter.addresses().first().copied().unwrap_or_else(|| cloud.address());
    say(&format!(
        "hss-exporter demo: an exporter, and a SIMULATED Huawei Cloud for it to read. No account, no network.\n\
         \n  look at        http://{address}/          how the scans are going\n  \
         scrape         http://{address}/metrics   what Prometheus reads\n  \
         the cloud      {}     simulated: nothing here is real\n\
         \nSomething begins, ends or fails every minute or two. Ctrl-C ends it.\n",
        cloud.endpoint()
    ))?;
    exporter.run_until(signals::told_to_end()).await;
    cloud.stop().await;
    Ok(String::new())
}

async fn simulate(flags: cli::Simulate) -> Result<String, Failed> {
    let hangups = signals::Hangups::catch();
    let defaults = simulator::Options::default();
    let scenario = flags.scenario.as_deref().map(str::parse).transpose().map_err(Failed::Usage)?;
    let options = simulator::Options {
        scenario: scenario.unwrap_or(defaults.scenario),
        tasks: flags.tasks.unwrap_or(defaults.tasks),
        projects: flags.projects.unwrap_or(defaults.projects),
        seed: flags.seed.unwrap_or(defaults.seed),
        ..defaults
    };
    let _logs = queue_logs(&flags.log, Arc::new(()))?;
    tokio::spawn(hangups.ignore());
    let unusable = |error: io::Error| Failed::Run(format!("cannot listen on {}: {error}", flags.listen));
    let address = resolve(&flags.listen).await.map_err(unusable)?;
    let cloud = Simulator::start(address, options, simulator_clock()).await;
    let cloud = cloud.map_err(unusable)?;
    say(&cloud.configuration())?;
    tracing::info!(endpoint = cloud.endpoint(), "simulating a cloud");
    signals::told_to_end().await;
    cloud.stop().await;
    Ok(String::new())
}

/// The configuration: the file that is named, or the one that is there, or what flags and environment say.
fn load(source: &cli::Source, environment: &[(String, String)]) -> Result<WithoutFile, Failed> {
    let here = Path::new(CONFIG_FILE);
    let (region, project) = (source.region.as_deref(), source.project.as_deref());
    let loaded = match &source.file {
        Some(file) => config::load(file, environment).map(WithoutFile::Whole),
        None if !here.exists() => config::from_environment(region, project, environment),
        None if region.is_none() && project.is_none() => config::load(here, environment).map(WithoutFile::Whole),
        None => {
            let sentence = "--region and --project are for use without a configuration file, but there is one here";
            return Err(Failed::Usage(format!("{sentence} ({CONFIG_FILE}): leave them out, or go elsewhere")));
        }
    };
    loaded.map_err(|wrong| Failed::Usage(wrong.to_string()))
}

/// The whole configuration: a project that was not given is looked up.
async fn complete(
    loaded: WithoutFile,
    observer: &Arc<dyn Observe>,
    environment: &[(String, String)],
) -> Result<Loaded, Failed> {
    let (account, refresh) = match loaded {
        WithoutFile::Whole(loaded) => return Ok(loaded),
        WithoutFile::Projectless { account, refresh } => (account, refresh),
    };
    let cloud = Arc::new(Cloud::new(clock(), Arc::clone(observer), &refresh, environment));
    let project = projectless::find(&cloud, &account).await.map_err(Failed::Run)?;
    tracing::info!(region = %account.region, project = %project.id, "the region's project was found");
    match config::from_environment(Some(&account.region), Some(&project.id), environment) {
        Ok(WithoutFile::Whole(loaded)) => Ok(loaded),
        Ok(WithoutFile::Projectless { .. }) => Err(Failed::Run("the project's id is lost".to_owned())),
        Err(wrong) => Err(Failed::Usage(wrong.to_string())),
    }
}

fn account_names(loaded: &WithoutFile) -> Vec<Arc<str>> {
    match loaded {
        WithoutFile::Whole(Loaded { config, .. }) => {
            config.accounts.iter().map(|account| Arc::clone(&account.name)).collect()
        }
        WithoutFile::Projectless { account, .. } => vec![Arc::clone(&account.name)],
    }
}

fn instruments(config: &Config) -> Arc<Instruments> {
    Arc::new(Instruments::new(config.accounts.iter().map(|account| &*account.name), Build::THIS))
}

/// For a command that ends by itself.
fn log_to_stderr(flags: &cli::Log, observer: Arc<dyn Observe>) -> Result<(), Failed> {
    let started = telemetry::init(flags.level, log_format(flags), clock(), observer);
    started.map_err(|error| Failed::Run(error.to_string()))
}

/// For a process that goes on when nobody reads its log.
fn queue_logs(flags: &cli::Log, observer: Arc<dyn Observe>) -> Result<LogQueue, Failed> {
    let started = telemetry::init_queued(flags.level, log_format(flags), clock(), observer);
    started.map_err(|error| Failed::Run(error.to_string()))
}

const fn log_format(flags: &cli::Log) -> telemetry::Format {
    match flags.format {
        cli::LogFormat::Logfmt => telemetry::Format::Logfmt,
        cli::LogFormat::Json => telemetry::Format::Json,
    }
}

fn failed(error: StartError) -> Failed {
    Failed::Run(error.to_string())
}

fn block_on<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failed::Run(format!("cannot start: {error}")))?.block_on(work)
}

async fn resolve(address: &config::ListenAddress) -> io::Result<SocketAddr> {
    let host = address.host.as_deref().unwrap_or("0.0.0.0");
    let mut found = tokio::net::lookup_host((host, address.port)).await?;
    found.next().ok_or_else(|| io::Error::other("the name has no address"))
}

fn environment() -> Vec<(String, String)> {
    let text = |text: OsString| text.into_string().ok();
    std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()
}

fn since_epoch() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read; everyone else is given it")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn clock() -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
    Arc::new(|| Timestamp::new(since_epoch()))
}

fn simulator_clock() -> simulator::Clock {
    Arc::new(|| u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX))
}

/// Prints to standard output. That nobody reads it is no failure of ours.
fn say(text: &str) -> Result<(), Failed> {
    if text.is_empty() {
        // The last thing that a service does: standard output may be stuck.
        return Ok(());
    }
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failed::Run(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn print(text: &str) -> ExitCode {
    match say(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => ExitCode::from(failed.exit_code()),
    }
}

fn complain(text: &str) {
    // Nobody is left to be told if this fails.
    let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
}
