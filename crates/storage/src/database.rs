//! A database of either engine, for callers that write no SQL themselves: the feed, the health check and the shutdown.

use sir0_kernel::Timestamp;

use crate::{
    Bounds, EventRow, Location, Migrations, Numbered, Position, Result, Step,
    once::{Hash, Kept},
    postgres, sqlite,
};

/// A database of either engine. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Database {
    /// The embedded engine.
    Sqlite(sqlite::Database),
    /// PostgreSQL.
    Postgres(postgres::Database),
}

/// Does the same with a database of either engine.
macro_rules! on_either {
    ($database:expr, $it:ident => $call:expr) => {
        match $database {
            Database::Sqlite($it) => $call,
            Database::Postgres($it) => $call,
        }
    };
}

impl Database {
    /// Opens it, brings its schema up to date, and tells what was applied.
    pub async fn open(location: &Location, migrations: &Migrations) -> Result<(Self, Vec<Step>)> {
        Ok(match location {
            Location::Sqlite(file) => {
                let opened = sqlite::Database::open_and_report(file, migrations.sqlite);
                let (database, steps) = opened.await?;
                (Self::Sqlite(database), steps)
            }
            Location::Postgres(address) => {
                let opened = postgres::Database::open_and_report(address, migrations.postgres);
                let (database, steps) = opened.await?;
                (Self::Postgres(database), steps)
            }
        })
    }

    /// The next events after a position, oldest first.
    pub async fn events_after(&self, position: Position, limit: i64) -> Result<Vec<EventRow>> {
        on_either!(self, it => it.events_after(position, limit).await)
    }

    /// How far the kept events reach.
    pub async fn event_bounds(&self) -> Result<Bounds> {
        on_either!(self, it => it.event_bounds().await)
    }

    /// Gives a position to every event that was committed before.
    pub async fn number_events(&self) -> Result<Numbered> {
        // Boxed apart: the future of a stream that opens would have room for the larger of the two questions.
        match self {
            Self::Sqlite(it) => Box::pin(it.number_events()).await,
            Self::Postgres(it) => Box::pin(it.number_events()).await,
        }
    }

    /// Gives positions as [`Self::number_events`] does, and answers how many: none on SQLite, which is not asked.
    pub async fn give_positions(&self) -> Result<i64> {
        match self {
            Self::Sqlite(_) => Ok(0),
            Self::Postgres(it) => Ok(it.number_events().await?.moved),
        }
    }

    /// Forgets all but the latest `keep` events and those that were announced since a moment.
    pub async fn prune_events(&self, keep: i64, since: Timestamp) -> Result<()> {
        on_either!(self, it => it.prune_events(keep, since).await)
    }

    /// The key that seals the tokens of this database's lists and streams.
    pub async fn sealing_key(&self) -> Result<[u8; 32]> {
        on_either!(self, it => it.sealing_key().await)
    }

    /// What an idempotency key did, if it is known at this time.
    pub async fn kept(&self, key: &Hash, now: Timestamp) -> Result<Option<Kept>> {
        on_either!(self, it => it.kept(key, now).await)
    }

    /// Forgets idempotency keys that are too old to be known, and all but the latest `most` of each account that got one
    /// since then.
    pub async fn forget_keys(&self, now: Timestamp, since: Timestamp, most: i64) -> Result<()> {
        on_either!(self, it => it.forget_keys(now, since, most).await)
    }

    /// Whether it can be read and written.
    pub async fn check(&self) -> Result<()> {
        on_either!(self, it => it.check().await)
    }

    /// How many connections there are, and how many of them wait for work.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        on_either!(self, it => it.connections())
    }

    /// Closes every connection after the running work has ended.
    pub async fn close(&self) {
        on_either!(self, it => it.close().await);
    }
}
