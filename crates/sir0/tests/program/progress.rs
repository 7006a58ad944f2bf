//! What a person sees of a command that takes its time, and who sees nothing of it.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{sir0, without_settings};

/// What a terminal is sent while `sir0 migrate` makes the tables. `script` gives the program a terminal.
#[cfg(target_os = "linux")]
fn terminal_of_migrate(folder: &Path, variables: &[(&str, &str)]) -> String {
    let mut script = Command::new("script");
    without_settings(&mut script);
    script.args(["-qec", concat!("exec ", env!("CARGO_BIN_EXE_sir0"), " migrate"), "/dev/null"]);
    script.current_dir(folder).env("TERM", "xterm").envs(variables.iter().copied());
    let output = script.stdin(Stdio::null()).output().expect("util-linux has it");
    let sent = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{sent}");
    assert!(sent.contains("applied in"), "{sent}");
    sent
}

/// What only a bar writes.
const BAR: &str = "the tables of accounts";

#[cfg(target_os = "linux")]
#[test]
fn a_person_at_a_terminal_sees_what_is_worked_on_and_the_line_is_gone_at_the_end() {
    let folder = tempfile::tempdir().expect("a folder");

    let sent = terminal_of_migrate(folder.path(), &[("NO_COLOR", "1")]);

    let (_, behind) = sent.split_once(BAR).unwrap_or_else(|| panic!("no bar in {sent:?}"));
    let report = behind.find("accounts in ").expect("the report");
    assert!(behind[..report].contains("\u{1b}[2K"), "the line is not cleared: {sent:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_cannot_move_its_cursor_and_a_log_for_machines_get_no_bar() {
    for variable in [("TERM", "dumb"), ("SIR0_LOG_FORMAT", "json")] {
        let folder = tempfile::tempdir().expect("a folder");

        let sent = terminal_of_migrate(folder.path(), &[variable, ("NO_COLOR", "1")]);

        assert!(!sent.contains(BAR) && !sent.contains('\u{1b}'), "{variable:?}: {sent:?}");
    }
}

#[test]
fn a_file_or_a_pipe_gets_the_report_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let variables = [("SIR0_LOG", "warn")];

    let report = sir0(folder.path(), &variables, &["migrate"]).went_well();
    let copy = ["copy", "--from", "sqlite:data/storefront.db", "--to", "sqlite:copy.db"];
    let copied = sir0(folder.path(), &variables, &copy).went_well();

    assert!(report.contains("applied in") && copied.contains("games"), "{report}{copied}");
    assert!(!(report + &copied).contains(['\u{1b}', '\r']), "no bar");
}
