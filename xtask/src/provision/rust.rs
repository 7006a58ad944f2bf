//! What belongs to Rust: its components, and what runs the tests.

use std::{ffi::OsString, process::Command};

use anyhow::{Context, Result};

use crate::{shell, workspace::Workspace};

const NEXTEST: &str = "0.9.143";

/// What runs the Rust tests.
pub(crate) enum Runner {
    /// cargo-nextest, found with this `PATH`.
    Nextest {
        /// Where programs are looked for.
        path: OsString,
    },
    /// `cargo test`, which every Rust has.
    Cargo,
}

/// `rustfmt` and `clippy`, which a minimal Rust lacks.
pub(crate) fn rust_components() -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if shell::run_quietly(&mut shell::cargo([subcommand, "--version"])).is_err() {
            shell::run_quietly(Command::new("rustup").args(["component", "add", component]))
                .with_context(|| format!("install the Rust component {component}"))?;
            println!("   installed by rustup: {component}");
        }
    }
    Ok(())
}

/// cargo-nextest if it is there or can be had, else `cargo test`.
pub(crate) fn test_runner() -> Result<Runner> {
    let home = Workspace::read()?.target.join("judges-rust");
    let path = shell::path_with(home.join("bin"))?;
    let is_there = || {
        let mut nextest = shell::cargo(["nextest", "--version"]);
        shell::run_quietly(nextest.env("PATH", &path)).is_ok()
    };
    if !is_there() {
        println!("   building cargo-nextest {NEXTEST} into target/, this takes some minutes");
        // Unoptimised: it is built once and waits for tests, and the optimiser would take longer than it saves.
        let mut install = shell::cargo([
            "install",
            "cargo-nextest",
            "--locked",
            "--debug",
            "--quiet",
            "--version",
            NEXTEST,
            "--root",
        ]);
        if let Err(failure) = shell::run_quietly(install.arg(home)) {
            println!("   {failure:#}\n   cargo-nextest cannot be had; going on with `cargo test`");
            return Ok(Runner::Cargo);
        }
    }
    Ok(Runner::Nextest { path })
}
