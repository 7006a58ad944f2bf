//! Games: found and read.

use std::collections::HashMap;

use sir0_kernel::GameId;
use sir0_rpc::{Caller, request_id};
use sir0_storage as storage;
use sir0_transcoding::Kept;

use super::Storefront;
use crate::{
    StorefrontError,
    cache::counts,
    domain::{Game, Listing, OwnListing, OwnPage, Page},
    finding::Hits,
};

/// How many games of a page are read at a time: a large page may be full before.
const PIECE: usize = 128;

impl Storefront {
    /// Reads a page, as it is answered. It is written within its turn to be read: so no more pages than are read at a time
    /// are in memory as games.
    pub(crate) async fn page(
        &self,
        listing: &Listing,
        answer: impl Fn(&Page) -> Kept + Send + Sync,
    ) -> Result<Kept, StorefrontError> {
        let read = async || self.read_page(listing).await.map(|page| answer(&page));
        let read = || self.reads.page(request_id::client(), read());
        Ok(self.page_cache.page(listing, read).await?)
    }

    /// Finds a page in the index, and reads its games. What the index cannot tell yet is asked of the database.
    async fn read_page(&self, listing: &Listing) -> storage::Result<Page> {
        if listing.began_in_sql() || listing.is_of_sql() && !self.finder.is_whole() {
            return self.db.list(listing).await;
        }
        self.finder.until_whole(true).await;
        // What was committed before the caller asked, by whichever process, is in the answer.
        let committed = self.feed.committed().await?;
        if !self.finder.catches_up(committed).await && listing.is_of_sql() {
            return self.db.list(listing).await;
        }
        let Hits { mut places, total, facets } = self.finder.find(listing).await;
        let has_more = places.len() > usize::from(listing.page_size);
        places.truncate(usize::from(listing.page_size));
        let (mut games, mut bytes, mut reached) = (Vec::new(), 0, 0);
        for piece in places.chunks(PIECE) {
            let ids: Vec<_> =
                piece.iter().filter_map(|place| GameId::parse(place.id).ok()).collect();
            let mut read: HashMap<_, _> =
                self.db.shown(&ids).await?.into_iter().map(|game| (game.id.get(), game)).collect();
            for place in piece {
                // One that was hidden a moment ago is left out.
                let game = read.remove(&place.id);
                bytes += game.as_ref().map_or(0, Game::size);
                if bytes > Page::BYTES && !games.is_empty() {
                    break;
                }
                games.extend(game);
                reached += 1;
            }
            if bytes > Page::BYTES {
                break;
            }
        }
        let is_cut = reached < places.len();
        places.truncate(reached);
        let next = places.pop().filter(|_| has_more || is_cut);
        Ok(Page { games, next, total: Some(total), facets })
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
