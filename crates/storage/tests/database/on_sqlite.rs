//! The embedded engine: one file, one writer at a time.

use std::path::PathBuf;

use sir0_storage::{Migration, Step, sqlite as engine};
use tempfile::TempDir;

#[path = "stories.rs"]
mod stories;

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

/// Begins a transaction whose reads all show one moment.
const BEGIN_A_MOMENT: &str = "BEGIN";

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

/// As long as the engine, a thread of this process, takes for an answer.
async fn a_step() {
    tokio::task::yield_now().await;
}

// PostgreSQL has one kind of connection: there a single statement may write as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_cannot_write() {
    let place = Place::empty();
    let database = place.open().await;

    let insert = sqlx::query("INSERT INTO notes (text) VALUES ('sneaked in')");
    insert.execute(database.reader()).await.expect_err("a reader only reads");

    let notes: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM notes")
        .fetch_one(database.reader())
        .await
        .expect("a table");
    assert_eq!(notes, 0);
}
