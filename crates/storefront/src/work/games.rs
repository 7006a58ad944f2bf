//! Games: found, read, added, changed and removed.

use std::sync::Arc;

use sir0_feed::Position;
use sir0_kernel::{GameId, Held};
use sir0_rpc::{Caller, acted, request_id};
use sir0_storage as storage;

use super::Storefront;
use crate::{
    StorefrontError,
    cache::counts,
    domain::{
        CreateGame, Created, Game, GameEvent, Listing, NewGame, Page, RequestKey, UpdateGame,
    },
};

impl Storefront {
    /// Reads a page, and takes the room that its answer needs.
    pub(crate) async fn page(
        &self,
        listing: &Listing,
    ) -> Result<(Arc<Page>, Option<Held>), StorefrontError> {
        let read = || self.reads.page(request_id::client(), self.db.list(listing));
        let page = self.page_cache.page(listing, read).await?;
        // The room is taken before the answer is built. Otherwise many callers of one page would each build it first,
        // and be refused then.
        let room = request_id::share().map(|share| share.hold(page.size())).transpose()?;
        Ok((page, room))
    }

    /// Reads a game.
    pub(crate) async fn game(&self, id: GameId) -> Result<Arc<Game>, StorefrontError> {
        let game = self.game_cache.game(id, || self.read_shared(id)).await?;
        game.ok_or(StorefrontError::GameNotFound(id))
    }

    /// Reads a game that is not in this process's memory: the copy that all instances share, or else the database.
    async fn read_shared(&self, id: GameId) -> storage::Result<Option<Game>> {
        let Some(shared) = &self.shared_cache else { return self.read_database(id).await };
        if let Some(game) = shared.game(id).await {
            return Ok(Some(game));
        }
        let read_at = self.freshness.now();
        let game = self.read_database(id).await?;
        if let Some(game) = &game {
            shared.keep(game, read_at);
        }
        Ok(game)
    }

    async fn read_database(&self, id: GameId) -> storage::Result<Option<Game>> {
        counts().database.increment(1);
        self.reads.short(request_id::client(), self.db.game(id)).await
    }

    /// Adds games to an empty store, with their announcements. Does nothing to a store that has games.
    pub async fn stock(&self, games: Vec<NewGame>) -> Result<usize, StorefrontError> {
        let at = self.shared.clock.now();
        let count = games.len();
        let mut tx = self.db.begin().await?;
        let mut added = Vec::with_capacity(count);
        for game in games {
            added.push(GameEvent::Added(tx.add_game(game, at).await?));
        }
        for event in &added {
            tx.announce(event, at).await?;
        }
        // The games are counted while these announcements hold up all others, so two processes that do this at once see
        // each other.
        if usize::try_from(tx.count_games().await?) != Ok(count) {
            return Ok(0);
        }
        tx.commit().await?;
        self.page_cache.outdate();
        self.feed.ring();
        Ok(count)
    }

    /// Adds a game, unless the request did so before.
    pub(crate) async fn add(
        &self,
        by: Caller,
        create: CreateGame,
    ) -> Result<Created, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_new(by, create)).await
    }

    async fn save_new(
        self,
        by: Caller,
        CreateGame { game, request }: CreateGame,
    ) -> Result<Created, StorefrontError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let game = tx.add_game(game, at).await?;
        if let Some(request) = request {
            let request = RequestKey::of(by.user, &request);
            let created = tx.note_request(&request, &game, at).await?;
            if created.id != game.id {
                return Ok(created);
            }
        }
        let id = game.id;
        let created = Created { id, title: game.title.clone() };
        let added = GameEvent::Added(game);
        let position = tx.announce(&added, at).await?;
        tx.commit().await?;
        acted!(by.role, { user.id = %by.user, game.id = %id }, "game {id} was added");
        self.changed(&added, position).await;
        Ok(created)
    }

    /// Changes a game, and answers with its revision.
    pub(crate) async fn change(
        &self,
        by: Caller,
        update: UpdateGame,
    ) -> Result<i32, StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_change(by, update)).await
    }

    async fn save_change(
        self,
        by: Caller,
        UpdateGame { id, change, revision }: UpdateGame,
    ) -> Result<i32, StorefrontError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let before = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
        if revision.is_some_and(|seen| seen != before.revision) {
            return Err(StorefrontError::StaleRevision(id));
        }
        let Some((game, changed)) = before.change(change) else { return Ok(before.revision) };

        if !tx.save_game(&before, &game, at).await? {
            return Err(StorefrontError::StaleRevision(id));
        }
        let position = tx.announce(&changed, at).await?;
        tx.commit().await?;
        acted!(
            by.role,
            { user.id = %by.user, game.id = %id, revision = game.revision },
            "game {id} was changed"
        );
        self.changed(&changed, position).await;
        Ok(game.revision)
    }

    /// Removes a game.
    pub(crate) async fn remove(&self, by: Caller, id: GameId) -> Result<(), StorefrontError> {
        self.shared.tasks.to_completion(self.clone().save_removal(by, id)).await
    }

    async fn save_removal(self, by: Caller, id: GameId) -> Result<(), StorefrontError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let game = tx.remove_game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
        let removed = GameEvent::Removed(game);
        let position = tx.announce(&removed, at).await?;
        tx.commit().await?;
        acted!(by.role, { user.id = %by.user, game.id = %id }, "game {id} was removed");
        self.changed(&removed, position).await;
        Ok(())
    }

    /// Makes a committed change known: the next reader on this instance sees it, and watchers hear of it.
    async fn changed(&self, event: &GameEvent, position: Position) {
        self.drop_copies(event.game().id, position).await;
        self.feed.ring();
    }
}
