//! Games: added, changed, withdrawn and handed over.

use std::sync::Arc;

use sir0_kernel::GameId;
use sir0_rpc::{Caller, acted};
use sir0_storage::{
    self as storage,
    once::{self, Answer},
};

use super::{Storefront, owners::Writer, parts};
use crate::{
    StorefrontError,
    domain::{
        CreateGame, Created, Expected, Game, GameEvent, HandOverGame, Made, RequestKey, Schedule,
        UpdateGame, beginning,
    },
};

impl Storefront {
    /// Adds a game, unless the request did so before.
    pub(crate) async fn add<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        create: CreateGame,
        answer: impl Fn(&Created) -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_new(by, create, answer)).await
    }

    async fn save_new<A: Answer>(
        self,
        by: Caller,
        CreateGame { game, studio, request }: CreateGame,
        answer: impl Fn(&Created) -> A,
    ) -> Result<A, StorefrontError> {
        let at = self.shared.clock.now();
        let request = request.map(|request| RequestKey::of(by.user, &request));
        let created = |added: &GameEvent| {
            let Game { id, title, .. } = added.game();
            answer(&Created { id: *id, title: title.clone() })
        };
        let saved = self.db.once(created, async |tx| {
            parts::must_fit_new(tx, &game, studio).await?;
            let game = tx.add_game(game, studio, at).await?;
            if let Some(request) = &request {
                let created = tx.note_request(request, &game, at).await?;
                if created.id != game.id {
                    return Err(NotNew::Repeated(created));
                }
            }
            tx.note_change(&game, &beginning(&game), Made { by: Some(by.user), at }).await?;
            let added = GameEvent::beginning(game);
            tx.announce(&added.announcement(at)).await?;
            Ok(added)
        });
        let (answer, added) = match saved.await {
            Ok(saved) => saved,
            Err(NotNew::Repeated(created)) => return Ok(answer(&created)),
            Err(NotNew::Refused(error)) => return Err(error),
            Err(NotNew::Database(error)) => return Err(error.into()),
        };
        let id = added.game().id;
        acted!(by.role, { user.id = %by.user, game.id = %id }, "game {id} was added");
        self.changed(&added).await;
        Ok(answer)
    }

    /// Changes a game, and answers with its revision.
    pub(crate) async fn change<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        update: UpdateGame,
        expected: Expected,
        answer: impl Fn(i32) -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        let changing = self.clone().save_change(by, update, expected, answer);
        self.shared.tasks.to_completion(changing).await
    }

    async fn save_change<A: Answer>(
        self,
        by: Caller,
        update: UpdateGame,
        expected: Expected,
        answer: impl Fn(i32) -> A,
    ) -> Result<A, StorefrontError> {
        let made = self.made(by);
        let writer = self.writer(by)?;
        let found = self.visible_to(&writer, update.id).await?;
        let turn = self.turns.of(update.id).await;
        let known = turn.known(update.id).unwrap_or(found);
        let saved = match self.save_proposed(&known, &writer, &update, &expected, made).await? {
            Some(changed) => (answer(changed.game().revision), Done::Changed(changed)),
            None => Box::pin(self.save_held(&writer, &update, &expected, made, &answer)).await?,
        };
        let (answer, Done::Changed(changed)) = saved else { return Ok(saved.0) };
        turn.leave(Some(changed.game()));
        let (id, revision) = (update.id, changed.game().revision);
        acted!(
            by.role,
            { user.id = %by.user, game.id = %id, revision },
            "game {id} was changed"
        );
        self.changed(&changed).await;
        Ok(answer)
    }

    /// Changes the game as this process knows it, if it is still so, in one question to the database. What memory says of a
    /// game proposes only: whether nothing changes, the caller is late, or the game is another's, is answered by the
    /// database. `None` if it has to be held.
    async fn save_proposed(
        &self,
        known: &Game,
        writer: &Writer,
        update: &UpdateGame,
        expected: &Expected,
        made: Made,
    ) -> Result<Option<GameEvent>, StorefrontError> {
        // What is in a bundle is read together with it.
        if once::is_asked() || update.change.bundled.is_some() {
            return Ok(None);
        }
        if writer.must_write(known).is_err() {
            return Ok(None);
        }
        let Ok(Some((game, changed))) = proposal(known, update, expected) else {
            return Ok(None);
        };
        let is_saved = self.db.save_game(known, &game, &changed, made).await?;
        Ok(is_saved.then_some(changed))
    }

    /// Holds the game and changes it: no other work changes it meanwhile.
    async fn save_held<A: Answer>(
        &self,
        writer: &Writer,
        update: &UpdateGame,
        expected: &Expected,
        made: Made,
        answer: impl Fn(i32) -> A,
    ) -> Result<(A, Done), StorefrontError> {
        let answer = |done: &Done| answer(done.revision());
        let saving = self.db.once(answer, async |tx| {
            let held = tx.game(update.id).await?;
            let held = held.ok_or(StorefrontError::GameNotFound(update.id))?;
            writer.must_write(&held)?;
            let Some((game, changed)) = proposal(&held, update, expected)? else {
                return Ok(Done::Nothing(held.revision));
            };
            if game.bundled != held.bundled {
                parts::must_fit(tx, &game).await?;
            }
            if !tx.save_game(&held, &game, &changed, made).await? {
                return Err(StorefrontError::StaleRevision(update.id));
            }
            Ok(Done::Changed(changed))
        });
        saving.await
    }

    /// The game as this process knows it, or else as the database has it. It may have changed since.
    ///
    /// Refuses whom it is hidden from, before anything waits for its turn, or for who else changes it: to ask for a secret
    /// must take no longer than to ask for an id that nothing has.
    pub(super) async fn visible_to(
        &self,
        writer: &Writer,
        id: GameId,
    ) -> Result<Arc<Game>, StorefrontError> {
        let known = self.turns.peek(id).or_else(|| self.game_cache.peek(id));
        let game = if let Some(game) = known {
            game
        } else {
            let game = self.db.any_game(id).await?;
            game.map(Arc::new).ok_or(StorefrontError::GameNotFound(id))?
        };
        if !game.is_public() {
            writer.must_see(&game)?;
        }
        Ok(game)
    }

    /// Withdraws a game.
    pub(crate) async fn remove<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        id: GameId,
        expected: Expected,
        answer: impl Fn() -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_removal(by, id, expected, answer)).await
    }

    async fn save_removal<A: Answer>(
        self,
        by: Caller,
        id: GameId,
        expected: Expected,
        answer: impl Fn() -> A,
    ) -> Result<A, StorefrontError> {
        let made = self.made(by);
        let writer = self.writer(by)?;
        self.visible_to(&writer, id).await?;
        let turn = self.turns.of(id).await;
        let removing = self.db.once(
            |_| answer(),
            async |tx| {
                let held = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
                writer.must_write(&held)?;
                let (game, removed) = held.withdraw().ok_or(StorefrontError::GameNotFound(id))?;
                if !expected.is(held.revision) {
                    return Err(StorefrontError::NotAsExpected(id));
                }
                if !tx.save_game(&held, &game, &removed, made).await? {
                    return Err(StorefrontError::StaleRevision(id));
                }
                tx.plan(id, Schedule::default()).await?;
                Ok(removed)
            },
        );
        let (answer, removed) = removing.await?;
        turn.leave(None);
        acted!(by.role, { user.id = %by.user, game.id = %id }, "game {id} was withdrawn");
        self.changed(&removed).await;
        Ok(answer)
    }

    /// Hands a game over to a studio, and answers with its revision.
    pub(crate) async fn hand_over<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        hand_over: HandOverGame,
        answer: impl Fn(i32) -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_hand_over(by, hand_over, answer)).await
    }

    async fn save_hand_over<A: Answer>(
        self,
        by: Caller,
        HandOverGame { id, studio }: HandOverGame,
        answer: impl Fn(i32) -> A,
    ) -> Result<A, StorefrontError> {
        let made = self.made(by);
        let writer = self.writer_among_known(by)?;
        self.visible_to(&writer, id).await?;
        let turn = self.turns.of(id).await;
        let saving = self.db.once(
            |done: &Done| answer(done.revision()),
            async |tx| {
                let held = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
                writer.must_hand_over(&held, studio)?;
                must_be_there(&held)?;
                let Some((game, changed)) = held.hand_over(studio) else {
                    return Ok(Done::Nothing(held.revision));
                };
                if !tx.hand_over(&held, &game, &changed, made).await? {
                    return Err(StorefrontError::StaleRevision(id));
                }
                // What is planned comes along, and who watches the games of its new studio hears of it.
                let schedule = tx.schedule(id).await?;
                if !schedule.is_empty() {
                    let planned = GameEvent::Scheduled { game, schedule };
                    tx.announce(&planned.announcement(made.at)).await?;
                }
                Ok(Done::Changed(changed))
            },
        );
        let saved = saving.await?;
        let (answer, Done::Changed(changed)) = saved else { return Ok(saved.0) };
        turn.leave(Some(changed.game()));
        acted!(
            by.role,
            { user.id = %by.user, game.id = %id, studio.id = %studio },
            "game {id} was handed over to studio {studio}"
        );
        self.changed(&changed).await;
        Ok(answer)
    }

    /// That this caller makes a change now.
    pub(super) fn made(&self, by: Caller) -> Made {
        Made { by: Some(by.user), at: self.shared.clock.now() }
    }

    /// Makes a committed change known: the next reader on this instance sees it, and watchers hear of it.
    pub(super) async fn changed(&self, event: &GameEvent) {
        if event.is_public() {
            self.freshness.committed(event);
        }
        self.drop_copies(event);
        self.feed.ring();
        if self.freshness.is_full() {
            self.catch_up().await;
        }
    }

    /// Makes many committed changes known, as [`Self::changed`] does for one. The index hears of them from the feed, at its
    /// pace.
    pub(super) async fn changed_many(&self, events: &[GameEvent]) {
        for event in events {
            self.turns.hear(event);
            if event.is_public() {
                self.freshness.committed(event);
                self.game_cache.drop(event.game().id);
            }
        }
        self.page_cache.outdate();
        self.feed.ring();
        if self.freshness.is_full() {
            self.catch_up().await;
        }
    }
}

/// Why a game was not added.
#[derive(Debug, thiserror::Error)]
enum NotNew {
    /// The request did so before.
    #[error("the request added a game before")]
    Repeated(Created),
    #[error("the game must not be added")]
    Refused(#[from] StorefrontError),
    #[error("the game could not be added")]
    Database(#[from] storage::Error),
}

/// What came of a change.
#[expect(clippy::large_enum_variant, reason = "it lives as long as a change")]
pub(super) enum Done {
    Changed(GameEvent),
    /// The game was like that already, at this revision.
    Nothing(i32),
}

impl Done {
    /// The revision that the game has now.
    pub(super) const fn revision(&self) -> i32 {
        match self {
            Self::Changed(event) => event.game().revision,
            Self::Nothing(revision) => *revision,
        }
    }
}

/// Refuses what was withdrawn: a client that removed a game finds it gone. Only to publish it brings it back.
pub(super) const fn must_be_there(game: &Game) -> Result<(), StorefrontError> {
    if game.is_there() { Ok(()) } else { Err(StorefrontError::GameNotFound(game.id)) }
}

/// What the change makes of a game; `None` when it changes nothing.
fn proposal(
    game: &Game,
    UpdateGame { id, change, revision }: &UpdateGame,
    expected: &Expected,
) -> Result<Option<(Game, GameEvent)>, StorefrontError> {
    must_be_there(game)?;
    if !expected.is(game.revision) {
        return Err(StorefrontError::NotAsExpected(*id));
    }
    if revision.is_some_and(|seen| seen != game.revision) {
        return Err(StorefrontError::StaleRevision(*id));
    }
    Ok(game.change(change.clone()))
}
