//! The process and its system: open files, signals, and a log that nobody reads.

use super::binary::{LIMIT, Running, get, program, write};
use super::page::Page;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// What a pipe holds on Linux.
const PIPE_SIZE: usize = 64 * 1024;

/// An exporter of a simulated cloud, and where it listens.
struct Exporting {
    _dir: TempDir,
    cloud: Running,
    exporter: Running,
    address: String,
}

impl Exporting {
    /// `shell` runs the exporter as `"$0" "$@"`.
    fn under(shell: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut cloud = Running::start(program(&dir, &["simulate", "--projects", "1", "--tasks", "30"]));
        let mut yaml = String::new();
        let mut out = BufReader::new(cloud.0.stdout.take().unwrap());
        while !yaml.contains("requests_per_minute") {
            assert!(out.read_line(&mut yaml).unwrap() > 0, "{yaml}");
        }
        let config = write(&dir, "simulated.yml", &yaml);
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut exporter = Command::new("bash");
        exporter.args(["-c", shell, env!("CARGO_BIN_EXE_hss-exporter"), "--log.level=debug"]);
        exporter.args(["--config.file", &config, "--web.listen-address", &address]);
        exporter.env_clear().env("PATH", "/usr/bin:/bin").current_dir(dir.path()).stdin(Stdio::null());
        let exporter = Running::start(exporter);
        let begun = Instant::now();
        while !is_listened_on(&address) {
            assert!(begun.elapsed() < LIMIT, "it does not listen");
        }
        Self { _dir: dir, cloud, exporter, address }
    }

    /// A page on which a series of this name has a value that is more than nothing.
    fn page_with(&self, name: &str) -> Page {
        let begun = Instant::now();
        loop {
            let page = Page::read(&get(&self.address, "/metrics"));
            if page.all(name, &[]).iter().any(|series| series.value > 0.0) {
                return page;
            }
            assert!(begun.elapsed() < LIMIT, "{}", page.text);
        }
    }

    #[track_caller]
    fn end(self) {
        assert_eq!(self.exporter.end("-TERM"), Some(0));
        assert_eq!(self.cloud.end("-INT"), Some(0));
    }
}

/// Without connecting: a connection to a port of the range that connections begin at may reach itself.
fn is_listened_on(address: &str) -> bool {
    let port: u16 = address.rsplit_once(':').unwrap().1.parse().unwrap();
    let listening = format!(":{port:04X} 00000000:0000 0A ");
    std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&listening)
}

#[test]
fn idle_connections_take_no_files_from_scrapes_and_refreshes() {
    let exporting = Exporting::under("ulimit -n 64; exec \"$0\" \"$@\"");
    let idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(&exporting.address).unwrap()).collect();
    let page = exporting.page_with("hss_target_up");
    assert!(page.all("process_open_fds", &[])[0].value <= 56.0, "{}", page.text);
    drop(idle);
    exporting.end();
}

#[test]
fn the_soft_limit_of_open_files_is_raised_and_memory_is_never_dumped() {
    let exporting = Exporting::under("ulimit -Sn 64; exec \"$0\" \"$@\"");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", exporting.exporter.0.id())).unwrap();
    let of = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let files = of("Max open files");
    assert_eq!(files[0], files[1], "{limits}");
    assert_eq!(of("Max core file size"), ["0", "0"], "{limits}");
    exporting.end();
}

#[test]
fn a_log_that_nobody_reads_stops_neither_scrapes_nor_the_end() {
    // Standard output is the same pipe, as it is under systemd.
    let exporting = Exporting::under("exec \"$0\" \"$@\" >&2");
    let begun = Instant::now();
    loop {
        for _ in 0..500 {
            let mut broken = TcpStream::connect(&exporting.address).unwrap();
            let _ = broken.write_all(b"no request\r\n\r\n");
        }
        let page = Page::read(&get(&exporting.address, "/metrics"));
        if page.all("hss_exporter_log_messages_dropped_total", &[])[0].value > 0.0 {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "{}", page.text);
    }
    exporting.page_with("hss_target_up");
    exporting.end();
}

#[test]
fn a_start_that_fails_ends_although_nobody_reads_why() {
    let dir = tempfile::tempdir().unwrap();
    let (_reader, mut full) = std::io::pipe().unwrap();
    full.write_all(&[b'x'; PIPE_SIZE]).unwrap();
    let mut command = program(&dir, &["serve", "--config.file=missing.yml"]);
    let mut child = Running(command.stdout(Stdio::null()).stderr(full).spawn().unwrap());
    let begun = Instant::now();
    loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            assert_eq!(status.code(), Some(1));
            break;
        }
        assert!(begun.elapsed() < LIMIT, "it does not end");
    }
}

#[test]
fn a_hangup_is_logged_and_ends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let cloud = Running::start(program(&dir, &["simulate", "--projects", "1"]));
    check_hangup(cloud, "endpoint=");
    let demo = Running::start(program(&dir, &["demo", "--web.listen-address", "127.0.0.1:0"]));
    check_hangup(demo, "level=");
    let key = [("HUAWEICLOUD_SDK_AK", "SIMULATEDACCESSKEY"), ("HUAWEICLOUD_SDK_SK", "simulated-secret-of-no-value")];
    let arguments = ["--region", "cn-north-4", "--project", "0123456789abcdef0123456789abcdef"];
    let mut exporter = program(&dir, &arguments);
    exporter.args(["--web.listen-address", "127.0.0.1:0"]).envs(key);
    exporter.env("HUAWEICLOUD_SDK_REGION_HSS_CN_NORTH_4", "http://127.0.0.1:9");
    check_hangup(Running::start(exporter), "address=");
}

/// Hangs up once `ready` has been logged; then ends it. Everything is logged, down to the last line.
fn check_hangup(mut running: Running, ready: &str) {
    let mut log = BufReader::new(running.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    log.find(|line| line.contains(ready)).unwrap();
    assert!(Command::new("kill").args(["-HUP", &running.0.id().to_string()]).status().unwrap().success());
    let wanted = "msg=\"SIGHUP ignored: reload is not supported; restart to read the configuration again\"";
    log.find(|line| line.contains(wanted)).unwrap();
    assert_eq!(running.end("-TERM"), Some(0));
    assert!(log.any(|line| line.ends_with("msg=ending signal=SIGTERM")));
}
