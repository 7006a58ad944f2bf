//! A database on either engine, and the processes that use it.

use std::{sync::Arc, time::Duration};

use sir0_feed::{Config, Feed};
use sir0_kernel::{SystemClock, Timestamp};
use sir0_redis::Redis;
use sir0_storage::{
    self as storage, Announcement, Database, DatabaseConfig, Migration, postgres, sqlite,
};
use tempfile::TempDir;

use crate::Noted;

const SQLITE: Migration = Migration {
    version: 1,
    name: "events",
    sql: include_str!("../../../../migrations/storefront/sqlite/0002_events.sql"),
};

const POSTGRES: Migration = Migration {
    sql: concat!(
        include_str!("../../../../migrations/storefront/postgres/0002_events.sql"),
        include_str!("../../../../migrations/storefront/postgres/0007_outbox.sql"),
    ),
    ..SQLITE
};

/// Where one database is. Every handle opened on it is a separate process, as far as the database can tell.
pub(crate) struct Place {
    address: storage::Location,
    /// The database on its server, if the engine has servers.
    pub(crate) server: Option<sir0_throwaway::Database>,
    _folder: TempDir,
}

impl Place {
    pub(crate) fn on_sqlite() -> Self {
        Self::at(None)
    }

    pub(crate) fn on_postgres() -> Self {
        Self::at(Some(sir0_throwaway::database()))
    }

    fn at(server: Option<sir0_throwaway::Database>) -> Self {
        let folder = tempfile::tempdir().expect("a place for temporary files");
        let url = server.as_ref().map(sir0_throwaway::Database::url);
        let asked = DatabaseConfig { url, password_file: None, connections: 10 };
        let address = storage::Location::of(asked, folder.path(), "test.db").expect("a place");
        Self { address, server, _folder: folder }
    }

    pub(crate) async fn open(&self) -> Process {
        Process(match &self.address {
            storage::Location::Sqlite(file) => {
                Database::Sqlite(sqlite::Database::open(file, &[SQLITE]).await.expect("a database"))
            }
            storage::Location::Postgres(address) => Database::Postgres(
                postgres::Database::open(address, &[POSTGRES]).await.expect("a database"),
            ),
        })
    }
}

pub(crate) struct Process(Database);

impl Process {
    /// A feed with the doorbell of its engine: none between processes that share a file, else the server's.
    pub(crate) async fn feed(&self, config: Config) -> Feed<Noted> {
        self.feed_through(None, config).await
    }

    /// A feed that hears no ring from outside this process: the Redis it listens to is not there.
    pub(crate) async fn deaf_feed(&self, config: Config) -> Feed<Noted> {
        let port = sir0_throwaway::free_port().expect("a port");
        self.feed_through(Some(redis_at(&format!("redis://127.0.0.1:{port}"))), config).await
    }

    pub(crate) async fn feed_through(&self, redis: Option<Redis>, config: Config) -> Feed<Noted> {
        let clock = Arc::new(SystemClock);
        Feed::open("notes", self.0.clone(), redis, clock, config).await.expect("a table")
    }

    /// Commits these events, all at once, and does not ring.
    pub(crate) async fn notes(&self, numbers: impl IntoIterator<Item = u32>) {
        self.announces("noted", numbers).await;
    }

    /// As [`Self::notes`], for any kind and any payloads.
    pub(crate) async fn announces(
        &self,
        kind: &'static str,
        payloads: impl IntoIterator<Item = impl ToString>,
    ) {
        macro_rules! announce {
            ($engine:ident, $database:ident) => {{
                let mut tx = $database.write().await.expect("a turn to write");
                for payload in payloads {
                    let (payload, at) = (payload.to_string(), Timestamp::from_micros(0));
                    let announcement = Announcement { kind, payload, at };
                    $engine::announce(&mut tx, &announcement).await.expect("a table");
                }
                tx.commit().await.expect("room on the disk");
            }};
        }
        match &self.0 {
            Database::Sqlite(database) => announce!(sqlite, database),
            Database::Postgres(database) => announce!(postgres, database),
        }
    }

    pub(crate) async fn keeps_only(&self, events: i64) {
        self.0.number_events().await.expect("a table");
        self.0
            .prune_events(events, sir0_kernel::Timestamp::from_micros(253_402_300_799_000_000))
            .await
            .expect("a turn to write");
    }
}

/// A patient Redis client, so that a busy machine is not mistaken for a slow Redis, which gets no rings for a while.
pub(crate) fn redis_at(url: &str) -> Redis {
    let patience = Duration::from_secs(1);
    let config = sir0_redis::Config { url: Some(url.to_owned()), patience, password_file: None };
    Redis::open(&config).expect("a URL that can be read")
}

/// Runs each story on every engine. Another engine is another line.
macro_rules! on_every_engine {
    ($(async fn $name:ident($place:ident: Place) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn story($place: Place) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() { story(Place::on_sqlite()).await }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_postgres() { story(Place::on_postgres()).await }
        }
    )*};
}
pub(crate) use on_every_engine;
