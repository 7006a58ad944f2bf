//! The pages of games: read and written.

use sir0_kernel::GameId;
use sir0_rpc::{Caller, acted, request_id};
use sir0_storage::once::Answer;

use super::{Storefront, games::Done};
use crate::{
    StorefrontError,
    domain::{GamePage, UpdatePage},
};

impl Storefront {
    /// Reads the page of a game that everyone sees, and the revision of the game.
    pub(crate) async fn game_page(&self, id: GameId) -> Result<(i32, GamePage), StorefrontError> {
        let read = self.reads.short(request_id::client(), self.db.page(id)).await?;
        read.ok_or(StorefrontError::GameNotFound(id))
    }

    /// Reads the page of a game as its studio sees it, and the revision of the game.
    pub(crate) async fn own_game_page(
        &self,
        by: Caller,
        id: GameId,
    ) -> Result<(i32, GamePage), StorefrontError> {
        self.own_game(by, id).await?;
        let read = self.reads.short(request_id::client(), self.db.any_page(id)).await?;
        read.ok_or(StorefrontError::GameNotFound(id))
    }

    /// Gives a game this page, in the place of the one that it has, and answers with the revision that the game has then.
    pub(crate) async fn update_page<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        update: UpdatePage,
        answer: impl Fn(i32) -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_page(by, update, answer)).await
    }

    async fn save_page<A: Answer>(
        self,
        by: Caller,
        UpdatePage { id, page, revision }: UpdatePage,
        answer: impl Fn(i32) -> A,
    ) -> Result<A, StorefrontError> {
        let made = self.made(by);
        let writer = self.writer(by)?;
        self.visible_to(&writer, id).await?;
        let turn = self.turns.of(id).await;
        let saving = self.db.once(
            |done: &Done| answer(done.revision()),
            async |tx| {
                let held = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
                writer.must_write(&held)?;
                if !held.is_there() {
                    return Err(StorefrontError::GameNotFound(id));
                }
                if revision.is_some_and(|seen| seen != held.revision) {
                    return Err(StorefrontError::StaleRevision(id));
                }
                let before = tx.page_of(id).await?;
                if before == page {
                    return Ok(Done::Nothing(held.revision));
                }
                let Some((game, changed)) = held.with_page(&page) else {
                    return Ok(Done::Nothing(held.revision));
                };
                let saved = tx.save_page((&held, &before), (&game, &page), &changed, made);
                if !saved.await? {
                    return Err(StorefrontError::StaleRevision(id));
                }
                Ok(Done::Changed(changed))
            },
        );
        let saved = saving.await?;
        let (answer, Done::Changed(changed)) = saved else { return Ok(saved.0) };
        turn.leave(Some(changed.game()));
        acted!(by.role, { user.id = %by.user, game.id = %id }, "game {id} has another page");
        self.changed(&changed).await;
        Ok(answer)
    }
}
