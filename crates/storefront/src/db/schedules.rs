//! When games become public by themselves. Compiled once for each engine.

use std::collections::HashMap;

use sir0_kernel::{GameId, StudioId, Timestamp};
use sir0_storage as storage;
use sqlx::{FromRow, Row};

use super::{
    engine::{self, At, Database},
    games::{GameRow, game_columns, game_from, numbers_to},
    numbers,
};
use crate::{
    db::{Store, Tx},
    domain::{Game, Schedule},
};

/// The first moment of what is planned for a game. The expression is the one of the index.
macro_rules! moment {
    () => {
        "CASE WHEN announce_at < release_at OR release_at IS NULL THEN announce_at ELSE release_at END"
    };
}

pub(crate) const SCHEDULE: &str = "
    SELECT announce_at, release_at
      FROM schedules
     WHERE game_id = $1";

/// What is planned for the games of a list of ids.
pub(crate) const SCHEDULES: &str = concat!(
    "
    SELECT announce_at, release_at, game_id
      FROM schedules
     WHERE game_id IN (",
    numbers!("$1"),
    ")"
);

pub(crate) const PLAN: &str = "
    INSERT INTO schedules (game_id, announce_at, release_at)
    VALUES ($1, $2, $3)
        ON CONFLICT (game_id) DO UPDATE
       SET announce_at = excluded.announce_at, release_at = excluded.release_at, retry_at = NULL";

/// Puts off what is due, unless it was planned anew or put off meanwhile.
pub(crate) const PUT_OFF: &str = concat!(
    "
    UPDATE schedules
       SET retry_at = $2
     WHERE game_id IN (",
    numbers!("$1"),
    ") AND (retry_at <= $3 OR retry_at IS NULL AND ",
    moment!(),
    " <= $3)"
);

pub(crate) const FORGET_PLAN: &str = "
    DELETE FROM schedules
     WHERE game_id = $1";

/// What is due at a moment and was not tried yet, the earliest first.
pub(crate) const DUE: &str = concat!(
    "
    SELECT game_id
      FROM schedules
     WHERE retry_at IS NULL AND ",
    moment!(),
    " <= $1
  ORDER BY ",
    moment!(),
    "
     LIMIT $2"
);

/// What waited and is to be tried again, the earliest first.
pub(crate) const DUE_AGAIN: &str = "
    SELECT game_id
      FROM schedules
     WHERE retry_at <= $1
  ORDER BY retry_at
     LIMIT $2";

/// The first moment at which something is to be tried.
pub(crate) const NEXT_DUE: &str = concat!(
    "
    SELECT MIN(at)
      FROM (SELECT MIN(",
    moment!(),
    ") AS at FROM schedules WHERE retry_at IS NULL
             UNION ALL
            SELECT MIN(retry_at) AS at FROM schedules WHERE retry_at IS NOT NULL) AS planned"
);

/// For how many games of a studio something is planned.
pub(crate) const COUNT_PLANNED: &str = "
    SELECT COUNT(*)
      FROM schedules
      JOIN games USING (game_id)
     WHERE studio_id = $1";

/// A game, public or not, with what is planned for it.
pub(crate) const OWN_GAME: &str = concat!(
    "
    SELECT ",
    game_columns!(),
    ", announce_at, release_at
      FROM games
 LEFT JOIN schedules USING (game_id)
     WHERE game_id = $1"
);

/// How many games that are due are read at a time.
const BATCH: i64 = 100;

/// A row of what is planned.
type Planned = (Option<At>, Option<At>);

fn schedule_from(row: Option<Planned>) -> Schedule {
    let (announce, release) = row.unwrap_or_default();
    Schedule { announce: announce.map(|At(at)| at), release: release.map(|At(at)| at) }
}

impl Store<Database> {
    /// What is planned for these games. One for which nothing is planned is left out.
    pub(crate) async fn schedules(
        &self,
        ids: &[GameId],
    ) -> storage::Result<HashMap<GameId, Schedule>> {
        let query = sqlx::query_as(SCHEDULES).bind(numbers_to(ids));
        let rows: Vec<(Option<At>, Option<At>, i64)> =
            query.fetch_all(self.database.reader()).await?;
        let schedule = |(announce, release, id)| {
            let id = GameId::from_row(id).map_err(storage::Error::corrupt)?;
            Ok((id, schedule_from(Some((announce, release)))))
        };
        rows.into_iter().map(schedule).collect()
    }

    /// The next games for which something is due: of those that were not tried yet, or of those that waited.
    pub(crate) async fn due(&self, now: Timestamp, waited: bool) -> storage::Result<Vec<GameId>> {
        let query = sqlx::query_scalar(if waited { DUE_AGAIN } else { DUE });
        let query = query.bind(At(now)).bind(BATCH);
        let ids: Vec<i64> = query.fetch_all(self.database.reader()).await?;
        let ids: Result<_, _> = ids.into_iter().map(GameId::from_row).collect();
        ids.map_err(storage::Error::corrupt)
    }

    /// Notes that what is due for these games cannot be done yet, and when it is tried again.
    pub(crate) async fn put_off(
        &self,
        ids: &[GameId],
        until: Timestamp,
        now: Timestamp,
    ) -> storage::Result<()> {
        let ids = numbers_to(ids);
        let putting_off = self.database.unit(async |tx| {
            let query = sqlx::query(PUT_OFF).bind(ids.as_str()).bind(At(until)).bind(At(now));
            query.execute(&mut **tx).await?;
            Ok(())
        });
        putting_off.await
    }

    /// A game, public or not, and what is planned for it.
    pub(crate) async fn own_game(&self, id: GameId) -> storage::Result<Option<(Game, Schedule)>> {
        let query = sqlx::query(OWN_GAME).bind(i64::from(id));
        let Some(row) = query.fetch_optional(self.database.reader()).await? else {
            return Ok(None);
        };
        let planned = (row.try_get("announce_at")?, row.try_get("release_at")?);
        Ok(Some((game_from(GameRow::from_row(&row)?)?, schedule_from(Some(planned)))))
    }

    /// The moment at which the next game is due.
    pub(crate) async fn next_due(&self) -> storage::Result<Option<Timestamp>> {
        let next: Option<At> =
            sqlx::query_scalar(NEXT_DUE).fetch_one(self.database.reader()).await?;
        Ok(next.map(|At(at)| at))
    }
}

impl Tx<engine::Tx> {
    /// What is planned for a game that this work holds.
    pub(crate) async fn schedule(&mut self, id: GameId) -> storage::Result<Schedule> {
        let query = sqlx::query_as(SCHEDULE).bind(i64::from(id));
        Ok(schedule_from(query.fetch_optional(&mut *self.tx).await?))
    }

    /// Writes what is planned for a game that this work holds, in the place of what was.
    pub(crate) async fn plan(&mut self, id: GameId, schedule: Schedule) -> storage::Result<()> {
        let query = if schedule.is_empty() {
            sqlx::query(FORGET_PLAN).bind(i64::from(id))
        } else {
            let query = sqlx::query(PLAN).bind(i64::from(id));
            query.bind(schedule.announce.map(At)).bind(schedule.release.map(At))
        };
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// For how many games of a studio something is planned.
    pub(crate) async fn count_planned(&mut self, studio: StudioId) -> storage::Result<i64> {
        let query = sqlx::query_scalar(COUNT_PLANNED).bind(studio.to_string());
        Ok(query.fetch_one(&mut *self.tx).await?)
    }
}
