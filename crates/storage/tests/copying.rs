//! A copy leaves nothing behind, whatever the tables are and whichever engine it is made from and to.

use std::{collections::BTreeMap, path::Path, time::Duration};

use sir0_kernel::Timestamp;
use sir0_storage::{
    Announcement, Database, DatabaseConfig, Location, Migration,
    copy::{CopyError, copy},
    postgres, sqlite,
};
use sir0_throwaway::Empty;
use sqlx::AssertSqlSafe;

/// Every row of every table, as text.
type Dump = BTreeMap<String, Vec<String>>;

/// A key of two columns in another order than the columns, a table before the one it refers to, one without rows, a
/// column that is computed, and fields that may be null.
const TABLES_OF_SQLITE: &str = "
    CREATE TABLE badges (
        studio     INTEGER NOT NULL REFERENCES studios (studio),
        badge      TEXT    NOT NULL,
        awarded_at INTEGER,
        PRIMARY KEY (badge, studio)
    );
    CREATE TABLE studios (
        studio  INTEGER PRIMARY KEY AUTOINCREMENT,
        name    TEXT    NOT NULL,
        shouted TEXT    GENERATED ALWAYS AS (upper(name)) STORED,
        rank    INTEGER NOT NULL,
        logo    BLOB,
        motto   TEXT
    );
    CREATE TABLE wishes (wish TEXT PRIMARY KEY)";

const TABLES_OF_POSTGRES: &str = r#"
    CREATE TABLE badges (
        studio     BIGINT NOT NULL,
        badge      TEXT   COLLATE "C" NOT NULL,
        awarded_at TIMESTAMPTZ,
        PRIMARY KEY (badge, studio)
    );
    CREATE TABLE studios (
        studio  BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name    TEXT    NOT NULL,
        shouted TEXT    GENERATED ALWAYS AS (upper(name)) STORED,
        rank    INTEGER NOT NULL,
        logo    BYTEA,
        motto   TEXT
    );
    ALTER TABLE badges ADD FOREIGN KEY (studio) REFERENCES studios (studio);
    CREATE TABLE wishes (wish TEXT COLLATE "C" PRIMARY KEY)"#;

/// More badges than are read at a time, so that a batch ends within a first part of the key, and a studio whose number
/// is gone.
const ROWS: &str = "
    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 31)
    INSERT INTO studios (name, rank, logo, motto)
    SELECT 'Studio ' || n, -n, randomblob(n % 3), CASE n % 3 WHEN 0 THEN '' WHEN 1 THEN 'Ünïcödé' END FROM number;
    DELETE FROM studios WHERE studio = 31;
    WITH RECURSIVE badge (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM badge WHERE n < 40)
    INSERT INTO badges (studio, badge, awarded_at)
    SELECT studio, 'badge ' || n, CASE WHEN studio > 1 THEN 1800000000000000 + n END FROM studios, badge;
    INSERT INTO events (kind, payload, announced_at) VALUES ('awarded', '{}', 1800000000000001)";

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_from_engine_to_engine_and_back_is_all_there() {
    let (file, server) = (Empty::on_sqlite, Empty::on_postgres);
    let places = [file(), server(), file(), file(), server(), server()];
    let mut databases = Vec::new();
    for place in &places {
        databases.push(open(place, TABLES_OF_SQLITE, TABLES_OF_POSTGRES).await);
    }
    let Database::Sqlite(first) = &databases[0] else { panic!("the first is a file") };
    let mut tx = first.write().await.expect("a turn to write");
    sqlx::raw_sql(ROWS).execute(&mut *tx).await.expect("the tables above");
    tx.commit().await.expect("room on the disk");

    for pair in databases.windows(2) {
        let copied = copy(&pair[0], &pair[1]).await.expect("an empty database");
        let told: Vec<_> = copied.iter().map(|it| (it.table.as_str(), it.rows)).collect();
        assert_eq!(told.len(), 4, "{told:?}");
        for table in [("studios", 30), ("badges", 1200), ("wishes", 0), ("events", 1)] {
            assert!(told.contains(&table), "{told:?}");
        }
    }

    let mut dumps = Vec::new();
    for database in &databases {
        dumps.push(dump(database).await);
    }
    assert_eq!(dumps[0]["badges"].len(), 1200);
    assert_eq!(dumps[0]["sqlite_sequence"], ["'events'|1", "'studios'|31"]);
    assert_eq!(dumps[1]["feed_head"], ["(1,1)"]);
    assert_eq!([&dumps[2], &dumps[3]], [&dumps[0]; 2]);
    assert_eq!([&dumps[4], &dumps[5]], [&dumps[1]; 2]);
    // The number of the studio that is gone is not given again.
    for place in [&places[1], &places[4], &places[5]] {
        assert_eq!(next_studio(place).await, 32);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_would_not_arrive_whole_stops_the_copy_before_it_begins() {
    for (here, there, why) in [
        ("CREATE TABLE notes (text TEXT)", "", "it has no primary key to read it by"),
        ("CREATE TABLE notes (text TEXT PRIMARY KEY)", "", "the target has no such table"),
        (
            "CREATE TABLE notes (text TEXT PRIMARY KEY, loud INTEGER)",
            "CREATE TABLE notes (text TEXT PRIMARY KEY)",
            "the target lacks one of its columns",
        ),
        (
            "CREATE TABLE notes (text TEXT PRIMARY KEY, weight REAL)",
            "CREATE TABLE notes (text TEXT PRIMARY KEY, weight REAL)",
            "no type of ours is `REAL`, the one of `weight`",
        ),
    ] {
        let places = [Empty::on_sqlite(), Empty::on_sqlite()];
        let source = open(&places[0], here, "").await;
        let target = open(&places[1], there, "").await;

        let refused = copy(&source, &target).await.expect_err("something would be left behind");

        let CopyError::Unfit { table, why: said } = refused else { panic!("{refused:?}") };
        assert_eq!((table.as_str(), said.as_str()), ("notes", why));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_announced_last_is_copied_with_a_position() {
    let places = [Empty::on_postgres(), Empty::on_sqlite(), Empty::on_postgres()];
    let mut databases = Vec::new();
    for place in &places {
        databases.push(open(place, "", "").await);
    }
    let Database::Postgres(first) = &databases[0] else { panic!("the first is a server") };
    let mut tx = first.write().await.expect("a connection");
    for payload in ["1", "2"] {
        postgres::announce(&mut tx, &noted(payload)).await.expect("a table");
    }
    tx.commit().await.expect("room on the disk");

    copy(&databases[0], &databases[1]).await.expect("an empty database");
    copy(&databases[0], &databases[2]).await.expect("an empty database");

    for database in &databases {
        let events = database.events_after(0, 10).await.expect("a table");
        let told: Vec<_> = events.iter().map(|row| (row.position, row.payload.as_str())).collect();
        assert_eq!(told, [(1, "1"), (2, "2")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_waits_for_a_server_that_gives_positions_and_neither_stops_the_other() {
    let places = [Empty::on_postgres(), Empty::on_sqlite()];
    let source = open(&places[0], "", "").await;
    let target = open(&places[1], "", "").await;
    let Database::Postgres(server) = open(&places[0], "", "").await else { panic!("a server") };
    let mut announcing = server.write().await.expect("a connection");
    postgres::announce(&mut announcing, &noted("1")).await.expect("a table");
    announcing.commit().await.expect("room on the disk");

    // What the function does, step by step.
    let mut numbering = server.write().await.expect("a connection");
    let head = sqlx::query("SELECT position FROM feed_head FOR UPDATE");
    head.execute(&mut *numbering).await.expect("nobody holds it");
    let copying = async { copy(&source, &target).await.expect("no deadlock") };
    let giving = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let give = sqlx::query(postgres::NUMBER);
        give.execute(&mut *numbering).await.expect("no deadlock");
        numbering.commit().await.expect("room on the disk");
    };
    futures::future::join(copying, giving).await;

    assert_eq!(target.event_bounds().await.expect("a table").head, 1);
}

fn noted(payload: &str) -> Announcement {
    let at = Timestamp::from_micros(1_800_000_000_000_000);
    Announcement { kind: "noted", payload: payload.to_owned(), at }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_into_a_table_that_has_rows_is_refused() {
    let places = [Empty::on_sqlite(), Empty::on_postgres()];
    let source = open(&places[0], TABLES_OF_SQLITE, TABLES_OF_POSTGRES).await;
    let target = open(&places[1], TABLES_OF_SQLITE, TABLES_OF_POSTGRES).await;
    next_studio(&places[1]).await;

    let refused = copy(&source, &target).await.expect_err("it is used");

    assert!(matches!(&refused, CopyError::NotEmpty(table) if table == "studios"), "{refused:?}");
}

async fn open(empty: &Empty, on_sqlite: &'static str, on_postgres: &'static str) -> Database {
    let step = |version, name, sql| Migration { version, name, sql };
    match place(empty) {
        Location::Sqlite(file) => {
            let events = include_str!("../../../migrations/storefront/sqlite/0002_events.sql");
            let steps = [step(1, "tables", on_sqlite), step(2, "events", events)];
            Database::Sqlite(sqlite::Database::open(&file, &steps).await.expect("a database"))
        }
        Location::Postgres(address) => {
            let events = concat!(
                include_str!("../../../migrations/storefront/postgres/0002_events.sql"),
                include_str!("../../../migrations/storefront/postgres/0007_outbox.sql"),
            );
            let steps = [step(1, "tables", on_postgres), step(2, "events", events)];
            let opened = postgres::Database::open(&address, &steps).await;
            Database::Postgres(opened.expect("a database"))
        }
    }
}

fn place(empty: &Empty) -> Location {
    let asked = DatabaseConfig { url: Some(empty.url()), password_file: None, connections: 4 };
    Location::of(asked, Path::new(""), "").expect("a place")
}

/// Adds a studio on PostgreSQL, and tells its number.
async fn next_studio(empty: &Empty) -> i64 {
    let Database::Postgres(database) = open(empty, "", TABLES_OF_POSTGRES).await else {
        panic!("{} is a server", empty.url())
    };
    let add = "INSERT INTO studios (name, rank) VALUES ('Next', 0) RETURNING studio";
    let mut tx = database.write().await.expect("a connection");
    let studio = sqlx::query_scalar(add).fetch_one(&mut *tx).await.expect("a table");
    tx.commit().await.expect("room on the disk");
    studio
}

/// Every table that the engine knows of but for the list of migrations, also those that it keeps for itself.
async fn dump(database: &Database) -> Dump {
    let mut dump = Dump::new();
    match database {
        Database::Sqlite(database) => {
            const TABLES: &str = "
                SELECT made.name, (SELECT group_concat('quote(' || name || ')', ' || ''|'' || ') FROM pragma_table_xinfo(made.name))
                  FROM sqlite_schema AS made
                 WHERE type = 'table' AND made.name <> '_sqlx_migrations'";
            let reader = database.reader();
            let tables: Vec<(String, String)> =
                sqlx::query_as(TABLES).fetch_all(reader).await.expect("a catalogue");
            for (table, fields) in tables {
                let rows = format!("SELECT {fields} FROM {table} ORDER BY 1");
                let rows = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(reader).await;
                dump.insert(table, rows.expect("a table"));
            }
        }
        Database::Postgres(database) => {
            const TABLES: &str = "
                SELECT tablename::text
                  FROM pg_tables
                 WHERE schemaname = 'public' AND tablename <> '_sqlx_migrations'";
            let reader = database.reader();
            let tables: Vec<String> =
                sqlx::query_scalar(TABLES).fetch_all(reader).await.expect("a catalogue");
            for table in tables {
                let rows = format!("SELECT it::text FROM {table} AS it ORDER BY 1");
                let rows = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(reader).await;
                dump.insert(table, rows.expect("a table"));
            }
        }
    }
    dump
}
