//! Pictures of games: uploaded, listed, taken away, and read.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use bytes::Bytes;
use sir0_kernel::{GameId, PictureId};
use sir0_media::{Name, Pictures, Piece};
use sir0_rpc::{Caller, acted, request_id};
use sir0_storage::once::Answer;

use super::{
    Storefront,
    games::{Done, must_be_there},
};
use crate::{
    StorefrontError,
    domain::{Game, Picture, UploadPicture},
    measured,
    media::Place,
};

/// How long a file that nothing needs is kept: an upload that wrote it may be about to need it.
const KEPT_UNUSED: Duration = Duration::from_hours(24);
/// How many files are looked at a time when they are tidied.
const AT_A_TIME: u16 = 500;

impl Storefront {
    /// Lets an upload begin to come: refuses who may not change the game before any of the file is read.
    pub(crate) async fn begin_upload(
        &self,
        by: Caller,
        id: GameId,
    ) -> Result<Place, StorefrontError> {
        let writer = self.writer(by)?;
        let game = self.visible_to(&writer, id).await?;
        writer.must_write(&game)?;
        must_be_there(&game)?;
        self.media.kept()?;
        self.media.place(by.user)
    }

    /// Adds a picture to a game, and answers with it and the revision that the game has then.
    pub(crate) async fn upload<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        asked: UploadPicture,
        (upload, place): (Bytes, Place),
        answer: impl Fn(&Picture, i32) -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        let begun = Instant::now();
        let encoded = self.media.encoder.encode(upload, asked.purpose).await?;
        measured::encoded(begun.elapsed());
        let saving = self.clone().save_picture(by, asked, encoded, answer);
        let saved = self.shared.tasks.to_completion(saving).await;
        drop(place);
        saved
    }

    async fn save_picture<A: Answer>(
        self,
        by: Caller,
        UploadPicture { game: id, purpose }: UploadPicture,
        encoded: Pictures,
        answer: impl Fn(&Picture, i32) -> A,
    ) -> Result<A, StorefrontError> {
        let made = self.made(by);
        let writer = self.writer(by)?;
        let picture = Picture::new(PictureId::fresh(made.at), purpose, &encoded);
        let names: Vec<_> = picture.names().collect();
        if !self.db.touch_files(&names, made.at).await? {
            return Err(StorefrontError::MediaBusy);
        }
        for file in encoded.pictures {
            self.media.kept()?.shelf.put(file.name, file.bytes).await?;
        }

        let turn = self.turns.of(id).await;
        let mut shown = None;
        let saving = self.db.unit(async |tx| {
            let held = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
            writer.must_write(&held)?;
            must_be_there(&held)?;
            if *tx.shelf_mark().await? != *self.media.kept()?.mark {
                return Err(StorefrontError::KeptElsewhere);
            }
            let known = tx.pictures(id).await?;
            if let Some(same) = known.into_iter().find(|known| known.is_same(&picture)) {
                shown = Some(same);
                return Ok::<_, StorefrontError>(Done::Nothing(held.revision));
            }
            let Some((game, changed)) = held.show(picture.clone())? else {
                return Ok(Done::Nothing(held.revision));
            };
            if let Some(before) = held.replaced_by(&picture) {
                tx.drop_picture(before).await?;
            }
            tx.add_picture(id, &picture, Some(by.user), made.at).await?;
            if !tx.save_game(&held, &game, &changed, made).await? {
                return Err(StorefrontError::StaleRevision(id));
            }
            Ok(Done::Changed(changed))
        });
        let done = saving.await?;
        let picture = shown.unwrap_or(picture);
        let answer = answer(&picture, done.revision());
        if let Done::Changed(changed) = done {
            turn.leave(Some(changed.game()));
            let picture = picture.id;
            acted!(
                by.role,
                { user.id = %by.user, game.id = %id, picture.id = %picture },
                "game {id} is shown by {picture}"
            );
            self.changed(&changed).await;
        }
        Ok(answer)
    }

    /// Takes a picture away from a game, and answers with the revision that the game has then.
    pub(crate) async fn remove_picture<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        id: GameId,
        picture: PictureId,
        answer: impl Fn(i32) -> A + Send + Sync + 'static,
    ) -> Result<A, StorefrontError> {
        let removing = self.clone().save_without_picture(by, id, picture, answer);
        self.shared.tasks.to_completion(removing).await
    }

    async fn save_without_picture<A: Answer>(
        self,
        by: Caller,
        id: GameId,
        picture: PictureId,
        answer: impl Fn(i32) -> A,
    ) -> Result<A, StorefrontError> {
        let made = self.made(by);
        let writer = self.writer(by)?;
        self.visible_to(&writer, id).await?;
        let turn = self.turns.of(id).await;
        let removing = self.db.once(
            |done: &Done| answer(done.revision()),
            async |tx| {
                let held = tx.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
                writer.must_write(&held)?;
                must_be_there(&held)?;
                let without = held.hide_picture(picture);
                let (game, changed) =
                    without.ok_or(StorefrontError::PictureNotFound(id, picture))?;
                tx.drop_picture(picture).await?;
                if !tx.save_game(&held, &game, &changed, made).await? {
                    return Err(StorefrontError::StaleRevision(id));
                }
                Ok(Done::Changed(changed))
            },
        );
        let removed = removing.await?;
        let (answer, Done::Changed(changed)) = removed else { return Ok(removed.0) };
        turn.leave(Some(changed.game()));
        acted!(
            by.role,
            { user.id = %by.user, game.id = %id, picture.id = %picture },
            "game {id} is not shown by {picture} any more"
        );
        self.changed(&changed).await;
        Ok(answer)
    }

    /// The pictures of a game that everyone sees.
    pub(crate) async fn pictures(&self, id: GameId) -> Result<Vec<Picture>, StorefrontError> {
        let reading = async {
            let game = self.db.game(id).await?.ok_or(StorefrontError::GameNotFound(id))?;
            self.pictures_of(&game).await
        };
        self.reads.short(request_id::client(), reading).await
    }

    /// The pictures of a game as its studio sees it.
    pub(crate) async fn own_pictures(
        &self,
        by: Caller,
        id: GameId,
    ) -> Result<Vec<Picture>, StorefrontError> {
        let (game, _) = self.own_game(by, id).await?;
        self.reads.short(request_id::client(), self.pictures_of(&game)).await
    }

    async fn pictures_of(&self, game: &Game) -> Result<Vec<Picture>, StorefrontError> {
        let Some(shown) = &game.shown else { return Ok(Vec::new()) };
        let mut pictures = self.db.pictures(game.id).await?;
        // What was added or taken away since the game was read belongs to another revision.
        pictures.retain(|picture| shown.place(picture.id).is_some());
        pictures.sort_by_key(|picture| shown.place(picture.id));
        Ok(pictures)
    }

    /// The bytes of a file, or a part of them.
    pub(crate) async fn file(
        &self,
        name: Name,
        range: Option<Range<u64>>,
    ) -> Result<Piece, StorefrontError> {
        Ok(self.media.kept()?.shelf.get(name, range).await?)
    }

    /// Takes away the files that no picture has needed for a day.
    pub(super) async fn tidy_files(&self) -> Result<(), StorefrontError> {
        let Ok(kept) = self.media.kept() else { return Ok(()) };
        let now = self.shared.clock.now();
        let before = now.before(KEPT_UNUSED);
        loop {
            let unused = self.db.unused_files(before, AT_A_TIME).await?;
            for name in &unused {
                if self.db.take_file(*name, now, before).await? {
                    kept.shelf.delete(*name).await?;
                    self.db.forget_file(*name).await?;
                }
            }
            if unused.len() < usize::from(AT_A_TIME) {
                return Ok(());
            }
        }
    }
}
