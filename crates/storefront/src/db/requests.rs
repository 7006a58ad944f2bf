//! Requests that may be sent again. Compiled once for each engine.

use sir0_kernel::{GameId, Timestamp};
use sir0_storage::{self as storage, once::KNOWN_FOR};

use super::engine::{self, At, Database};
use crate::{
    db::{Store, Tx},
    domain::{Created, Game, RequestKey, Title},
};

// The update of a row that is known still changes nothing. It makes the statement return it. An older row is of another
// request. An equal request at the same moment waits until the first one commits, and then finds its row.
//
// Only versions that know no idempotency keys read this table. While they are replaced, a request that meets both makes one
// game. The table goes with the next version.
pub(crate) const NOTE_REQUEST: &str = "
    INSERT INTO created_by_request AS noted (request_key, game_id, title, created_at)
    VALUES ($1, $2, $3, $4)
        ON CONFLICT (request_key) DO UPDATE
       SET game_id = CASE WHEN noted.created_at <= $5 THEN excluded.game_id ELSE noted.game_id END,
           title = CASE WHEN noted.created_at <= $5 THEN excluded.title ELSE noted.title END,
           created_at = CASE WHEN noted.created_at <= $5 THEN excluded.created_at ELSE noted.created_at END
 RETURNING game_id, title";

pub(crate) const FORGET_REQUESTS: &str = "
    DELETE FROM created_by_request
     WHERE created_at < $1";

impl Tx<engine::Tx> {
    /// Notes that the request made the game, and answers with what it made: this game, or the one that it made before.
    /// In the latter case this work must not be committed.
    pub(crate) async fn note_request(
        &mut self,
        request: &RequestKey,
        game: &Game,
        at: Timestamp,
    ) -> storage::Result<Created> {
        let (id, title) = sqlx::query_as(NOTE_REQUEST)
            .bind(request.as_str())
            .bind(i64::from(game.id))
            .bind(game.title.as_str())
            .bind(At(at))
            .bind(At(at.before(KNOWN_FOR)))
            .fetch_one(&mut *self.tx)
            .await?;
        let id = GameId::from_row(id).map_err(storage::Error::corrupt)?;
        Ok(Created { id, title: Title::from_row(title) })
    }
}

impl Store<Database> {
    /// Forgets requests from before.
    pub(crate) async fn forget_requests(&self, before: Timestamp) -> storage::Result<()> {
        self.database
            .unit(async |tx| {
                sqlx::query(FORGET_REQUESTS).bind(At(before)).execute(&mut **tx).await?;
                Ok(())
            })
            .await
    }
}
