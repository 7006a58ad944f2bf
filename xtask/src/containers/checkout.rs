//! A fresh clone of the project, without what a run leaves in the project's own folder: secrets, `.env`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{shell, workspace};

/// The image that the last stage of the `Dockerfile` takes its files from.
pub(super) const BUILT_HERE: &str = "built-here";
/// Everything that the documented lines read.
const READ: &[&str] =
    &["README.md", "LICENSE", "docs", "deploy", "docker-compose.yml", ".gitignore"];

/// A clone, and where it was cloned from.
pub(super) struct Checkout {
    /// The clone. Compose calls the project `sir0` by it.
    pub(super) folder: PathBuf,
    origin: PathBuf,
}

/// Copies what is here now, committed or not, and clones the copy.
pub(super) fn make(into: &Path) -> Result<Checkout> {
    let checkout = Checkout { folder: into.join("sir0"), origin: into.join("origin") };
    let mut list = Command::new("git");
    list.args(["ls-files", "--cached", "--others", "--exclude-standard", "--"]).args(READ);
    for file in shell::run_quietly(list.current_dir(workspace::root()))?.lines() {
        let (from, to) = (workspace::root().join(file), checkout.origin.join(file));
        if from.is_file() {
            fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
            fs::copy(from, to)?;
        }
    }
    let dockerfile = fs::read_to_string(workspace::root().join("Dockerfile"))?;
    fs::write(checkout.origin.join("Dockerfile"), last_stage(&dockerfile)?)?;
    checkout.git(&["init", "--quiet"])?;
    checkout.commits("This version")?;
    let mut clone = Command::new("git");
    shell::run_quietly(
        clone.args(["clone", "--quiet"]).arg(&checkout.origin).arg(&checkout.folder),
    )?;
    if let Some(files) = most_files(&fs::read_to_string("/proc/self/limits")?) {
        // As docs/deployment.md says for such a machine.
        fs::write(checkout.folder.join(".env"), format!("ENVOY_FILES={files}\n"))?;
    }
    Ok(checkout)
}

impl Checkout {
    /// Makes another version that can be pulled, with another image.
    pub(super) fn moves_on(&self) -> Result<()> {
        let path = self.origin.join("Dockerfile");
        let next = fs::read_to_string(&path)? + "LABEL org.opencontainers.image.version=\"next\"\n";
        fs::write(path, next)?;
        self.commits("The next version")
    }

    fn commits(&self, subject: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        let me = ["-c", "user.name=xtask", "-c", "user.email=xtask@localhost"];
        self.git(&[&me[..], &["commit", "--quiet", "--message", subject]].concat())
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let mut git = Command::new("git");
        shell::run_quietly(git.args(arguments).current_dir(&self.origin)).map(drop)
    }
}

/// The `Dockerfile` with an image in place of all stages but the last. The lines before the first stage are kept: such
/// a line can ask a registry for something.
fn last_stage(dockerfile: &str) -> Result<String> {
    const STAGES: &str = "the Dockerfile has stages";
    let (first, last) =
        dockerfile.find("\nFROM ").zip(dockerfile.rfind("\nFROM ")).context(STAGES)?;
    Ok(format!("{}\nFROM {BUILT_HERE} AS build\n{}", &dockerfile[..first], &dockerfile[last..]))
}

/// How many files a process may have open here, where that is fewer than Envoy asks for.
fn most_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let hard: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    (hard < 200_000).then_some(hard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_with_few_open_files_is_known() {
        let limits =
            |hard: &str| format!("Limit\nMax open files            1024   {hard}   files\n");

        assert_eq!(most_files(&limits("20000")), Some(20_000));
        assert_eq!(most_files(&limits("1048576")), None);
        assert_eq!(most_files(&limits("unlimited")), None);
    }

    #[test]
    fn the_last_stage_takes_its_files_from_what_was_built_here() {
        let dockerfile = "# Ours.\n\nFROM rust AS build\nRUN cargo build\n\nFROM base\nCOPY --from=build /a /b\n";

        let last = last_stage(dockerfile).expect("it has stages");

        assert_eq!(
            last,
            "# Ours.\n\nFROM built-here AS build\n\nFROM base\nCOPY --from=build /a /b\n"
        );
    }
}
