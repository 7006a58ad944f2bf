//! When games become public by themselves. Compiled once for each engine.

use std::collections::HashMap;

use sir0_kernel::{GameId, Timestamp};
use sir0_storage as storage;

use super::{
    engine::{self, At, Database},
    games::numbers_to,
    numbers,
};
use crate::{
    db::{Store, Tx},
    domain::Schedule,
};

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

pub(crate) const PUT_OFF: &str = "
    UPDATE schedules
       SET retry_at = $2
     WHERE game_id = $1";

pub(crate) const FORGET_PLAN: &str = "
    DELETE FROM schedules
     WHERE game_id = $1";

/// What is due at a moment, by id.
pub(crate) const DUE: &str = "
    SELECT game_id
      FROM schedules
     WHERE (announce_at <= $1 OR release_at <= $1) AND game_id > $2
       AND (retry_at IS NULL OR retry_at <= $1)
  ORDER BY game_id
     LIMIT $3";

/// The first moment of all that is planned.
pub(crate) const NEXT_DUE: &str = "
    SELECT MIN(at)
      FROM (SELECT MIN(announce_at) AS at FROM schedules
             UNION ALL
            SELECT MIN(release_at) AS at FROM schedules) AS planned";

/// How many games that are due are read at a time.
const BATCH: i64 = 100;

/// A row of what is planned.
type Planned = (Option<At>, Option<At>);

fn schedule_from(row: Option<Planned>) -> Schedule {
    let (announce, release) = row.unwrap_or_default();
    Schedule { announce: announce.map(|At(at)| at), release: release.map(|At(at)| at) }
}

impl Store<Database> {
    /// What is planned for a game.
    pub(crate) async fn schedule(&self, id: GameId) -> storage::Result<Schedule> {
        let query = sqlx::query_as(SCHEDULE).bind(i64::from(id));
        Ok(schedule_from(query.fetch_optional(self.database.reader()).await?))
    }

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

    /// The next games for which something is due.
    pub(crate) async fn due(
        &self,
        now: Timestamp,
        after: Option<GameId>,
    ) -> storage::Result<Vec<GameId>> {
        let query = sqlx::query_scalar(DUE).bind(At(now)).bind(after.map_or(0, i64::from));
        let ids: Vec<i64> = query.bind(BATCH).fetch_all(self.database.reader()).await?;
        let ids: Result<_, _> = ids.into_iter().map(GameId::from_row).collect();
        ids.map_err(storage::Error::corrupt)
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

    /// Notes that what is due for a game cannot be done yet, and when it is tried again.
    pub(crate) async fn put_off(&mut self, id: GameId, until: Timestamp) -> storage::Result<()> {
        let query = sqlx::query(PUT_OFF).bind(i64::from(id)).bind(At(until));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }
}
