//! The shape of the workspace, checked: every dependency points to a lower floor, what belongs to one room (SQL, tonic,
//! the environment) stays there, and the rooms of a service name only rooms below them.

mod code;
mod floors;
mod order;
mod rooms;

use anyhow::{Result, bail};

pub(crate) use self::floors::services;

use crate::workspace::Workspace;

/// Prints the floors and every arrow, and fails on whatever breaks a rule.
pub(crate) fn command() -> Result<()> {
    let workspace = Workspace::read()?;
    print!("{}", floors::picture(&workspace.packages));
    for arrow in floors::arrows(&workspace.packages) {
        println!("{arrow}");
    }
    report(&workspace)
}

/// Fails on whatever breaks a rule, and names all of it.
pub(crate) fn check() -> Result<()> {
    report(&Workspace::read()?)
}

fn report(workspace: &Workspace) -> Result<()> {
    let mut faults = floors::faults(&workspace.packages);
    faults.extend(rooms::faults(&workspace.packages)?);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n   "));
    }
    let arrows = floors::arrows(&workspace.packages).len();
    println!("   {arrows} arrows, each points down; every room keeps what is its own");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrow_points_down() {
        let workspace = Workspace::read().expect("cargo knows its workspace");

        assert_eq!(floors::faults(&workspace.packages), Vec::<String>::new());
    }

    #[test]
    fn every_room_keeps_what_is_its_own() {
        let workspace = Workspace::read().expect("cargo knows its workspace");

        let faults = rooms::faults(&workspace.packages).expect("the sources can be read");

        assert_eq!(faults, Vec::<String>::new());
    }
}
