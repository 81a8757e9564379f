//! The exporter's own binary, before a simulated cloud.

use super::child::Child;
use super::http::{self, Answer};
use super::wait;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

/// An exporter that runs.
pub(crate) struct Exporter {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

impl Exporter {
    /// `serve` with a configuration, as an operator writes it.
    pub(crate) async fn serve(configuration: &str, folder: &Path) -> Self {
        Self::serve_in(Vec::new(), configuration, folder).await
    }

    /// As [`Self::serve`], with these variables.
    pub(crate) async fn serve_in(environment: Vec<(String, String)>, configuration: &str, folder: &Path) -> Self {
        fs::write(folder.join("hss-exporter.yml"), configuration).unwrap();
        Self::start("serve", own_address(), environment, folder).await
    }

    /// `demo`
    pub(crate) async fn demo(folder: &Path) -> Self {
        Self::start("demo", own_address(), Vec::new(), folder).await
    }

    async fn start(verb: &str, listen: SocketAddr, environment: Vec<(String, String)>, folder: &Path) -> Self {
        let mut command = program(folder);
        command.arg(verb).arg(format!("--web.listen-address={listen}")).envs(environment.clone());
        let mut child = Child::start("exporter", &mut command, folder);
        let so_far = child.words().len();
        let address = child.says("where it listens", |words| listening(verb, words.get(so_far..)?)).await;
        Self { child, address, folder: folder.to_owned(), environment }
    }

    /// Ends it without asking.
    pub(crate) fn kill(&mut self) {
        self.child.kill();
    }

    /// Starts it again where it was.
    pub(crate) async fn restart(&mut self) {
        self.kill();
        *self = Self::start("serve", self.address, self.environment.clone(), &self.folder).await;
    }

    /// `GET`
    pub(crate) async fn get(&self, path: &str, headers: &[&str]) -> Answer {
        let answer = http::get(self.address, path, headers).await.unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer
    }

    /// The page, once every scope has been read without a gap.
    pub(crate) async fn whole_page(&self) -> String {
        wait::until("every scope has been read", async || {
            let page = self.get("/metrics", &[]).await.text();
            let of_scopes: Vec<&str> = page.lines().filter(|line| line.starts_with("hss_target_complete{")).collect();
            let whole = !of_scopes.is_empty() && of_scopes.iter().all(|line| line.ends_with(" 1"));
            if whole { Ok(page) } else { Err(page) }
        })
        .await
    }
}

/// The program, in a folder. What is set on this machine (a proxy, a configuration) is not meant for the test.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hss-exporter"));
    command.env_clear().current_dir(folder);
    command
}

/// What is said of the address, once it is.
fn listening(verb: &str, words: &str) -> Option<SocketAddr> {
    let (_, rest) = match verb {
        "demo" => words.split_once("look at        http://")?,
        _ => words.split_once("msg=listening address=")?,
    };
    // Whole only with what follows it.
    let end = rest.find([' ', '/', '\n'])?;
    rest.get(..end)?.parse().ok()
}

/// A loopback address that nobody else has, with any port. An exporter that comes back has to find its port free, and
/// what is free on 127.0.0.1 is given to whoever opens a connection.
pub(crate) fn own_address() -> SocketAddr {
    static LAST: AtomicU8 = AtomicU8::new(0);
    let [.., high, low] = std::process::id().to_be_bytes();
    let last = LAST.fetch_add(1, Ordering::Relaxed);
    // Never 127.0.0.x.
    let ip = Ipv4Addr::new(127, high % 254 + 1, low, last % 254 + 1);
    SocketAddr::new(IpAddr::V4(ip), 0)
}
