//! How the storefront begins and ends.

use std::path::Path;

use sir0_feed::Feed;
use sir0_rpc::{Keys, Seal, Shared};
use sir0_storage::{self as storage, Database};

use super::{Storefront, store, turns::Turns};
use crate::{
    Config,
    cache::{FRONT_PAGES_BYTES, Freshness, GameCache, PAGES_BYTES, PageCache, SharedCache},
    db::StorefrontDb,
    finding::Finder,
    media::Media,
    reads::Reads,
};

impl Storefront {
    /// Begins to follow the changes of its database. Refuses a place for pictures that is not the one of this database.
    pub async fn open(
        config: &Config,
        database: Database,
        data_dir: &Path,
        shared: Shared,
    ) -> anyhow::Result<Self> {
        let doorman = shared.doorman.clone().for_publishers_to("change games");
        let shared = Shared { doorman, ..shared };
        let db = StorefrontDb::of(database.clone());
        let currency = store::currency(&db, config.currency).await?;
        let media = Media::open(config, data_dir, &db, shared.clock.now()).await?;
        let sealing_key = database.sealing_key().await?;
        let seal = Seal::new(&sealing_key);
        let keys = Keys::open(&shared, database.clone(), &sealing_key);
        let (redis, clock) = (shared.redis.clone(), shared.clock.clone());
        let keep_for = config.events_kept_for;
        let feeding = sir0_feed::Config { keep_for, ..sir0_feed::Config::default() };
        let feed = Feed::open("storefront", database, redis, clock, feeding).await?;
        // Both begin at one position: a change that neither knew of would leave a stale copy in the shared cache
        // looking fresh.
        let follower = feed.follow(feed.head());
        let freshness = Freshness::since(follower.position());
        let finder = Finder::since(follower.position());
        let shared_cache = shared
            .redis
            .clone()
            .map(|redis| SharedCache::new(redis, seal.clone(), freshness.clone()));
        let page_cache = PageCache::new(PAGES_BYTES);
        let front_cache = page_cache.beside(FRONT_PAGES_BYTES);
        let storefront = Self {
            db,
            game_cache: GameCache::holding(config.cached_games),
            page_cache,
            front_cache,
            freshness,
            turns: Turns::new(),
            finder,
            reads: Reads::new(),
            shared_cache,
            feed,
            media,
            currency,
            seal,
            keys,
            shared,
        };
        tokio::spawn(storefront.clone().hear_of_changes(follower));
        tokio::task::spawn_blocking(sir0_kernel::prepare_search);
        tokio::spawn(storefront.clone().keep_index());
        tokio::spawn(storefront.clone().keep_tidy());
        tokio::spawn(storefront.clone().keep_games_keyed());
        tokio::spawn(storefront.clone().keep_to_schedules());
        Ok(storefront)
    }

    /// Whether it works: its database can be read and written.
    pub async fn check(&self) -> storage::Result<()> {
        let database = self.db.database();
        sir0_rpc::pool_gauges("storefront", database.connections());
        self.finder.measure();
        database.check().await
    }

    /// Ends what runs in the background and closes the database.
    pub async fn close(&self) {
        self.feed.stop();
        self.db.database().close().await;
    }
}
