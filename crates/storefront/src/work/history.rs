//! What was changed of games, and undone.

use sir0_kernel::GameId;
use sir0_rpc::{Caller, acted, request_id};
use sir0_storage::once::Answer;

use super::{Storefront, games::Done, parts};
use crate::{StorefrontError, domain::PastChange};

impl Storefront {
    /// Reads what was changed of a game, the latest first.
    pub(crate) async fn changes(
        &self,
        by: Caller,
        id: GameId,
        before: Option<i64>,
        count: u16,
    ) -> Result<Vec<PastChange>, StorefrontError> {
        let (game, _) = self.own_game(by, id).await?;
        let read = self.db.changes(game.id, before, count);
        Ok(self.reads.page(request_id::client(), read).await?)
    }

    /// Undoes one change of a game, and answers with the revision that the game has then.
    pub(crate) async fn undo<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        id: GameId,
        change: i64,
        answer: impl Fn(i32) -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_undoing(by, id, change, answer)).await
    }

    async fn save_undoing<A: Answer>(
        self,
        by: Caller,
        id: GameId,
        change: i64,
        answer: impl Fn(i32) -> A,
    ) -> Result<A, StorefrontError> {
        let made = self.made(by);
        let writer = self.writer(by)?;
        self.visible_to(&writer, id).await?;
        let turn = self.turns.of(id).await;
        let undoing = self.db.once(
            |done: &Done| answer(done.revision()),
            async |tx| {
                let held = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
                writer.must_write(&held)?;
                let past = tx.past_change(id, change).await?;
                let past = past.ok_or(StorefrontError::ChangeNotFound(id, change))?;
                let undone = held.undo(&past);
                let undone = undone.map_err(|why| StorefrontError::NotUndoable(id, change, why))?;
                let Some((game, changed)) = undone else {
                    return Ok(Done::Nothing(held.revision));
                };
                if game.bundled != held.bundled {
                    parts::must_fit(tx, &game).await?;
                }
                if !tx.save_game(&held, &game, &changed, made).await? {
                    return Err(StorefrontError::StaleRevision(id));
                }
                Ok(Done::Changed(changed))
            },
        );
        let undone = undoing.await?;
        let (answer, Done::Changed(changed)) = undone else { return Ok(undone.0) };
        turn.leave(Some(changed.game()));
        acted!(by.role, { user.id = %by.user, game.id = %id }, "change {change} of game {id} was undone");
        self.changed(&changed).await;
        Ok(answer)
    }
}
