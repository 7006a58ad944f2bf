//! Moving a service's data from one database to another, whatever their engines, and proving that all of it arrived.
//!
//! What there is to move, the catalogue of the source tells: a new table or column needs no line here. Both sides are
//! held still meanwhile: the source so that nothing is written behind the copy, the target so that the copy is there
//! whole or not at all. What arrived is read back and compared by count and checksum.

mod postgres;
#[expect(clippy::duplicate_mod, reason = "the same reading and writing in another engine")]
mod sqlite;
mod table;

use sqlx::AssertSqlSafe;

use crate::{Database, Error, Location, Migrations};
use table::{FILLED_BY_OTHERS, MADE_AT_FIRST, Sum, Table};

/// What a table held when it was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Its name.
    pub table: String,
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
    NotEmpty(String),
    /// The table would not arrive whole.
    #[error("`{table}` cannot be copied, {why}")]
    Unfit {
        /// The table.
        table: String,
        /// What is wrong with it.
        why: String,
    },
    /// The rows that were read back are not the rows that were written.
    #[error(
        "`{table}` did not arrive as it was: {sent} rows with checksum {sent_sum}, {arrived} with {arrived_sum}"
    )]
    Differs {
        /// The table.
        table: String,
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

/// A unit of work of either engine.
enum Tx {
    Sqlite(crate::sqlite::Tx),
    Postgres(crate::postgres::Tx),
}

/// How far a copy has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'t> {
    /// The table that is copied now.
    pub table: &'t str,
    /// How many rows were written or read back, of all tables.
    pub done: u64,
    /// How many there will be.
    pub all: u64,
}

/// Opens both, copies everything from one into the other, and closes them. Tells after each batch how far it has come.
pub async fn copy_between(
    from: &Location,
    to: &Location,
    migrations: &Migrations,
    tell: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Vec<Copied>, CopyError> {
    let (from, _) = Database::open(from, migrations).await?;
    let (to, _) = Database::open(to, migrations).await?;
    let copied = copy_telling(&from, &to, tell).await;
    from.close().await;
    to.close().await;
    copied
}

/// Makes the same call on either engine, with a function of its module or without.
macro_rules! on_either {
    ($tx:expr, $it:ident $(in $engine:ident)? => $call:expr) => {
        match $tx {
            Tx::Sqlite($it) => {
                $(use sqlite as $engine;)?
                $call
            }
            Tx::Postgres($it) => {
                $(use postgres as $engine;)?
                $call
            }
        }
    };
}

/// Copies every table, and the sealing key. Both schemas have to be up to date.
pub async fn copy(from: &Database, to: &Database) -> Result<Vec<Copied>, CopyError> {
    copy_telling(from, to, &mut |_| ()).await
}

async fn copy_telling(
    from: &Database,
    to: &Database,
    tell: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Vec<Copied>, CopyError> {
    let (mut from, tables) = Tx::holding_still(from).await?;
    let (mut to, there) = Tx::holding_still(to).await?;

    let mut pairs = Vec::new();
    let mut rows = 0;
    for table in tables {
        let target = table.same_in(&there)?;
        if !MADE_AT_FIRST.contains(&&*target.name) && to.count(&target).await? > 0 {
            return Err(CopyError::NotEmpty(target.name));
        }
        rows += from.count(&table).await?;
        pairs.push((table, target));
    }
    for (_, target) in pairs.iter().filter(|(_, it)| MADE_AT_FIRST.contains(&&*it.name)) {
        to.clear(target).await?;
    }
    // Each row is written, then read back.
    let mut pace = Pace { done: 0, all: rows * 2, tell };
    from.pour_sealing_key(&mut to).await?;

    let mut copied = Vec::new();
    // A table that a trigger fills comes behind those that it is filled from.
    pairs.sort_by_key(|(_, target)| FILLED_BY_OTHERS.contains(&&*target.name));
    for (table, target) in &pairs {
        if FILLED_BY_OTHERS.contains(&&*target.name) {
            to.clear(target).await?;
        }
        let sent = from.pour(table, Some((&mut to, target)), &mut pace).await?;
        let arrived = to.pour(target, None, &mut pace).await?;
        if sent != arrived {
            return Err(CopyError::Differs {
                table: sent.table,
                sent: sent.rows,
                sent_sum: sent.checksum,
                arrived: arrived.rows,
                arrived_sum: arrived.checksum,
            });
        }
        from.pour_last_number(table, &mut to, target).await?;
        copied.push(sent);
    }
    if let Tx::Postgres(tx) = &mut to {
        // The next event follows the last one. On SQLite the row ids see to that.
        let set = "UPDATE feed_head SET position = (SELECT COALESCE(MAX(position), 0) FROM events)";
        sqlx::query(set).execute(&mut **tx).await?;
    }
    on_either!(to, tx => tx.commit().await?);
    // The positions that the source gave for the copy are those of the copy.
    on_either!(from, tx => tx.commit().await?);
    Ok(copied)
}

/// Counts rows and tells of them.
struct Pace<'p> {
    done: u64,
    all: u64,
    tell: &'p mut (dyn FnMut(Progress<'_>) + Send),
}

impl Pace<'_> {
    fn moves(&mut self, table: &Table, rows: usize) {
        self.done += rows as u64;
        (self.tell)(Progress { table: &table.name, done: self.done, all: self.all });
    }
}

impl Tx {
    /// Forgets the rows of a table.
    async fn clear(&mut self, table: &Table) -> Result<(), CopyError> {
        let clear = format!("DELETE FROM {}", table.quoted());
        on_either!(self, tx => sqlx::query(AssertSqlSafe(clear)).execute(&mut **tx).await.map(drop)?);
        Ok(())
    }

    /// A unit of work beside which no other one writes, and the tables.
    async fn holding_still(database: &Database) -> Result<(Self, Vec<Table>), CopyError> {
        let mut tx = match database {
            // SQLite has one writer: no other connection writes until this transaction ends.
            Database::Sqlite(database) => Self::Sqlite(database.write().await?),
            Database::Postgres(database) => Self::Postgres(database.write().await?),
        };
        let tables = on_either!(&mut tx, tx in engine => engine::tables(tx).await?);
        if let Self::Postgres(tx) = &mut tx {
            let names: Vec<_> = tables.iter().map(Table::quoted).collect();
            // The head comes first, as it does for a process that gives positions meanwhile: each would wait for the other.
            let hold = format!(
                "SELECT position FROM feed_head FOR UPDATE; \
                 LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE; \
                 SET LOCAL statement_timeout = 0; \
                 SET LOCAL idle_in_transaction_session_timeout = 0",
                names.join(", ")
            );
            sqlx::raw_sql(AssertSqlSafe(hold)).execute(&mut **tx).await?;
            crate::postgres::number_events(tx).await?;
        }
        Ok((tx, tables))
    }

    async fn count(&mut self, table: &Table) -> Result<u64, CopyError> {
        let count = AssertSqlSafe(table.count());
        let count: i64 =
            on_either!(self, tx => sqlx::query_scalar(count).fetch_one(&mut **tx).await?);
        Ok(count.unsigned_abs())
    }

    async fn pour_sealing_key(&mut self, to: &mut Self) -> Result<(), CopyError> {
        let (read, write) = ("SELECT key FROM sealing_key", "UPDATE sealing_key SET key = $1");
        let key: Vec<u8> =
            on_either!(self, tx => sqlx::query_scalar(read).fetch_one(&mut **tx).await?);
        on_either!(to, tx => sqlx::query(write).bind(key).execute(&mut **tx).await.map(drop)?);
        Ok(())
    }

    /// Reads a table in order and sums it up. With a target, also writes it there.
    async fn pour(
        &mut self,
        table: &Table,
        mut to: Option<(&mut Self, &Table)>,
        pace: &mut Pace<'_>,
    ) -> Result<Copied, CopyError> {
        let mut sum = Sum::default();
        let mut after = Vec::new();
        loop {
            let batch = on_either!(self, tx in engine => engine::read(tx, table, &after).await?);
            let Some(last) = batch.last() else { break };
            after = table.key_of(last);
            for row in &batch {
                sum.add(row);
                if let Some((to, target)) = &mut to {
                    on_either!(to, tx in engine => engine::insert(tx, target, row).await?);
                }
            }
            pace.moves(table, batch.len());
        }
        let (rows, checksum) = sum.end();
        Ok(Copied { table: table.name.clone(), rows, checksum })
    }

    /// Carries the last number over, so that the number of a row that is gone is not given again.
    async fn pour_last_number(
        &mut self,
        table: &Table,
        to: &mut Self,
        target: &Table,
    ) -> Result<(), CopyError> {
        let (Some(here), Some(there)) = (&table.numbered, &target.numbered) else { return Ok(()) };
        let table = &table.name;
        let last = on_either!(self, tx in engine => engine::last_number(tx, table, here).await?);
        if last > 0 {
            on_either!(to, tx in engine => engine::set_last_number(tx, table, there, last).await?);
        }
        Ok(())
    }
}
