//! PostgreSQL: many writers at once, on any number of machines.
//!
//! Statements run in READ COMMITTED, so a unit of work never writes on the strength of an earlier plain read. It
//! changes rows under a condition in the statement, or reads them `FOR UPDATE`.

use std::{fmt, path::Path, str::FromStr};

use sir0_kernel::read_secret;
use sqlx::{
    Connection, Executor, PgConnection, PgPool, Postgres,
    postgres::{PgConnectOptions, PgListener},
};

use crate::{
    Error as StorageError, Examination, Migration, Numbered, Position, Result, Step,
    migrations::{FIRST_STEP, apply, inspect, is_no_table},
};

mod change;
#[path = "event_table.rs"]
mod event_table;
#[path = "key_table.rs"]
mod key_table;
mod moment;
mod pool;
mod session;
mod unit;
#[path = "units.rs"]
mod units;

pub use crate::{
    postgres_announcing as announcing, postgres_for_share as for_share,
    postgres_for_update as for_update,
};
pub use change::change;
pub use event_table::{Statement, announce, announce_all};
pub use key_table::{keep_answer, take_key};
pub use moment::At;
pub use unit::Tx;

use session::{Session, connect, connect_in_time, refuse_lent_transactions};

/// The engine.
pub type Db = Postgres;

/// A row of an answer.
pub type Row = sqlx::postgres::PgRow;

/// Records an event without a position, so no commit waits for another one.
pub const ANNOUNCE: &str = "
    INSERT INTO outbox (kind, payload, announced_at)
    VALUES ($1, $2, $3)";

/// Records events: a JSON array of them, each with what happened and the details.
pub const ANNOUNCE_ALL: &str = "
    INSERT INTO outbox (kind, payload, announced_at)
    SELECT value ->> 0, value ->> 1, CAST($2 AS TIMESTAMPTZ)
      FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) WITH ORDINALITY AS listed (value, place)
  ORDER BY place";

/// Gives positions to what committed, see the migration that made the function.
pub const NUMBER: &str = "SELECT head, moved FROM number_events()";

/// Takes an idempotency key until the transaction ends, unless another one has it. That one is not waited for.
const TAKE_KEY: &str = "
    SELECT pg_try_advisory_xact_lock($2),
           EXISTS (SELECT FROM idempotency_keys WHERE key_hash = $1 AND made_at > $3)";

/// How many events one [`NUMBER`] moves at most.
const NUMBERED_AT_ONCE: i64 = 10_000;

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

/// One service's database. A quarter of its connections only read, so reads never wait behind writes: most reads are
/// answered from memory. One connection gives events their positions, so positions do not wait behind a queue of writes.
/// The other connections write, and the more of them wait for the disk at a time, the more it takes at once.
#[derive(Clone, Debug)]
pub struct Database {
    writers: PgPool,
    readers: PgPool,
    numbering: PgPool,
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
        // One of the readers listens.
        let readers = (address.connections / 4 + 1).max(2);
        let of = |connections, session| {
            pool::kept(connections, session).connect_lazy_with(address.options.clone())
        };
        let database = Self {
            writers: of(address.connections - readers - 1, Session::Writing),
            readers: of(readers, Session::Reading),
            numbering: of(1, Session::Writing),
        };
        // The pools make their first connections meanwhile. The first call reports a failure to connect.
        let migrating = Box::pin(migrate(address, migrations));
        let [one, two, three] = database.pools().map(|pool| Box::pin(pool.acquire()));
        let (steps, _, _, _) = tokio::join!(migrating, one, two, three);
        Ok((database, steps?))
    }

    /// Tells which steps the database has, without changing it.
    pub async fn inspect(address: &Address, migrations: &[Migration]) -> Result<Vec<Step>> {
        let mut connection = connect(&address.options, Session::Reading).await?;
        Ok(inspect(migrations, &mut connection).await?)
    }

    /// Begins a unit of work that writes. If it is dropped without a commit, nothing is written.
    pub async fn write(&self) -> Result<Tx> {
        Tx::begin(&self.writers, "BEGIN").await
    }

    /// As [`Self::write`]. It has to be answered at its end, see [`Self::unit`].
    pub async fn begin_unit(&self) -> Result<Tx> {
        self.write().await
    }

    /// Begins a unit of work that reads one consistent moment.
    pub async fn snapshot(&self) -> Result<Tx> {
        Tx::begin(&self.writers, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await
    }

    /// Connections for single reads.
    #[must_use]
    pub const fn reader(&self) -> &PgPool {
        &self.readers
    }

    /// Whether the database can be read and written.
    pub async fn check(&self) -> Result<()> {
        const EVENTS: &str = "SELECT position, EXISTS (SELECT FROM outbox) FROM feed_head";
        sqlx::query(EVENTS).execute(&self.readers).await?;
        let statement = "SELECT pg_is_in_recovery()";
        let follows_another: bool = sqlx::query_scalar(statement).fetch_one(&self.writers).await?;
        if follows_another { Err(StorageError::ReadOnly) } else { Ok(()) }
    }

    /// How many connections there are, and how many of them wait for work.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        (
            self.pools().map(PgPool::size).iter().sum(),
            self.pools().map(PgPool::num_idle).iter().sum(),
        )
    }

    const fn pools(&self) -> [&PgPool; 3] {
        [&self.readers, &self.writers, &self.numbering]
    }

    /// Gives a position to every event that was committed before, and tells every process that listens.
    pub async fn number_events(&self) -> Result<Numbered> {
        number_events(&mut *self.numbering.acquire().await?).await
    }

    /// Listens for what [`Self::number_events`] of other processes tells, on a separate connection.
    pub async fn listen(&self) -> Result<Notices> {
        let mut listener = PgListener::connect_with(&self.readers).await?;
        listener.listen(CHANNEL).await?;
        Ok(Notices(listener))
    }

    /// Closes every connection after the running work has ended.
    pub async fn close(&self) {
        for pool in self.pools() {
            pool.close().await;
        }
    }
}

/// Gives a position to every event that was committed before.
pub(crate) async fn number_events(connection: &mut PgConnection) -> Result<Numbered> {
    let mut all = 0;
    loop {
        let (head, moved): (Position, i64) =
            sqlx::query_as(NUMBER).fetch_one(&mut *connection).await?;
        all += moved;
        if moved < NUMBERED_AT_ONCE {
            return Ok(Numbered { head, moved: all });
        }
    }
}

/// Channels belong to a database, and each service has its own. The function that gives positions has this name too.
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
