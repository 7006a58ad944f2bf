//! Accounts as an operator has them: what `sir0 admin` does, wherever accounts runs.

use sir0_accounts::Accounts;
use sir0_kernel::Role;

use crate::{Cluster, person};

/// An operator of a platform.
pub struct Operator<'p>(Tool<'p>);

enum Tool<'p> {
    Here(&'p Accounts),
    Program(&'p Cluster),
}

impl<'p> Operator<'p> {
    pub(crate) const fn here(accounts: &'p Accounts) -> Self {
        Self(Tool::Here(accounts))
    }

    pub(crate) const fn of(cluster: &'p Cluster) -> Self {
        Self(Tool::Program(cluster))
    }

    /// Makes an account of this name.
    pub async fn creates(&self, name: &str, role: Role) {
        let email = person::email_of(name);
        match self.0 {
            Tool::Here(accounts) => {
                let made = accounts.create(name, &email, person::PASSWORD, role).await;
                made.expect("a name that is free and good");
            }
            Tool::Program(cluster) => {
                let create =
                    ["create", "--email", &email, "--username", name, "--role", role.as_str()];
                cluster.operator(&create, person::PASSWORD).await;
            }
        }
    }

    /// Changes what the account of this name may do.
    pub async fn grants(&self, name: &str, role: Role) {
        let email = person::email_of(name);
        match self.0 {
            Tool::Here(accounts) => {
                accounts.grant(&email, role).await.expect("an account of this name");
            }
            Tool::Program(cluster) => {
                cluster.operator(&["grant", "--email", &email, "--role", role.as_str()], "").await;
            }
        }
    }
}
