//! The storefront as a program runs it: what it is called, what it needs, and how it is opened, asked and closed.

mod catalogue;
mod demo;
pub(crate) mod topics;

use std::sync::Arc;

use sir0_contract_storefront::{
    BulkServiceDispatch, CALLS, GamesServiceDispatch, GamesServiceKeyed, HistoryServiceDispatch,
    HistoryServiceKeyed, bulk_service_server, games_service_server, history_service_server,
};
use sir0_host::{Configured, Doors, Ground, Hint, Hosted, Opened, Service, Topics, serve};
use sir0_settings::{Kind, Setting};
use sir0_storage::{self as storage, Database, Location, Step};

use self::topics::GameTopics;
use crate::{
    Config, Storefront,
    config::SETTINGS,
    db::{self, StorefrontDb},
};

/// The storefront, as a program knows it.
pub static SERVICE: Service = Service {
    name: "storefront",
    about: "Games, and the WebSocket that tells of their changes",
    packages: &[CALLS],
    settings: SETTINGS,
    peer: Setting::new(
        "peers.storefront",
        "SIR0_STOREFRONT_URL",
        Kind::Peer,
        "where the storefront is, for an edge that runs apart",
    ),
    read: sir0_host::read::<Config>,
    tables: &db::MIGRATIONS,
    pages: &["/ws"],
    hints: &[
        Hint { what: "REST", scheme: "http", path: "/api/games" },
        Hint { what: "WebSocket", scheme: "ws", path: "/ws" },
    ],
    identifying: None,
    has_demo: true,
    commands: &[catalogue::COMMAND],
    describe_metrics,
};

fn describe_metrics() {
    for (name, meaning) in [
        ("sir0_cache_hits_total", "Games found in a cache, by the cache that had them"),
        ("sir0_cache_misses_total", "Games that no cache had, read from the database"),
    ] {
        metrics::describe_counter!(name, meaning);
    }
}

#[tonic::async_trait]
impl Configured for Config {
    fn service(&self) -> &'static Service {
        &SERVICE
    }

    fn database(&self) -> storage::DatabaseConfig<'_> {
        storage::DatabaseConfig {
            url: self.database.as_deref(),
            password_file: self.database_password_file.as_deref(),
            connections: self.database_connections,
        }
    }

    async fn migrate(&self, location: &Location) -> storage::Result<Vec<Step>> {
        let (db, steps) = StorefrontDb::open(location).await?;
        let keyed = db.key_games().await;
        db.database().close().await;
        keyed.map(|_| steps)
    }

    async fn open(&self, ground: Ground, database: Database) -> anyhow::Result<Opened> {
        let storefront = Storefront::open(self, database, ground.shared()?).await?;
        Ok(Opened { hosted: Arc::new(storefront), doorman: None })
    }
}

#[tonic::async_trait]
impl Hosted for Storefront {
    fn serve(&self, doors: &mut Doors) {
        serve!(
            doors,
            games_service_server::GamesServiceServer,
            GamesServiceDispatch,
            self.clone(),
            GamesServiceKeyed by self.keys.clone()
        );
        serve!(doors, bulk_service_server::BulkServiceServer, BulkServiceDispatch, self.clone());
        serve!(
            doors,
            history_service_server::HistoryServiceServer,
            HistoryServiceDispatch,
            self.clone(),
            HistoryServiceKeyed by self.keys.clone()
        );
    }

    fn topics(&self) -> Option<Arc<dyn Topics>> {
        Some(Arc::new(GameTopics(self.clone())))
    }

    async fn check(&self) -> storage::Result<()> {
        Self::check(self).await
    }

    async fn demonstrate(&self) -> anyhow::Result<Option<String>> {
        Ok(Some(match self.stock(demo::games()?).await? {
            0 => "the store has games already, the demo catalogue stays out".to_owned(),
            count => format!("the demo catalogue of {count} games is in the store"),
        }))
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}
