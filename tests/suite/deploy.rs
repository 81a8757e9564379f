//! The ways to install it, as far as they can be held against the program without the tools they are written for: what
//! the files name is there, what they call is understood, and what they repeat agrees.
#![cfg(test)]

use hss_exporter::cli::{self, Command};
use hss_exporter::config::{self, Config, SecretSource};
use hss_exporter::simulator::{Options, Simulator};
use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

const UNIT: &str = "deploy/systemd/hss-exporter.service";
const DOCKERFILE: &str = "deploy/docker/Dockerfile";
const COMPOSE: &str = "deploy/docker/compose.yml";
const DEMO: &str = "deploy/docker/demo.yml";

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands behind `start` in the lines that begin with it, blanks and a list's dash aside.
fn after<'t>(text: &'t str, start: &str) -> Vec<&'t str> {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches("- "));
    lines.filter_map(|line| line.strip_prefix(start)).map(str::trim).collect()
}

/// The one such line.
#[track_caller]
fn only<'t>(text: &'t str, start: &str) -> &'t str {
    match after(text, start)[..] {
        [one] => one,
        ref several => panic!("`{start}` is there {} times", several.len()),
    }
}

/// The words of `["a", "b"]`.
fn words(list: &str) -> Vec<&str> {
    let inside = list.trim_start_matches('[').trim_end_matches(']');
    inside.split(',').map(|word| word.trim().trim_matches('"')).collect()
}

#[track_caller]
fn command(words: &[&str]) -> Command {
    let arguments: Vec<_> = std::iter::once("hss-exporter").chain(words.iter().copied()).map(Into::into).collect();
    cli::parse(&arguments, &[]).unwrap_or_else(|exit| panic!("{words:?}: {}", exit.text))
}

/// The file that `serve` is told to read.
#[track_caller]
fn serves(words: &[&str]) -> String {
    let Command::Serve(serve) = command(words) else { panic!("{words:?} is not `serve`") };
    serve.source.file.expect("a configuration file").display().to_string()
}

/// The service of compose.yml with that name, as text.
#[track_caller]
fn service<'t>(compose: &'t str, name: &str) -> &'t str {
    let begin = compose.find(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("no service {name}")) + 1;
    let rest = &compose[begin..];
    let end = rest.match_indices('\n').map(|(at, _)| at + 1).find(|at| {
        let line = &rest[*at..];
        !line.starts_with("    ") && !line.starts_with('\n') && !line.is_empty()
    });
    &rest[..end.unwrap_or(rest.len())]
}

fn demo_configuration(compose: &str) -> Config {
    let exporter = service(compose, "hss-exporter");
    let environment = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"]
        .map(|name| (name.to_owned(), only(exporter, &format!("{name}:")).to_owned()));
    let loaded = config::parse(&read(DEMO), DEMO, &environment).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.warnings, [], "it is the first configuration that somebody sees");
    loaded.config
}

#[tokio::test]
async fn the_exporter_of_the_compose_file_reads_everything_in_the_cloud_beside_it() {
    let compose = read(COMPOSE);
    let Command::Simulate(simulate) = command(&words(only(service(&compose, "cloud"), "command:"))) else {
        panic!("the cloud is not simulated")
    };
    let mut demo = demo_configuration(&compose);
    let endpoint = format!("http://cloud:{}", simulate.listen.port);
    assert_eq!(demo.accounts[0].hss_endpoint.as_str(), endpoint);
    assert_eq!(simulate.listen.host.as_deref(), Some("0.0.0.0"), "hss-exporter is in another container");

    let defaults = Options::default();
    let options = Options { seed: simulate.seed.unwrap_or(defaults.seed), ..defaults };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let cloud = Simulator::start(address, options, Arc::new(|| 1_757_300_000_000)).await.unwrap();
    let expected = config::parse(&cloud.configuration(), "simulate", &[]).unwrap().config;
    // Where the cloud is, is all that differs.
    demo.accounts[0].hss_endpoint = expected.accounts[0].hss_endpoint.clone();
    assert_eq!(demo, expected);
    cloud.stop().await;
}

#[test]
fn a_secret_of_the_service_is_read_where_systemd_puts_it() {
    let (name, source) = only_credential();
    let path = format!("/run/credentials/hss-exporter.service/{name}");
    let unit = read(UNIT);
    assert!(unit.contains(&format!("secret_file: {path}")), "the unit says another path");
    let readme = read("deploy/systemd/README.md");
    assert!(readme.contains(&format!("/dev/stdin {source} ")), "the README puts the secret elsewhere than {source}");
    let example = readme.split("```yaml").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let indented: String = example.lines().map(|line| format!("    {line}\n")).collect();
    let file = format!("accounts:\n  - name: prod\n    region: cn-north-4\n    projects: [{{ id: p }}]\n{indented}");
    let config = config::parse(&file, "README.md", &[]).unwrap_or_else(|problems| panic!("{problems}")).config;
    let config::Credentials::AccessKey { secret, .. } = &config.accounts[0].credentials else { panic!("no key") };
    assert_eq!(*secret, SecretSource::File(path.into()));
}

/// The name and the source of `LoadCredential=name:source`.
fn only_credential() -> (String, String) {
    let unit = read(UNIT);
    let (name, source) = only(&unit, "LoadCredential=").split_once(':').expect("a name and a path");
    (name.to_owned(), source.to_owned())
}

#[test]
fn the_program_understands_what_it_is_started_with() {
    let (unit, dockerfile, compose) = (read(UNIT), read(DOCKERFILE), read(COMPOSE));

    let start: Vec<_> = only(&unit, "ExecStart=").split_whitespace().collect();
    assert_eq!(serves(&start[1..]), "/etc/hss-exporter/hss-exporter.yml");
    let readme = read("deploy/systemd/README.md");
    let folder = start[0].strip_suffix("hss-exporter").expect("the program's name");
    assert!(readme.contains(&format!("target/release/hss-exporter {folder}\n")), "it is installed elsewhere");
    assert!(readme.contains("config.example.yml /etc/hss-exporter/hss-exporter.yml"));

    let (_, check) = only(&dockerfile, "HEALTHCHECK").split_once("CMD ").expect("a command");
    let entry = words(only(&dockerfile, "ENTRYPOINT "))[0].to_owned();
    let exporter = service(&compose, "hss-exporter");
    for check in [words(check), words(only(exporter, "test:"))[1..].to_vec()] {
        assert_eq!(check[0], entry);
        assert!(matches!(command(&check[1..]), Command::Health(_)), "{check:?}");
    }
    let file = serves(&words(only(exporter, "command:")));
    assert!(exporter.contains(&format!("- ./demo.yml:{file}:ro")), "the configuration is mounted elsewhere");
}

#[test]
fn what_the_compose_file_names_is_there() {
    let compose = read(COMPOSE);
    let mounts: Vec<_> = after(&compose, ".").into_iter().filter_map(|rest| rest.split_once(':')).collect();
    assert!(mounts.len() >= 5, "{mounts:?}");
    for (path, _) in &mounts {
        let path = format!("deploy/docker/.{path}");
        assert!(Path::new(&path).exists(), "{path} is not there");
    }
    let context = format!("deploy/docker/{}", only(&compose, "context:"));
    assert!(Path::new(&context).join(only(&compose, "dockerfile:")).exists());

    let home = only(&compose, "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH:");
    let folder = only(&read("deploy/docker/grafana/provisioning/dashboards/hss-exporter.yml"), "path:").to_owned();
    let dashboard = home.strip_prefix(&folder).expect("the dashboard is one of the folder's");
    assert!(Path::new(&format!("dashboards{dashboard}")).exists(), "{home} is not there");
    assert!(mounts.iter().any(|(from, to)| from.ends_with("/dashboards") && *to == format!("{folder}:ro")));

    let prometheus = read("deploy/prometheus/prometheus.yml");
    let services = compose.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    let services: BTreeSet<_> = services.filter(|name| !name.starts_with(' ')).collect();
    let hosts: Vec<_> = prometheus.split(['[', ']', ' ', '\n']).filter_map(|word| word.split_once(':')).collect();
    for port in ["10986", "9093"] {
        let (host, _) = hosts.iter().find(|(_, to)| *to == port).unwrap_or_else(|| panic!("nobody at {port}"));
        assert!(services.contains(host), "prometheus.yml asks `{host}:{port}`, which is no service");
    }
}

#[test]
fn the_compose_file_opens_nothing_to_other_machines_and_gives_no_container_a_privilege() {
    let compose = read(COMPOSE);
    let ports = after(&compose, "ports:");
    assert_eq!(ports.len(), 4);
    assert!(ports.iter().all(|ports| ports.starts_with(r#"["127.0.0.1:"#) && words(ports).len() == 1), "{ports:?}");
    let services = ["cloud", "hss-exporter", "prometheus", "alertmanager", "grafana"];
    for name in services {
        let text = service(&compose, name);
        assert!(only(text, "<<:").contains("*shut-in"), "{name}");
        assert!(after(text, "read_only:").is_empty() && after(text, "user:").is_empty(), "{name}");
    }
    for image in after(&compose, "image:") {
        let (_, version) = image.split_once(':').expect("a version");
        assert!(version.trim_start_matches('v').split('.').filter(|part| part.parse::<u32>().is_ok()).count() == 3);
    }
}

#[test]
fn versions_agree() {
    let (manifest, dockerfile, compose) = (read("Cargo.toml"), read(DOCKERFILE), read(COMPOSE));
    let rust = only(&dockerfile, "ARG RUST_IMAGE=rust:");
    let wanted = only(&manifest, "rust-version =").trim_matches('"');
    assert!(rust.starts_with(&format!("{wanted}.")), "the image is built by Rust {rust}; Cargo.toml says {wanted}");
    let version = env!("CARGO_PKG_VERSION");
    assert!(dockerfile.contains(&format!("org.opencontainers.image.version=\"{version}\"")));
    assert!(after(&compose, "image: hss-exporter:").iter().all(|tag| *tag == version));
    let Command::Serve(serve) = command(&[]) else { panic!("no `serve`") };
    assert_eq!(only(&dockerfile, "EXPOSE "), serve.listen[0].port.to_string());
}

#[test]
fn the_image_is_built_from_what_docker_is_given_and_from_nothing_else() {
    let given: BTreeSet<String> = after(&read(".dockerignore"), "!").into_iter().map(str::to_owned).collect();
    let dockerfile = read(DOCKERFILE);
    let copied = after(&dockerfile, "COPY ").into_iter().filter(|line| !line.starts_with("--from"));
    let taken: BTreeSet<String> = copied
        .flat_map(|line| {
            let (from, _) = line.rsplit_once(' ').expect("from and to");
            from.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(given, taken);
    assert!(taken.iter().all(|path| Path::new(path).exists()));
}

/// The alerts of the rules, each with its severity.
fn alerts() -> BTreeSet<(String, String)> {
    let rules = read("deploy/prometheus/alerts.yml");
    let pair = |part: &str| {
        let name = part.lines().next().expect("a name").trim().to_owned();
        let severity = part.split("severity: ").nth(1).expect("a severity");
        (name, severity.lines().next().unwrap_or_default().trim().to_owned())
    };
    rules.split("- alert: ").skip(1).map(pair).collect()
}

/// The alerts that a line names.
fn named(line: &str) -> Vec<&str> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| word.len() > 3 && word.starts_with("Hss")).collect()
}

#[test]
fn it_is_tested_who_is_told_of_each_alert() {
    let routes = read("deploy/alertmanager/routes.test");
    for (name, severity) in alerts() {
        let start = format!("alertname={name} severity={severity} ");
        let line = routes.lines().find(|line| line.starts_with(&start));
        assert!(line.is_some_and(|line| line.ends_with(&format!("-> hss-{severity}"))), "no line `{start}...`");
    }
}

#[test]
fn alertmanager_speaks_only_of_alerts_that_there_are() {
    let alerts: BTreeSet<_> = alerts().into_iter().map(|(name, _)| name).collect();
    for path in
        ["alertmanager.yml", "routes.test", "inhibitions.test"].map(|name| format!("deploy/alertmanager/{name}"))
    {
        for name in read(&path).lines().flat_map(named) {
            assert!(alerts.contains(name), "{path}: there is no alert {name}");
        }
    }
}

#[test]
fn what_wakes_somebody_is_not_muted_by_what_does_not() {
    let (alerts, order) = (alerts(), ["info", "warning", "critical"]);
    let ranks = |line: &str| {
        let names = named(line);
        let of = |(_, severity): &&(String, String)| !line.contains("severity=") || line.contains(severity.as_str());
        let said = alerts.iter().filter(|(name, _)| names.contains(&name.as_str())).filter(of);
        said.map(|(_, severity)| order.iter().position(|one| one == severity).expect("a known severity")).collect()
    };
    let config = read("deploy/alertmanager/alertmanager.yml");
    let rules: Vec<_> = config.split("- source_matchers:").skip(1).collect();
    assert!(rules.len() >= 5);
    for rule in rules {
        let (source, rest) = rule.split_once("target_matchers:").expect("source and target");
        let target = rest.split("equal:").next().unwrap_or_default().split("\n\n").next().unwrap_or_default();
        let (sources, targets): (Vec<usize>, Vec<usize>) = (ranks(source), ranks(target));
        assert!(sources.iter().min() >= targets.iter().max(), "{source} mutes{target}");
        assert!(!sources.is_empty() && !targets.is_empty());
    }
}
