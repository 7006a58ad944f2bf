//! Changes of one game take turns within a process, so that they do not spoil each other's conditions in the database.
//!
//! They save work and decide nothing: who has waited long for a turn goes on without.

use std::{sync::Arc, time::Duration};

use sir0_kernel::GameId;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::timeout,
};

use crate::domain::Game;

/// Games share places. So many are rarely changed at a time.
const PLACES: usize = 1024;

/// How long a change waits for its turn. When the database does not answer, many that wait for each other must not add
/// up their waiting.
const PATIENCE: Duration = Duration::from_millis(500);

/// A place: the game that was changed there last, as it was committed.
type Place = Mutex<Option<Arc<Game>>>;

/// The turns of all games. Cheap to clone; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Turns(Arc<[Place]>);

/// The turn of a game, until it is dropped; `None` for who goes on without.
pub(super) struct Turn<'t>(Option<MutexGuard<'t, Option<Arc<Game>>>>);

impl Turns {
    pub(super) fn new() -> Self {
        Self((0..PLACES).map(|_| Place::default()).collect())
    }

    /// Waits for the turn of this game.
    pub(super) async fn of(&self, id: GameId) -> Turn<'_> {
        let place = usize::try_from(i64::from(id)).unwrap_or_default() % PLACES;
        Turn(timeout(PATIENCE, self.0[place].lock()).await.ok())
    }
}

impl Turn<'_> {
    /// The game as this process committed it last. Another process may have changed it since.
    pub(super) fn known(&self, id: GameId) -> Option<Arc<Game>> {
        let last = self.0.as_ref()?.as_ref();
        last.filter(|game| game.id == id).map(Arc::clone)
    }

    /// Leaves the game for whoever changes it next; nothing when it was removed.
    pub(super) fn leave(mut self, game: Option<&Game>) {
        if let Some(last) = &mut self.0 {
            **last = game.map(|game| Arc::new(game.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use sir0_kernel::Price;
    use tokio::time::Instant;

    use super::*;
    use crate::domain::{Description, Genre, Title};

    fn game(id: i32) -> Game {
        Game {
            id: GameId::parse(id).expect("a positive id"),
            title: Title::parse("Lanterns").expect("a title"),
            genre: Genre::parse("Puzzle").expect("a genre"),
            price: Price::from_minor(1999),
            description: Description::parse("").expect("a description"),
            revision: 2,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_next_has_the_game_and_another_game_in_its_place_has_not() {
        let (turns, lanterns) = (Turns::new(), game(7));
        assert_eq!(turns.of(lanterns.id).await.known(lanterns.id), None);

        turns.of(lanterns.id).await.leave(Some(&lanterns));

        let known = turns.of(lanterns.id).await.known(lanterns.id);
        assert_eq!(known.as_deref(), Some(&lanterns));
        let other = game(7 + 1024).id;
        assert_eq!(turns.of(other).await.known(other), None);
        turns.of(lanterns.id).await.leave(None);
        assert_eq!(turns.of(lanterns.id).await.known(lanterns.id), None);
    }

    #[tokio::test(start_paused = true)]
    async fn many_behind_a_change_that_does_not_end_go_on_together_and_soon() {
        let (turns, id, begun) = (Turns::new(), game(7).id, Instant::now());
        let stuck = turns.of(id).await;

        futures::future::join_all((0..32).map(|_| turns.of(id))).await;

        assert_eq!(begun.elapsed(), PATIENCE);
        drop(stuck);
    }
}
