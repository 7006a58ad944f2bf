//! The program as a person at a terminal meets it, where no server has to run.

mod config;
mod progress;
mod version;
mod words;

use std::{
    env,
    path::Path,
    process::{Command, Output, Stdio},
};

/// What the program said, and how it ended.
struct Said {
    stdout: String,
    stderr: String,
    is_well: bool,
}

impl Said {
    /// What it printed, if it did what was asked for and complained of nothing.
    fn went_well(self) -> String {
        let Self { stdout, stderr, is_well } = self;
        assert!(is_well && stderr.is_empty(), "{stdout}{stderr}");
        stdout
    }
}

/// Runs the program in a folder, with these variables and none of the machine's.
fn sir0(folder: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sir0"));
    without_settings(&mut command);
    command.current_dir(folder).envs(variables.iter().copied()).args(arguments);
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Said { stdout: text(stdout), stderr: text(stderr), is_well: status.success() }
}

/// Keeps the settings of the machine from a command.
fn without_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("SIR0_") {
            command.env_remove(name);
        }
    }
}
