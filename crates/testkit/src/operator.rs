//! Accounts as an operator has them: what `sir0 admin` does, wherever accounts runs.

use sir0_accounts::Accounts;
use sir0_kernel::Role;

use crate::{Cluster, Process, person};

/// An operator of a platform.
pub struct Operator<'p>(Tool<'p>);

enum Tool<'p> {
    Here(&'p Accounts),
    Process(&'p Process),
    Cluster(&'p Cluster),
}

impl<'p> Operator<'p> {
    pub(crate) const fn here(accounts: &'p Accounts) -> Self {
        Self(Tool::Here(accounts))
    }

    pub(crate) const fn beside(process: &'p Process) -> Self {
        Self(Tool::Process(process))
    }

    pub(crate) const fn of(cluster: &'p Cluster) -> Self {
        Self(Tool::Cluster(cluster))
    }

    /// Makes an account of this name.
    pub async fn creates(&self, name: &str, role: Role) {
        let email = person::email_of(name);
        let create = ["create", "--email", &email, "--username", name, "--role", role.as_str()];
        match self.0 {
            Tool::Here(accounts) => {
                let made = accounts.create(name, &email, person::PASSWORD, role).await;
                made.expect("a name that is free and good");
            }
            Tool::Process(process) => {
                process.operator(&create, person::PASSWORD).await;
            }
            Tool::Cluster(cluster) => {
                cluster.operator(&create, person::PASSWORD).await;
            }
        }
    }

    /// Makes the link of the first administrator, and answers with its token.
    pub async fn links(&self) -> String {
        let said = match self.0 {
            Tool::Here(accounts) => {
                let path = accounts.setup_path().await.expect("a database that answers");
                path.expect("there is no administrator")
            }
            Tool::Process(process) => process.operator(&["link"], "").await,
            Tool::Cluster(cluster) => cluster.operator(&["link"], "").await,
        };
        let (_, link) = said.split_once("/#setup=").unwrap_or_else(|| panic!("no link in {said}"));
        link.chars().take_while(char::is_ascii_hexdigit).collect()
    }

    /// Changes what the account of this name may do.
    pub async fn grants(&self, name: &str, role: Role) {
        let email = person::email_of(name);
        let grant = ["grant", "--email", &email, "--role", role.as_str()];
        match self.0 {
            Tool::Here(accounts) => {
                accounts.grant(&email, role).await.expect("an account of this name");
            }
            Tool::Process(process) => {
                process.operator(&grant, "").await;
            }
            Tool::Cluster(cluster) => {
                cluster.operator(&grant, "").await;
            }
        }
    }
}
