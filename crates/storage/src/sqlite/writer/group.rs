//! A group: units of work that share a transaction.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::oneshot::{self, Receiver, Sender},
    time::Instant,
};

use super::{Back, Connection, Lent, lender::run};
use crate::{Error, Result, sqlite::Statement};

/// How many units share a transaction, and how long others may join it. The first one waits for the last.
const MOST: usize = 64;
const JOINING: Duration = Duration::from_millis(10);

/// A group whose transaction has begun.
pub(super) struct Group {
    /// `None` if a unit lost it.
    connection: Option<Connection>,
    begun: Instant,
    members: Vec<Member>,
    /// Why nothing of the group can be committed.
    failed: Option<Arc<Error>>,
}

/// A unit that waits for the commit, with what it is answered then.
enum Member {
    Unit(Sender<Result<()>>),
    Change(Sender<Result<bool>>, Result<bool>),
}

impl Group {
    pub(super) fn begun(connection: Connection) -> Self {
        Self { connection: Some(connection), begun: Instant::now(), members: vec![], failed: None }
    }

    /// Whether another unit may join.
    pub(super) fn is_open(&self) -> bool {
        self.failed.is_none() && self.members.len() < MOST && self.begun.elapsed() < JOINING
    }

    /// Lends the connection to a unit of work.
    pub(super) async fn unit(&mut self, lend: Sender<Result<Lent>>) {
        if lend.is_closed() {
            return;
        }
        if let Err(cause) = self.run("SAVEPOINT unit").await {
            drop(lend.send(Err(self.fail(cause))));
            return;
        }
        let Some(connection) = self.connection.take() else { return };
        let Some(Back { connection, is_kept, tell }) = Lent::until_back(connection, lend).await
        else {
            self.fail(super::closed());
            return;
        };
        self.connection = Some(connection);
        self.members.extend(tell.map(Member::Unit));
        let end = if is_kept { "RELEASE unit" } else { "ROLLBACK TO unit; RELEASE unit" };
        // Where there is no such savepoint any more, SQLite has ended the transaction, for instance because the disk is
        // full. The next statement would be committed by itself.
        match self.run(end).await {
            Ok(()) => {}
            Err(Error::Broken(cause)) => _ = self.fail(Error::Unavailable(cause)),
            Err(cause) => _ = self.fail(cause),
        }
    }

    /// Runs a statement that is a whole unit of work, in a savepoint `change`.
    pub(super) async fn change(
        &mut self,
        statement: Statement,
        tell: Sender<Result<Receiver<Result<bool>>>>,
    ) {
        let (tell_end, told) = oneshot::channel();
        let Some(connection) = &mut self.connection else { return };
        if tell.send(Ok(told)).is_err() {
            return;
        }
        let answer = match statement.fetch_all(&mut **connection).await {
            Ok(rows) => Ok(!rows.is_empty()),
            Err(cause) => match self.run("ROLLBACK TO change; RELEASE change").await {
                Ok(()) => Err(cause.into()),
                Err(_ended) => Err(self.fail(cause.into())),
            },
        };
        self.members.push(Member::Change(tell_end, answer));
    }

    /// Commits what the units wrote, if none of them spoilt it, and answers them all. What comes back is the connection,
    /// and whether its transaction has ended well.
    pub(super) async fn end(mut self) -> (Option<Connection>, bool) {
        if self.failed.is_none()
            && let Err(cause) = self.run("COMMIT").await
        {
            self.fail(cause);
        }
        for member in self.members {
            let failed = self.failed.clone().map(Error::Group);
            match member {
                Member::Unit(tell) => drop(tell.send(failed.map_or(Ok(()), Err))),
                Member::Change(tell, answer) => drop(tell.send(failed.map_or(answer, Err))),
            }
        }
        (self.connection, self.failed.is_none())
    }

    async fn run(&mut self, sql: &'static str) -> Result<()> {
        match &mut self.connection {
            Some(connection) => run(sql, connection).await,
            None => Err(super::closed()),
        }
    }

    /// Gives the group up.
    fn fail(&mut self, cause: Error) -> Error {
        let cause = Arc::new(cause);
        self.failed = Some(cause.clone());
        Error::Group(cause)
    }
}
