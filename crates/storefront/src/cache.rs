//! Games and pages of them in memory, for the many who read the few.
//!
//! Single games are correct because of one rule: fills and drops of a game take turns. A fill that read the game before a change
//! ends before the drop that follows the change's commit, so the drop takes its copy away; a fill that begins after
//! the drop reads the change. Nothing is ever put in from a write, where the order of two writers would be lost.
//!
//! Pages carry the version of the store they were read at, taken before the read; any change makes all of them old.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use moka::{future::Cache, ops::compute::Op};
use sir0_kernel::GameId;

use crate::domain::{Game, Listing, Page};

/// The games read last.
#[derive(Clone, Debug)]
pub(crate) struct GameCache {
    games: Cache<GameId, Arc<Game>>,
}

impl GameCache {
    pub(crate) fn holding(games: u64) -> Self {
        Self { games: Cache::new(games) }
    }

    /// The game from memory, or read once however many ask at the same time. What does not exist is not kept.
    pub(crate) async fn game<E: Send + Sync + 'static>(
        &self,
        id: GameId,
        read: impl Future<Output = Result<Option<Game>, E>> + Send,
    ) -> Result<Option<Arc<Game>>, E> {
        if let Some(game) = self.games.get(&id).await {
            metrics::counter!("sir0_cache_hits_total", "cache" => "games").increment(1);
            return Ok(Some(game));
        }
        let filled = self.games.entry(id).and_try_compute_with(async |known| match known {
            Some(_) => Ok(Op::Nop),
            None => Ok(read.await?.map_or(Op::Nop, |game| Op::Put(Arc::new(game)))),
        });
        metrics::counter!("sir0_cache_misses_total", "cache" => "games").increment(1);
        Ok(filled.await?.into_entry().map(moka::Entry::into_value))
    }

    /// Forgets a game whose change was committed.
    pub(crate) async fn drop(&self, id: GameId) {
        self.games.entry(id).and_compute_with(async |_| Op::Remove).await;
    }

    /// Forgets every game.
    pub(crate) fn clear(&self) {
        self.games.invalidate_all();
    }
}

/// How many bytes of pages memory holds.
const PAGES_BYTES: u64 = 16 * 1024 * 1024;

/// The pages read last.
#[derive(Clone, Debug)]
pub(crate) struct PageCache {
    pages: Cache<Listing, (u64, Arc<Page>)>,
    version: Arc<AtomicU64>,
}

impl PageCache {
    pub(crate) fn new() -> Self {
        let pages = Cache::builder()
            .max_capacity(PAGES_BYTES)
            .weigher(|_, (_, page): &(u64, Arc<Page>)| weight(page))
            .build();
        Self { pages, version: Arc::default() }
    }

    /// The page from memory, or read.
    pub(crate) async fn page<E>(
        &self,
        listing: &Listing,
        read: impl Future<Output = Result<Page, E>> + Send,
    ) -> Result<Arc<Page>, E> {
        let version = self.version.load(Ordering::Acquire);
        if let Some((read_at, page)) = self.pages.get(listing).await
            && read_at == version
        {
            return Ok(page);
        }
        let page = Arc::new(read.await?);
        self.pages.insert(listing.clone(), (version, Arc::clone(&page))).await;
        Ok(page)
    }

    /// Makes every page old. Called once a change is committed.
    pub(crate) fn outdate(&self) {
        self.version.fetch_add(1, Ordering::AcqRel);
    }
}

/// About how many bytes a page takes.
fn weight(page: &Page) -> u32 {
    let bytes = |game: &Game| 256 + game.title.as_str().len() + game.description.as_str().len();
    u32::try_from(page.games.iter().map(bytes).sum::<usize>() + 512).unwrap_or(u32::MAX)
}
