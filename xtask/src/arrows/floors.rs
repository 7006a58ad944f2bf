//! Which crate stands on which floor. A crate leans only on crates of lower floors, so services never know
//! each other and nothing goes round in circles.

use std::fmt;

use crate::workspace::Package;

/// From the ground up, as ARCHITECTURE shows them.
const FLOORS: &[&[&str]] = &[
    &["sir0-kernel", "sir0-transcoding", "sir0-contract-build", "sir0-throwaway"],
    &[
        "sir0-contract",
        "sir0-sample-contract",
        "sir0-storage",
        "sir0-redis",
        "sir0-tokens",
        "sir0-telemetry",
    ],
    &["sir0-rpc", "sir0-feed"],
    &["sir0-accounts", "sir0-storefront"],
    &["sir0-server"],
    &["sir0-testkit"],
    // Above everything: they look at the house from outside.
    &["sir0-integration-tests", "sir0-bench", "sir0-drills", "xtask"],
];

/// Packages that stand low so that every test can lean on them. Nothing else may lean on them.
const FOR_TESTS: &[&str] = &["sir0-throwaway", "sir0-sample-contract"];
/// From here up all is for tests and chores.
const FIRST_OUTSIDE: &str = "sir0-testkit";

/// One package leaning on another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arrow<'p> {
    from: &'p str,
    to: &'p str,
}

impl fmt::Display for Arrow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.points_down() { "→" } else { "✗" };
        write!(f, "{:<22} {mark} {}", self.from, self.to)
    }
}

impl Arrow<'_> {
    fn points_down(&self) -> bool {
        match (floor(self.from), floor(self.to)) {
            (Some(from), Some(to)) => to < from,
            _ => false,
        }
    }
}

/// Every arrow between packages of the workspace.
pub(crate) fn arrows(packages: &[Package]) -> Vec<Arrow<'_>> {
    let ours = |name: &String| packages.iter().any(|package| package.name == *name);
    packages
        .iter()
        .flat_map(|package| {
            let to = package.uses.iter().filter(move |name| ours(name));
            to.map(|to| Arrow { from: &package.name, to })
        })
        .collect()
}

/// What breaks the rule, in words.
pub(crate) fn faults(packages: &[Package]) -> Vec<String> {
    let homeless =
        packages.iter().filter(|package| floor(&package.name).is_none()).map(|package| {
            format!(
                "{} stands on no floor, give it one in xtask/src/arrows/floors.rs",
                package.name
            )
        });
    let wrong = arrows(packages)
        .into_iter()
        .filter(|arrow| floor(arrow.from).is_some() && !arrow.points_down())
        .map(|arrow| format!("{} uses {}, which is not on a lower floor", arrow.from, arrow.to));
    homeless.chain(wrong).chain(packages.iter().flat_map(shipped_test_tools)).collect()
}

/// Test tools that would be part of the program.
fn shipped_test_tools(package: &Package) -> impl Iterator<Item = String> {
    let inside = floor(&package.name) < floor(FIRST_OUTSIDE);
    let shipped = package.builds_with.iter().filter(|name| FOR_TESTS.contains(&name.as_str()));
    shipped.filter(move |_| inside).map(|name| {
        format!("{} builds with {name}, which is for tests: a dev-dependency", package.name)
    })
}

/// The floors from the top down, with the packages that exist.
pub(crate) fn picture(packages: &[Package]) -> String {
    let exists = |name: &&&str| packages.iter().any(|package| package.name == **name);
    let mut lines: Vec<String> = FLOORS
        .iter()
        .enumerate()
        .map(|(floor, names)| {
            let names: Vec<&str> = names.iter().filter(exists).copied().collect();
            (floor, names.join("  "))
        })
        .filter(|(_, names)| !names.is_empty())
        .map(|(floor, names)| format!(" floor {floor}  {names}\n"))
        .collect();
    lines.reverse();
    lines.concat()
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|names| names.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, uses: &[&str]) -> Package {
        let uses: Vec<_> = uses.iter().copied().map(str::to_owned).collect();
        let builds_with = uses.clone();
        Package { name: name.to_owned(), folder: "nowhere".into(), uses, builds_with }
    }

    #[test]
    fn an_arrow_up_is_caught() {
        let packages = [package("sir0-kernel", &["sir0-storage"]), package("sir0-storage", &[])];

        let faults = faults(&packages);

        assert_eq!(faults, ["sir0-kernel uses sir0-storage, which is not on a lower floor"]);
    }

    #[test]
    fn services_that_know_each_other_are_caught() {
        let packages =
            [package("sir0-accounts", &["sir0-storefront"]), package("sir0-storefront", &[])];

        assert_eq!(faults(&packages).len(), 1);
    }

    #[test]
    fn a_crate_without_a_floor_is_caught() {
        let packages = [package("sir0-attic", &["sir0-kernel"]), package("sir0-kernel", &[])];

        let faults = faults(&packages);

        assert!(faults[0].starts_with("sir0-attic stands on no floor"));
    }

    #[test]
    fn what_is_for_tests_is_caught_in_the_program_and_nowhere_else() {
        let throwaway = package("sir0-throwaway", &[]);
        let shipped = package("sir0-storage", &["sir0-throwaway"]);
        let tested = Package { builds_with: Vec::new(), ..shipped.clone() };
        let chores = package("xtask", &["sir0-throwaway"]);

        assert_eq!(
            faults(&[throwaway.clone(), shipped]),
            ["sir0-storage builds with sir0-throwaway, which is for tests: a dev-dependency"]
        );
        assert!(faults(&[throwaway, tested, chores]).is_empty());
    }

    #[test]
    fn leaning_on_what_others_made_is_no_arrow() {
        let packages = [package("sir0-kernel", &["ulid"])];

        assert!(arrows(&packages).is_empty());
        assert!(faults(&packages).is_empty());
    }
}
