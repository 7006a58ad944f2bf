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
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::Counter;
use moka::{
    future::Cache,
    ops::compute::{CompResult, Op},
};
use sir0_kernel::GameId;

use crate::domain::{Game, Listing, Page};

/// The games read last.
#[derive(Clone, Debug)]
pub(crate) struct GameCache {
    games: Cache<GameId, Kept>,
    /// Copies of an earlier age count for nothing.
    age: Arc<AtomicU64>,
}

#[derive(Clone, Debug)]
struct Kept {
    game: Arc<Game>,
    age: u64,
}

impl GameCache {
    pub(crate) fn holding(games: u64) -> Self {
        Self { games: Cache::new(games), age: Arc::default() }
    }

    /// The game from memory, or read once however many ask at the same time. What does not exist is not kept.
    pub(crate) async fn game<E: Send + Sync + 'static>(
        &self,
        id: GameId,
        read: impl Future<Output = Result<Option<Game>, E>> + Send,
    ) -> Result<Option<Arc<Game>>, E> {
        let age = self.age.load(Ordering::Acquire);
        if let Some(kept) = self.games.get(&id).await
            && kept.age == age
        {
            hits().increment(1);
            return Ok(Some(kept.game));
        }
        misses().increment(1);
        let filled = self.games.entry(id).and_try_compute_with(async |known| match known {
            Some(entry) if entry.value().age == age => Ok(Op::Nop),
            _ => Ok(match read.await? {
                Some(game) => Op::Put(Kept { game: Arc::new(game), age }),
                None => Op::Remove,
            }),
        });
        let filled = filled.await?;
        Ok(match filled {
            CompResult::Removed(_) => None,
            other => other.into_entry().map(|entry| entry.into_value().game),
        })
    }

    /// Forgets a game whose change was committed.
    pub(crate) async fn drop(&self, id: GameId) {
        self.games.entry(id).and_compute_with(async |_| Op::Remove).await;
    }

    /// Forgets every game, also those that are being read at this moment.
    pub(crate) fn clear(&self) {
        self.age.fetch_add(1, Ordering::AcqRel);
        self.games.invalidate_all();
    }
}

/// Found once: a look-up by name for every read would cost more than the counting.
fn hits() -> &'static Counter {
    static HITS: LazyLock<Counter> =
        LazyLock::new(|| metrics::counter!("sir0_cache_hits_total", "cache" => "games"));
    &HITS
}

fn misses() -> &'static Counter {
    static MISSES: LazyLock<Counter> =
        LazyLock::new(|| metrics::counter!("sir0_cache_misses_total", "cache" => "games"));
    &MISSES
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
