//! PostgreSQL: many writers at once, on any number of machines.
//!
//! Statements run in READ COMMITTED, so a unit of work never writes on the strength of an earlier plain read. It
//! changes rows under a condition in the statement, or reads them `FOR UPDATE`.

use std::{fmt, path::Path, str::FromStr};

use sir0_kernel::read_secret;
use sqlx::{
    Connection, Executor, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgListener},
};

use crate::{
    Error as StorageError, Examination, Migration, Result, Step,
    migrations::{FIRST_STEP, apply, inspect, is_no_table},
};

#[path = "event_table.rs"]
mod event_table;
mod moment;
mod pool;
mod session;

pub use crate::{postgres_for_share as for_share, postgres_for_update as for_update};
pub use event_table::announce;
pub use moment::At;
use session::{Session, connect, connect_in_time, refuse_lent_transactions};

/// The engine.
pub type Db = Postgres;

/// A row of an answer.
pub type Row = sqlx::postgres::PgRow;

/// A unit of work: all of it happens or none.
pub type Tx = Transaction<'static, Postgres>;

/// Records an event. A sequence alone would number the events in the order in which they are written, and a reader
/// could pass a number whose transaction commits later. Here each event waits for the commit of the one before it.
pub const ANNOUNCE: &str = "
      WITH next AS (UPDATE feed_head SET position = position + 1 RETURNING position)
    INSERT INTO events (position, kind, payload, announced_at)
    SELECT position, $1, $2, $3
      FROM next
 RETURNING position";

/// Where a database is.
#[derive(Clone, Debug)]
pub struct Address {
    options: PgConnectOptions,
    connections: u32,
}

impl Address {
    /// Reads a URL, and the password from its file.
    pub(crate) fn read(url: &str, password_file: Option<&Path>, connections: u32) -> Result<Self> {
        let mut options = PgConnectOptions::from_str(url).map_err(StorageError::BadUrl)?;
        if let Some(file) = password_file {
            let password = std::fs::File::open(file)
                .and_then(read_secret)
                .map_err(|cause| StorageError::NoPassword { file: file.to_owned(), cause })?;
            options = options.password(&password);
        }
        // A pooler passes on only settings that it knows, so the others are made in the session, see `session`.
        let options =
            options.application_name("sir0").extra_float_digits(None).statement_cache_capacity(128);
        Ok(Self { options, connections: connections.max(4) })
    }
}

impl fmt::Display for Address {
    /// Where it is, without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let it = &self.options;
        let (user, host, port) = (it.get_username(), it.get_host(), it.get_port());
        write!(f, "postgres://{user}@{host}:{port}/{}", it.get_database().unwrap_or(user))
    }
}

/// Brings the schema up to date, on a connection that is closed again.
pub async fn migrate(address: &Address, migrations: &[Migration]) -> Result<Vec<Step>> {
    // Without the time limits of calls: a step may take long, and other processes wait for it.
    let connection = Box::pin(connect_in_time(&address.options, Session::Unbounded));
    let lent = Box::pin(refuse_lent_transactions(&address.options));
    let (connection, lent) = tokio::join!(connection, lent);
    let mut connection = connection?;
    lent?;
    let steps = apply(migrations, &mut connection).await?;
    connection.close().await?;
    Ok(steps)
}

/// One service's database. Half of its connections write, the others only read. So reads never wait behind writes, and
/// only the writing connections have to be cleaned of transactions.
#[derive(Clone, Debug)]
pub struct Database {
    writers: PgPool,
    readers: PgPool,
}

impl Database {
    /// Connects, and brings the schema up to date.
    pub async fn open(address: &Address, migrations: &[Migration]) -> Result<Self> {
        Ok(Self::open_and_report(address, migrations).await?.0)
    }

    /// As [`Self::open`], and tells what was applied.
    pub async fn open_and_report(
        address: &Address,
        migrations: &[Migration],
    ) -> Result<(Self, Vec<Step>)> {
        let readers = address.connections / 2;
        let writers = pool::kept(address.connections - readers, Session::Writing)
            .after_release(|connection, _| Box::pin(pool::end_open_transaction(connection)))
            .connect_lazy_with(address.options.clone());
        let readers =
            pool::kept(readers, Session::Reading).connect_lazy_with(address.options.clone());
        // The pools make their first connections meanwhile. The first call reports a failure to connect.
        let migrating = Box::pin(migrate(address, migrations));
        let (reader, writer) = (Box::pin(readers.acquire()), Box::pin(writers.acquire()));
        let (steps, _, _) = tokio::join!(migrating, reader, writer);
        Ok((Self { writers, readers }, steps?))
    }

    /// Tells which steps the database has, without changing it.
    pub async fn inspect(address: &Address, migrations: &[Migration]) -> Result<Vec<Step>> {
        let mut connection = connect(&address.options, Session::Reading).await?;
        Ok(inspect(migrations, &mut connection).await?)
    }

    /// Begins a unit of work that writes. If it is dropped without a commit, nothing is written.
    pub async fn write(&self) -> Result<Tx> {
        Ok(self.writers.begin().await?)
    }

    /// Begins a unit of work that reads one consistent moment.
    pub async fn snapshot(&self) -> Result<Tx> {
        Ok(self.writers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?)
    }

    /// Connections for single reads.
    #[must_use]
    pub const fn reader(&self) -> &PgPool {
        &self.readers
    }

    /// Whether the database can be read and written.
    pub async fn check(&self) -> Result<()> {
        sqlx::query("SELECT position FROM feed_head").execute(&self.readers).await?;
        let statement = "SELECT pg_is_in_recovery()";
        let follows_another: bool = sqlx::query_scalar(statement).fetch_one(&self.writers).await?;
        if follows_another { Err(StorageError::ReadOnly) } else { Ok(()) }
    }

    /// How many connections there are, and how many of them wait for work.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        let size = self.writers.size() + self.readers.size();
        (size, self.writers.num_idle() + self.readers.num_idle())
    }

    /// Tells every process that listens that something was committed.
    pub async fn notify(&self) -> Result<()> {
        sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&self.writers).await?;
        Ok(())
    }

    /// Listens for the [`Self::notify`] of other processes, on a separate connection.
    pub async fn listen(&self) -> Result<Notices> {
        let mut listener = PgListener::connect_with(&self.readers).await?;
        listener.listen(CHANNEL).await?;
        Ok(Notices(listener))
    }

    /// Closes every connection after the running work has ended.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// Channels belong to a database, and each service has its own.
const CHANNEL: &str = "sir0_events";

/// Hears when other processes have committed something.
#[derive(Debug)]
pub struct Notices(PgListener);

impl Notices {
    /// Waits for the next notice. Also returns when the connection was lost and made anew, because notices were then
    /// missed.
    pub async fn next(&mut self) -> Result<()> {
        self.0.try_recv().await?;
        Ok(())
    }
}

/// The name of the first step of its schema, if it has one.
pub(crate) async fn first_step(address: &Address) -> Result<Option<String>> {
    let mut connection = connect(&address.options, Session::Reading).await?;
    match sqlx::query_scalar(FIRST_STEP).fetch_optional(&mut connection).await {
        Err(error) if is_no_table(&error) => Ok(None),
        found => Ok(found?),
    }
}

/// Looks at a server as a doctor does, and changes nothing.
pub(crate) async fn examine(address: &Address) -> Result<Examination> {
    const LOOK: &str = "
        SELECT current_setting('server_version'), clock_timestamp(), NOT pg_is_in_recovery(),
               CAST(current_setting('max_connections') AS BIGINT),
               (SELECT COUNT(*) FROM pg_stat_activity)";
    let started = tokio::time::Instant::now();
    let mut connection = connect(&address.options, Session::Reading).await?;
    let took = started.elapsed();
    refuse_lent_transactions(&address.options).await?;
    let (version, At(clock), is_writable, most, used): (String, At, bool, i64, i64) =
        sqlx::query_as(LOOK).fetch_one(&mut connection).await?;
    Ok(Examination {
        engine: format!("PostgreSQL {version}"),
        took,
        clock: Some(clock),
        is_writable,
        connections: Some((used, most)),
    })
}

/// Prepares a statement against a database, without running it: a test checks every statement this way.
pub async fn prepare(database: &Database, sql: &'static str) -> Result<()> {
    let mut connection = database.readers.acquire().await?;
    connection.prepare(sqlx::SqlSafeStr::into_sql_str(sql)).await?;
    connection.clear_cached_statements().await?;
    Ok(())
}
