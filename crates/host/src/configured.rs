//! A service with its settings, before it is open.

use std::{
    any::Any,
    fmt::Debug,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Serialize;
use sir0_rpc::{Doorman, Peer, peer::Secret};
use sir0_settings::Misfit;
use sir0_storage::{self as storage, Database, Location, Step};

use crate::{Finding, Ground, Hosted, Service};

/// A service with its settings. Nothing is open yet.
#[tonic::async_trait]
pub trait Configured: Erased + Debug + Send + Sync {
    /// What was known of it before.
    fn service(&self) -> &'static Service;

    /// Refuses settings that do not fit together, with the path of the one to correct.
    fn check(&self) -> Result<(), Misfit> {
        Ok(())
    }

    /// Where its database is to be. No other service shares it.
    fn database(&self) -> storage::DatabaseConfig<'_>;

    /// Where its database is, with this data folder.
    fn location(&self, data_dir: &Path) -> storage::Result<Location> {
        Location::of(self.database(), data_dir, &self.service().file())
    }

    /// Whether its tables are in a file of this machine. It can be told before the location makes sense.
    fn keeps_tables_in_a_file(&self) -> bool {
        self.database().url.is_none_or(|url| !Location::is_postgres(url))
    }

    /// Files besides the database that a backup needs.
    fn key_files(&self, _data_dir: &Path) -> Vec<KeyFile> {
        Vec::new()
    }

    /// A folder of files that never change, besides the database, and its name in a backup. `None` if there is none on
    /// this machine.
    fn folder(&self, _data_dir: &Path) -> Option<(PathBuf, &'static str)> {
        None
    }

    /// What is to be said about its files besides the database. Changes nothing.
    fn examine(&self, _data_dir: &Path) -> Vec<(&'static str, Finding)> {
        Vec::new()
    }

    /// What is to be said about the rows of its tables, which have every step of this version, with the files in this data
    /// folder. Changes nothing.
    async fn inspect(
        &self,
        _location: &Location,
        _data_dir: &Path,
    ) -> storage::Result<Vec<(&'static str, Finding)>> {
        Ok(Vec::new())
    }

    /// Brings its tables up to date, and tells what was applied.
    async fn migrate(&self, location: &Location) -> storage::Result<Vec<Step>> {
        location.migrate(self.service().tables).await
    }

    /// Opens its database and brings its tables up to date. This needs no other service, so that all do it at once.
    async fn connect(&self, data_dir: &Path) -> storage::Result<Database> {
        let service = self.service();
        let (database, steps) = Database::open(&self.location(data_dir)?, service.tables).await?;
        Step::tell_of_newer(service.name, &steps);
        Ok(database)
    }

    /// Opens it on its database.
    async fn open(&self, ground: Ground, database: Database) -> anyhow::Result<Opened>;

    /// Identifies callers by what this service, in another process, tells. `None` for a service that identifies no one.
    fn follow(&self, _peer: Peer, _secret: Arc<Secret>, _ground: &Ground) -> Option<Doorman> {
        None
    }
}

/// A service that has been opened.
pub struct Opened {
    /// The service.
    pub hosted: Arc<dyn Hosted>,
    /// What it identifies callers by, for all services of the process. `None` for a service that identifies no one.
    pub doorman: Option<Doorman>,
}

/// A file that a service needs besides its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// What it is, such as `signing key`.
    pub what: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Its name in a backup.
    pub name: &'static str,
    /// Whether it is kept in the data folder because no setting says where it is.
    pub is_in_data_dir: bool,
}

/// What every type of settings has, so that it can stand behind `dyn Configured`.
pub trait Erased: Any {
    /// A copy of the settings.
    fn boxed(&self) -> Box<dyn Configured>;
    /// The settings as a page and a test read them.
    fn to_json(&self) -> serde_json::Value;
}

impl<C: Configured + Clone + Serialize + Any> Erased for C {
    fn boxed(&self) -> Box<dyn Configured> {
        Box::new(self.clone())
    }

    fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("settings are plain values")
    }
}
