//! What the workspace takes from others: from where, under which licence, and whether it is used at all.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::{provision, shell, workspace};

/// `cargo xtask dependencies [--advisories]`.
pub(crate) fn command(arguments: &[&str]) -> Result<()> {
    match arguments {
        [] => check(),
        ["--advisories"] => shell::run(&mut deny(workspace::root(), &["advisories"])?),
        _ => bail!("`cargo xtask dependencies` takes `--advisories` and nothing else"),
    }
}

/// Holds `Cargo.lock` against `deny.toml`, and every `Cargo.toml` against the code. The known advisories are left out:
/// they have to be cloned from a public forge.
pub(crate) fn check() -> Result<()> {
    let root = workspace::root();
    shell::run_quietly(&mut deny(root, &["bans", "licenses", "sources"])?)
        .context("Cargo.lock holds what deny.toml does not allow")?;
    shell::run_quietly(&mut shear(root)?).context("a Cargo.toml names what no code uses")?;
    Ok(())
}

/// cargo-deny without its warnings: crates in two versions are many, and others have to change that.
fn deny(folder: &Path, checks: &[&str]) -> Result<Command> {
    let mut deny = Command::new(provision::checkers()?.join("cargo-deny"));
    deny.args(["--log-level", "error", "--config"]).arg(workspace::root().join("deny.toml"));
    deny.arg("check").args(checks).current_dir(folder);
    Ok(deny)
}

fn shear(folder: &Path) -> Result<Command> {
    let mut shear = Command::new(provision::checkers()?.join("cargo-shear"));
    shear.args(["--deny-warnings", "--color", "never"]).current_dir(folder);
    Ok(shear)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A package that takes TLS from the machine, under a licence that binds who links with it, and does not use it.
    fn a_careless_package(folder: &Path) {
        let manifest = |name: &str, license: &str, rest: &str| {
            format!(
                "[package]\nname = '{name}'\nversion = '1.0.0'\nedition = '2024'\npublish = false\n\
                 license = '{license}'\n{rest}"
            )
        };
        let uses = "[dependencies]\nopenssl = { path = 'openssl' }\n[workspace]\n";
        for (at, manifest) in [
            ("", manifest("shop", "Apache-2.0", uses)),
            ("openssl", manifest("openssl", "AGPL-3.0-only", "")),
        ] {
            let folder = folder.join(at);
            fs::create_dir_all(folder.join("src")).expect("a folder for the test");
            fs::write(folder.join("Cargo.toml"), manifest).expect("a file");
            fs::write(folder.join("src/lib.rs"), "//! Nothing.\npub fn f() {}\n").expect("a file");
        }
    }

    fn complaint(check: Result<Command>) -> String {
        let mut check = check.expect("it can be had");
        let failure = shell::run_quietly(check.env("CARGO_NET_OFFLINE", "true"));
        failure.expect_err("a fault").to_string()
    }

    #[test]
    fn what_is_banned_and_a_licence_that_is_not_allowed_are_found() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        a_careless_package(folder.path());

        let found = complaint(deny(folder.path(), &["bans", "licenses"]));

        assert!(found.contains("crate 'openssl = 1.0.0' is explicitly banned"), "{found}");
        assert!(found.contains("rejected: license is not explicitly allowed"), "{found}");
    }

    #[test]
    fn a_dependency_that_no_code_uses_is_found() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        a_careless_package(folder.path());

        let found = complaint(shear(folder.path()));

        assert!(found.contains("unused dependency `openssl`"), "{found}");
    }
}
