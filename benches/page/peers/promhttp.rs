//! Go's `client_golang`, built into `target/promhttp`: at the version of `benches/page/promhttp/go.mod`, or where no
//! module proxy can be reached, at the one that Debian has.

use crate::Failure;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where `tests/machine.sh bench` puts Go.
const GO: &str = "target/go/bin/go";

/// Where Debian's packages put sources.
const DEBIAN: &str = "/usr/share/gocode";
const PACKAGE: &str = "golang-github-prometheus-client-golang-dev";

/// A program that can be started, and what it was made of.
pub(crate) struct Promhttp {
    pub(crate) program: PathBuf,
    /// The version of `client_golang`.
    pub(crate) version: String,
    /// The version of Go.
    pub(crate) go: String,
}

/// Builds it.
pub(crate) fn build(house: &Path) -> Result<Promhttp, Failure> {
    let (go, folder) = (house.join(GO), house.join("target/promhttp"));
    fs::create_dir_all(&folder)?;
    for file in ["go.mod", "main.go"] {
        fs::copy(house.join("benches/page/promhttp").join(file), folder.join(file))?;
    }
    let go = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = Command::new(&go);
        command.args(arguments).current_dir(&folder).env("GOCACHE", folder.join("cache"));
        command.env("GOPATH", folder.join("path")).env("GOFLAGS", "-mod=mod").env("GOTOOLCHAIN", "local");
        command.envs(environment.iter().copied());
        output(&mut command)
    };
    let program = folder.join("promhttp");
    let build = ["build", "-o", "promhttp", "."];
    let version = match go(&build, &[]) {
        Ok(_) => {
            let made_of = go(&["version", "-m", "promhttp"], &[])?;
            let line = made_of.lines().find(|line| line.contains("prometheus/client_golang"));
            line.and_then(|line| line.split_whitespace().nth(2)).unwrap_or_default().trim_start_matches('v').to_owned()
        }
        Err(_) => {
            go(&build, &[("GO111MODULE", "off"), ("GOPATH", DEBIAN), ("GOFLAGS", "")])?;
            let version = output(Command::new("dpkg-query").args(["-W", "-f=${Version}", PACKAGE]))?;
            format!("{version} (Debian's: no module proxy could be reached)")
        }
    };
    let go = go(&["env", "GOVERSION"], &[])?;
    Ok(Promhttp { program, version, go: go.trim().trim_start_matches("go").to_owned() })
}

/// What a program writes, if it does well.
fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
