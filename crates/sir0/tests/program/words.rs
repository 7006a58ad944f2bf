//! What the command line tells of itself, to shells and to `man`.

use std::{fs, path::Path, process::Command};

use crate::sir0;

/// What bash offers behind this line.
fn offered(script: &Path, line: &str) -> Vec<String> {
    // What bash does when a person presses the key: it calls the function that the script gave it, with the words.
    const PRESS: &str = r#"
        set -eu
        source "$1"
        complete -p sir0 | grep -q -- '-F _sir0'
        read -ra COMP_WORDS <<< "$2"
        [[ $2 == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
        COMPREPLY=()
        _sir0 sir0 "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", PRESS, "bash"]).arg(script).arg(line);
    let output = bash.output().expect("there is bash");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "`{line}`: {complaint}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_parts_and_flags() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("sir0.bash");
    let printed = sir0(folder.path(), &[], &["completions", "bash"]).went_well();
    fs::write(&script, printed).expect("a file");

    assert_eq!(offered(&script, "sir0 back"), ["backup"]);
    assert_eq!(offered(&script, "sir0 config s"), ["show"]);
    assert_eq!(offered(&script, "sir0 admin gr"), ["grant"]);
    assert_eq!(offered(&script, "sir0 completions z"), ["zsh"]);
    assert_eq!(offered(&script, "sir0 backup --t"), ["--to"]);
    assert!(offered(&script, "sir0 serve ").contains(&"storefront".to_owned()));
}

#[test]
fn every_shell_gets_a_script_and_an_unknown_one_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sir0(folder.path(), &[], &["completions", shell]).went_well();

        for word in ["backup", "storefront", "completions"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }

    assert!(!sir0(folder.path(), &[], &["completions", "command.com"]).is_well);
}

#[test]
fn neither_scripts_nor_pages_need_settings_that_are_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = [("SIR0_LISTN", "x")];

    sir0(folder.path(), &bad, &["completions", "bash"]).went_well();
    sir0(folder.path(), &bad, &["man", "--out", "pages"]).went_well();
}

#[test]
fn there_is_a_manual_page_for_the_program_and_for_each_command() {
    let folder = tempfile::tempdir().expect("a folder");

    let written = sir0(folder.path(), &[], &["man", "--out", "new/pages"]).went_well();

    let pages: Vec<_> = written.lines().collect();
    for page in ["sir0.1", "sir0-serve.1", "sir0-admin-grant.1", "sir0-config-check.1"] {
        assert!(pages.iter().any(|it| it.ends_with(&format!("/{page}"))), "{written}");
    }
    for page in pages {
        let text = fs::read_to_string(folder.path().join(page)).expect("it was written");
        assert!(text.lines().any(|line| line.starts_with(".TH ")), "{page}");
        assert!(text.is_ascii(), "{page}");
        assert!(text.contains("\n.SH NAME\n") && text.contains("\n.SH SYNOPSIS\n"), "{page}");
        assert_eq!(unknown_macros(&text), [""; 0], "{page}");
    }
    let program = fs::read_to_string(folder.path().join("new/pages/sir0.1")).expect("it is there");
    assert!(program.contains("\nsir0 \\- A games distribution platform"), "{program}");
    assert!(program.contains("\n  listen  [127.0.0.1:8080]\n"), "lines are as on the help page");
}

/// The lines that `man` would take for commands and that are none.
fn unknown_macros(page: &str) -> Vec<&str> {
    const KNOWN: [&str; 11] =
        [".TH", ".SH", ".IP", ".TP", ".RS", ".RE", ".br", ".nf", ".fi", ".ie", ".el"];
    let lines = page.lines().filter(|line| line.starts_with(['.', '\'']));
    lines.filter(|line| !KNOWN.iter().any(|known| line.starts_with(known))).collect()
}

#[test]
fn pages_that_cannot_be_written_are_a_failure_that_names_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("taken"), "a file").expect("a file");

    let refused = sir0(folder.path(), &[], &["man", "--out", "taken"]);

    assert!(!refused.is_well && refused.stderr.contains("`taken`"), "{}", refused.stderr);
}
