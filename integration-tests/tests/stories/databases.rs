//! A database file, opened by someone else than the platform: how stories break things, and make them old.

use std::path::Path;

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

/// Runs these statements on the file.
pub(crate) async fn run(file: &Path, statements: &'static str) {
    let mut connection = connect(file).await;
    sqlx::raw_sql(statements).execute(&mut connection).await.expect("good statements");
    connection.close().await.expect("an open connection");
}

/// Takes the one place of a writer, and keeps it.
pub(crate) async fn hold(file: &Path) -> Held {
    let mut connection = connect(file).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.expect("nobody writes");
    Held(connection)
}

/// Someone who writes and does not come to an end.
pub(crate) struct Held(SqliteConnection);

impl Held {
    /// Gives the place back.
    pub(crate) async fn let_go(self) {
        self.0.close().await.expect("an open connection");
    }
}

async fn connect(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file);
    SqliteConnection::connect_with(&options).await.expect("a database file")
}
