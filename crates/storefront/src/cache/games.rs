//! Single games in memory, for many readers of few games.
//!
//! Correct because of one rule: fills and drops of a game take turns. A fill that read the game before a change ends
//! before the drop that follows the change's commit, so the drop takes its copy away; a fill that begins after the
//! drop reads the change. Nothing is ever put in from a write, where the order of two writers would be lost.
//!
//! A game is kept as it is answered, and beside that as it is: a change is proposed on it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use moka::{
    future::Cache,
    ops::compute::{CompResult, Op},
};
use sir0_kernel::GameId;
use sir0_transcoding::Kept;

use super::counts;
use crate::domain::Game;

/// What a game takes beside its fields and the bytes of its answer: its place in the table and in the order of use.
const OVERHEAD: usize = 256;

/// The games read last, as they are answered.
#[derive(Clone, Debug)]
pub(crate) struct GameCache {
    games: Cache<GameId, Copy>,
    /// Copies of an earlier age are not used.
    age: Arc<AtomicU64>,
}

#[derive(Clone, Debug)]
struct Copy {
    game: Arc<Game>,
    answer: Kept,
    age: u64,
}

impl GameCache {
    /// Holds this many games of a kilobyte, or fewer that are larger.
    pub(crate) fn holding(games: u64) -> Self {
        const GAME: usize = 1024;
        let places = |_: &GameId, copy: &Copy| {
            let bytes = copy.game.size() + copy.answer.size() + OVERHEAD;
            u32::try_from(bytes.div_ceil(GAME)).unwrap_or(u32::MAX)
        };
        let games = Cache::builder().max_capacity(games).weigher(places).build();
        Self { games, age: Arc::default() }
    }

    /// The game if it is in memory. Another process may have changed it a moment ago.
    pub(crate) async fn peek(&self, id: GameId) -> Option<Arc<Game>> {
        let age = self.age.load(Ordering::Acquire);
        Some(self.copy(id, age).await?.game)
    }

    async fn copy(&self, id: GameId, age: u64) -> Option<Copy> {
        self.games.get(&id).await.filter(|copy| copy.age == age)
    }

    /// The game from memory, or read once, however many callers ask at the same time. A game that does not exist is not
    /// kept.
    pub(crate) async fn game<R, E>(
        &self,
        id: GameId,
        read: impl FnOnce() -> R + Send,
    ) -> Result<Option<Kept>, E>
    where
        R: Future<Output = Result<Option<(Game, Kept)>, E>> + Send,
        E: Send + Sync + 'static,
    {
        let age = self.age.load(Ordering::Acquire);
        if let Some(copy) = self.copy(id, age).await {
            counts().process.increment(1);
            return Ok(Some(copy.answer));
        }
        // Boxed: a read of the database takes kilobytes, which a call that finds its game here should not carry.
        Box::pin(self.fill(id, age, read())).await
    }

    async fn fill<E: Send + Sync + 'static>(
        &self,
        id: GameId,
        age: u64,
        read: impl Future<Output = Result<Option<(Game, Kept)>, E>> + Send,
    ) -> Result<Option<Kept>, E> {
        let filled = self.games.entry(id).and_try_compute_with(async |known| match known {
            Some(entry) if entry.value().age == age => Ok(Op::Nop),
            _ => Ok(match read.await? {
                Some((game, answer)) => Op::Put(Copy { game: Arc::new(game), answer, age }),
                None => Op::Remove,
            }),
        });
        let filled = filled.await?;
        Ok(match filled {
            CompResult::Removed(_) => None,
            other => other.into_entry().map(|entry| entry.into_value().answer),
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
