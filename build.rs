//! Tells the crate which compiler builds it: the label `rustversion` of the build information.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=HSS_EXPORTER_REVISION");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    // Where it does not say, the label stays empty.
    let Ok(said) = Command::new(compiler).arg("--version").output() else { return };
    // `rustc 1.95.0 (f2d3ce0bd 2026-03-21)`
    if let Some(version) = String::from_utf8_lossy(&said.stdout).split_whitespace().nth(1) {
        println!("cargo:rustc-env=HSS_EXPORTER_RUSTVERSION={version}");
    }
}
