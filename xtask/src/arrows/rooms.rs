//! What belongs to one room: SQL to `db`, tonic to the doorways, the environment to the server.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{code::Code, floors, order};
use crate::workspace::Package;

/// Something that only some rooms may name.
struct Rule {
    what: &'static str,
    named_in: fn(&Code) -> bool,
    /// Packages that may name it anywhere.
    packages: &'static [&'static str],
    /// Rooms of any package that may name it: a file of this name, or anything in a folder of this name.
    rooms: &'static [&'static str],
    /// Crates that only these rooms have a use for.
    dependencies: fn(&str) -> bool,
}

const RULES: &[Rule] = &[
    Rule {
        what: "sqlx",
        named_in: |code| code.names(is_sqlx),
        packages: &["sir0-storage"],
        rooms: &["db"],
        dependencies: is_sqlx,
    },
    Rule {
        what: "tonic",
        named_in: |code| code.names(is_tonic),
        packages: &[
            "sir0-server",
            "sir0-port",
            "sir0-host",
            "sir0-rpc",
            "sir0-contract-build",
            "sir0-sample-contract",
            "sir0-transcoding",
        ],
        rooms: &["service", "convert", "host"],
        dependencies: is_tonic,
    },
    Rule {
        what: "redis",
        // Fields and variables have the name too. Without the dependency no code reaches the crate.
        named_in: |_| false,
        packages: &["sir0-redis"],
        rooms: &[],
        dependencies: is_redis,
    },
    Rule {
        what: "std::env",
        named_in: |code| code.names_in("std", "env"),
        // A build script learns from its environment where to write.
        packages: &["sir0-server", "sir0-contract-build", "sir0-coding"],
        rooms: &[],
        dependencies: |_| false,
    },
];

/// Packages that look at the platform from outside, or furnish it for a test.
const OUTSIDE: &[&str] = &[
    "sir0-integration-tests",
    "sir0-bench",
    "sir0-drills",
    "sir0-testkit",
    "sir0-throwaway",
    "xtask",
];

fn is_sqlx(name: &str) -> bool {
    name == "sqlx" || name.starts_with("sqlx_")
}

fn is_redis(name: &str) -> bool {
    name == "redis"
}

fn is_tonic(name: &str) -> bool {
    name == "tonic" || name.starts_with("tonic_")
}

/// What breaks a rule, in words.
pub(crate) fn faults(packages: &[Package]) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    // What stands in the crate of a package of the contract is generated.
    let is_free = |name| OUTSIDE.contains(&name) || floors::is_package(name);
    for package in packages.iter().filter(|package| !is_free(&package.name)) {
        let sources = sources(&package.folder.join("src"))?;
        if package.has_host {
            faults.extend(order::faults(&package.name, &sources));
        }
        for rule in RULES.iter().filter(|rule| !rule.packages.contains(&package.name.as_str())) {
            faults.extend(rule.faults(package, &sources));
        }
    }
    Ok(faults)
}

impl Rule {
    fn faults(&self, package: &Package, sources: &[(PathBuf, Code)]) -> Vec<String> {
        let has_room = sources.iter().any(|(path, _)| self.allows(path));
        let useless = package
            .uses
            .iter()
            .filter(|used| !has_room && (self.dependencies)(&used.replace('-', "_")))
            .map(|used| format!("{} depends on {used} and has no room for it", package.name));
        let misplaced =
            sources.iter().filter(|(path, code)| !self.allows(path) && (self.named_in)(code)).map(
                |(path, _)| format!("{}: src/{} names {}", package.name, path.display(), self.what),
            );
        useless.chain(misplaced).collect()
    }

    fn allows(&self, path: &Path) -> bool {
        let rooms = path.iter().filter_map(|part| Path::new(part).file_stem()?.to_str());
        rooms.into_iter().any(|room| self.rooms.contains(&room))
    }
}

/// Every Rust file below this folder, with its path from there.
fn sources(top: &Path) -> Result<Vec<(PathBuf, Code)>> {
    let mut found = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .with_context(|| format!("could not look into {}", folder.display()))?;
        for entry in entries {
            let path = entry.context("could not look into a folder")?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path)
                    .with_context(|| format!("could not read {}", path.display()))?;
                let path = path.strip_prefix(top).expect("found below it").to_owned();
                found.push((path, Code::read(&text)));
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(name: &str, uses: &[&str], sources: &[(&str, &str)]) -> Vec<String> {
        let uses: Vec<_> = uses.iter().copied().map(str::to_owned).collect();
        let builds_with = uses.clone();
        let package = Package {
            name: name.to_owned(),
            folder: PathBuf::new(),
            uses,
            builds_with,
            has_host: false,
        };
        let sources: Vec<_> =
            sources.iter().map(|(path, text)| (PathBuf::from(path), Code::read(text))).collect();
        RULES
            .iter()
            .filter(|rule| !rule.packages.contains(&name))
            .flat_map(|rule| rule.faults(&package, &sources))
            .collect()
    }

    #[test]
    fn sql_outside_its_room_is_caught() {
        let in_rules = [("db/games.rs", "use sqlx::Row;"), ("domain.rs", "use sqlx::Row;")];

        let faults = faults_of("sir0-storefront", &["sqlx"], &in_rules);

        assert_eq!(faults, ["sir0-storefront: src/domain.rs names sqlx"]);
    }

    #[test]
    fn tonic_outside_the_doorway_is_caught() {
        let sources = [
            ("service/users.rs", "use tonic::Status;"),
            ("convert/users.rs", "fn f() -> tonic::Status {}"),
            ("work/users.rs", "fn f() -> tonic_types::ErrorDetails {}"),
        ];

        let faults = faults_of("sir0-accounts", &["tonic"], &sources);

        assert_eq!(faults, ["sir0-accounts: src/work/users.rs names tonic"]);
    }

    #[test]
    fn the_environment_outside_the_server_is_caught() {
        let grouped = [("config.rs", "use std::{collections::BTreeMap, env};")];

        assert_eq!(faults_of("sir0-feed", &[], &grouped).len(), 1);
        assert_eq!(faults_of("sir0-server", &[], &grouped).len(), 0);
    }

    #[test]
    fn a_dependency_without_a_room_for_it_is_caught() {
        let faults = faults_of("sir0-kernel", &["sqlx", "tonic-types"], &[("lib.rs", "")]);

        assert_eq!(
            faults,
            [
                "sir0-kernel depends on sqlx and has no room for it",
                "sir0-kernel depends on tonic-types and has no room for it",
            ]
        );
    }

    #[test]
    fn words_in_comments_and_texts_harm_no_one() {
        let sources = [("lib.rs", "//! Knows no sqlx::Row.\nconst S: &str = \"std::env\";")];

        assert!(faults_of("sir0-kernel", &[], &sources).is_empty());
    }
}
