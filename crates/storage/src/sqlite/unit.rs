//! A unit of work on one of the connections.

use std::ops::{Deref, DerefMut};

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::writer::Lent;
use crate::{Outcome, Result};

/// A unit of work: all of it happens or none. Dropped without a commit, it is rolled back.
///
/// After a failed statement other than one that was [`Error::Taken`](crate::Error::Taken) it has to end: SQLite may have
/// ended its transaction, and would commit what follows at once.
#[derive(Debug)]
pub struct Tx(On);

/// Which connection it has.
#[derive(Debug)]
pub(super) enum On {
    Reader(Transaction<'static, Sqlite>),
    Writer(Lent),
}

impl Tx {
    pub(super) const fn new(on: On) -> Self {
        Self(on)
    }

    /// Commits it.
    pub async fn commit(self) -> Result<()> {
        match self.0 {
            On::Reader(reader) => Ok(reader.commit().await?),
            On::Writer(lent) => lent.end(true).await,
        }
    }

    /// Commits a unit of work that has an answer, or rolls back one that has none. An error takes the place of the answer.
    ///
    /// A refusal may rest on what others wrote and have not committed yet. It is answered once that is committed.
    pub async fn end(self, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Done => self.commit().await,
            Outcome::Refused => self.roll_back().await,
            Outcome::Failed => {
                self.roll_back().await.ok();
                Ok(())
            }
        }
    }

    /// Rolls it back. In a group, waits for the others to be committed: it may have read what they wrote.
    pub(super) async fn roll_back(self) -> Result<()> {
        match self.0 {
            On::Reader(reader) => Ok(reader.rollback().await?),
            On::Writer(lent) => lent.end(false).await,
        }
    }
}

impl Deref for Tx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match &self.0 {
            On::Reader(reader) => reader,
            On::Writer(lent) => lent.connection(),
        }
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match &mut self.0 {
            On::Reader(reader) => reader,
            On::Writer(lent) => lent.connection_mut(),
        }
    }
}
