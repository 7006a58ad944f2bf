//! The storefront as a program runs it: what it is called, what it needs, and how it is opened, asked and closed.

mod catalogue;
mod demo;
pub(crate) mod pictures;
pub(crate) mod topics;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use sir0_contract_storefront::{
    BulkServiceDispatch, CALLS, GamesServiceDispatch, GamesServiceKeyed, HistoryServiceDispatch,
    HistoryServiceKeyed, MediaServiceDispatch, MediaServiceKeyed, PagesServiceDispatch,
    PagesServiceKeyed, StoreServiceDispatch, StoreServiceKeyed, bulk_service_server,
    games_service_server, history_service_server, media_service_server, pages_service_server,
    store_service_server,
};
use sir0_host::{
    Configured, Doors, Files, Finding, Ground, Hint, Hosted, Opened, Service, Topics, serve,
};
use sir0_settings::{Kind, Setting};
use sir0_storage::{self as storage, Database, Location, Step};

use self::{pictures::Pictures, topics::GameTopics};
use crate::{
    Config, Storefront,
    config::SETTINGS,
    db::{self, StorefrontDb},
    measured, media, work,
};

/// The storefront, as a program knows it.
pub static SERVICE: Service = Service {
    name: "storefront",
    about: "Games, and the WebSocket that tells of their changes",
    packages: &[CALLS],
    settings: &[SETTINGS, sir0_media::SETTINGS],
    peer: Setting::new(
        "peers.storefront",
        "SIR0_STOREFRONT_URL",
        Kind::Peer,
        "where the storefront is, for an edge that runs apart",
    ),
    read: sir0_host::read::<Config>,
    tables: &db::MIGRATIONS,
    pages: &["/ws", "/media/*"],
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
    measured::describe();
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

    fn folder(&self, data_dir: &Path) -> Option<(PathBuf, &'static str)> {
        let folder = self.media.folder(data_dir).filter(|_| self.keeps_pictures());
        folder.map(|folder| (folder, "media"))
    }

    async fn inspect(
        &self,
        location: &Location,
        data_dir: &Path,
    ) -> storage::Result<Vec<(&'static str, Finding)>> {
        // It has every step already, so that nothing is applied.
        let (db, _) = StorefrontDb::open(location).await?;
        let missing = media::missing(self, data_dir, &db).await;
        let currency = work::currency_found(&db, self.currency).await;
        db.database().close().await;
        Ok(vec![("pictures", missing?), ("currency", currency?)])
    }

    async fn open(&self, ground: Ground, database: Database) -> anyhow::Result<Opened> {
        let data_dir = ground.data_dir.clone();
        let storefront = Storefront::open(self, database, &data_dir, ground.shared()?).await?;
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
        serve!(
            doors,
            media_service_server::MediaServiceServer,
            MediaServiceDispatch,
            self.clone(),
            MediaServiceKeyed by self.keys.clone()
        );
        serve!(
            doors,
            pages_service_server::PagesServiceServer,
            PagesServiceDispatch,
            self.clone(),
            PagesServiceKeyed by self.keys.clone()
        );
        serve!(
            doors,
            store_service_server::StoreServiceServer,
            StoreServiceDispatch,
            self.clone(),
            StoreServiceKeyed by self.keys.clone()
        );
    }

    fn topics(&self) -> Option<Arc<dyn Topics>> {
        Some(Arc::new(GameTopics(self.clone())))
    }

    fn files(&self) -> Option<Arc<dyn Files>> {
        Some(Arc::new(Pictures(self.clone())))
    }

    async fn check(&self) -> storage::Result<()> {
        Self::check(self).await
    }

    async fn demonstrate(&self) -> anyhow::Result<Option<String>> {
        Ok(Some(match self.stock_with(demo::products()?, Some(demo::cover)).await? {
            0 => "the store has games already, the demo catalogue stays out".to_owned(),
            count => format!("the demo catalogue of {count} products is in the store"),
        }))
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}
