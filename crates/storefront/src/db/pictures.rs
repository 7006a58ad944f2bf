//! Pictures of games, and the files that may lie in the folder or the bucket. Compiled once for each engine.
//!
//! A file is noted before it is written, and forgotten after it was taken away, so none is left that nothing knows of. One
//! that no picture needs is taken away a day after the last upload of it began: an upload ends sooner.

use sir0_kernel::{GameId, PictureId, Timestamp, UserId};
use sir0_media::Name;
use sir0_storage as storage;

use super::engine::{self, At, Database, for_share, for_update};
use crate::{
    db::{Store, Tx},
    domain::Picture,
    stored::StoredPicture,
};

pub(crate) const PICTURES: &str = "
    SELECT picture
      FROM game_pictures
     WHERE game_id = $1";

pub(crate) const ADD_PICTURE: &str = "
    INSERT INTO game_pictures (picture_id, game_id, picture, added_at, user_id)
    VALUES ($1, $2, $3, $4, $5)";

pub(crate) const ADD_FILE: &str = "
    INSERT INTO picture_files (picture_id, name)
    VALUES ($1, $2)
        ON CONFLICT DO NOTHING";

pub(crate) const DROP_PICTURE: &str = "
    DELETE FROM game_pictures
     WHERE picture_id = $1";

pub(crate) const DROP_FILES: &str = "
    DELETE FROM picture_files
     WHERE picture_id = $1";

/// Returns no row for a file that is being taken away.
pub(crate) const TOUCH_FILE: &str = "
    INSERT INTO media_files AS known (name, touched_at)
    VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE
       SET touched_at = excluded.touched_at
     WHERE known.taken_at IS NULL
 RETURNING name";

/// The files that no picture needs and no upload touched since, and those whose taking away was cut short.
pub(crate) const UNUSED_FILES: &str = "
    SELECT name
      FROM media_files
     WHERE (touched_at < $1 OR taken_at IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM picture_files WHERE picture_files.name = media_files.name)
  ORDER BY touched_at
     LIMIT $2";

pub(crate) const TAKE_FILE: &str = "
    UPDATE media_files
       SET taken_at = $2
     WHERE name = $1
       AND (touched_at < $3 OR taken_at IS NOT NULL)
       AND NOT EXISTS (SELECT 1 FROM picture_files WHERE picture_files.name = media_files.name)
 RETURNING name";

pub(crate) const FORGET_FILE: &str = "
    DELETE FROM media_files
     WHERE name = $1 AND taken_at IS NOT NULL";

/// The files that pictures need, in order.
pub(crate) const NEEDED_FILES: &str = "
    SELECT DISTINCT name
      FROM picture_files
     WHERE name > $1
  ORDER BY name
     LIMIT $2";

pub(crate) const MARK_SHELF: &str = "
    INSERT INTO media_shelf (shelf, mark)
    VALUES (1, $1)
        ON CONFLICT (shelf) DO NOTHING";

/// An upload holds the word until it is committed, so that no other one is taken meanwhile.
pub(crate) const SHELF_MARK: &str = concat!(
    "
    SELECT mark
      FROM media_shelf",
    for_share!()
);

/// Waits for the uploads of this moment: the next statement sees their pictures.
pub(crate) const HOLD_SHELF: &str = concat!(
    "
    SELECT mark
      FROM media_shelf",
    for_update!()
);

/// Only while there is no picture to miss.
pub(crate) const MARK_SHELF_ANEW: &str = "
    UPDATE media_shelf
       SET mark = $1
     WHERE NOT EXISTS (SELECT 1 FROM game_pictures)
 RETURNING mark";

fn name_from(text: &str) -> storage::Result<Name> {
    Name::parse(text).ok_or_else(|| storage::Error::corrupt(NoName(text.to_owned())))
}

/// A row has the name of no file.
#[derive(Debug, thiserror::Error)]
#[error("{0} is no name of a file")]
struct NoName(String);

fn picture_from(json: &str) -> storage::Result<Picture> {
    StoredPicture::read(json).map_err(storage::Error::corrupt)
}

impl Store<Database> {
    /// Reads the pictures of a game, in no order.
    pub(crate) async fn pictures(&self, game: GameId) -> storage::Result<Vec<Picture>> {
        let query = sqlx::query_scalar(PICTURES).bind(i64::from(game));
        let rows: Vec<String> = query.fetch_all(self.database.reader()).await?;
        rows.iter().map(|json| picture_from(json)).collect()
    }

    /// Notes that these files are about to be written. `false` while one of them is being taken away.
    pub(crate) async fn touch_files(&self, names: &[Name], at: Timestamp) -> storage::Result<bool> {
        // In one order, so that no two of these wait for each other.
        let mut names = names.to_vec();
        names.sort_unstable();
        let touching = self.database.unit(async |tx| {
            for name in &names {
                let query = sqlx::query_scalar(TOUCH_FILE).bind(name.to_string()).bind(At(at));
                let touched: Option<String> = query.fetch_optional(&mut **tx).await?;
                if touched.is_none() {
                    return Ok(false);
                }
            }
            Ok::<_, storage::Error>(true)
        });
        touching.await
    }

    /// The files that nothing has needed since before this moment.
    pub(crate) async fn unused_files(
        &self,
        before: Timestamp,
        count: u16,
    ) -> storage::Result<Vec<Name>> {
        let query = sqlx::query_scalar(UNUSED_FILES).bind(At(before)).bind(i64::from(count));
        let names: Vec<String> = query.fetch_all(self.database.reader()).await?;
        names.iter().map(|name| name_from(name)).collect()
    }

    /// Begins to take a file away. `false` if something needs it by now. No upload of it begins until it is forgotten.
    pub(crate) async fn take_file(
        &self,
        name: Name,
        at: Timestamp,
        before: Timestamp,
    ) -> storage::Result<bool> {
        let taking = self.database.unit(async |tx| {
            let query = sqlx::query_scalar(TAKE_FILE).bind(name.to_string());
            let query = query.bind(At(at)).bind(At(before));
            let taken: Option<String> = query.fetch_optional(&mut **tx).await?;
            Ok::<_, storage::Error>(taken.is_some())
        });
        taking.await
    }

    /// Forgets a file that was taken away.
    pub(crate) async fn forget_file(&self, name: Name) -> storage::Result<()> {
        let forgetting = self.database.unit(async |tx| {
            sqlx::query(FORGET_FILE).bind(name.to_string()).execute(&mut **tx).await?;
            Ok::<_, storage::Error>(())
        });
        forgetting.await
    }

    /// The files that pictures need, behind one of them, in order.
    pub(crate) async fn needed_files(
        &self,
        after: Option<Name>,
        count: u16,
    ) -> storage::Result<Vec<Name>> {
        let after = after.map_or_else(String::new, |name| name.to_string());
        let query = sqlx::query_scalar(NEEDED_FILES).bind(after).bind(i64::from(count));
        let names: Vec<String> = query.fetch_all(self.database.reader()).await?;
        names.iter().map(|name| name_from(name)).collect()
    }

    /// Whether the pictures of this database are kept where this word is written. As long as there are none, they are from now
    /// on.
    pub(crate) async fn keeps_at(&self, mark: &str) -> storage::Result<bool> {
        let marking = self.database.unit(async |tx| {
            sqlx::query(MARK_SHELF).bind(mark).execute(&mut **tx).await?;
            let held: String = sqlx::query_scalar(HOLD_SHELF).fetch_one(&mut **tx).await?;
            if held == mark {
                return Ok::<_, storage::Error>(true);
            }
            let query = sqlx::query_scalar(MARK_SHELF_ANEW).bind(mark);
            let taken: Option<String> = query.fetch_optional(&mut **tx).await?;
            Ok(taken.is_some())
        });
        marking.await
    }
}

impl Tx<engine::Tx> {
    /// Reads the pictures of a game, in no order.
    pub(crate) async fn pictures(&mut self, game: GameId) -> storage::Result<Vec<Picture>> {
        let query = sqlx::query_scalar(PICTURES).bind(i64::from(game));
        let rows: Vec<String> = query.fetch_all(&mut *self.tx).await?;
        rows.iter().map(|json| picture_from(json)).collect()
    }

    /// The word that is written where the pictures of this database are kept, held until this work ends.
    pub(crate) async fn shelf_mark(&mut self) -> storage::Result<String> {
        Ok(sqlx::query_scalar(SHELF_MARK).fetch_one(&mut *self.tx).await?)
    }

    /// Adds a picture to a game.
    pub(crate) async fn add_picture(
        &mut self,
        game: GameId,
        picture: &Picture,
        by: Option<UserId>,
        at: Timestamp,
    ) -> storage::Result<()> {
        let query = sqlx::query(ADD_PICTURE).bind(picture.id.to_string()).bind(i64::from(game));
        let query = query.bind(StoredPicture::json(picture)).bind(At(at)).bind(by.map(i64::from));
        query.execute(&mut *self.tx).await?;
        for name in picture.names() {
            let query = sqlx::query(ADD_FILE).bind(picture.id.to_string()).bind(name.to_string());
            query.execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Takes a picture away. Its files stay until nothing needs them.
    pub(crate) async fn drop_picture(&mut self, id: PictureId) -> storage::Result<()> {
        for statement in [DROP_PICTURE, DROP_FILES] {
            sqlx::query(statement).bind(id.to_string()).execute(&mut *self.tx).await?;
        }
        Ok(())
    }
}
