//! Which files a contract has, and what its packages are called in Rust.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::calls::Call;

/// Every proto file below a folder, in the order of their paths.
pub(crate) fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_below(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The crates of the packages as Rust: `sir0.accounts.internal.v1` as `accounts_internal`, and the calls of all.
pub(crate) fn packages(calls: &[Call]) -> String {
    let packages: BTreeSet<_> =
        calls.iter().map(|call| call.method.parent_service().package_name().to_owned()).collect();
    let (mut names, mut tables) = (String::new(), String::new());
    for package in packages {
        let (krate, name) = (crate_of(&package), short(&package));
        names.extend(["pub use ::", &krate, " as ", &name, ";\n"]);
        tables.extend(["::", &krate, "::CALLS,\n"]);
    }
    format!(
        "{names}\n/// The calls of each package.\n\
         pub static PACKAGES: &[&[::sir0_transcoding::Call]] = &[\n{tables}];\n"
    )
}

/// The name of a package's crate in Rust: that of `sir0.accounts.v1` is `sir0_contract_accounts`.
pub(crate) fn crate_of(package: &str) -> String {
    let platform = package.split('.').next().unwrap_or_default();
    format!("{platform}_contract_{}", short(package))
}

/// A package without what all packages have: the name of the platform, and the version.
fn short(package: &str) -> String {
    let parts: Vec<_> = package.split('.').collect();
    match &*parts {
        [_, between @ .., _] if !between.is_empty() => between.join("_"),
        _ => parts.join("_"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_called_by_what_tells_it_from_the_others() {
        assert_eq!(short("sir0.accounts.v1"), "accounts");
        assert_eq!(short("sir0.accounts.internal.v1"), "accounts_internal");
        assert_eq!(short("sample"), "sample");
        assert_eq!(crate_of("sir0.accounts.internal.v1"), "sir0_contract_accounts_internal");
    }
}
