//! Games in memory, for the many who read the few.
//!
//! Correct because of one rule: fills and drops of a game take turns. A fill that read the game before a change
//! ends before the drop that follows the change's commit, so the drop takes its copy away; a fill that begins after
//! the drop reads the change. Nothing is ever put in from a write, where the order of two writers would be lost.

use std::{future::Future, sync::Arc};

use moka::{future::Cache, ops::compute::Op};
use sir0_kernel::GameId;

use crate::domain::Game;

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
