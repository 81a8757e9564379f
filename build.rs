//! Tells the binary what it was built of: the compiler's version and, in a checkout, the commit.

use std::process::Command;

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]
fn main() {
    println!("cargo::rerun-if-env-changed=HSS_EXPORTER_REVISION");
    // Where it is missing, cargo would build anew each time.
    let commits = ".git/logs/HEAD";
    println!(
        "cargo::rerun-if-changed={}",
        if std::fs::exists(commits).unwrap_or(false) { commits } else { "build.rs" }
    );
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    if let Some(version) = first_line(Command::new(rustc).arg("--version")) {
        let number = version.split_whitespace().nth(1).unwrap_or_default();
        println!("cargo::rustc-env=HSS_EXPORTER_RUSTVERSION={number}");
    }
    let told = std::env::var("HSS_EXPORTER_REVISION").ok();
    if let Some(revision) = told.or_else(|| first_line(Command::new("git").args(["rev-parse", "HEAD"]))) {
        println!("cargo::rustc-env=HSS_EXPORTER_REVISION={revision}");
    }
}

/// What a command prints, if it can be run and succeeds.
fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned)
}
