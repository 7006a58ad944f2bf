//! What was changed of games. Compiled once for each engine.

use sir0_kernel::{GameId, UserId};
use sir0_storage as storage;
use sqlx::Row;

use super::engine::{self, At, Database};
use crate::{
    db::{Store, Tx},
    domain::{Difference, Game, Made, PastChange},
};

pub(crate) const NOTE_CHANGE: &str = "
    INSERT INTO game_changes (game_id, revision, changed_at, user_id, fields)
    VALUES ($1, $2, $3, $4, $5)";

/// The changes of a game before one of them, the latest first.
pub(crate) const CHANGES: &str = "
    SELECT change_id, revision, changed_at, user_id, fields
      FROM game_changes
     WHERE game_id = $1 AND change_id < $2
  ORDER BY change_id DESC
     LIMIT $3";

pub(crate) const PAST_CHANGE: &str = "
    SELECT change_id, revision, changed_at, user_id, fields
      FROM game_changes
     WHERE game_id = $1 AND change_id = $2";

/// What is different, as JSON.
pub(super) fn fields_to(differences: &[Difference]) -> String {
    serde_json::to_string(differences).expect("names and texts are always JSON")
}

fn change_from(row: &engine::Row) -> storage::Result<PastChange> {
    let by: Option<i64> = row.try_get("user_id")?;
    let by = by.map(UserId::from_row).transpose().map_err(storage::Error::corrupt)?;
    let At(at): At = row.try_get("changed_at")?;
    let fields: String = row.try_get("fields")?;
    Ok(PastChange {
        id: row.try_get("change_id")?,
        revision: row.try_get("revision")?,
        at,
        by,
        differences: serde_json::from_str(&fields).map_err(storage::Error::corrupt)?,
    })
}

impl Store<Database> {
    /// Reads changes of a game, the latest first.
    pub(crate) async fn changes(
        &self,
        id: GameId,
        before: Option<i64>,
        count: u16,
    ) -> storage::Result<Vec<PastChange>> {
        let query = sqlx::query(CHANGES).bind(i64::from(id)).bind(before.unwrap_or(i64::MAX));
        let rows = query.bind(i64::from(count)).fetch_all(self.database.reader()).await?;
        rows.iter().map(change_from).collect()
    }
}

impl Tx<engine::Tx> {
    /// Reads one change of a game.
    pub(crate) async fn past_change(
        &mut self,
        id: GameId,
        change: i64,
    ) -> storage::Result<Option<PastChange>> {
        let query = sqlx::query(PAST_CHANGE).bind(i64::from(id)).bind(change);
        query.fetch_optional(&mut *self.tx).await?.as_ref().map(change_from).transpose()
    }

    /// Notes what is different in a game, or in what is planned for it, where no other statement does.
    pub(crate) async fn note_change(
        &mut self,
        game: &Game,
        differences: &[Difference],
        Made { by, at }: Made,
    ) -> storage::Result<()> {
        let query = sqlx::query(NOTE_CHANGE).bind(i64::from(game.id)).bind(game.revision);
        let query = query.bind(At(at)).bind(by.map(i64::from)).bind(fields_to(differences));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }
}
