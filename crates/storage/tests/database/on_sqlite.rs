//! The embedded engine: one file, one writer at a time.

use std::path::PathBuf;

use sir0_storage::{Migration, Step, sqlite as engine};
use tempfile::TempDir;

#[path = "stories.rs"]
mod stories;

use stories::{notes, write_note};

const NOTES: Migration = Migration {
    version: 1,
    name: "notes",
    sql: "CREATE TABLE notes (note INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)",
};

const EVENTS: Migration = Migration {
    version: 2,
    name: "events",
    sql: include_str!("../../../../migrations/storefront/sqlite/0002_events.sql"),
};

/// Where one database is. Every handle opened on it is a process of its own, as far as the database can tell.
struct Place {
    file: PathBuf,
    _folder: TempDir,
}

impl Place {
    fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a place for temporary files");
        Self { file: folder.path().join("test.db"), _folder: folder }
    }

    async fn open(&self) -> engine::Database {
        self.open_with(&[NOTES, EVENTS]).await.expect("a database")
    }

    async fn open_with(&self, migrations: &[Migration]) -> sir0_storage::Result<engine::Database> {
        engine::Database::open(&self.file, migrations).await
    }

    async fn inspect(&self, migrations: &[Migration]) -> sir0_storage::Result<Vec<Step>> {
        engine::Database::inspect(&self.file, migrations).await
    }
}

// The readers of PostgreSQL never begin a transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_handed_back_inside_a_transaction_is_cleaned_before_the_next_use() {
    let place = Place::empty();
    let database = place.open().await;
    let mut left_open = database.reader().acquire().await.expect("a connection");
    // Behind the back of the driver, as a cancelled call leaves it.
    sqlx::raw_sql("BEGIN").execute(&mut *left_open).await.expect("no transaction yet");
    sqlx::raw_sql("SELECT COUNT(*) FROM notes").execute(&mut *left_open).await.expect("a table");
    drop(left_open);

    write_note(&database, "later").await.expect("a turn to write");

    // Still inside that transaction, the connection would show the moment it began.
    assert_eq!(notes(&database).await, ["later"]);
}
