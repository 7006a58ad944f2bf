//! Where a service keeps its tables, for stories that break them or make them old.

use std::path::{Path, PathBuf};

use sir0_server::Config;
use sir0_throwaway::{Database, database};

/// Where a service keeps its tables.
#[derive(Clone, Debug)]
pub enum Tables {
    /// In this file.
    File(PathBuf),
    /// In the database at this URL.
    Server(String),
}

/// An empty database for each service. They are gone when this is dropped.
pub(crate) struct Databases {
    pub(crate) accounts: Database,
    pub(crate) storefront: Database,
}

impl Databases {
    pub(crate) fn fresh() -> Self {
        Self { accounts: database(), storefront: database() }
    }

    /// Sets a platform in this process to use them.
    pub(crate) fn place(&self, config: &mut Config) {
        config.accounts.database = Some(self.accounts.url().to_owned());
        config.storefront.database = Some(self.storefront.url().to_owned());
    }

    /// The same settings, as the variables of a separate process.
    pub(crate) fn variables(&self) -> [(String, String); 2] {
        [
            ("SIR0_ACCOUNTS_DATABASE_URL".to_owned(), self.accounts.url().to_owned()),
            ("SIR0_STOREFRONT_DATABASE_URL".to_owned(), self.storefront.url().to_owned()),
        ]
    }
}

/// Where the storefront's tables are, with these databases or in this folder.
pub(crate) fn of_the_storefront(databases: Option<&Databases>, folder: &Path) -> Tables {
    match databases {
        Some(databases) => Tables::Server(databases.storefront.url().to_owned()),
        None => Tables::File(folder.join("storefront.db")),
    }
}
