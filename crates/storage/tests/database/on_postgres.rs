//! PostgreSQL: many writers at once.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sir0_storage::{
    DatabaseConfig, Error, Location as Address, Migration, Step, postgres as engine,
};
use sir0_throwaway::{Lends, PgBouncer};

use crate::hang_up_after;

#[path = "numbering.rs"]
mod numbering;
#[path = "stories.rs"]
mod stories;

const NOTES: Migration = Migration {
    version: 1,
    name: "notes",
    sql: "CREATE TABLE notes (
              note BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
              text TEXT NOT NULL UNIQUE
          )",
};

const EVENTS: Migration = Migration {
    version: 2,
    name: "events",
    sql: concat!(
        include_str!("../../../../migrations/storefront/postgres/0002_events.sql"),
        include_str!("../../../../migrations/storefront/postgres/0007_outbox.sql"),
    ),
};

/// Where one database is. To the database, every handle opened on it is a separate process.
struct Place {
    database: sir0_throwaway::Database,
}

impl Place {
    fn empty() -> Self {
        Self { database: sir0_throwaway::database() }
    }

    fn address(&self) -> engine::Address {
        address(self.database.url())
    }

    async fn open(&self) -> engine::Database {
        self.open_with(&[NOTES, EVENTS]).await.expect("a database")
    }

    async fn open_with(&self, migrations: &[Migration]) -> sir0_storage::Result<engine::Database> {
        engine::Database::open(&self.address(), migrations).await
    }

    async fn inspect(&self, migrations: &[Migration]) -> sir0_storage::Result<Vec<Step>> {
        engine::Database::inspect(&self.address(), migrations).await
    }
}

fn at(url: &str) -> sir0_storage::Result<Address> {
    Address::of(
        DatabaseConfig { url: Some(url), password_file: None, connections: 10 },
        Path::new(""),
        "",
    )
}

fn address(url: &str) -> engine::Address {
    match at(url) {
        Ok(Address::Postgres(address)) => *address,
        other => panic!("{other:?} is no server"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_bounds_every_call_and_readers_only_read() {
    const BOUNDS: [(&str, &str); 3] = [
        ("statement_timeout", "10s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
    ];
    let place = Place::empty();
    let pooler = PgBouncer::before(&place.database, Lends::Sessions);

    for url in [place.database.url(), pooler.url()] {
        let database = engine::Database::open(&address(url), &[NOTES, EVENTS]).await;
        let database = database.expect("a database");
        let mut writer = database.write().await.expect("a connection");
        for (name, wanted) in BOUNDS {
            let setting = sqlx::query_scalar("SELECT current_setting($1)").bind(name);
            let reads: String = setting.fetch_one(database.reader()).await.expect("a setting");
            let setting = sqlx::query_scalar("SELECT current_setting($1)").bind(name);
            let bound: String = setting.fetch_one(&mut *writer).await.expect("a setting");
            assert_eq!((reads.as_str(), bound.as_str()), (wanted, wanted), "{name} at {url}");
        }
        let write = sqlx::query("INSERT INTO notes (text) VALUES ('no')");
        assert!(write.execute(database.reader()).await.is_err(), "a reader writes at {url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_pooler_that_lends_sessions_work_is_done_and_notices_are_heard() {
    let place = Place::empty();
    let pooler = PgBouncer::before(&place.database, Lends::Sessions);
    let database = engine::Database::open(&address(pooler.url()), &[NOTES, EVENTS]).await;
    let database = database.expect("a database");
    let mut notices = database.listen().await.expect("a connection");

    stories::write_note(&database, "through it").await.expect("a turn to write");
    stories::announce(&database, 1).await;

    let heard = tokio::time::timeout(Duration::from_secs(10), notices.next()).await;
    heard.expect("a notice").expect("a connection");
    assert_eq!(stories::notes(&place.open().await).await, ["through it"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_lends_transactions_is_named_and_nothing_is_done_behind_it() {
    let place = Place::empty();
    let pooler = PgBouncer::before(&place.database, Lends::Transactions);

    let opened = engine::Database::open(&address(pooler.url()), &[NOTES, EVENTS]).await;
    let examined = at(pooler.url()).expect("an address").examine().await;

    for refused in [opened.map(drop), examined.map(drop)] {
        let refused = refused.expect_err("transactions are lent");
        assert!(matches!(refused, Error::Pooled), "{refused:?}");
        assert!(refused.cure().contains("pool_mode = session"), "{}", refused.cure());
    }
    let tables = place.database.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    assert_eq!(tables, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_and_what_is_missing_are_told_apart() {
    let place = Place::empty();
    let (server, _) = place.database.url().rsplit_once('/').expect("a name at the end");
    let examine = async |url: &str| {
        at(url).expect("an address").examine().await.expect_err("there is something wrong")
    };

    let missing = examine(&format!("{server}/no_such_database")).await;
    let user = place.database.url().replacen("postgres@", "a_stranger@", 1);
    let refused = examine(&user).await;
    let port = sir0_throwaway::free_port().expect("a port");
    let unreachable = examine(&format!("postgres://postgres@127.0.0.1:{port}/any")).await;

    assert!(matches!(missing, Error::NoDatabase(_)), "{missing:?}");
    assert!(matches!(refused, Error::Denied(_)), "{refused:?}");
    assert!(matches!(unreachable, Error::Unavailable(_)), "{unreachable:?}");
}

#[test]
fn a_place_is_shown_without_its_password() {
    let place = at("postgres://sir0:secret@db:6432/games").expect("an address");

    assert_eq!(place.to_string(), "postgres://sir0@db:6432/games");
}

// On SQLite this fault shows as lost writes. Here a commit also ends a transaction that another call left open, so the
// fault shows in the session: it keeps its moment and its locks, and statements outside a unit of work are never
// committed.
#[tokio::test(flavor = "multi_thread")]
async fn calls_cancelled_while_they_began_leave_no_session_inside_a_transaction() {
    const OPEN: &str = "
        SELECT COUNT(*)
          FROM pg_stat_activity
         WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let place = Place::empty();
    let database = place.open().await;

    for round in 0..40_usize {
        drop(hang_up_after(round % 6, database.write()).await);

        let started = Instant::now();
        while place.database.psql(OPEN) != "0" {
            // Well before the server would end the transaction by itself.
            assert!(started.elapsed() < Duration::from_secs(3), "left open, round {round}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
