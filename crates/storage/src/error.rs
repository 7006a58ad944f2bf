//! What can go wrong with a database, in the few words the rest of the program acts on.

/// An answer of the database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the database. Its text is for the log; clients learn only what kind it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not answer in time, is locked or cannot be reached: trying again later may help.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The disk is full: reads go on, writes do not.
    #[error("the database has no room left")]
    Full(#[source] sqlx::Error),
    /// Something that must be unique is there already. Nothing was written.
    #[error("the row is there already")]
    Taken(#[source] sqlx::Error),
    /// A URL of an engine that is not built in.
    #[error("`{0}` is not a database this program can use, give a `sqlite:` path")]
    UnknownEngine(String),
    /// A schema that could not be brought up to date.
    #[error("the database could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A row that breaks a promise of its table, or a statement that is wrong.
    #[error("the database broke a promise")]
    Broken(#[source] sqlx::Error),
}

impl Error {
    /// A row held something no rule of ours would have written.
    pub fn corrupt(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Broken(sqlx::Error::Decode(Box::new(cause)))
    }
}

impl From<sqlx::Error> for Error {
    fn from(cause: sqlx::Error) -> Self {
        use sqlx::Error as Cause;
        match &cause {
            Cause::Io(_) | Cause::PoolTimedOut | Cause::PoolClosed | Cause::WorkerCrashed => {
                Self::Unavailable(cause)
            }
            Cause::Database(database) if database.is_unique_violation() => Self::Taken(cause),
            // The low byte of SQLite's extended code is the primary one: sqlite.org/rescode.html.
            Cause::Database(database) => match database
                .code()
                .and_then(|code| code.parse::<u32>().ok())
            {
                Some(code) if code & 0xff == 13 => Self::Full(cause),
                Some(code) if matches!(code & 0xff, 5 | 6 | 10 | 14) => Self::Unavailable(cause),
                _ => Self::Broken(cause),
            },
            _ => Self::Broken(cause),
        }
    }
}
