//! A store that is filled once, before anyone asks for something.

use bytes::Bytes;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use sir0_kernel::{PictureId, Timestamp};
use sir0_media::Purpose;

use super::Storefront;
use crate::{
    StorefrontError,
    domain::{Base, Game, GameEvent, GamePage, Kind, Made, NewGame, Picture, Shown, beginning},
    media::Kept,
};

/// How many covers are kept at a time: each waits for the disk, or for the bucket.
const COVERS_AT_A_TIME: usize = 8;

/// Draws the cover of a product of this title and genre.
pub(crate) type Draw = fn(title: &str, genre: &str) -> anyhow::Result<Bytes>;

/// A product that an empty store begins with.
pub(crate) struct Stocked {
    pub(crate) game: NewGame,
    /// What it belongs to, or what a bundle holds: the places of others before it.
    pub(crate) parts: Vec<usize>,
    pub(crate) page: GamePage,
}

impl Storefront {
    /// Adds games to an empty store, with their announcements. Does nothing to a store that has games.
    pub async fn stock(&self, games: Vec<NewGame>) -> anyhow::Result<usize> {
        let bare = |game| Stocked { game, parts: Vec::new(), page: GamePage::default() };
        self.stock_with(games.into_iter().map(bare).collect(), None).await
    }

    /// Adds products with their pages to an empty store, and with covers where it has a place for pictures. Does nothing to a
    /// store that has games.
    pub(crate) async fn stock_with(
        &self,
        products: Vec<Stocked>,
        draw: Option<Draw>,
    ) -> anyhow::Result<usize> {
        let at = self.shared.clock.now();
        if self.db.begin().await?.count_games().await? > 0 {
            return Ok(0);
        }
        let covers = match (draw, self.media.kept()) {
            (Some(draw), Ok(kept)) => {
                let covers: Vec<_> =
                    products.iter().map(|it| self.cover(kept, it, draw, at).boxed()).collect();
                let covers = stream::iter(covers).buffered(COVERS_AT_A_TIME).map_ok(Some);
                covers.try_collect().await?
            }
            _ => vec![None; products.len()],
        };

        let (count, mut added) = (products.len(), Vec::<Game>::new());
        let mut tx = self.db.begin().await?;
        // Of two processes that do this at once, the second one counts what the first one added.
        tx.hold_games().await?;
        if tx.count_games().await? > 0 {
            return Ok(0);
        }
        for (Stocked { mut game, parts, page }, cover) in products.into_iter().zip(covers) {
            let parts: Vec<_> = parts.iter().map(|place| added[*place].id).collect();
            if game.kind == Kind::Bundle {
                game.bundled = parts.into();
            } else if game.kind.base() != Base::None {
                game.base = parts.first().copied();
            }
            let shown = cover.clone().map(|cover| Shown { cover: Some(cover), ..Shown::default() });
            let game = tx.add_stocked(game, shown, &page, at).await?;
            if let Some(cover) = &cover {
                tx.add_picture(game.id, cover, None, at).await?;
            }
            tx.note_change(&game, &beginning(&game), Made { by: None, at }).await?;
            tx.announce(&GameEvent::Added(game.clone()).announcement(at)).await?;
            added.push(game);
        }
        tx.commit().await?;
        self.page_cache.outdate();
        self.feed.ring();
        Ok(count)
    }

    /// Draws a cover and keeps its files.
    async fn cover(
        &self,
        kept: &Kept,
        Stocked { game, .. }: &Stocked,
        draw: Draw,
        at: Timestamp,
    ) -> anyhow::Result<Picture> {
        let drawn = draw(game.title.as_str(), game.genre.as_str())?;
        let encoded = self.media.encoder.encode(drawn, Purpose::Cover).await?;
        let picture = Picture::new(PictureId::fresh(at), Purpose::Cover, &encoded);
        let names: Vec<_> = picture.names().collect();
        if !self.db.touch_files(&names, at).await? {
            return Err(StorefrontError::MediaBusy.into());
        }
        for file in encoded.pictures {
            kept.shelf.put(file.name, file.bytes).await?;
        }
        Ok(picture)
    }
}
