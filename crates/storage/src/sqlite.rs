//! The embedded engine: one file, one writer at a time, readers beside it.
//!
//! Every write begins with `BEGIN IMMEDIATE` on the one writing connection. A transaction that begins as a reader
//! and then writes fails as "locked" when another got there first; one that begins as a writer waits instead.

use std::{error::Error, fs::File, io, path::Path, time::Duration};

use sir0_kernel::Timestamp;
use sqlx::{
    Connection, Executor, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Migration, Result, events, migrations::migrator};

/// The engine.
pub type Db = Sqlite;

/// A unit of work: all of it happens or none.
pub type Tx = Transaction<'static, Sqlite>;

/// How long a writer waits for its turn, and a reader for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const READERS: u32 = 8;

/// One service's database.
#[derive(Clone, Debug)]
pub struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Database {
    /// Opens the file, makes it if it is missing, and brings its schema up to date.
    pub async fn open(file: &Path, migrations: &[Migration]) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged write is on the disk: it survives a power cut, not only a killed process.
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(64);

        let writer = pool_options(1).connect_with(options.clone()).await?;
        {
            let _turn = wait_for_turn(file).await?;
            migrator(migrations).run(&writer).await?;
        }

        // `query_only` and not a read-only file handle: a reader must be able to make the WAL's shared memory.
        let readers = pool_options(READERS).connect_lazy_with(options.pragma("query_only", "on"));
        Ok(Self { writer, readers })
    }

    /// Begins a unit of work that writes. Dropped without a commit, it never was.
    pub async fn write(&self) -> Result<Tx> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Begins a unit of work that reads one consistent moment.
    pub async fn snapshot(&self) -> Result<Tx> {
        Ok(self.readers.begin().await?)
    }

    /// Connections for single reads.
    #[must_use]
    pub fn reader(&self) -> &SqlitePool {
        &self.readers
    }

    /// Whether it can be read and written: takes the writer's place for a moment and gives it back.
    pub async fn check(&self) -> Result<()> {
        sqlx::query("SELECT COUNT(*) FROM events WHERE position = 0")
            .execute(&self.readers)
            .await?;
        Ok(self.write().await?.rollback().await?)
    }

    /// The key that seals the tokens of this database's lists and streams; its migration made it.
    pub async fn sealing_key(&self) -> Result<[u8; 32]> {
        let key: Vec<u8> =
            sqlx::query_scalar("SELECT key FROM sealing_key").fetch_one(&self.readers).await?;
        key.try_into().map_err(|_wrong_length| {
            crate::Error::corrupt(std::io::Error::other("the sealing key is not 32 bytes"))
        })
    }

    /// Closes every connection, after what runs has ended; the last one folds the log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Lets one process migrate at a time: a server and an operator's command may both be the first to open the file.
/// The lock goes with the returned file, also when its process is killed.
async fn wait_for_turn(database: &Path) -> Result<File> {
    let path = database.with_extension("migrating");
    let locked = tokio::task::spawn_blocking(move || {
        let turn = File::options().create(true).truncate(false).write(true).open(path)?;
        turn.lock()?;
        Ok(turn)
    });
    locked
        .await
        .expect("waiting for a lock does not panic")
        .map_err(|error: io::Error| sqlx::Error::Io(error).into())
}

fn pool_options(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(u32::from(connections == 1))
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .max_lifetime(None)
        .after_release(|connection, _| Box::pin(end_open_transaction(connection)))
}

/// Ends a transaction that a cancelled call left open, or answers that the connection is to be closed.
///
/// sqlx 0.9 can hand a connection back inside a transaction when `begin` is cancelled (transact-rs/sqlx 4385, 4393).
/// The next user's write would then join that transaction, be acknowledged, and never be committed. It also keeps
/// counting a transaction that SQLite ended by itself, as it does on a full disk, and then begins no other.
async fn end_open_transaction(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    let is_clean = match connection.execute("ROLLBACK").await {
        Ok(_) => true,
        // The rule, not the exception: there was nothing to end.
        Err(sqlx::Error::Database(error))
            if error.message().contains("no transaction is active") =>
        {
            true
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn Error,
                "a connection could not be cleaned and is closed"
            );
            false
        }
    };
    Ok(is_clean && !connection.is_in_transaction())
}

/// Records an event beside the change it reports.
pub async fn announce(tx: &mut Tx, kind: &str, payload: &str, at: Timestamp) -> Result<()> {
    events::announce(tx, kind, payload, at).await
}

/// Prepares a statement against a database, without running it: a test checks every statement this way.
pub async fn prepare(database: &Database, sql: &'static str) -> Result<()> {
    let mut connection = database.reader().acquire().await?;
    connection.prepare(sqlx::SqlSafeStr::into_sql_str(sql)).await?;
    connection.clear_cached_statements().await?;
    Ok(())
}
