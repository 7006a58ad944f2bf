//! Changes of one game take turns within a process, so that they do not spoil each other's conditions in the database.
//!
//! They save work and decide nothing: a change that has waited long for its turn is made without.

use std::{sync::Arc, time::Duration};

use sir0_kernel::GameId;
use tokio::{
    sync::{Mutex, MutexGuard},
    time::timeout,
};

use crate::domain::{Game, GameEvent};

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

#[cfg(test)]
impl super::Storefront {
    /// Holds the turn of a game until what it answers is dropped.
    pub(crate) async fn holds_the_turn_of(&self, id: GameId) -> impl Drop {
        self.turns.of(id).await.0.expect("nobody else holds it")
    }
}

/// The turn of a game, until it is dropped. `None` for a change that is made without.
pub(super) struct Turn<'t>(Option<MutexGuard<'t, Option<Arc<Game>>>>);

impl Turns {
    pub(super) fn new() -> Self {
        Self((0..PLACES).map(|_| Place::default()).collect())
    }

    /// Waits for the turn of this game.
    pub(super) async fn of(&self, id: GameId) -> Turn<'_> {
        Turn(timeout(PATIENCE, self.place(id).lock()).await.ok())
    }

    /// The game as this process changed it last. `None` while another change has its turn.
    pub(super) fn peek(&self, id: GameId) -> Option<Arc<Game>> {
        known(self.place(id).try_lock().ok()?.as_ref(), id)
    }

    /// Takes a later state of a game from the feed: another process may have changed it. A change that has its turn now
    /// finds that out by itself.
    pub(super) fn hear(&self, event: &GameEvent) {
        let Ok(mut last) = self.place(event.game().id).try_lock() else { return };
        let heard = event.game();
        let is_removed = matches!(event, GameEvent::Removed(_));
        let revision = heard.revision + i32::from(is_removed);
        if last.as_ref().is_some_and(|game| game.id == heard.id && game.revision < revision) {
            *last = Some(Arc::new(heard.clone())).filter(|_| !is_removed);
        }
    }

    /// Forgets a game: what is known of it may not be all. A change that has its turn now reads it anyway.
    pub(super) fn forget(&self, id: GameId) {
        let Ok(mut last) = self.place(id).try_lock() else { return };
        if last.as_ref().is_some_and(|game| game.id == id) {
            *last = None;
        }
    }

    fn place(&self, id: GameId) -> &Place {
        &self.0[usize::try_from(i64::from(id)).unwrap_or_default() % PLACES]
    }
}

impl Turn<'_> {
    /// The game as this process committed it last, or heard of it. Another process may have changed it since. One that is
    /// hidden is none: a stranger who asks for it must wait for the database as for an id that nothing has.
    pub(super) fn known(&self, id: GameId) -> Option<Arc<Game>> {
        known(self.0.as_ref()?.as_ref(), id)
    }

    /// Leaves the game for its next change; nothing when it was removed.
    pub(super) fn leave(mut self, game: Option<&Game>) {
        if let Some(last) = &mut self.0 {
            **last = game.map(|game| Arc::new(game.clone()));
        }
    }
}

fn known(last: Option<&Arc<Game>>, id: GameId) -> Option<Arc<Game>> {
    last.filter(|game| game.id == id && game.is_public()).map(Arc::clone)
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_comes_next_has_the_game_and_another_game_in_its_place_has_not() {
        let (turns, lanterns) = (Turns::new(), Game::example(7, 2));
        assert_eq!(turns.of(lanterns.id).await.known(lanterns.id), None);

        turns.of(lanterns.id).await.leave(Some(&lanterns));

        let known = turns.of(lanterns.id).await.known(lanterns.id);
        assert_eq!(known.as_deref(), Some(&lanterns));
        let other = Game::example(7 + 1024, 2).id;
        assert_eq!(turns.of(other).await.known(other), None);
        turns.of(lanterns.id).await.leave(None);
        assert_eq!(turns.of(lanterns.id).await.known(lanterns.id), None);
    }

    #[tokio::test]
    async fn what_another_process_changed_is_known_once_it_is_heard_of_and_never_undone() {
        let (turns, lanterns) = (Turns::new(), Game::example(7, 2));
        let added = |revision| GameEvent::Added(Game::example(7, revision));
        turns.hear(&added(1));
        assert_eq!(turns.of(lanterns.id).await.known(lanterns.id), None, "nobody changes it here");
        turns.of(lanterns.id).await.leave(Some(&lanterns));

        for (heard, known) in [(1, 2), (4, 4), (3, 4)] {
            turns.hear(&added(heard));
            let game = turns.of(lanterns.id).await.known(lanterns.id).expect("it was left");
            assert_eq!(game.revision, known);
        }
        turns.hear(&GameEvent::Added(Game::example(7 + 1024, 9)));
        assert!(turns.of(lanterns.id).await.known(lanterns.id).is_some());
        turns.hear(&GameEvent::Removed(Game::example(7, 4)));
        assert_eq!(
            turns.of(lanterns.id).await.known(lanterns.id),
            None,
            "it was withdrawn elsewhere"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn many_behind_a_change_that_does_not_end_go_on_together_and_soon() {
        let (turns, id, begun) = (Turns::new(), Game::example(7, 2).id, Instant::now());
        let stuck = turns.of(id).await;

        futures::future::join_all((0..32).map(|_| turns.of(id))).await;

        assert_eq!(begun.elapsed(), PATIENCE);
        drop(stuck);
    }
}
