//! Whoever is measured: a process of its own, on the core of those who serve.

pub(crate) mod encoder;
pub(crate) mod nginx;
pub(crate) mod promhttp;

use crate::Failure;
use crate::machine;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// A server that is running; it ends with this value.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
    /// Of those that are told what to do.
    talk: Option<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Server {
    /// Starts a program that says where it listens.
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Result<Self, Failure> {
        let child = machine::on_the_servers_core(program, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        // From here on it ends with the value.
        let mut server = Self { address: ([127, 0, 0, 1], 0).into(), child, talk: None };
        server.talk = server.child.stdin.take().zip(server.child.stdout.take().map(BufReader::new));
        let line = server.hear()?;
        server.address = line.strip_prefix("listening ").ok_or("it does not say where it listens")?.parse()?;
        Ok(server)
    }

    /// This program, by another verb.
    pub(crate) fn of_us(verb: &str, argument: &str) -> Result<Self, Failure> {
        Self::start(&std::env::current_exe()?, &[verb, argument])
    }

    /// Tells it what to do. Answers what it answers.
    pub(crate) fn tell(&mut self, line: &str) -> Result<String, Failure> {
        let (input, _) = self.talk.as_mut().ok_or("it does not listen")?;
        writeln!(input, "{line}")?;
        self.hear()
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident(&self) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
    }

    fn hear(&mut self) -> Result<String, Failure> {
        let (_, output) = self.talk.as_mut().ok_or("it does not speak")?;
        let mut line = String::new();
        if output.read_line(&mut line)? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
