//! Which core does what: the servers on one, the load on another, where there are two.

use crate::Failure;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::available_parallelism;

const SERVERS: &str = "0";
const LOAD: &str = "1";

/// A program that serves, on the core of those who do.
pub(crate) fn on_the_servers_core(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", SERVERS]).arg(program).args(arguments);
    command
}

/// This process, and the threads that it will start, on the core of the load.
pub(crate) fn to_the_loads_core() -> Result<(), Failure> {
    if available_parallelism()?.get() > 1 {
        let own = std::process::id().to_string();
        let status = Command::new("taskset").args(["-pc", LOAD, &own]).stdout(Stdio::null()).status()?;
        if !status.success() {
            return Err("taskset: this process could not be put on a core of its own".into());
        }
    }
    Ok(())
}

/// The processor, as it calls itself.
pub(crate) fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    name.map_or("unknown", |(_, name)| name).to_owned()
}

/// How many processes wanted to run of late, on average over a minute.
pub(crate) fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}
