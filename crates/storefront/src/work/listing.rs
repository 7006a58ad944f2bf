//! Games: found and read.

use sir0_kernel::GameId;
use sir0_rpc::{Caller, request_id};
use sir0_storage as storage;
use sir0_transcoding::Kept;

use super::Storefront;
use crate::{
    StorefrontError,
    cache::counts,
    domain::{Game, Listing, OwnListing, OwnPage, Page},
};

impl Storefront {
    /// Reads a page, as it is answered. It is written within its turn to be read: so no more pages than are read at a time
    /// are in memory as games.
    pub(crate) async fn page(
        &self,
        listing: &Listing,
        answer: impl Fn(&Page) -> Kept + Send + Sync,
    ) -> Result<Kept, StorefrontError> {
        let read = async || self.db.list(listing).await.map(|page| answer(&page));
        let read = || self.reads.page(request_id::client(), read());
        Ok(self.page_cache.page(listing, read).await?)
    }

    /// Reads a page of the games of the caller's studios.
    pub(crate) async fn own_page(
        &self,
        by: Caller,
        listing: &OwnListing,
    ) -> Result<OwnPage, StorefrontError> {
        let studios = self.studios_of(by)?;
        let read = self.db.list_of(&studios, listing);
        Ok(self.reads.page(request_id::client(), read).await?)
    }

    /// Reads a game, as it is answered.
    pub(crate) async fn game(
        &self,
        id: GameId,
        answer: impl Fn(&Game) -> Kept + Send + Sync,
    ) -> Result<Kept, StorefrontError> {
        let read = async || {
            let game = self.read_shared(id).await?;
            Ok::<_, storage::Error>(game.map(|game| {
                let answer = answer(&game);
                (game, answer)
            }))
        };
        let kept = self.game_cache.game(id, read).await?;
        kept.ok_or(StorefrontError::GameNotFound(id))
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
}
