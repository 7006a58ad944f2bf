//! What can go wrong with a database, in the few words the rest of the program acts on.

use std::{io, iter::successors, path::PathBuf, sync::Arc};

use crate::{once::Lost, private};

/// An answer of the database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the database. Its text is for the log; clients learn only what kind it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not answer in time, is locked or cannot be reached. Trying again later may help.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The disk is full: reads go on, writes do not.
    #[error("the database has no room left")]
    Full(#[source] sqlx::Error),
    /// The transaction that a change shared with others failed. Nothing of it was written.
    #[error("the transaction that was shared with other changes failed")]
    Group(#[source] Arc<Error>),
    /// Something that must be unique is there already. Nothing was written.
    #[error("the row is there already")]
    Taken(#[source] sqlx::Error),
    /// The call has an idempotency key that another call used before, or is using. Nothing was written.
    #[error("another call has the key of this one")]
    Repeated(Lost),
    /// It answers, but only reads: a standby that was not promoted yet.
    #[error("the database is a read-only copy of another")]
    ReadOnly,
    /// A URL of an engine that is not built in.
    #[error(
        "`{0}` is not a database this program can use, give a `sqlite:` path or a `postgres:` URL"
    )]
    UnknownEngine(String),
    /// A URL that cannot be read.
    #[error("the database URL cannot be read, write `postgres://USER@HOST:PORT/NAME`")]
    BadUrl(#[source] sqlx::Error),
    /// The file that should hold the password.
    #[error("the password file {} cannot be read", file.display())]
    NoPassword {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The file cannot be opened or made.
    #[error("the database file {} cannot be opened", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Others may reach the file.
    #[error(transparent)]
    NotPrivate(#[from] private::Error),
    /// Another process serves the file.
    #[error("the database {} is served by another process already (id {process})", file.display())]
    Served {
        /// The file.
        file: PathBuf,
        /// The process that serves it.
        process: String,
    },
    /// The file is damaged, or is no database.
    #[error("the database file is damaged, or is no database")]
    Damaged(#[source] sqlx::Error),
    /// The server does not let this user in.
    #[error("the database server refuses this user or this password")]
    Denied(#[source] sqlx::Error),
    /// The server runs, and has no database of this name.
    #[error("the server has no such database")]
    NoDatabase(#[source] sqlx::Error),
    /// Each transaction may run in another session than the one before.
    #[error(
        "in front of the database is a pooler in transaction mode, which loses the prepared statements, the bounds \
         and the notices of a session"
    )]
    Pooled,
    /// A schema that could not be brought up to date.
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row that breaks a promise of its table, or a statement that is wrong.
    #[error("the database broke a promise")]
    Broken(#[source] sqlx::Error),
}

impl Error {
    /// Whether trying again later may help.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Group(cause) => cause.is_passing(),
            _ => matches!(self, Self::Unavailable(_) | Self::Full(_) | Self::ReadOnly),
        }
    }

    /// Whether a unit of work ended because the database failed. Otherwise it refused, for what it read or found taken.
    pub(crate) fn is_failure(answer: &(dyn std::error::Error + 'static)) -> bool {
        successors(Some(answer), |cause| cause.source())
            .filter_map(|cause| cause.downcast_ref())
            .any(|cause| !matches!(cause, Self::Taken(_) | Self::Repeated(_)))
    }

    /// What an operator can do about it.
    #[must_use]
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Group(cause) => cause.cure(),
            Self::Unavailable(_) => "check that it runs, its address, and the network between",
            Self::Full(_) => "make room on its disk",
            Self::ReadOnly => "promote the standby, or name the server that it follows",
            Self::UnknownEngine(_) | Self::BadUrl(_) => "correct its URL in the settings",
            Self::NoPassword { .. } => "check the name of the file and who may read it",
            Self::File { .. } => "check its name, its owner, and that its folder is there",
            Self::NotPrivate(_) => "everyone who could read it may know password hashes and keys",
            Self::Served { .. } => {
                "end that process, or give this one another data folder; several processes share PostgreSQL"
            }
            Self::Damaged(_) => "restore it from a backup, see docs/backup.md",
            Self::Denied(_) => {
                "check the user in its URL, the password, and the server's pg_hba.conf"
            }
            Self::NoDatabase(_) => {
                "make it on the server (`createdb`), or correct the name in its URL"
            }
            Self::Pooled => {
                "let the pooler lend sessions (`pool_mode = session`), or connect without it"
            }
            Self::Migrate(sqlx::migrate::MigrateError::VersionMismatch(_)) => {
                "run the version that made these tables, or restore them from a backup"
            }
            Self::Migrate(sqlx::migrate::MigrateError::Dirty(_)) => {
                "a step was broken off: restore the tables from a backup"
            }
            Self::Migrate(_) | Self::Taken(_) | Self::Repeated(_) | Self::Broken(_) => {
                "the text above is what the database said; please report it if it makes no sense"
            }
        }
    }

    /// A row held a value that our rules never write.
    pub fn corrupt(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Broken(sqlx::Error::Decode(Box::new(cause)))
    }
}

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        use sqlx::Error as Cause;
        match &cause {
            Cause::Io(_)
            | Cause::Tls(_)
            // The server broke off in the middle of a message.
            | Cause::Protocol(_)
            | Cause::PoolTimedOut
            | Cause::PoolClosed
            | Cause::WorkerCrashed => Self::Unavailable(cause),
            Cause::Database(database) if database.is_unique_violation() => Self::Taken(cause),
            Cause::Database(database) => match kind(database.code().as_deref().unwrap_or_default()) {
                Kind::Unavailable => Self::Unavailable(cause),
                Kind::Full => Self::Full(cause),
                Kind::Damaged => Self::Damaged(cause),
                Kind::Denied => Self::Denied(cause),
                Kind::NoDatabase => Self::NoDatabase(cause),
                Kind::Broken => Self::Broken(cause),
            },
            _ => Self::Broken(cause),
        }
    }
}

enum Kind {
    Unavailable,
    Full,
    Damaged,
    Denied,
    NoDatabase,
    Broken,
}

fn kind(code: &str) -> Kind {
    match code {
        // PostgreSQL, appendix A: five characters, of which the first two are the class.
        "53100" => Kind::Full,
        // A lock or a statement took too long, a deadlock was broken, the server is read-only after a failover.
        "55P03" | "57014" | "40P01" | "40001" | "25006" => Kind::Unavailable,
        "3D000" => Kind::NoDatabase,
        code if code.len() == 5 => match &code[..2] {
            // Connections; resources; an operator stops or restarts the server.
            "08" | "53" | "57" => Kind::Unavailable,
            "28" => Kind::Denied,
            _ => Kind::Broken,
        },
        // SQLite: the low byte of the extended code is the primary one (sqlite.org/rescode.html).
        code => match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(13) => Kind::Full,
            Ok(11 | 26) => Kind::Damaged,
            Ok(5 | 6 | 10 | 14) => Kind::Unavailable,
            _ => Kind::Broken,
        },
    }
}
