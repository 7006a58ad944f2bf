//! Where a database is, as an operator writes it.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use sir0_kernel::Timestamp;

use crate::{Error, Migrations, Result, Serving, Step, postgres, private::Reach, serving, sqlite};

/// Where a database is: a file of the embedded engine, or a PostgreSQL server.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A database of a server.
    Postgres(Box<postgres::Address>),
}

/// What an operator says about a database.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseConfig<'a> {
    /// `sqlite:PATH`, a bare path, or `postgres://USER@HOST:PORT/NAME`.
    pub url: Option<&'a str>,
    /// A file that holds the password, so that it stands in no variable and no list of processes.
    pub password_file: Option<&'a Path>,
    /// How many connections one process may have. Only a server counts them.
    pub connections: u32,
}

impl Location {
    /// Reads what an operator says; without a URL it is `name` in the data folder.
    pub fn of(config: DatabaseConfig<'_>, data_dir: &Path, name: &str) -> Result<Self> {
        let Some(url) = config.url else { return Ok(Self::Sqlite(data_dir.join(name))) };
        if Self::is_postgres(url) {
            let address = postgres::Address::read(url, config.password_file, config.connections)?;
            return Ok(Self::Postgres(Box::new(address)));
        }
        let path = url.strip_prefix("sqlite:").unwrap_or(url);
        let path = path.strip_prefix("//").unwrap_or(path);
        match path.split_once("://") {
            Some((engine, _)) => Err(Error::UnknownEngine(engine.to_owned())),
            None => Ok(Self::Sqlite(path.into())),
        }
    }

    /// Whether a URL names a PostgreSQL server. Every other URL names a file of this machine, `postgres.db` too.
    #[must_use]
    pub fn is_postgres(url: &str) -> bool {
        url.starts_with("postgres:") || url.starts_with("postgresql:")
    }
}

impl Location {
    /// Brings the schema up to date, tells what was applied, and leaves nothing open.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<Vec<Step>> {
        match self {
            Self::Sqlite(file) => sqlite::migrate(file, migrations.sqlite).await,
            Self::Postgres(address) => postgres::migrate(address, migrations.postgres).await,
        }
    }

    /// Tells which steps the schema has, and changes nothing.
    pub async fn inspect(&self, migrations: &Migrations) -> Result<Vec<Step>> {
        match self {
            Self::Sqlite(file) => sqlite::Database::inspect(file, migrations.sqlite).await,
            Self::Postgres(address) => {
                postgres::Database::inspect(address, migrations.postgres).await
            }
        }
    }

    /// Looks at it as a doctor does, and changes nothing.
    pub async fn examine(&self) -> Result<Examination> {
        match self {
            Self::Sqlite(file) => sqlite::examine(file).await,
            Self::Postgres(address) => postgres::examine(address).await,
        }
    }

    /// Lists its files that not only their owner can reach, each with its [`Reach`]. Always empty for a server.
    pub fn judge(&self) -> Result<Vec<(PathBuf, Reach)>> {
        match self {
            Self::Sqlite(file) => sqlite::judge(file),
            Self::Postgres(_) => Ok(Vec::new()),
        }
    }

    /// Takes the right to serve a file, which one process has at a time. `None` for a server, which many processes
    /// share.
    pub async fn serve(&self) -> Result<Option<Serving>> {
        match self {
            Self::Sqlite(file) => Serving::of(file).await.map(Some),
            Self::Postgres(_) => Ok(None),
        }
    }

    /// The process that serves the file now, if there is one. Always `None` for a server.
    pub fn served_by(&self) -> Result<Option<String>> {
        match self {
            Self::Sqlite(file) => {
                serving::server_of(file).map_err(|cause| Error::File { file: file.clone(), cause })
            }
            Self::Postgres(_) => Ok(None),
        }
    }

    /// The name of the first step of its schema, which shows the service that the database belongs to. `None` when the
    /// schema has no step, or the file is not there.
    pub async fn first_step(&self) -> Result<Option<String>> {
        match self {
            Self::Sqlite(file) => sqlite::first_step(file).await,
            Self::Postgres(address) => postgres::first_step(address).await,
        }
    }
}

impl fmt::Display for Location {
    /// Where it is, without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => {
                let whole = std::path::absolute(file);
                write!(f, "{}", whole.as_deref().unwrap_or(file).display())
            }
            Self::Postgres(address) => address.fmt(f),
        }
    }
}

/// What a look at a database tells.
#[derive(Clone, Debug)]
pub struct Examination {
    /// The engine and its version.
    pub engine: String,
    /// How long it took to connect and to answer.
    pub took: Duration,
    /// The time there, if the database has its own clock.
    pub clock: Option<Timestamp>,
    /// Whether it can be written.
    pub is_writable: bool,
    /// How many connections it has, and how many it could have.
    pub connections: Option<(i64, i64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_a_file_or_a_server_and_nothing_else() {
        let location = |url| {
            let config = DatabaseConfig { url, password_file: None, connections: 10 };
            Location::of(config, Path::new("data"), "games.db").ok()
        };
        let file = |url| match location(url) {
            Some(Location::Sqlite(file)) => file,
            other => panic!("{other:?} is no file"),
        };

        assert_eq!(file(None), Path::new("data/games.db"));
        assert_eq!(file(Some("sqlite:/var/lib/games.db")), Path::new("/var/lib/games.db"));
        assert_eq!(file(Some("sqlite:///var/lib/games.db")), Path::new("/var/lib/games.db"));
        assert_eq!(file(Some("games.db")), Path::new("games.db"));
        assert_eq!(file(Some("postgres.db")), Path::new("postgres.db"));
        assert!(matches!(
            location(Some("postgres://sir0@db:5432/games")),
            Some(Location::Postgres(_))
        ));
        assert!(location(Some("mysql://localhost/games")).is_none());
        assert!(location(Some("postgres://db:no-port/games")).is_none());
    }
}
