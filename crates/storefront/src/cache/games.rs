//! Single games in memory, for many readers of few games.
//!
//! Correct because of one rule: a drop takes away what a fill has put in, and the place of a fill that is at work. A fill
//! that read the game before a change has its copy taken away by the drop that follows the change's commit, or finds no
//! place for it; a fill that begins after the drop reads the change. Nothing is ever put in from a write, where the
//! order of two writers would be lost.
//!
//! A game is kept as it is answered, and beside that as it is: a change is proposed on it.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use quick_cache::{Weighter, sync::Cache};
use sir0_kernel::GameId;
use sir0_transcoding::Kept;

use super::counts;
use crate::domain::Game;

/// What a game takes beside its fields and the bytes of its answer: its place in the table and in the order of use.
const OVERHEAD: usize = 256;

/// For how many games places are reserved at most. There are more once they are used.
const MOST_PLACES: usize = 10_000;

/// The games read last, as they are answered.
#[derive(Clone, Debug)]
pub(crate) struct GameCache {
    games: Arc<Cache<GameId, Copy, Places>>,
    /// Copies of an earlier age are not used.
    age: Arc<AtomicU64>,
}

#[derive(Clone, Debug)]
struct Copy {
    game: Arc<Game>,
    answer: Kept,
    age: u64,
}

/// How many games of a kilobyte have the place that one takes.
#[derive(Clone, Copy, Debug)]
struct Places;

impl Weighter<GameId, Copy> for Places {
    fn weight(&self, _: &GameId, copy: &Copy) -> u64 {
        const GAME: usize = 1024;
        (copy.game.size() + copy.answer.size() + OVERHEAD).div_ceil(GAME) as u64
    }
}

impl GameCache {
    /// Holds this many games of a kilobyte, or fewer that are larger.
    pub(crate) fn holding(games: u64) -> Self {
        let about = usize::try_from(games).unwrap_or(usize::MAX).min(MOST_PLACES);
        let games = Cache::with_weighter(about, games, Places);
        Self { games: Arc::new(games), age: Arc::default() }
    }

    /// The game if it is in memory. Another process may have changed it a moment ago.
    pub(crate) fn peek(&self, id: GameId) -> Option<Arc<Game>> {
        let age = self.age.load(Ordering::Acquire);
        Some(self.copy(id, age)?.game)
    }

    fn copy(&self, id: GameId, age: u64) -> Option<Copy> {
        self.games.get(&id).filter(|copy| copy.age == age)
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
        if let Some(copy) = self.copy(id, age) {
            counts().process.increment(1);
            return Ok(Some(copy.answer));
        }
        // Boxed: a read of the database takes kilobytes, which a call that finds its game here should not carry.
        Box::pin(self.fill(id, age, read())).await
    }

    async fn fill<E>(
        &self,
        id: GameId,
        age: u64,
        read: impl Future<Output = Result<Option<(Game, Kept)>, E>> + Send,
    ) -> Result<Option<Kept>, E> {
        loop {
            match self.games.get_value_or_guard_async(&id).await {
                Ok(copy) if copy.age >= age => return Ok(Some(copy.answer)),
                Ok(_) => drop(self.games.remove_if(&id, |copy| copy.age < age)),
                // Who waits for the place has it next, if there is no such game, or it cannot be read.
                Err(place) => {
                    let Some((game, answer)) = read.await? else { return Ok(None) };
                    let copy = Copy { game: Arc::new(game), answer: answer.clone(), age };
                    // The place is gone if the game was dropped meanwhile.
                    drop(place.insert(copy));
                    return Ok(Some(answer));
                }
            }
        }
    }

    /// Forgets a game whose change was committed.
    pub(crate) fn drop(&self, id: GameId) {
        self.games.remove(&id);
    }

    /// Forgets every game, also those that are being read at this moment.
    pub(crate) fn clear(&self) {
        self.age.fetch_add(1, Ordering::AcqRel);
        self.games.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use futures::future::{join, join_all};
    use tokio::{sync::oneshot, time::sleep};

    use super::*;
    use crate::convert::games as convert;

    const ID: i32 = 7;

    fn found(revision: i32) -> (Game, Kept) {
        let game = Game::example(ID, revision);
        let answer = convert::game(&game, sir0_kernel::Currency::EUR);
        (game, answer)
    }

    async fn reads(cache: &GameCache, revision: i32) -> Option<Kept> {
        let read = || async move { Ok::<_, Infallible>(Some(found(revision))) };
        let Ok(kept) = cache.game(found(1).0.id, read).await;
        kept
    }

    fn revision_in(cache: &GameCache) -> Option<i32> {
        cache.peek(found(1).0.id).map(|game| game.revision)
    }

    #[tokio::test]
    async fn a_game_that_was_read_before_its_change_does_not_outlive_the_drop() {
        let (cache, id) = (GameCache::holding(100), found(1).0.id);
        let (committed, waits) = oneshot::channel();
        let slow = cache.game(id, || async {
            waits.await.expect("it is sent");
            Ok::<_, Infallible>(Some(found(1)))
        });
        let change = async {
            sleep(Duration::from_millis(5)).await;
            cache.drop(id);
            committed.send(()).expect("it is awaited");
        };

        let (Ok(answered), ()) = join(slow, change).await;

        assert!(answered.is_some(), "its reader asked before the change was answered");
        assert_eq!(revision_in(&cache), None);
        reads(&cache, 2).await;
        assert_eq!(revision_in(&cache), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_read_once_and_the_next_reads_when_the_first_is_gone() {
        let (cache, id, count) = (GameCache::holding(100), found(1).0.id, AtomicU64::new(0));
        let read = || async {
            count.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(20)).await;
            Ok::<_, Infallible>(Some(found(1)))
        };
        let hung_up = tokio::time::timeout(Duration::from_millis(5), cache.game(id, read));

        let (hung_up, all) = join(hung_up, join_all((0..50).map(|_| cache.game(id, read)))).await;

        assert!(hung_up.is_err());
        assert!(all.into_iter().all(|Ok(kept)| kept.is_some()));
        assert_eq!(
            count.load(Ordering::Relaxed),
            2,
            "the one who left, and one for all the others"
        );
    }

    #[tokio::test]
    async fn what_is_cleared_while_it_is_read_is_read_again() {
        let (cache, id) = (GameCache::holding(100), found(1).0.id);
        let slow = cache.game(id, || async {
            cache.clear();
            Ok::<_, Infallible>(Some(found(1)))
        });
        let Ok(_) = slow.await;

        assert_eq!(revision_in(&cache), None, "it was read in an earlier age");
        reads(&cache, 2).await;
        assert_eq!(revision_in(&cache), Some(2));
    }

    #[tokio::test]
    async fn what_does_not_exist_is_not_kept_and_no_more_are_kept_than_there_is_room_for() {
        let (cache, id) = (GameCache::holding(40), found(1).0.id);
        let Ok(none) = cache.game(id, || async { Ok::<_, Infallible>(None) }).await;
        assert!(none.is_none());
        assert!(reads(&cache, 1).await.is_some());

        for number in 1..=1_000 {
            let game = Game::example(number, 1);
            let (id, answer) = (game.id, found(1).1);
            let Ok(_) =
                cache.game(id, || async { Ok::<_, Infallible>(Some((game, answer))) }).await;
        }

        assert!(cache.games.weight() <= 40, "{}", cache.games.weight());
    }
}
