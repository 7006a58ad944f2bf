//! Which crate stands on which floor. A crate leans only on crates of lower floors, so services never know
//! each other and nothing goes round in circles. A service has its floor by what it is, and the crate of a package of the
//! contract by its name: neither is named here.

use std::fmt;

use crate::workspace::Package;

/// From the ground up, as ARCHITECTURE shows them.
const FLOORS: &[&[&str]] = &[
    &["sir0-coding"],
    &["sir0-kernel", "sir0-settings", "sir0-transcoding", "sir0-contract-build", "sir0-throwaway"],
    // The crate of every package of the contract stands here too.
    &[
        "sir0-search",
        "sir0-media",
        "sir0-sample-contract",
        "sir0-storage",
        "sir0-redis",
        "sir0-tokens",
        "sir0-telemetry",
    ],
    &["sir0-contract", "sir0-rpc", "sir0-feed"],
    &["sir0-host"],
    // Every service stands here too.
    &["sir0-port"],
    &["sir0-server"],
    &["sir0", "sir0-testkit"],
    // Above everything: they look at the house from outside.
    &["sir0-integration-tests", "sir0-bench", "sir0-drills", "xtask"],
];

/// Where the crates of packages of the contract stand.
const PACKAGES: usize = 2;
/// Where services stand.
const SERVICES: usize = 5;

/// Packages that stand low so that every test can lean on them. Nothing else may lean on them.
const FOR_TESTS: &[&str] = &["sir0-throwaway", "sir0-sample-contract"];
/// From here up all is for tests and chores.
const FIRST_OUTSIDE: &str = "sir0-testkit";

/// One package leaning on another.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arrow<'p> {
    from: &'p str,
    to: &'p str,
    points_down: bool,
}

impl fmt::Display for Arrow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.points_down { "→" } else { "✗" };
        write!(f, "{:<22} {mark} {}", self.from, self.to)
    }
}

/// Every arrow between packages of the workspace.
pub(crate) fn arrows(packages: &[Package]) -> Vec<Arrow<'_>> {
    let mut arrows = Vec::new();
    for from in packages {
        for to in packages.iter().filter(|to| from.uses.contains(&to.name)) {
            // A package may use the messages of another one. Cargo refuses circles of them.
            let between_packages = is_package(&from.name) && is_package(&to.name);
            let is_lower = floor(to).is_some() && floor(to) < floor(from);
            let points_down = is_lower || between_packages;
            arrows.push(Arrow { from: &from.name, to: &to.name, points_down });
        }
    }
    arrows
}

/// What breaks the rule, in words.
pub(crate) fn faults(packages: &[Package]) -> Vec<String> {
    let homeless = packages.iter().filter(|package| floor(package).is_none()).map(|package| {
        format!(
            "{} stands on no floor: give it one in xtask/src/arrows/floors.rs, or a room `host` if it is a service",
            package.name
        )
    });
    let wrong = arrows(packages)
        .into_iter()
        .filter(|arrow| !arrow.points_down)
        .map(|arrow| format!("{} uses {}, which is not on a lower floor", arrow.from, arrow.to));
    homeless.chain(wrong).chain(packages.iter().flat_map(shipped_test_tools)).collect()
}

/// Test tools that would be part of the program.
fn shipped_test_tools(package: &Package) -> impl Iterator<Item = String> {
    let inside = floor(package) < floor_of(FIRST_OUTSIDE);
    let shipped = package.builds_with.iter().filter(|name| FOR_TESTS.contains(&name.as_str()));
    shipped.filter(move |_| inside).map(|name| {
        format!("{} builds with {name}, which is for tests: a dev-dependency", package.name)
    })
}

/// The floors from the top down, with the packages that exist.
pub(crate) fn picture(packages: &[Package]) -> String {
    let mut lines: Vec<String> = (0..FLOORS.len())
        .map(|number| {
            let here = packages.iter().filter(|package| floor(package) == Some(number));
            let names: Vec<&str> = here.map(|package| &*package.name).collect();
            (number, names.join("  "))
        })
        .filter(|(_, names)| !names.is_empty())
        .map(|(floor, names)| format!(" floor {floor}  {names}\n"))
        .collect();
    lines.reverse();
    lines.concat()
}

/// The services, by the names of their packages.
pub(crate) fn services(packages: &[Package]) -> impl Iterator<Item = &str> {
    packages.iter().filter(|it| floor_of(&it.name).is_none() && it.has_host).map(|it| &*it.name)
}

fn floor(package: &Package) -> Option<usize> {
    floor_of(&package.name).or_else(|| package.has_host.then_some(SERVICES))
}

fn floor_of(name: &str) -> Option<usize> {
    let named = FLOORS.iter().position(|names| names.contains(&name));
    named.or_else(|| is_package(name).then_some(PACKAGES))
}

/// Whether it is the crate of a package of the contract.
pub(super) fn is_package(name: &str) -> bool {
    name.starts_with("sir0-contract-") && name != "sir0-contract-build"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, uses: &[&str]) -> Package {
        let uses: Vec<_> = uses.iter().copied().map(str::to_owned).collect();
        let builds_with = uses.clone();
        Package {
            name: name.to_owned(),
            folder: "nowhere".into(),
            uses,
            builds_with,
            has_host: ["sir0-accounts", "sir0-storefront"].contains(&name),
        }
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
    fn a_package_of_the_contract_may_use_another_and_is_no_service() {
        let packages = [
            package("sir0-contract-orders", &["sir0-contract-money"]),
            package("sir0-contract-money", &[]),
        ];

        assert!(faults(&packages).is_empty());
        assert_eq!(services(&packages).count(), 0);
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
