//! The command line, as values. Flags may also come from the environment; what is wrong is said, and how to leave.

mod flags;

pub use flags::{Check, Demo, Health, Log, LogFormat, Once, Output, Serve, Simulate, Source};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, CommandFactory, FromArgMatches};
use flags::{Cli, Verb};
use std::ffi::OsString;

/// What the variables of the flags begin with.
const PREFIX: &str = "HSS_EXPORTER_";

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Refresh the targets and serve `/metrics`.
    Serve(Serve),
    /// Say whether a configuration is good.
    Check(Check),
    /// Refresh every target once, and print the metrics.
    Once(Once),
    /// Show everything, with a simulated cloud.
    Demo(Demo),
    /// Be a simulated cloud.
    Simulate(Simulate),
    /// Ask a running exporter whether it is well.
    Health(Health),
    /// Print the reference of all metrics.
    Metrics,
}

/// Why there is nothing to do: usage that is wrong, or help that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// What to print: to standard output if the code is 0, else to standard error.
    pub text: String,
    /// 0, or 1 for wrong usage.
    pub code: u8,
}

/// Reads the command line (with the program's name first). A flag that is not given is taken from its variable, if
/// that is set to something; a variable that belongs to no flag of the verb is ignored.
pub fn parse(arguments: &[OsString], environment: &[(String, String)]) -> Result<Command, Exit> {
    let matches = command().try_get_matches_from(arguments).map_err(|error| exit(&error))?;
    let command = command();
    let (verb, given) = match matches.subcommand() {
        Some((name, below)) => (command.find_subcommand(name).unwrap_or(&command), below),
        None => (&command, &matches),
    };
    let from_command_line = |arg: &Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let mut arguments = arguments.to_vec();
    let mut taken = Vec::new();
    for arg in verb.get_arguments().filter(|arg| !from_command_line(arg)) {
        // What stands on the command line wins, also over what would contradict it.
        let contradicts = verb.get_arg_conflicts_with(arg).into_iter().any(from_command_line);
        let Some((flag, variable)) = flag(arg).filter(|_| !contradicts) else { continue };
        let value = environment.iter().find(|(name, value)| *name == variable && !value.is_empty());
        if let Some((_, value)) = value {
            arguments.push(format!("--{flag}={value}").into());
            taken.push(variable);
        }
    }
    let cli = self::command().try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches));
    match cli {
        Ok(cli) => Ok(cli.verb.map_or(Command::Serve(cli.serve), Command::from)),
        Err(error) if taken.is_empty() => Err(exit(&error)),
        Err(error) => {
            let Exit { text, code } = exit(&error);
            Err(Exit { text: format!("{text}\nTaken from the environment: {}\n", taken.join(", ")), code })
        }
    }
}

/// Every flag of every verb, and the variable that sets it: (`--web.listen-address`, `HSS_EXPORTER_WEB_LISTEN_ADDRESS`).
pub fn flags() -> Vec<(String, String)> {
    let command = command();
    let verbs = std::iter::once(&command).chain(command.get_subcommands());
    let mut flags: Vec<_> = verbs
        .flat_map(|verb| verb.get_arguments().filter_map(flag))
        .map(|(flag, variable)| (format!("--{flag}"), variable))
        .collect();
    flags.sort();
    flags.dedup();
    flags
}

/// A flag's name and its variable's; none if it takes no value.
fn flag(arg: &Arg) -> Option<(&str, String)> {
    let flag = arg.get_long().filter(|_| arg.get_action().takes_values())?;
    Some((flag, format!("{PREFIX}{}", flag.replace(['.', '-'], "_").to_uppercase())))
}

/// The whole command line; each flag's help names its variable.
fn command() -> clap::Command {
    let name_variable = |arg: Arg| {
        let Some((_, variable)) = flag(&arg) else { return arg };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        arg.help(format!("{help} [env: {variable}]"))
    };
    let command = Cli::command().mut_args(name_variable);
    command.mut_subcommands(|verb| verb.mut_args(name_variable))
}

fn exit(error: &clap::Error) -> Exit {
    let code = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => 0,
        _ => 1,
    };
    Exit { text: error.to_string(), code }
}

impl From<Verb> for Command {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Serve(serve) => Self::Serve(serve),
            Verb::Check(check) => Self::Check(check),
            Verb::Once(once) => Self::Once(once),
            Verb::Demo(demo) => Self::Demo(demo),
            Verb::Simulate(simulate) => Self::Simulate(simulate),
            Verb::Health(health) => Self::Health(health),
            Verb::Metrics => Self::Metrics,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ListenAddress;
    use crate::model::observe::LogLevel;

    fn given(arguments: &str, environment: &[(&str, &str)]) -> Result<Command, Exit> {
        let arguments: Vec<OsString> = format!("hss-exporter {arguments}").split_whitespace().map(Into::into).collect();
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        parse(&arguments, &environment.iter().map(pair).collect::<Vec<_>>())
    }

    #[track_caller]
    fn serve(arguments: &str, environment: &[(&str, &str)]) -> Serve {
        match given(arguments, environment) {
            Ok(Command::Serve(serve)) => serve,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn check_exit(arguments: &str, environment: &[(&str, &str)], code: u8, text: &str) {
        match given(arguments, environment) {
            Err(exit) => assert!(exit.code == code && exit.text.contains(text), "{}: {}", exit.code, exit.text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn without_a_verb_it_serves() {
        assert_eq!(serve("--config.file=x", &[]), serve("serve --config.file x", &[]));
        let serve = serve("", &[]);
        assert_eq!(serve.listen, [ListenAddress { host: None, port: 10986 }]);
        assert_eq!((serve.source.file, serve.telemetry_path.as_str()), (None, "/metrics"));
    }

    #[test]
    fn every_flag_has_a_variable_and_kubernetes_sets_none_of_them() {
        let expected = [
            ("--config.file", "HSS_EXPORTER_CONFIG_FILE"),
            ("--listen", "HSS_EXPORTER_LISTEN"),
            ("--log.format", "HSS_EXPORTER_LOG_FORMAT"),
            ("--log.level", "HSS_EXPORTER_LOG_LEVEL"),
            ("--output", "HSS_EXPORTER_OUTPUT"),
            ("--project", "HSS_EXPORTER_PROJECT"),
            ("--projects", "HSS_EXPORTER_PROJECTS"),
            ("--region", "HSS_EXPORTER_REGION"),
            ("--scenario", "HSS_EXPORTER_SCENARIO"),
            ("--seed", "HSS_EXPORTER_SEED"),
            ("--tasks", "HSS_EXPORTER_TASKS"),
            ("--timeout", "HSS_EXPORTER_TIMEOUT"),
            ("--url", "HSS_EXPORTER_URL"),
            ("--web.listen-address", "HSS_EXPORTER_WEB_LISTEN_ADDRESS"),
            ("--web.telemetry-path", "HSS_EXPORTER_WEB_TELEMETRY_PATH"),
        ];
        assert_eq!(flags(), expected.map(|(flag, variable)| (flag.to_owned(), variable.to_owned())));
        // What a Kubernetes service named `hss-exporter` puts into every container of its namespace.
        for (_, variable) in flags() {
            assert!(!variable.starts_with("HSS_EXPORTER_PORT") && !variable.starts_with("HSS_EXPORTER_SERVICE"));
        }
        let injected = [("HSS_EXPORTER_PORT", "tcp://10.0.0.1:10986"), ("HSS_EXPORTER_SERVICE_HOST", "10.0.0.1")];
        assert_eq!(serve("", &injected), serve("", &[]));
    }

    #[test]
    fn a_variable_is_taken_where_the_flag_is_not_given() {
        let environment =
            [("HSS_EXPORTER_WEB_LISTEN_ADDRESS", "127.0.0.1:1,[::1]:2"), ("HSS_EXPORTER_LOG_LEVEL", "debug")];
        let taken = serve("", &environment);
        assert_eq!(taken.listen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1:1", "[::1]:2"]);
        assert_eq!(taken.log.level, LogLevel::Debug);
        let own = serve("serve --web.listen-address=:3 --web.listen-address=localhost:4", &environment);
        assert_eq!(own.listen.iter().map(ToString::to_string).collect::<Vec<_>>(), [":3", "localhost:4"]);
        assert_eq!(serve("", &[("HSS_EXPORTER_LOG_LEVEL", "")]).log.level, LogLevel::Info);
        assert_eq!(given("metrics", &environment), Ok(Command::Metrics));
        check_exit("", &[("HSS_EXPORTER_LOG_LEVEL", "loud")], 1, "Taken from the environment: HSS_EXPORTER_LOG_LEVEL");
    }

    #[test]
    fn the_command_line_wins_over_a_variable_that_contradicts_it() {
        let taken = serve("--region=cn-north-4", &[("HSS_EXPORTER_CONFIG_FILE", "x"), ("HSS_EXPORTER_PROJECT", "p")]);
        assert_eq!((taken.source.file, taken.source.project.as_deref()), (None, Some("p")));
        let taken = serve("--config.file=x", &[("HSS_EXPORTER_REGION", "cn-north-4")]);
        assert_eq!((taken.source.file, taken.source.region), (Some("x".into()), None));
    }

    #[test]
    fn wrong_usage_is_a_wrong_configuration_and_help_is_not() {
        check_exit("--config.file=x --region=y", &[], 1, "cannot be used with");
        check_exit("serf", &[], 1, "a similar subcommand exists: 'serve'");
        check_exit("--config.flie=x", &[], 1, "a similar argument exists: '--config.file'");
        check_exit("--web.listen-address=10986", &[], 1, "there is no port");
        check_exit("--web.telemetry-path=/", &[], 1, "`/` is the landing page");
        check_exit("--web.telemetry-path=metrics", &[], 1, "write a path such as `/metrics`");
        check_exit("check --output=json", &[], 1, "--online");
        check_exit("once --timeout=soon", &[], 1, "--timeout");
        check_exit("health --url=localhost", &[], 1, "begins neither with");
        check_exit("--version", &[], 0, env!("CARGO_PKG_VERSION"));
        check_exit("--help", &[], 0, "HSS_EXPORTER_WEB_LISTEN_ADDRESS");
        check_exit("help simulate", &[], 0, "--scenario");
    }

    #[test]
    fn the_demo_stays_on_this_machine() {
        let Ok(Command::Demo(demo)) = given("demo", &[]) else { panic!("no demo") };
        assert_eq!(demo.listen, [ListenAddress { host: Some("127.0.0.1".to_owned()), port: 10986 }]);
    }

    #[test]
    fn what_is_simulated_is_handed_on() {
        let simulate = given("simulate --scenario=bad-day --tasks=5 --projects=2 --seed=7", &[]);
        let Ok(Command::Simulate(Simulate { listen, scenario, tasks, projects, seed, .. })) = simulate else {
            panic!("{simulate:?}")
        };
        assert_eq!(listen.to_string(), "127.0.0.1:0");
        assert_eq!((scenario.as_deref(), tasks, projects, seed), (Some("bad-day"), Some(5), Some(2), Some(7)));
    }
}
