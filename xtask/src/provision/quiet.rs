//! Servers are installed for tests. This keeps Debian from starting them for the machine.

use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// The program that Debian asks whether a service may be started. It is removed again if it is ours.
pub(super) struct NoServices {
    ours: Option<PathBuf>,
}

impl NoServices {
    /// Writes it, unless the machine has a policy.
    pub(super) fn for_now(policy: &Path) -> Result<Self> {
        let made = fs::File::options().write(true).create_new(true).mode(0o755).open(policy);
        let mut made = match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Ok(Self { ours: None });
            }
            made => made.with_context(|| format!("could not make {}", policy.display()))?,
        };
        let this = Self { ours: Some(policy.to_owned()) };
        // 101 is "not allowed".
        made.write_all(b"#!/bin/sh\nexit 101\n")
            .with_context(|| format!("could not write {}", policy.display()))?;
        Ok(this)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(policy) = &self.ours
            && let Err(error) = fs::remove_file(policy)
        {
            println!("   remove {}, it keeps services from starting: {error}", policy.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn services_may_not_start_while_servers_are_installed_and_may_afterwards() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let policy = folder.path().join("policy-rc.d");

        let quiet = NoServices::for_now(&policy).expect("nothing is there");
        let answer = Command::new(&policy).args(["redis-server", "start"]).status();
        drop(quiet);

        assert_eq!(answer.expect("it can be run").code(), Some(101));
        assert!(!policy.exists());
    }

    #[test]
    fn a_policy_of_the_machine_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let policy = folder.path().join("policy-rc.d");
        fs::write(&policy, "its own").expect("an empty folder");

        drop(NoServices::for_now(&policy).expect("it is respected"));

        assert_eq!(fs::read_to_string(policy).expect("it is still there"), "its own");
    }
}
