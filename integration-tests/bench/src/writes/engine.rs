//! Where a sir0 keeps its databases: files, or a server that makes every commit durable.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sir0_throwaway::Postgres;

use crate::sir0::Installation;

/// An engine, running.
pub(crate) enum Engine {
    Sqlite,
    Postgres(Postgres),
}

/// Starts a server that writes as one in service does.
pub(crate) async fn durable_postgres() -> Result<Postgres> {
    tokio::task::spawn_blocking(Postgres::start_durable).await.context("PostgreSQL did not start")
}

/// The database of the storefront of this name.
pub(crate) fn storefront(name: &str) -> String {
    format!("{name}_storefront")
}

impl Engine {
    /// As a person calls it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Sqlite => "SQLite".to_owned(),
            Self::Postgres(server) => {
                let told = server.psql("postgres", "SHOW server_version");
                // Debian says more behind a blank.
                format!("PostgreSQL {}", told.split(' ').next().unwrap_or_default())
            }
        }
    }
}

/// Where several are installed on one engine.
pub(crate) struct Home<'e> {
    engine: &'e Engine,
    folder: PathBuf,
}

impl<'e> Home<'e> {
    pub(crate) fn new(engine: &'e Engine, folder: &Path) -> Result<Self> {
        let folder = folder.join(match engine {
            Engine::Sqlite => "on-sqlite",
            Engine::Postgres(_) => "on-postgres",
        });
        std::fs::create_dir_all(&folder).context("could not make a folder")?;
        Ok(Self { engine, folder })
    }

    /// Installs this binary under this name, with empty databases.
    pub(crate) fn install(&self, program: &Path, name: &str) -> Result<Installation> {
        let installation = Installation::new(program, &self.folder.join(name))?;
        let Engine::Postgres(server) = self.engine else { return Ok(installation) };
        let (accounts, storefront) = (format!("{name}_accounts"), storefront(name));
        server.create_database(&accounts);
        server.create_database(&storefront);
        Ok(installation
            .with("SIR0_ACCOUNTS_DATABASE_URL", server.url(&accounts))
            .with("SIR0_STOREFRONT_DATABASE_URL", server.url(&storefront)))
    }
}
