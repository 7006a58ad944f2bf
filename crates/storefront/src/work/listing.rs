//! Games: found and read.

use std::{collections::HashMap, time::Duration};

use sir0_kernel::GameId;
use sir0_rpc::{Caller, request_id};
use sir0_storage as storage;
use sir0_transcoding::Kept;
use tokio::time::timeout;

use super::Storefront;
use crate::{
    StorefrontError,
    cache::counts,
    domain::{Game, Listing, OwnListing, OwnPage, Page},
    finding::Hits,
};

/// How many games of a page are read at a time: a large page may be full before.
const PIECE: usize = 128;

/// How long a list that only the index answers waits for it to be filled.
const UNTIL_INDEXED: Duration = Duration::from_secs(5);

/// How long a list waits to hear what others committed.
const UNTIL_HEARD: Duration = Duration::from_secs(1);

/// What answers a list.
#[derive(Clone, Copy)]
enum Answerer {
    Index,
    Sql,
}

impl Storefront {
    /// Reads a page, as it is answered. It is written within its turn to be read: so no more pages than are read at a time
    /// are in memory as games.
    pub(crate) async fn page(
        &self,
        listing: &Listing,
        answer: impl Fn(&Page) -> Kept + Send + Sync,
    ) -> Result<Kept, StorefrontError> {
        let read = async || {
            let by = self.answerer(listing).await?;
            self.page_by(by, listing, &|page| answer(&page)).await
        };
        self.page_cache.page(listing, read).await
    }

    /// The games of a page.
    pub(super) async fn games_of(&self, listing: &Listing) -> Result<Vec<Game>, StorefrontError> {
        let by = self.answerer(listing).await?;
        self.page_by(by, listing, &|page| page.games).await
    }

    /// Reads a page by what was found to answer it. When changes were missed since, the index is not whole any more, and what
    /// answers is found again.
    async fn page_by<T>(
        &self,
        mut by: Answerer,
        listing: &Listing,
        answer: &(impl Fn(Page) -> T + Send + Sync),
    ) -> Result<T, StorefrontError> {
        loop {
            let read = async || {
                let page = self.read_page(listing, by).await?;
                Ok::<_, storage::Error>(page.map(answer))
            };
            if let Some(kept) = self.reads.page(request_id::client(), read()).await? {
                return Ok(kept);
            }
            by = self.answerer(listing).await?;
        }
    }

    /// What answers a list. Whatever has to be waited for is waited for here, outside of the turns to read, and not for ever.
    async fn answerer(&self, listing: &Listing) -> Result<Answerer, StorefrontError> {
        if listing.began_in_sql() {
            return Ok(Answerer::Sql);
        }
        let otherwise = if listing.is_of_sql() { Answerer::Sql } else { Answerer::Index };
        if !self.finder.is_whole() {
            if let Answerer::Sql = otherwise {
                return Ok(Answerer::Sql);
            }
            if !self.is_indexed().await {
                return Err(StorefrontError::NotIndexed);
            }
        }
        // What was committed before the caller asked, by whichever process, is in the answer, if the feed tells of it soon.
        let Ok(Ok(committed)) = timeout(UNTIL_HEARD, self.feed.committed()).await else {
            return Ok(otherwise);
        };
        if !self.finder.has_heard(committed) {
            // Another process may have given the positions, and its bell may not ring here.
            self.feed.ring();
        }
        let has_caught_up = timeout(UNTIL_HEARD, self.finder.until_heard(committed)).await.is_ok();
        Ok(if has_caught_up { Answerer::Index } else { otherwise })
    }

    /// Whether every game is in the index by now, or is within the time that a list waits for it.
    pub(super) async fn is_indexed(&self) -> bool {
        self.finder.is_whole()
            || timeout(UNTIL_INDEXED, self.finder.until_whole(true)).await.is_ok()
    }

    /// Reads a page: of the index, which tells its games, or of the database alone. `None` if the index is not whole.
    async fn read_page(&self, listing: &Listing, by: Answerer) -> storage::Result<Option<Page>> {
        if let Answerer::Sql = by {
            return self.db.list(listing).await.map(Some);
        }
        let Some(hits) = self.finder.find(listing).await else { return Ok(None) };
        let Hits { mut places, total, facets } = hits;
        let has_more = places.len() > usize::from(listing.page_size);
        places.truncate(usize::from(listing.page_size));
        let (mut games, mut bytes, mut reached) = (Vec::new(), 0, 0);
        for piece in places.chunks(PIECE) {
            let ids: Vec<_> =
                piece.iter().filter_map(|place| GameId::parse(place.id).ok()).collect();
            let mut read: HashMap<_, _> =
                self.db.shown(&ids).await?.into_iter().map(|game| (game.id.get(), game)).collect();
            for place in piece {
                // One that was hidden a moment ago is left out, and so is one that left the list.
                let game = read.remove(&place.id).filter(|game| listing.keeps(game));
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
        Ok(Some(Page { games, next, total: Some(total), facets }))
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

#[cfg(test)]
impl Storefront {
    /// Misses changes once it is indexed what there is.
    pub(crate) async fn miss_changes(&self) {
        self.finder.until_whole(true).await;
        self.finder.begin_anew();
    }

    /// A page, as it is answered if the index was found to answer it.
    pub(crate) async fn page_of_index(
        &self,
        listing: &Listing,
        answer: impl Fn(&Page) -> Kept + Send + Sync,
    ) -> Result<Kept, StorefrontError> {
        self.page_by(Answerer::Index, listing, &|page| answer(&page)).await
    }
}
