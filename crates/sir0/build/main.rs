//! Tells the program which commit it is built from.

mod commit;

use std::{env, error::Error, path::Path};

/// The commit as whoever builds without a repository knows it, such as `8e3d288 2026-11-27`. It does not begin with
/// `SIR0_`, because the program would take it for a setting when cargo starts it.
const TOLD: &str = "BUILT_FROM";

#[expect(clippy::disallowed_methods, reason = "a build script is told by its environment")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed={TOLD}");
    let root = Path::new("../..");
    let told = env::var(TOLD).ok().filter(|told| !told.is_empty());
    let commit = match told {
        Some(told) if commit::is_told_well(&told) => Some(told),
        Some(told) => return Err(format!("{TOLD} is no commit and date: {told:?}").into()),
        None => commit::of(root),
    };
    for path in commit::seen_in(root) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let version = env!("CARGO_PKG_VERSION");
    let version = commit.map_or(version.to_owned(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=PROGRAM_VERSION={version}");
    Ok(())
}
