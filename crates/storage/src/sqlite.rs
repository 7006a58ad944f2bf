//! The embedded engine: one file, one writer at a time, readers beside it.
//!
//! Every write begins with `BEGIN IMMEDIATE` on the one writing connection. A transaction that begins as a reader
//! and then writes fails as "locked" when another got there first; one that begins as a writer waits instead.

use std::{error::Error, fs::File, path::Path, time::Duration};

use sir0_kernel::Timestamp;
use sqlx::{
    Connection, Decode, Encode, Executor, Sqlite, SqliteConnection, SqlitePool, Type,
    encode::IsNull,
    error::BoxDynError,
    sqlite::{
        SqliteArgumentsBuffer, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions,
        SqliteSynchronous, SqliteTypeInfo, SqliteValueRef,
    },
};

use crate::{Error as StorageError, Migration, Numbered, Result, Step, migrations::apply, private};

mod change;
#[expect(clippy::duplicate_mod, reason = "the same SQL for another engine")]
#[path = "event_table.rs"]
mod event_table;
mod file;
#[expect(clippy::duplicate_mod, reason = "the same SQL for another engine")]
#[path = "key_table.rs"]
mod key_table;
mod unit;
#[expect(clippy::duplicate_mod, reason = "the same units of work for another engine")]
#[path = "units.rs"]
mod units;
mod writer;

pub use crate::{
    sqlite_announcing as announcing, sqlite_for_share as for_share, sqlite_for_update as for_update,
};
pub use change::change;
pub use event_table::{Statement, announce, announce_all};
pub use file::backup;
use file::keep_private;
pub(crate) use file::{examine, first_step, judge};
pub use key_table::{keep_answer, take_key};
use unit::On;
pub use unit::Tx;
use writer::Writer;

/// The engine.
pub type Db = Sqlite;

/// A row of an answer.
pub type Row = sqlx::sqlite::SqliteRow;

/// A moment as a column holds it: microseconds since 1970, UTC.
#[derive(Clone, Copy, Debug)]
pub struct At(pub Timestamp);

/// Records an event. One writer at a time makes the row ids follow the order of commits.
pub const ANNOUNCE: &str = "
    INSERT INTO events (kind, payload, announced_at)
    VALUES ($1, $2, $3)";

/// Records events: a JSON array of them, each with what happened and the details.
pub const ANNOUNCE_ALL: &str = "
    INSERT INTO events (kind, payload, announced_at)
    SELECT value ->> 0, value ->> 1, $2
      FROM json_each($1)";

/// Takes an idempotency key. Units of work take turns, so no other one has it.
const TAKE_KEY: &str = "
    SELECT $2 IS NOT NULL,
           EXISTS (SELECT 1 FROM idempotency_keys WHERE key_hash = $1 AND made_at > $3)";

/// How long a writer waits for its turn, and a reader for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
const READERS: u32 = 8;

/// One service's database.
#[derive(Clone, Debug)]
pub struct Database {
    writer: Writer,
    readers: SqlitePool,
}

impl Database {
    /// Opens the file, makes it if it is missing, and brings its schema up to date.
    pub async fn open(file: &Path, migrations: &[Migration]) -> Result<Self> {
        Ok(Self::open_and_report(file, migrations).await?.0)
    }

    /// As [`Self::open`], and tells what was applied.
    pub async fn open_and_report(
        file: &Path,
        migrations: &[Migration],
    ) -> Result<(Self, Vec<Step>)> {
        let steps = migrate(file, migrations).await?;
        let options = options(file);
        let writer = Writer::open(options.clone()).await?;
        // `query_only` and not a read-only file handle: a reader must be able to make the WAL's shared memory.
        let readers = pool_options().connect_lazy_with(options.pragma("query_only", "on"));
        Ok((Self { writer, readers }, steps))
    }

    /// Tells which steps the file has, without changing it or making it.
    pub async fn inspect(file: &Path, migrations: &[Migration]) -> Result<Vec<Step>> {
        file::inspect(file, migrations).await
    }

    /// Begins a unit of work that writes, in a transaction that is shared with no other. If it is dropped without a commit,
    /// nothing is written.
    pub async fn write(&self) -> Result<Tx> {
        Ok(Tx::new(On::Writer(self.writer.alone().await?)))
    }

    /// Begins a unit of work that writes, in a group. It has to be answered at its end, see [`Self::unit`].
    pub async fn begin_unit(&self) -> Result<Tx> {
        Ok(Tx::new(On::Writer(self.writer.unit().await?)))
    }

    /// Begins a unit of work that reads one consistent moment.
    pub async fn snapshot(&self) -> Result<Tx> {
        Ok(Tx::new(On::Reader(self.readers.begin().await?)))
    }

    /// The latest position. Events have theirs when they commit.
    pub async fn number_events(&self) -> Result<Numbered> {
        Ok(Numbered { head: self.event_bounds().await?.head, moved: 0 })
    }

    /// Connections for single reads.
    #[must_use]
    pub fn reader(&self) -> &SqlitePool {
        &self.readers
    }

    /// Whether the database can be read and written. Takes the writer's place for a moment and gives it back.
    pub async fn check(&self) -> Result<()> {
        sqlx::query("SELECT COUNT(*) FROM events WHERE position = 0")
            .execute(&self.readers)
            .await?;
        self.write().await?.roll_back().await
    }

    /// How many connections there are, and how many of them wait for work.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        let idle_writers = usize::from(self.writer.is_idle());
        (1 + self.readers.size(), idle_writers + self.readers.num_idle())
    }

    /// Closes every connection after the running work has ended. The last one folds the log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Makes the file if it is missing, and brings its schema up to date, on a connection that is closed again.
pub async fn migrate(file: &Path, migrations: &[Migration]) -> Result<Vec<Step>> {
    keep_private(file)?;
    // Before the connection: of two that turn a new file to WAL at once, SQLite refuses one without a wait.
    let _turn = wait_for_turn(file).await?;
    let mut connection = SqliteConnection::connect_with(&options(file)).await?;
    let applied = apply(migrations, &mut connection).await;
    connection.close().await?;
    Ok(applied?)
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged write is on the disk: it survives a power cut, not only a killed process.
        .synchronous(SqliteSynchronous::Full)
        .statement_cache_capacity(64)
}

/// Lets one process migrate at a time: a server and an operator's command may both be the first to open the file.
/// The lock goes with the returned file, also when its process is killed.
async fn wait_for_turn(database: &Path) -> Result<File> {
    let path = database.with_extension("migrating");
    let locked = tokio::task::spawn_blocking(move || -> Result<File> {
        let turn = private::open_or_new_file(&path)?;
        turn.lock().map_err(|cause| StorageError::File { file: path, cause })?;
        Ok(turn)
    });
    locked.await.expect("waiting for a lock does not panic")
}

fn pool_options() -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(READERS)
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
        // The usual case: no transaction was open.
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

/// Prepares a statement against a database, without running it: a test checks every statement this way.
pub async fn prepare(database: &Database, sql: &'static str) -> Result<()> {
    let mut connection = database.reader().acquire().await?;
    connection.prepare(sqlx::SqlSafeStr::into_sql_str(sql)).await?;
    connection.clear_cached_statements().await?;
    Ok(())
}

impl Type<Sqlite> for At {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for At {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.0.micros(), buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for At {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(Timestamp::from_micros(Decode::<Sqlite>::decode(value)?)))
    }
}
