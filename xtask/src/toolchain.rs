//! The least Rust that builds the workspace. `rust-toolchain.toml` names it too, so an ordinary run shows that it is
//! enough, and no second build has to.

use std::{fs, process::Command};

use anyhow::{Context, Result};

use crate::{shell, workspace};

/// Says what a run with this compiler shows of `rust-version`. Cargo itself refuses an older one.
pub(crate) fn check() -> Result<()> {
    let mut rustc = Command::new("rustc");
    let rustc = shell::run_quietly(rustc.arg("--version").current_dir(workspace::root()))?;
    println!("   {}", shown(&least()?, &rustc));
    Ok(())
}

fn shown(least: &str, rustc: &str) -> String {
    let version = rustc.split(' ').nth(1).unwrap_or_default();
    if is_a(version, least) {
        format!("this is Rust {version}: if everything passes, rust-version {least} is enough")
    } else {
        format!("this is Rust {version}: it does not show whether rust-version {least} is enough")
    }
}

/// Whether the version is this one, or a patch of it.
fn is_a(version: &str, least: &str) -> bool {
    version.strip_prefix(least).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The `rust-version` of the workspace.
fn least() -> Result<String> {
    value_in("Cargo.toml", "rust-version")
}

/// The quoted value that a file gives this key.
fn value_in(file: &str, key: &str) -> Result<String> {
    let text = fs::read_to_string(workspace::root().join(file))
        .with_context(|| format!("there is no {file}"))?;
    let start = format!("{key} = \"");
    let value = text.lines().find_map(|line| line.strip_prefix(&start)?.split('"').next());
    value.map(str::to_owned).with_context(|| format!("{file} has no `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    fn read(file: &str) -> String {
        fs::read_to_string(workspace::root().join(file)).expect("a file of ours")
    }

    #[test]
    fn every_file_that_names_a_rust_names_the_least_one() {
        let least = least().expect("a version");

        let channel = value_in("rust-toolchain.toml", "channel").expect("a version");
        assert!(is_a(&channel, &least), "{channel} is not {least}");
        let container = format!("\n    container: rust:{channel}-");
        assert!(read(".github/workflows/ci.yml").contains(&container));
        assert!(read("Dockerfile").contains(&format!("\nFROM rust:{least}-")));
        for package in Workspace::read().expect("there is a cargo").packages {
            let manifest = fs::read_to_string(package.folder.join("Cargo.toml")).expect("a file");
            assert!(manifest.contains("\nrust-version.workspace = true\n"), "{}", package.name);
        }
    }

    /// How far a profile optimises each package that it names.
    fn levels(profile: &str) -> Vec<(String, String)> {
        let manifest = read("Cargo.toml");
        let start = format!("\n[profile.{profile}.package]\n");
        let (_, section) = manifest.split_once(&start).expect("the profile names packages");
        let lines = section.lines().take_while(|line| !line.starts_with('['));
        let levels = lines.filter_map(|line| line.split_once(" = { opt-level = "));
        levels.map(|(name, rest)| (name.to_owned(), rest.replace(" }", ""))).collect()
    }

    #[test]
    fn what_is_deployed_is_optimised_in_full_and_keeps_nothing_for_developers() {
        let (dev, dist) = (levels("dev"), levels("dist"));
        let manifest = read("Cargo.toml");
        let (_, profile) = manifest.split_once("\n[profile.dist]\n").expect("it is there");
        let (profile, _) = profile.split_once("\n[").expect("its packages are behind it");

        for line in [
            "opt-level = 3",
            "lto = \"thin\"",
            "debug = false",
            "debug-assertions = false",
            "overflow-checks = false",
        ] {
            assert!(profile.lines().any(|it| it == line), "no `{line}`");
        }
        // A profile keeps what it inherits of a package that it does not name.
        let less: Vec<_> = dev.into_iter().filter(|(_, level)| level != "3").collect();
        assert!(!less.is_empty(), "SQLite is compiled faster for tests");
        for (name, _) in less {
            assert!(dist.contains(&(name.clone(), "3".to_owned())), "{name}");
        }
    }

    #[test]
    fn rustup_has_nothing_to_download_where_the_toolchain_is_there() {
        let toolchain = read("rust-toolchain.toml");
        let keys: Vec<_> = toolchain.lines().filter(|line| line.contains('=')).collect();

        assert_eq!(keys.len(), 1, "{keys:?}");
        // An image brings its toolchain, in whichever patch.
        assert!(!read(".dockerignore").contains("!rust-toolchain"));
    }

    #[test]
    fn a_newer_compiler_shows_nothing_of_the_least_one() {
        assert!(shown("1.95", "rustc 1.95.1 (a 2026-05-20)").ends_with("1.95 is enough"));
        assert!(shown("1.95", "rustc 1.96.0").contains("does not show"));
        assert!(shown("1.9", "rustc 1.95.0").contains("does not show"));
    }
}
