//! The tables of a service, used by another program than the platform: how stories break things, and make them old.

use sir0_testkit::Tables;
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

/// Runs these statements on the tables.
pub(crate) async fn run(tables: &Tables, statements: &'static str) {
    let mut connection = Tool::at(tables).await;
    connection.run(statements).await;
    connection.close().await;
}

/// Forgets what was announced after the first so many events, as a restored backup does.
pub(crate) async fn forgets_after(tables: &Tables, events: i64) {
    let mut connection = Tool::at(tables).await;
    match &mut connection {
        Tool::Sqlite(sqlite) => {
            let forget = sqlx::query("DELETE FROM events WHERE position > ?").bind(events);
            forget.execute(sqlite).await.expect("a good statement");
        }
        Tool::Postgres(postgres) => {
            let forget = sqlx::query("DELETE FROM events WHERE position > $1").bind(events);
            forget.execute(&mut *postgres).await.expect("a good statement");
            let go_back = sqlx::query("UPDATE feed_head SET position = $1").bind(events);
            go_back.execute(postgres).await.expect("a good statement");
        }
    }
    connection.close().await;
}

/// Takes away what every change is announced by.
pub(crate) async fn breaks(tables: &Tables) {
    let statement = match tables {
        Tables::File(_) => "DROP TABLE events",
        Tables::Server(_) => "DROP TABLE outbox",
    };
    run(tables, statement).await;
}

/// Takes the one place of a writer, and keeps it.
pub(crate) async fn hold(tables: &Tables) -> Held {
    let mut connection = Tool::at(tables).await;
    connection
        .run(match tables {
            Tables::File(_) => "BEGIN IMMEDIATE",
            Tables::Server(_) => "BEGIN; LOCK TABLE games IN EXCLUSIVE MODE",
        })
        .await;
    Held(connection)
}

/// A writer that does not come to an end.
pub(crate) struct Held(Tool);

impl Held {
    /// Gives the place back.
    pub(crate) async fn let_go(self) {
        self.0.close().await;
    }
}

/// A connection to tables.
enum Tool {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Tool {
    async fn at(tables: &Tables) -> Self {
        match tables {
            Tables::File(file) => {
                let options = SqliteConnectOptions::new().filename(file);
                let connection = SqliteConnection::connect_with(&options).await;
                Self::Sqlite(connection.expect("a database file"))
            }
            Tables::Server(url) => {
                Self::Postgres(PgConnection::connect(url).await.expect("a database"))
            }
        }
    }

    async fn run(&mut self, statements: &'static str) {
        let statements = sqlx::raw_sql(statements);
        let done = match self {
            Self::Sqlite(connection) => statements.execute(connection).await.map(drop),
            Self::Postgres(connection) => statements.execute(connection).await.map(drop),
        };
        done.expect("good statements");
    }

    async fn close(self) {
        let closed = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        };
        closed.expect("an open connection");
    }
}
