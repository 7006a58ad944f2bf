//! A commit that changes the image of the contract changes nothing else. What clients are promised then never moves
//! unseen among other changes, and `git log` lists every time it did.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use super::IMAGE;
use crate::shell;

/// Looks through the commits that changed the image. Where history is cut off, what is left of it is looked through.
pub(super) fn check(folder: &Path) -> Result<()> {
    if !folder.join(".git").exists() {
        println!("   this is no clone: which commits changed {IMAGE} was not looked at");
        return Ok(());
    }
    let is_shallow = git(folder, &["rev-parse", "--is-shallow-repository"])?.trim() == "true";
    let mut mixed = Vec::new();
    for line in git(folder, &["log", "--format=%H %s", "--", IMAGE])?.lines() {
        let commit = line.split(' ').next().unwrap_or_default();
        if is_shallow && has_lost_its_parents(folder, commit)? {
            println!("   this clone is shallow: commits up to `{line}` were not looked at");
            continue;
        }
        let asked = ["diff-tree", "--root", "-c", "-r", "--no-commit-id", "--name-only", commit];
        if git(folder, &asked)?.lines().any(|file| file != IMAGE) {
            mixed.push(line.to_owned());
        }
    }
    if !mixed.is_empty() {
        bail!(
            "{IMAGE} has to change alone, and these commits change more:\n   {}",
            mixed.join("\n   ")
        );
    }
    Ok(())
}

/// Whether the commit names parents that git, told that history ends there, does not show.
fn has_lost_its_parents(folder: &Path, commit: &str) -> Result<bool> {
    let raw = git(folder, &["cat-file", "commit", commit])?;
    let shown = git(folder, &["log", "-1", "--format=%P", commit])?;
    Ok(raw.lines().any(|line| line.starts_with("parent ")) && shown.trim().is_empty())
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    shell::run_quietly(Command::new("git").args(arguments).current_dir(folder))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    /// A repository in which files change, commit by commit.
    struct Repository {
        folder: tempfile::TempDir,
    }

    impl Repository {
        fn new() -> Self {
            let this = Self { folder: tempfile::tempdir().expect("a folder for the test") };
            git(this.path(), &["init", "--quiet"]).expect("there is a git");
            fs::create_dir(this.path().join("proto")).expect("an empty folder");
            this.commits("Begin", &["README.md"]);
            this
        }

        fn path(&self) -> &Path {
            self.folder.path()
        }

        fn commits(&self, subject: &str, files: &[&str]) {
            for file in files {
                fs::write(self.path().join(file), subject).expect("a file");
            }
            git(self.path(), &["add", "--all"]).expect("there are changes");
            let me = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
            let commit = ["-c", "commit.gpgSign=false", "commit", "--quiet", "--message", subject];
            git(self.path(), &[&me[..], &commit].concat()).expect("there are changes");
        }

        /// A clone of the latest commit alone.
        fn shallow(&self, into: &Path) -> PathBuf {
            let (from, to) = (format!("file://{}", self.path().display()), into.join("shallow"));
            let clone = ["clone", "--quiet", "--depth", "1", &from, "shallow"];
            git(into, &clone).expect("there are commits");
            to
        }
    }

    #[test]
    fn an_image_that_changes_alone_is_let_through() {
        let repository = Repository::new();
        repository.commits("Hold the contract", &[IMAGE]);
        repository.commits("Add a call", &["proto/a.proto", "README.md"]);
        repository.commits("Hold the new call", &[IMAGE]);

        check(repository.path()).expect("each of its changes is alone");
    }

    #[test]
    fn a_commit_that_changes_the_image_among_other_things_is_named() {
        let repository = Repository::new();
        repository.commits("Hold the contract", &[IMAGE]);
        repository.commits("Rename a field", &["proto/a.proto", IMAGE]);
        repository.commits("Go on", &["README.md"]);

        let found = check(repository.path()).expect_err("it hides a change").to_string();

        assert!(found.contains("Rename a field") && !found.contains("Hold"), "{found}");
    }

    #[test]
    fn history_that_is_cut_off_is_no_fault() {
        let repository = Repository::new();
        repository.commits("Hold the contract, and more", &["README.md", IMAGE]);
        let elsewhere = tempfile::tempdir().expect("a folder for the test");

        check(&repository.shallow(elsewhere.path())).expect("nothing else is known of it");
        check(elsewhere.path()).expect("without git it is only said");
    }
}
