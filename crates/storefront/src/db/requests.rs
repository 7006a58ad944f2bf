//! Requests that may be sent again. Compiled once for each engine.

use sir0_kernel::{GameId, Timestamp};
use sir0_storage as storage;

use super::engine::{self, At, Database};
use crate::{
    db::{Store, Tx},
    domain::{Created, Game, RequestKey, Title},
};

// The update changes nothing. It makes the statement return a row that is there already. An equal request at the same
// moment waits until the first one commits, and then finds its row.
pub(crate) const NOTE_REQUEST: &str = "
    INSERT INTO created_by_request (request_key, game_id, title, created_at)
    VALUES ($1, $2, $3, $4)
        ON CONFLICT (request_key) DO UPDATE SET request_key = excluded.request_key
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
