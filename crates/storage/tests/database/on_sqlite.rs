//! The embedded engine: one file, one writer at a time.

use std::path::{Path, PathBuf};

use sir0_storage::{Error, Location as Address, Migration, Step, sqlite as engine};
use tempfile::TempDir;

#[path = "groups.rs"]
mod groups;
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

/// Where one database is. To the database, every handle opened on it is a separate process.
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

fn at(file: &Path) -> Address {
    Address::Sqlite(file.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_serves_a_file_at_a_time_and_commands_work_beside_it() {
    let place = Place::empty();
    let (here, elsewhere) = (at(&place.file), at(&place.file.with_file_name("other.db")));
    let serving = here.serve().await.expect("nobody serves it").expect("it is a file");

    let refused = here.serve().await.expect_err("it is served");

    let us = std::process::id().to_string();
    assert!(matches!(&refused, Error::Served { process, .. } if *process == us), "{refused:?}");
    assert_eq!(here.served_by().expect("a folder"), Some(us));
    elsewhere.serve().await.expect("another file is another's");
    write_note(&place.open().await, "beside it").await.expect("a turn to write");
    drop(serving);
    assert_eq!(here.served_by().expect("a folder"), None);
    here.serve().await.expect("nobody serves it any more");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn one_file_is_one_file_whatever_name_leads_to_it() {
    let place = Place::empty();
    drop(place.open().await);
    let link = place.file.with_file_name("link.db");
    std::os::unix::fs::symlink(&place.file, &link).expect("a folder of ours");
    let _serving = at(&place.file).serve().await.expect("nobody serves it");

    let refused = at(&link).serve().await.expect_err("it is served");

    assert!(matches!(refused, Error::Served { .. }), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_said_to_be_damaged_wherever_it_is_met() {
    let place = Place::empty();
    let database = place.open().await;
    for number in 0..200 {
        let text = format!("{number} {}", "and so on ".repeat(100));
        write_note(&database, &text).await.expect("room on the disk");
    }
    database.close().await;
    let whole = std::fs::read(&place.file).expect("our own file");

    // The file is damaged first in the middle, where only a look at every page finds it, and then from the first byte
    // on.
    let mut in_the_middle = whole.clone();
    let middle = whole.len() / 2 / 4096 * 4096;
    in_the_middle[middle..middle + 4096].fill(0x5a);
    std::fs::write(&place.file, in_the_middle).expect("our own file");
    let examined = at(&place.file).examine().await.expect_err("a page is not one");
    std::fs::write(
        &place.file,
        b"this was never a database, only a text of some length".repeat(99),
    )
    .expect("our own file");
    let no_database = at(&place.file).examine().await.expect_err("a text");
    let opened = place.open_with(&[NOTES, EVENTS]).await.expect_err("a text");

    for error in [examined, no_database, opened] {
        assert!(matches!(error, Error::Damaged(_)), "{error:?}");
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

    // Inside that transaction the connection would still show the moment the transaction began.
    assert_eq!(notes(&database).await, ["later"]);
}
