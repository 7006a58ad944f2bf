//! Which files a contract has, and short names for its packages and services.

use std::{
    collections::BTreeSet,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

use crate::{calls::Call, dispatch::snake};

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

/// `sir0.accounts.internal.v1` as `accounts_internal`, and the calls of `GamesService` as `calls::games_service`. Two
/// services of one name are one operation too many, which was refused before.
pub(crate) fn render(calls: &[Call]) -> String {
    let services: BTreeSet<_> = calls
        .iter()
        .map(|call| call.method.parent_service())
        .map(|service| (service.package_name().to_owned(), snake(service.name())))
        .collect();
    let packages: BTreeSet<_> = services.iter().map(|(package, _)| package).collect();
    let mut text = String::new();
    for package in packages {
        let (path, name) = (package.replace('.', "::"), short(package));
        writeln!(text, "pub use generated::{path} as {name};").expect("a string grows");
    }
    text.push_str(
        "\n/// The calls of each service by their names, as a doorway shows them to the doorman.\n",
    );
    text.push_str("pub mod calls {\n");
    for (package, service) in &services {
        let module = format!("{}_{service}", package.replace('.', "_"));
        writeln!(text, "    pub use super::generated::shapes::{module} as {service};")
            .expect("a string grows");
    }
    text.push_str("}\n");
    text
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
    }
}
