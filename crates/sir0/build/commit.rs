//! The commit that lies in a folder, and whether what the program is built from has changed since.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What the program is built from. Other pages and the tests beside it make no other program.
const SOURCES: [&str; 6] =
    ["Cargo.toml", "Cargo.lock", "crates", "migrations", "proto", "docs/api.md"];

/// What git keeps that changes when another commit is checked out or made.
const KEPT: [&str; 3] = ["HEAD", "logs/HEAD", "packed-refs"];

/// The commit with its date, such as `8e3d288 2026-11-27` or `8e3d288-dirty 2026-11-27`. `None` where there is no git,
/// or where this folder is not the top of a repository: sources from an archive may lie inside another one.
pub(crate) fn of(root: &Path) -> Option<String> {
    let top = PathBuf::from(git(root, &["rev-parse", "--show-toplevel"])?);
    if fs::canonicalize(top).ok()? != fs::canonicalize(root).ok()? {
        return None;
    }
    let head = git(root, &["log", "-1", "--date=short-local", "--format=%h %cd"])?;
    let (commit, date) = head.split_once(' ')?;
    let asked = ["status", "--porcelain", "--untracked-files=normal", "--"];
    let changed = git(root, &[&asked[..], &SOURCES].concat())?;
    let dirty = if changed.is_empty() { "" } else { "-dirty" };
    Some(format!("{commit}{dirty} {date}"))
}

/// Whether a text is fit to stand in the version: one line that a terminal shows as it is.
pub(crate) fn is_told_well(told: &str) -> bool {
    told.len() <= 64 && told.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// The files and folders that change when the answer of [`of`] does. Only those that are there: cargo would look again
/// in each build for one that is missing.
pub(crate) fn seen_in(root: &Path) -> Vec<PathBuf> {
    let mut seen: Vec<_> = SOURCES.iter().map(|name| root.join(name)).collect();
    let branch = git(root, &["symbolic-ref", "--quiet", "HEAD"]);
    for name in KEPT.iter().copied().chain(branch.as_deref()) {
        seen.extend(git(root, &["rev-parse", "--git-path", name]).map(|path| root.join(path)));
    }
    seen.retain(|path| path.exists());
    seen
}

/// What git answers in this folder, without the last line break. It writes nothing: a look at the state of the files
/// would otherwise renew the index, beside a commit that someone makes.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(folder);
    git.env("GIT_OPTIONAL_LOCKS", "0").env("TZ", "UTC");
    // A hook that builds is told of its repository by these.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        git.env_remove(variable);
    }
    let answer = git.output().ok()?;
    let text = String::from_utf8(answer.stdout).ok()?;
    answer.status.success().then(|| text.trim_end().to_owned())
}
