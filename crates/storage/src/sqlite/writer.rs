//! The one writing connection, and the units of work that take turns on it.
//!
//! Units that wait for it share a transaction, a *group*, each in a savepoint. So they share its commit, which waits for
//! the disk. A group is committed at once when no other unit waits.
//!
//! A unit in a group sees what the units before it wrote, which is not committed yet. So each one is answered after the
//! commit of its group, also when it refuses and writes nothing: what it refused for might never have been.

mod group;
mod lender;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use sqlx::{SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{
        mpsc,
        oneshot::{self, Receiver, Sender},
    },
    time::timeout,
};

use self::lender::Lender;
use super::{PATIENCE, Statement};
use crate::{Error, Result};

/// How many units can wait. Those that find no place wait for one.
const WAITING: usize = 1024;

/// The writing connection, as units of work see it. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    asks: mpsc::Sender<Ask>,
    is_lent: Arc<AtomicBool>,
}

/// What is asked of the writing connection.
enum Ask {
    /// A transaction in which no other unit is.
    Alone(Sender<Result<Lent>>),
    /// A place in a group.
    Unit(Sender<Result<Lent>>),
    /// A statement that is a whole unit of work, in a group. The receiver of its answer is sent first: a caller that
    /// waited too long does not take it, and then the statement does not run.
    Change(Box<Statement>, Sender<Result<Receiver<Result<bool>>>>),
    /// An end after all that was asked before.
    Close(Sender<()>),
}

type Connection = Box<SqliteConnection>;

/// The connection in the hands of a unit of work, which gives it back when it ends, or is dropped.
#[derive(Debug)]
pub(super) struct Lent {
    /// `None` once it is given back.
    held: Option<(Connection, Sender<Back>)>,
}

/// What comes back from a unit of work.
#[derive(Debug)]
struct Back {
    connection: Connection,
    /// Whether what it wrote is to stay.
    is_kept: bool,
    /// Who waits for the end. A unit that was dropped does not.
    tell: Option<Sender<Result<()>>>,
}

impl Ask {
    /// Answers that it cannot be done.
    fn refuse(self, error: Error) {
        match self {
            Self::Alone(lend) | Self::Unit(lend) => drop(lend.send(Err(error))),
            Self::Change(_, tell) => drop(tell.send(Err(error))),
            Self::Close(tell) => tell.send(()).unwrap_or_default(),
        }
    }
}

impl Writer {
    /// Opens the connection.
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self> {
        let (asks, asked) = mpsc::channel(WAITING);
        let is_lent = Arc::new(AtomicBool::new(false));
        let lender = Lender::open(options, asked, is_lent.clone()).await?;
        tokio::spawn(lender.run());
        Ok(Self { asks, is_lent })
    }

    /// Waits for a transaction in which no other unit is.
    pub(super) async fn alone(&self) -> Result<Lent> {
        self.ask(Ask::Alone).await
    }

    /// Waits for a place in a group.
    pub(super) async fn unit(&self) -> Result<Lent> {
        self.ask(Ask::Unit).await
    }

    /// Runs a statement in a group, and answers whether it returned a row.
    pub(super) async fn change(&self, statement: Statement) -> Result<bool> {
        let answer = self.ask(|tell| Ask::Change(Box::new(statement), tell)).await?;
        answer.await.map_err(|_lost| closed())?
    }

    /// Waits for a turn, no longer than its patience.
    async fn ask<T>(&self, ask: impl FnOnce(Sender<Result<T>>) -> Ask) -> Result<T> {
        let (tell, told) = oneshot::channel();
        let turn = async {
            self.asks.send(ask(tell)).await.map_err(|_closed| closed())?;
            told.await.map_err(|_closed| closed())?
        };
        timeout(PATIENCE, turn).await.map_err(|_late| Error::from(sqlx::Error::PoolTimedOut))?
    }

    /// Whether no unit of work has the connection.
    pub(super) fn is_idle(&self) -> bool {
        !self.is_lent.load(Relaxed)
    }

    /// Closes the connection once all that was asked before has ended.
    pub(super) async fn close(&self) {
        let (tell, told) = oneshot::channel();
        if self.asks.send(Ask::Close(tell)).await.is_ok() {
            told.await.ok();
        }
    }
}

fn closed() -> Error {
    sqlx::Error::PoolClosed.into()
}

impl Lent {
    /// Lends the connection, and waits until it is back. `None` if it is lost.
    async fn until_back(connection: Connection, lend: Sender<Result<Self>>) -> Option<Back> {
        let (back, given_back) = oneshot::channel();
        // Whoever asked may be gone. Then it is dropped here, and comes back at once.
        drop(lend.send(Ok(Self { held: Some((connection, back)) })));
        given_back.await.ok()
    }

    pub(super) fn connection(&self) -> &SqliteConnection {
        &self.held.as_ref().expect("only its end takes it").0
    }

    pub(super) fn connection_mut(&mut self) -> &mut SqliteConnection {
        &mut self.held.as_mut().expect("only its end takes it").0
    }

    /// Ends the unit of work, and waits for the end of its transaction.
    pub(super) async fn end(mut self, is_kept: bool) -> Result<()> {
        let (tell, told) = oneshot::channel();
        self.give_back(is_kept, Some(tell));
        told.await.map_err(|_lost| closed())?
    }

    fn give_back(&mut self, is_kept: bool, tell: Option<Sender<Result<()>>>) {
        if let Some((connection, back)) = self.held.take() {
            back.send(Back { connection, is_kept, tell }).ok();
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.give_back(false, None);
    }
}
