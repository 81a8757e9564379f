//! A program that runs beside a test: what it says goes to a file, and it ends when its value is dropped.

use super::wait;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};

/// So many lines of what it said are shown when a test fails.
const LAST_WORDS: usize = 30;

/// A program that runs.
pub(crate) struct Child {
    name: String,
    process: process::Child,
    log: PathBuf,
}

impl Child {
    /// Starts a program. What it says is added to `{name}.log` in the folder.
    #[track_caller]
    pub(crate) fn start(name: &str, command: &mut Command, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let out = OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let both = out.try_clone().unwrap();
        command.stdin(Stdio::null()).stdout(out).stderr(both);
        let process = command.spawn().unwrap_or_else(|error| missing(command, &error));
        Self { name: name.to_owned(), process, log }
    }

    /// All that it said, its predecessors of the same name included.
    pub(crate) fn words(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// What is found in its words, once it is there. That it ends instead is a failure.
    pub(crate) async fn says<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let what = format!("{} says {what}", self.name);
        wait::until(&what, async || {
            let words = self.words();
            if let Some(found) = find(&words) {
                return Ok(found);
            }
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("{what}, but it ended with {status}:\n{words}");
            }
            Err(words)
        })
        .await
    }

    /// Ends it without asking, as a machine does that is out of memory.
    pub(crate) fn kill(&mut self) {
        // An error is that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let words = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = words.lines().collect();
            let last = lines.iter().skip(lines.len().saturating_sub(LAST_WORDS)).copied().collect::<Vec<_>>();
            eprintln!("-- the last that {} said:\n{}", self.name, last.join("\n"));
        }
    }
}

/// Runs a program to its end. Answers whether it went well, and all that it said.
#[track_caller]
pub(crate) fn run(command: &mut Command, input: Option<&Path>) -> (bool, String) {
    command.stdin(input.map_or_else(Stdio::null, |file| fs::File::open(file).unwrap().into()));
    let output = command.output().unwrap_or_else(|error| missing(command, &error));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[track_caller]
fn missing(command: &Command, error: &std::io::Error) -> ! {
    let program = command.get_program().to_string_lossy();
    if error.kind() == ErrorKind::NotFound {
        panic!(
            "there is no {program} on this machine: `make test` installs it, or, on Debian:\n    apt-get install prometheus prometheus-alertmanager"
        )
    }
    panic!("{program} cannot be started: {error}")
}
