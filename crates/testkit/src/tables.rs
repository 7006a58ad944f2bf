//! Where a service keeps its tables, for stories that break them or make them old.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use sir0_server::SERVICES;
use sir0_throwaway::{Database, database};

/// Where a service keeps its tables.
#[derive(Clone, Debug)]
pub enum Tables {
    /// In this file.
    File(PathBuf),
    /// In the database at this URL.
    Server(String),
}

/// An empty database for each service, by its name. They are gone when this is dropped.
pub(crate) struct Databases(BTreeMap<&'static str, Database>);

impl Databases {
    pub(crate) fn fresh() -> Self {
        Self(SERVICES.iter().map(|service| (service.name, database())).collect())
    }

    /// The settings that name them, as variables of a process.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let of = |(service, database): (&&str, &Database)| {
            let variable = format!("SIR0_{}_DATABASE_URL", service.to_uppercase());
            (variable, database.url().to_owned())
        };
        self.0.iter().map(of).collect()
    }
}

/// Where the storefront's tables are, with these databases or in this folder.
pub(crate) fn of_the_storefront(databases: Option<&Databases>, folder: &Path) -> Tables {
    of("storefront", databases, folder)
}

/// Where the tables of this service are.
pub(crate) fn of(service: &str, databases: Option<&Databases>, folder: &Path) -> Tables {
    match databases {
        Some(databases) => Tables::Server(databases.0[service].url().to_owned()),
        None => Tables::File(folder.join(service).with_extension("db")),
    }
}
