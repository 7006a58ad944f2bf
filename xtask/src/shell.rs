//! Other programs: where they are found, and what it means when they fail.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// Runs a command to its end, and lets its output through. Fails when the command fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start {}", name(command)))?;
    if !status.success() {
        bail!("`{}` failed: {status}", line(command));
    }
    Ok(())
}

/// Runs a command in silence. When it fails, the error holds what it said.
pub(crate) fn run_quietly(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("could not start {}", name(command)))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}\n{said}{complaint}", line(command), output.status);
    }
    Ok(said)
}

/// Runs a command to its end, passes on its standard error, and keeps the last line of it that starts like this. The
/// line is there also when the command failed.
pub(crate) fn run_and_keep(command: &mut Command, start: &str) -> Result<(Option<String>, bool)> {
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("could not start {}", name(command)))?;
    let said = child.stderr.take().context("a piped stream is there once")?;
    let mut kept = None;
    for line in BufReader::new(said).split(b'\n') {
        let line = line.context("could not read what a program says")?;
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        let plain = without_colours(&line);
        if plain.trim_start().starts_with(start) {
            kept = Some(plain);
        }
    }
    let status = child.wait().context("could not wait for a program")?;
    Ok((kept, status.success()))
}

/// Whether a program of this name can be started.
pub(crate) fn finds(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// A `PATH` that looks in this folder first.
pub(crate) fn path_with(first: PathBuf) -> Result<std::ffi::OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    env::join_paths(std::iter::once(first).chain(env::split_paths(&rest)))
        .context("the project's folder cannot stand in PATH")
}

/// `cargo`, in the root of the workspace.
pub(crate) fn cargo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(arguments).current_dir(crate::workspace::root());
    cargo
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn line(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, sequence)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = sequence.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coloured_line_is_kept_plain() {
        assert_eq!(without_colours("\u{1b}[1mSummary\u{1b}[0m [1 s]"), "Summary [1 s]");
    }

    #[test]
    fn a_program_that_does_not_exist_is_not_found() {
        assert!(finds("cargo"));
        assert!(!finds("no-such-program-anywhere"));
    }

    #[test]
    fn the_failure_of_a_program_carries_its_own_words() {
        let failure = run_quietly(Command::new("cargo").arg("no-such-subcommand"));

        assert!(failure.expect_err("cargo refuses").to_string().contains("no such command"));
    }
}
