//! Moving a service's data from one database to another, whatever their engines, and proving that all of it arrived.
//!
//! Both sides are held still meanwhile: the source so that nothing is written behind the copy, the target so that the
//! copy is there whole or not at all. What arrived is read back and compared by count and checksum.

use std::fmt::Write;

use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use sir0_kernel::Timestamp;
use sqlx::{AssertSqlSafe, Row};

use crate::{Database, Error, Result, postgres, sqlite};

/// A table as both engines have it.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns. The first orders the rows: it is the primary key.
    pub columns: &'static [(&'static str, Kind)],
    /// Whether the database numbers the rows itself. The last number is carried over, so that the number of a row that
    /// is gone is not given again.
    pub numbered: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of 64 bits.
    Number,
    /// A whole number of 32 bits.
    Small,
    /// A text.
    Text,
    /// A moment.
    Time,
    /// A moment, or nothing.
    MaybeTime,
    /// Bytes.
    Bytes,
}

/// The events of every service.
pub const EVENTS: Table = Table {
    name: "events",
    columns: &[
        ("position", Kind::Number),
        ("kind", Kind::Text),
        ("payload", Kind::Text),
        ("announced_at", Kind::Time),
    ],
    numbered: false,
};

/// What a table held when it was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over all rows in order, in hexadecimal.
    pub checksum: String,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The target holds rows already.
    #[error("the target has rows in `{0}` already, give an empty database")]
    NotEmpty(&'static str),
    /// The rows that were read back are not the rows that were written.
    #[error(
        "`{table}` did not arrive as it was: {sent} rows with checksum {sent_sum}, {arrived} with {arrived_sum}"
    )]
    Differs {
        /// The table.
        table: &'static str,
        /// Rows of the source.
        sent: u64,
        /// Their checksum.
        sent_sum: String,
        /// Rows of the target.
        arrived: u64,
        /// Their checksum.
        arrived_sum: String,
    },
    /// A database failed.
    #[error(transparent)]
    Database(#[from] Error),
}

impl From<sqlx::Error> for CopyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// A field that is being copied.
#[derive(Debug)]
enum Value {
    Number(i64),
    Small(i32),
    Text(String),
    Time(Timestamp),
    MaybeTime(Option<Timestamp>),
    Bytes(Vec<u8>),
}

/// A unit of work of either engine.
enum Tx {
    Sqlite(sqlite::Tx),
    Postgres(postgres::Tx),
}

/// Rows read at a time: memory stays bounded however large a table is.
const BATCH: i64 = 500;

/// Copies these tables, the events and the sealing key. Both schemas have to be up to date.
pub async fn copy(
    from: &Database,
    to: &Database,
    tables: &[Table],
) -> Result<Vec<Copied>, CopyError> {
    let mut from = Tx::holding_still(from, tables).await?;
    let mut to = Tx::holding_still(to, tables).await?;
    let tables: Vec<Table> = tables.iter().copied().chain([EVENTS]).collect();

    for table in &tables {
        if to.count(table).await? > 0 {
            return Err(CopyError::NotEmpty(table.name));
        }
    }
    let key = from.sealing_key().await?;
    to.set_sealing_key(&key).await?;

    let mut copied = Vec::new();
    for table in &tables {
        let sent = from.pour(table, Some(&mut to)).await?;
        let arrived = to.pour(table, None).await?;
        if sent != arrived {
            return Err(CopyError::Differs {
                table: table.name,
                sent: sent.rows,
                sent_sum: sent.checksum,
                arrived: arrived.rows,
                arrived_sum: arrived.checksum,
            });
        }
        if table.numbered {
            let last = from.last_number(table).await?;
            to.set_last_number(table, last).await?;
        }
        copied.push(sent);
    }
    to.set_feed_head().await?;
    to.commit().await?;
    Ok(copied)
}

/// Makes the same call on either engine. Its statements are made here, from names that are our own constants.
macro_rules! on_either {
    ($tx:expr, $it:ident => $call:expr) => {
        match $tx {
            Tx::Sqlite($it) => $call,
            Tx::Postgres($it) => $call,
        }
    };
}

impl Tx {
    async fn holding_still(database: &Database, tables: &[Table]) -> Result<Self, CopyError> {
        Ok(match database {
            // SQLite has one writer: no other connection writes until this transaction ends.
            Database::Sqlite(database) => Self::Sqlite(database.write().await?),
            Database::Postgres(database) => {
                let mut tx = database.write().await?;
                let names: Vec<_> = tables.iter().chain([&EVENTS]).map(|it| it.name).collect();
                let hold = format!(
                    "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE; \
                     SET LOCAL statement_timeout = 0; \
                     SET LOCAL idle_in_transaction_session_timeout = 0",
                    names.join(", ")
                );
                sqlx::raw_sql(AssertSqlSafe(hold)).execute(&mut *tx).await?;
                Self::Postgres(tx)
            }
        })
    }

    async fn commit(self) -> Result<(), CopyError> {
        on_either!(self, tx => Ok(tx.commit().await?))
    }

    async fn count(&mut self, table: &Table) -> Result<i64, CopyError> {
        let count = format!("SELECT COUNT(*) FROM {}", table.name);
        let count = sqlx::AssertSqlSafe(count);
        on_either!(self, tx => Ok(sqlx::query_scalar(count).fetch_one(&mut **tx).await?))
    }

    async fn sealing_key(&mut self) -> Result<Vec<u8>, CopyError> {
        let key = "SELECT key FROM sealing_key";
        on_either!(self, tx => Ok(sqlx::query_scalar(key).fetch_one(&mut **tx).await?))
    }

    async fn set_sealing_key(&mut self, key: &[u8]) -> Result<(), CopyError> {
        let set = "UPDATE sealing_key SET key = $1";
        on_either!(self, tx => sqlx::query(set).bind(key).execute(&mut **tx).await.map(drop))?;
        Ok(())
    }

    /// Reads a table in order and sums it up. With a target, also writes it there.
    async fn pour(
        &mut self,
        table: &Table,
        mut to: Option<&mut Self>,
    ) -> Result<Copied, CopyError> {
        let mut sum = Sha256::new();
        let (mut rows, mut after) = (0, None);
        loop {
            let batch = self.batch(table, after.as_ref()).await?;
            for row in &batch {
                for value in row {
                    value.sum_up(&mut sum);
                }
                rows += 1;
                if let Some(to) = to.as_deref_mut() {
                    to.insert(table, row).await?;
                }
            }
            match batch.into_iter().next_back().and_then(|row| row.into_iter().next()) {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        let mut checksum = String::with_capacity(64);
        for byte in sum.finalize() {
            let _ = write!(checksum, "{byte:02x}");
        }
        Ok(Copied { table: table.name, rows, checksum })
    }

    async fn batch(
        &mut self,
        table: &Table,
        after: Option<&Value>,
    ) -> Result<Vec<Vec<Value>>, CopyError> {
        let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
        let (key, _) = table.columns[0];
        let behind = if after.is_some() { format!("WHERE {key} > $1") } else { String::new() };
        let select = format!(
            "SELECT {} FROM {} {behind} ORDER BY {key} LIMIT {BATCH}",
            names.join(", "),
            table.name
        );
        macro_rules! read {
            ($tx:ident, $at:path) => {{
                let mut query = sqlx::query(AssertSqlSafe(select));
                if let Some(after) = after {
                    query = match after {
                        Value::Number(number) => query.bind(*number),
                        Value::Text(text) => query.bind(text.clone()),
                        other => unreachable!("no primary key of ours is {other:?}"),
                    };
                }
                let mut read = query.fetch(&mut **$tx);
                let mut rows = Vec::new();
                while let Some(row) = read.try_next().await? {
                    let fields = table.columns.iter().enumerate().map(|(at, (_, kind))| {
                        Ok(match kind {
                            Kind::Number => Value::Number(row.try_get(at)?),
                            Kind::Small => Value::Small(row.try_get(at)?),
                            Kind::Text => Value::Text(row.try_get(at)?),
                            Kind::Bytes => Value::Bytes(row.try_get(at)?),
                            Kind::Time => Value::Time(row.try_get::<$at, _>(at)?.0),
                            Kind::MaybeTime => {
                                let time: Option<$at> = row.try_get(at)?;
                                Value::MaybeTime(time.map(|time| time.0))
                            }
                        })
                    });
                    rows.push(fields.collect::<sqlx::Result<Vec<Value>>>()?);
                }
                Ok(rows)
            }};
        }
        match self {
            Self::Sqlite(tx) => read!(tx, sqlite::At),
            Self::Postgres(tx) => read!(tx, postgres::At),
        }
    }

    async fn insert(&mut self, table: &Table, row: &[Value]) -> Result<(), CopyError> {
        let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
        let places: Vec<_> = (1..=row.len()).map(|place| format!("${place}")).collect();
        // PostgreSQL refuses a chosen value in a column that it numbers itself, unless the statement has this clause.
        let given = if table.numbered && matches!(self, Self::Postgres(_)) {
            "OVERRIDING SYSTEM VALUE"
        } else {
            ""
        };
        let insert = format!(
            "INSERT INTO {} ({}) {given} VALUES ({})",
            table.name,
            names.join(", "),
            places.join(", ")
        );
        macro_rules! write {
            ($tx:ident, $at:path) => {{
                let mut query = sqlx::query(AssertSqlSafe(insert));
                for value in row {
                    query = match value {
                        Value::Number(number) => query.bind(*number),
                        Value::Small(number) => query.bind(*number),
                        Value::Text(text) => query.bind(text.clone()),
                        Value::Bytes(bytes) => query.bind(bytes.clone()),
                        Value::Time(time) => query.bind($at(*time)),
                        Value::MaybeTime(time) => query.bind(time.map($at)),
                    };
                }
                query.execute(&mut **$tx).await?;
            }};
        }
        match self {
            Self::Sqlite(tx) => write!(tx, sqlite::At),
            Self::Postgres(tx) => write!(tx, postgres::At),
        }
        Ok(())
    }

    /// The last number the database gave; 0 before the first.
    async fn last_number(&mut self, table: &Table) -> Result<i64, CopyError> {
        let (key, _) = table.columns[0];
        Ok(match self {
            Self::Sqlite(tx) => {
                let last = "SELECT seq FROM sqlite_sequence WHERE name = $1";
                let query = sqlx::query_scalar(last).bind(table.name);
                query.fetch_optional(&mut **tx).await?.unwrap_or(0)
            }
            Self::Postgres(tx) => {
                let last = "SELECT COALESCE(pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass), 0)";
                let query = sqlx::query_scalar(last).bind(table.name).bind(key);
                query.fetch_one(&mut **tx).await?
            }
        })
    }

    async fn set_last_number(&mut self, table: &Table, last: i64) -> Result<(), CopyError> {
        let (key, _) = table.columns[0];
        if last == 0 {
            return Ok(());
        }
        match self {
            Self::Sqlite(tx) => {
                let forget = "DELETE FROM sqlite_sequence WHERE name = $1";
                sqlx::query(forget).bind(table.name).execute(&mut **tx).await?;
                let set = "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)";
                sqlx::query(set).bind(table.name).bind(last).execute(&mut **tx).await?;
            }
            Self::Postgres(tx) => {
                let set = "SELECT setval(pg_get_serial_sequence($1, $2)::regclass, $3)";
                let query = sqlx::query(set).bind(table.name).bind(key).bind(last);
                query.execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    /// Makes the next event follow the last one.
    async fn set_feed_head(&mut self) -> Result<(), CopyError> {
        if let Self::Postgres(tx) = self {
            let set =
                "UPDATE feed_head SET position = (SELECT COALESCE(MAX(position), 0) FROM events)";
            sqlx::query(set).execute(&mut **tx).await?;
        }
        Ok(())
    }
}

impl Value {
    /// Adds a field with its length in front, so that no two rows can look alike.
    fn sum_up(&self, sum: &mut Sha256) {
        let mut field = |bytes: &[u8]| {
            sum.update((bytes.len() as u64).to_be_bytes());
            sum.update(bytes);
        };
        match self {
            Self::Number(number) => field(&number.to_be_bytes()),
            Self::Small(number) => field(&number.to_be_bytes()),
            Self::Text(text) => field(text.as_bytes()),
            Self::Bytes(bytes) => field(bytes),
            Self::Time(time) | Self::MaybeTime(Some(time)) => field(&time.micros().to_be_bytes()),
            Self::MaybeTime(None) => field(&[]),
        }
    }
}
