//! The task that owns the writing connection, lends it and commits. So nothing that was begun is left open when a caller
//! is gone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use sqlx::{ConnectOptions, Connection as _, Executor as _, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{mpsc::Receiver, oneshot::Sender},
    time::{Instant, sleep},
};

use super::{Ask, Back, Connection, Lent, group::Group};
use crate::{
    Result,
    sqlite::{PATIENCE, end_open_transaction},
};

/// How long groups may follow each other before another process gets a moment in which it can begin to write.
const UNBROKEN: Duration = Duration::from_millis(40);
const MOMENT: Duration = Duration::from_millis(2);
/// How often a writer looks whether another process has left its place: at least once in a [`MOMENT`]. SQLite's own wait
/// looks only ten times a second, and would miss most of them.
const LOOK: Duration = Duration::from_millis(1);

/// See the module.
pub(super) struct Lender {
    /// `None` after a failure that left it in doubt. Then another one is opened.
    connection: Option<Connection>,
    options: SqliteConnectOptions,
    asks: Receiver<Ask>,
    unbroken_since: Instant,
    is_lent: Arc<AtomicBool>,
}

impl Lender {
    pub(super) async fn open(
        options: SqliteConnectOptions,
        asks: Receiver<Ask>,
        is_lent: Arc<AtomicBool>,
    ) -> Result<Self> {
        let connection = Some(connect(&options).await?);
        Ok(Self { connection, options, asks, unbroken_since: Instant::now(), is_lent })
    }

    /// Does what is asked, until all that ask are gone or one asks for the end.
    pub(super) async fn run(mut self) {
        let mut left = None;
        while let Some(ask) = self.next(left.take()).await {
            self.is_lent.store(true, Relaxed);
            match ask {
                Ask::Alone(lend) => self.single(lend).await,
                Ask::Unit(_) | Ask::Change(..) => left = self.group(ask).await,
                Ask::Close(tell) => {
                    self.asks.close();
                    while let Some(late) = self.asks.recv().await {
                        late.refuse(super::closed());
                    }
                    self.shut().await;
                    return tell.send(()).unwrap_or_default();
                }
            }
            self.is_lent.store(false, Relaxed);
        }
        self.shut().await;
    }

    /// The next ask, after a moment for other processes where there was none for long.
    async fn next(&mut self, left: Option<Ask>) -> Option<Ask> {
        let waiting = left.or_else(|| self.asks.try_recv().ok());
        if waiting.is_some() && self.unbroken_since.elapsed() < UNBROKEN {
            return waiting;
        }
        let next = match waiting {
            None => self.asks.recv().await,
            waiting => {
                sleep(MOMENT).await;
                waiting
            }
        };
        self.unbroken_since = Instant::now();
        next
    }

    /// Lends the connection for a transaction that is shared with nobody.
    async fn single(&mut self, lend: Sender<Result<Lent>>) {
        if lend.is_closed() {
            return;
        }
        let connection = match self.begin().await {
            Ok(connection) => connection,
            Err(cause) => return drop(lend.send(Err(cause))),
        };
        let Some(back) = Lent::until_back(connection, lend).await else { return };
        let Back { mut connection, is_kept, tell } = back;
        let ended = run(if is_kept { "COMMIT" } else { "ROLLBACK" }, &mut connection).await;
        self.keep(connection, ended.is_ok()).await;
        if let Some(tell) = tell {
            drop(tell.send(ended));
        }
    }

    /// Runs the group that begins with this ask. Answers with the next ask, if that cannot be in a group.
    async fn group(&mut self, first: Ask) -> Option<Ask> {
        let mut group = match self.begin().await {
            Ok(connection) => Group::begun(connection),
            Err(cause) => {
                first.refuse(cause);
                return None;
            }
        };
        let mut next = Some(first);
        let left = loop {
            match next {
                Some(Ask::Unit(lend)) => group.unit(lend).await,
                Some(Ask::Change(statement, tell)) => group.change(*statement, tell).await,
                left => break left,
            }
            next = if group.is_open() { self.asks.try_recv().ok() } else { None };
        };
        let (connection, is_clean) = group.end().await;
        if let Some(connection) = connection {
            self.keep(connection, is_clean).await;
        }
        left
    }

    async fn begin(&mut self) -> Result<Connection> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.options).await?,
        };
        let until = Instant::now() + PATIENCE;
        loop {
            match connection.execute("BEGIN IMMEDIATE").await {
                Ok(_) => return Ok(connection),
                Err(cause) if is_busy(&cause) && Instant::now() < until => sleep(LOOK).await,
                Err(cause) => {
                    self.keep(connection, false).await;
                    return Err(cause.into());
                }
            }
        }
    }

    /// Keeps the connection for the next transaction, if nothing is left of the last one.
    async fn keep(&mut self, mut connection: Connection, is_clean: bool) {
        if is_clean || end_open_transaction(&mut connection).await.unwrap_or(false) {
            self.connection = Some(connection);
        }
    }

    async fn shut(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().await.ok();
        }
    }
}

/// Opens a connection whose transactions do not wait inside SQLite for another process, but in [`Lender::begin`].
async fn connect(options: &SqliteConnectOptions) -> Result<Connection> {
    let mut connection = options.connect().await?;
    connection.execute("PRAGMA busy_timeout = 0").await?;
    Ok(Box::new(connection))
}

/// Whether another process writes, in one of the forms of `SQLITE_BUSY`, the low byte of their codes.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|it| it.code()?.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

/// Runs a word about the transaction.
pub(super) async fn run(sql: &'static str, connection: &mut Connection) -> Result<()> {
    sqlx::query(sql).execute(&mut **connection).await?;
    Ok(())
}
