//! What the program says it is built from.

#[path = "../../build/commit.rs"]
mod commit;

use std::{fs, path::Path, process::Command};

use crate::sir0;

fn git(folder: &Path, line: &[&str]) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"]);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(variable);
    }
    git.env("GIT_COMMITTER_DATE", "2026-11-26T23:30:00-0200");
    let output = git.args(line).current_dir(folder).output().expect("there is git");
    assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with one commit.
fn a_repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("crates")).expect("an empty folder");
    for file in ["Cargo.toml", "README.md", "crates/lib.rs"] {
        fs::write(folder.path().join(file), "one").expect("a file");
    }
    git(folder.path(), &["init", "--quiet"]);
    commits(folder.path());
    folder
}

fn commits(folder: &Path) {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "One"]);
}

#[test]
fn a_program_from_a_repository_names_the_commit_and_its_date_in_utc() {
    let repository = a_repository();

    let told = commit::of(repository.path()).expect("a commit");

    let (hash, date) = told.split_once(' ').expect("two words");
    assert!(hash.len() >= 7 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{told}");
    assert_eq!(date, "2026-11-27");
}

#[test]
fn what_changed_since_the_commit_is_said_if_the_program_is_built_from_it() {
    let repository = a_repository();
    let of_it = || commit::of(repository.path()).expect("a commit");
    let clean = of_it();
    let dirty = clean.replace(' ', "-dirty ");

    fs::write(repository.path().join("README.md"), "two").expect("a file");
    assert_eq!(of_it(), clean);
    fs::write(repository.path().join("crates/lib.rs"), "two").expect("a file");
    assert_eq!(of_it(), dirty);
    git(repository.path(), &["add", "--all"]);
    assert_eq!(of_it(), dirty);
    git(repository.path(), &["reset", "--quiet", "--hard"]);
    assert_eq!(of_it(), clean);
    fs::write(repository.path().join("crates/new.rs"), "new").expect("a file");
    assert_eq!(of_it(), dirty);
}

#[test]
fn sources_from_an_archive_have_no_commit_not_even_of_a_repository_around_them() {
    let alone = tempfile::tempdir().expect("a folder");
    assert_eq!(commit::of(alone.path()), None);

    let around = a_repository();
    let inside = around.path().join("crates");

    assert_eq!(commit::of(&inside), None);
    assert!(commit::of(around.path()).is_some());
}

#[test]
fn cargo_is_told_of_what_is_there_and_a_commit_changes_some_of_it() {
    let repository = a_repository();
    let contents = || {
        let seen = commit::seen_in(repository.path()).into_iter();
        let files = seen.filter(|path| path.is_file());
        files.map(|path| (fs::read(&path).expect("it is there"), path)).collect::<Vec<_>>()
    };
    let before = contents();

    fs::write(repository.path().join("README.md"), "two").expect("a file");
    commits(repository.path());

    assert!(before.iter().any(|(_, path)| path.ends_with("HEAD")), "{before:?}");
    assert!(before.iter().all(|(_, path)| path.exists()));
    assert_ne!(contents(), before);
}

#[test]
fn what_a_build_is_told_is_one_short_line() {
    assert!(commit::is_told_well("8e3d288 2026-11-27"));
    assert!(!commit::is_told_well("8e3d288\ncargo::rustc-env=A=B"));
    assert!(!commit::is_told_well("\u{1b}[31m8e3d288"));
    assert!(!commit::is_told_well(&"8".repeat(65)));
}

#[test]
fn the_program_tells_its_version_and_what_its_build_found() {
    let said = sir0(Path::new("."), &[], &["--version"]).went_well();

    let plain = format!("sir0 {}", env!("CARGO_PKG_VERSION"));
    let rest = said.trim_end().strip_prefix(&plain).unwrap_or_else(|| panic!("{said}"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match (commit::of(&root), option_env!("BUILT_FROM")) {
        (None, None | Some("")) => assert_eq!(rest, ""),
        (_, Some(told)) if !told.is_empty() => assert_eq!(rest, format!(" ({told})")),
        // The commit of the build: another may have been made since.
        _ => {
            let commit = rest.strip_prefix(" (").and_then(|rest| rest.split([' ', '-']).next());
            let commit = commit.unwrap_or_else(|| panic!("{said}"));
            git(&root, &["cat-file", "-e", &format!("{commit}^{{commit}}")]);
        }
    }
}
