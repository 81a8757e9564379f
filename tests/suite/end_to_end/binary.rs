//! The program itself: what it prints, how it ends, and what it says when it cannot do what it was told.

use super::page::Page;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(super) const LIMIT: Duration = Duration::from_secs(40);

/// The program, in a folder where no configuration is, and with no environment.
pub(super) fn program(dir: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hss-exporter"));
    command.args(arguments).env_clear().current_dir(dir.path()).stdin(Stdio::null());
    command
}

fn run(dir: &TempDir, arguments: &[&str]) -> Output {
    program(dir, arguments).output().unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32, words: &[&str]) {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in:\n{text}");
    }
    assert!(code == 0 || output.stdout.is_empty(), "what is wrong goes to standard error:\n{text}");
}

pub(super) fn write(dir: &TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A child that is ended when it is dropped.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    pub(super) fn start(mut command: Command) -> Self {
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// The rest of a line of its log, behind this.
    fn logged(&mut self, behind: &str) -> String {
        let mut log = BufReader::new(self.0.stderr.take().unwrap());
        let mut line = String::new();
        while log.read_line(&mut line).unwrap() > 0 {
            if let Some((_, rest)) = line.split_once(behind) {
                let rest = rest.to_owned();
                // It must not end because nobody reads what it logs.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return rest;
            }
            line.clear();
        }
        panic!("it ended without having logged `{behind}`");
    }

    /// Tells it to end, and says how it did.
    pub(super) fn end(mut self, signal: &str) -> Option<i32> {
        let told = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.0.wait().unwrap().code()
    }
}

pub(super) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

const GOOD: &str = "
accounts:
  - name: prod
    region: cn-north-4
    credentials: { access_key: { id: AKEXAMPLE, secret: canary-secret } }
    projects: [{ id: 0123456789abcdef0123456789abcdef }]
";

#[test]
fn a_configuration_is_checked_and_all_that_is_wrong_is_said_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let good = write(&dir, "good.yml", GOOD);
    let output = run(&dir, &["check", "--config.file", &good]);
    check(&output, 0, &["the configuration is valid: 1 account"]);
    // The file of this name is found.
    write(&dir, "hss-exporter.yml", GOOD);
    check(&run(&dir, &["check"]), 0, &["the configuration is valid"]);

    let wrong = GOOD.replace("region: cn-north-4", "region: cn-nroth-4").replace("secret: c", "secrt: c");
    let wrong = write(&dir, "wrong.yml", &format!("{wrong}refresh: {{ interval: soon, windw: 7d }}\n"));
    for arguments in [vec!["check", "--config.file", &wrong], vec!["--config.file", &wrong]] {
        let output = run(&dir, &arguments);
        check(
            &output,
            1,
            &["cn-nroth-4", "did you mean `secret`?", "interval", "windw", "wrong.yml:4", "wrong.yml:5", "wrong.yml:7"],
        );
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!text.contains("canary"), "{text}");
    }
    let missing = dir.path().join("missing.yml").display().to_string();
    check(&run(&dir, &["--config.file", &missing]), 1, &["missing.yml", "No such file"]);
    check(&run(&dir, &["check", "--config.file", &missing]), 1, &["missing.yml", "No such file"]);
}

#[test]
fn wrong_usage_is_told_from_what_goes_wrong_later() {
    let dir = tempfile::tempdir().unwrap();
    check(&run(&dir, &["--no-such-flag"]), 1, &["--no-such-flag"]);
    check(&run(&dir, &["dance"]), 1, &["dance"]);
    check(&run(&dir, &["--web.listen-address", "nonsense"]), 1, &["nonsense"]);
    check(&run(&dir, &["simulate", "--scenario", "loud"]), 1, &["loud", "quiet"]);
    check(&run(&dir, &["--version"]), 0, &["hss-exporter", env!("CARGO_PKG_VERSION")]);
    check(&run(&dir, &["--help"]), 0, &["--config.file", "HSS_EXPORTER_CONFIG_FILE"]);
    // Without a file, an account is made of the environment.
    check(&run(&dir, &[]), 1, &["--config.file", "--region"]);
    let arguments = ["--region", "cn-north-4", "--project", "0123456789abcdef0123456789abcdef"];
    let half = program(&dir, &arguments).env("HUAWEICLOUD_SDK_AK", "AKEXAMPLE").output().unwrap();
    check(&half, 1, &["HUAWEICLOUD_SDK_AK is set, and HUAWEICLOUD_SDK_SK is not"]);
    // Nothing is asked, and so nobody knows yet whether somebody has a credential for us.
    check(&run(&dir, &["check", arguments[0], arguments[1]]), 0, &["its region's project is looked up"]);
    let mut with_key = program(&dir, &["check", arguments[0], arguments[1], arguments[2], arguments[3]]);
    let output = with_key.env("HUAWEICLOUD_SDK_AK", "AKEXAMPLE").env("HUAWEICLOUD_SDK_SK", "canary").output().unwrap();
    check(&output, 0, &["the configuration is valid"]);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let config = write(
        &dir,
        "good.yml",
        &GOOD.replace("credentials", "endpoints: { hss: \"http://127.0.0.1:9\" }\n    credentials"),
    );
    let output = run(&dir, &["--config.file", &config, "--web.listen-address", &address]);
    check(&output, 2, &[&address, "in use"]);
    check(&run(&dir, &["demo", "--web.listen-address", &address]), 2, &[&address, "in use"]);
    check(&run(&dir, &["simulate", "--listen", &address]), 2, &[&address, "in use"]);
}

#[test]
fn without_certificate_authorities_it_says_what_to_install() {
    let dir = tempfile::tempdir().unwrap();
    let config = write(&dir, "good.yml", GOOD);
    let mut command = program(&dir, &["--config.file", &config, "--web.listen-address", "127.0.0.1:0"]);
    let output = command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/nonexistent").output().unwrap();
    check(&output, 2, &["ca-certificates", "ca_file"]);
}

#[test]
fn the_reference_is_what_the_program_prints() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(&dir, &["metrics"]);
    let file = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md")).unwrap();
    check(&output, 0, &[]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), file);
}

#[test]
fn a_simulated_cloud_prints_a_configuration_that_is_good_for_everything() {
    let dir = tempfile::tempdir().unwrap();
    let mut cloud = Running::start(program(&dir, &["simulate", "--projects", "2", "--tasks", "30"]));
    let endpoint = cloud.logged("endpoint=");
    let mut yaml = String::new();
    let mut out = BufReader::new(cloud.0.stdout.take().unwrap());
    while !yaml.contains("requests_per_minute") {
        assert!(out.read_line(&mut yaml).unwrap() > 0, "{yaml}");
    }
    assert!(yaml.contains(endpoint.trim()), "{yaml}");
    let config = write(&dir, "simulated.yml", &yaml);
    check(&run(&dir, &["check", "--config.file", &config]), 0, &["the configuration is valid"]);

    let mut exporter = program(&dir, &["--config.file", &config, "--web.listen-address", "127.0.0.1:0"]);
    exporter.env("HSS_EXPORTER_PORT", "tcp://10.0.0.1:10986").env("HSS_EXPORTER_SERVICE_HOST", "10.0.0.1");
    let mut exporter = Running::start(exporter);
    let rest = exporter.logged("address=");
    let address = rest.split_whitespace().next().unwrap().to_owned();
    let begun = Instant::now();
    loop {
        let page = Page::read(&get(&address, "/metrics"));
        let up = page.all("hss_target_up", &[]);
        if !up.is_empty() && up.len() == 2 * page.all("hss_target_info", &[]).len() {
            assert!(up.iter().all(|series| series.value == 1.0), "{}", page.text);
            assert!(!page.all("hss_latest_task_outcome", &[]).is_empty());
            break;
        }
        assert!(begun.elapsed() < LIMIT, "{}", page.text);
    }
    let url = format!("http://{address}");
    check(&run(&dir, &["health", "--url", &url]), 0, &[]);
    assert_eq!(exporter.end("-TERM"), Some(0));
    check(&run(&dir, &["health", "--url", &url]), 2, &[&url]);
    assert_eq!(cloud.end("-INT"), Some(0));
}

#[test]
fn a_key_and_a_region_are_enough_to_see_the_scans_of_its_project() {
    let dir = tempfile::tempdir().unwrap();
    let mut cloud = Running::start(program(&dir, &["simulate", "--projects", "1", "--tasks", "30"]));
    let endpoint = cloud.logged("endpoint=").trim().to_owned();
    let with = |region: &str| {
        let mut exporter = program(&dir, &["--region", region, "--web.listen-address", "127.0.0.1:0"]);
        let key = [("AK", "SIMULATEDACCESSKEY"), ("SK", "simulated-secret-of-no-value"), ("IAM_ENDPOINT", &endpoint)];
        for (name, value) in key {
            exporter.env(format!("HUAWEICLOUD_SDK_{name}"), value);
        }
        exporter.env("HUAWEICLOUD_SDK_REGION_HSS_CN_NORTH_4", &endpoint);
        exporter
    };
    let mut exporter = Running::start(with("cn-north-4"));
    let rest = exporter.logged("address=");
    let address = rest.split_whitespace().next().unwrap().to_owned();
    let begun = Instant::now();
    loop {
        let page = Page::read(&get(&address, "/metrics"));
        let up = page.all("hss_target_up", &[]);
        if up.len() == 2 {
            assert!(
                up.iter().all(|series| series.value == 1.0 && series.label("account") == "default"),
                "{}",
                page.text
            );
            break;
        }
        assert!(begun.elapsed() < LIMIT, "{}", page.text);
    }
    assert_eq!(exporter.end("-TERM"), Some(0));
    check(&with("cn-north-1").output().unwrap(), 2, &["IAM lists no project `cn-north-1`", "--project"]);
    assert_eq!(cloud.end("-INT"), Some(0));
}

#[test]
fn the_demo_says_where_to_look_and_that_nothing_is_real() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = Running::start(program(&dir, &["demo", "--web.listen-address", "127.0.0.1:0", "--log.level=error"]));
    let mut said = String::new();
    let mut out = BufReader::new(demo.0.stdout.take().unwrap());
    while !said.contains("Ctrl-C") {
        assert!(out.read_line(&mut said).unwrap() > 0, "{said}");
    }
    assert!(said.contains("SIMULATED"), "{said}");
    let (_, rest) = said.split_once("http://").unwrap();
    let address = rest.split('/').next().unwrap();
    assert!(get(address, "/metrics").contains("hss_target_info"));
    assert!(get(address, "/").contains("hss-exporter"));
    assert_eq!(demo.end("-INT"), Some(0));
}
