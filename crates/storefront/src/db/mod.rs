//! The SQL of the storefront. Statements are whole, and beside the function that runs them.
//!
//! `store.rs`, `games.rs`, `listing.rs` and `requests.rs` are compiled twice, as rooms of `sqlite` and of `postgres`;
//! what only one engine understands is in its `…_sql.rs`. The types here stand for one or the other.

mod postgres;
#[expect(clippy::duplicate_mod, reason = "the same SQL for another engine")]
mod sqlite;

use std::time::Instant;

use sir0_kernel::{GameId, Timestamp};
use sir0_storage::{
    self as storage, Database, Place, Position, Step,
    copy::{self, Copied, CopyError},
};
use tracing::Instrument;

use crate::{
    domain::{Bounds, Created, Game, Listing, NewGame, Page, RequestKey},
    events::GameEvent,
};

/// The storefront's database.
#[derive(Clone, Debug)]
pub(crate) enum StorefrontDb {
    Sqlite(sqlite::Store),
    Postgres(postgres::Store),
}

/// A unit of work in it.
pub(crate) enum StorefrontTx {
    Sqlite(sqlite::Work),
    Postgres(postgres::Work),
}

/// Calls the same function in either engine. The call has this name in a trace.
macro_rules! on_either {
    ($which:expr, $name:literal, $it:ident => $call:expr) => {
        match $which {
            Self::Sqlite($it) => $call.instrument(storage::span("sqlite", $name)).await,
            Self::Postgres($it) => $call.instrument(storage::span("postgresql", $name)).await,
        }
    };
}

impl StorefrontDb {
    /// Opens it, brings it up to date, and tells what was applied.
    pub(crate) async fn open(place: &Place) -> storage::Result<(Self, Vec<Step>)> {
        Ok(match place {
            Place::Sqlite(file) => {
                let (store, steps) = sqlite::Store::open(file).await?;
                (Self::Sqlite(store), steps)
            }
            Place::Postgres(address) => {
                let (store, steps) = postgres::Store::open(address).await?;
                (Self::Postgres(store), steps)
            }
        })
    }

    /// Tells which steps it has, and changes nothing.
    pub(crate) async fn inspect(place: &Place) -> storage::Result<Vec<Step>> {
        match place {
            Place::Sqlite(file) => sqlite::inspect(file).await,
            Place::Postgres(address) => postgres::inspect(address).await,
        }
    }

    /// Copies everything into an empty database, and proves that it arrived.
    pub(crate) async fn copy(from: &Place, to: &Place) -> Result<Vec<Copied>, CopyError> {
        let (from, _) = Self::open(from).await?;
        let (to, _) = Self::open(to).await?;
        let copied = copy::copy(&from.database(), &to.database()).await;
        from.database().close().await;
        to.database().close().await;
        copied
    }

    /// The database below, for the feed, the health check and the closing.
    pub(crate) fn database(&self) -> Database {
        match self {
            Self::Sqlite(store) => Database::Sqlite(store.database.clone()),
            Self::Postgres(store) => Database::Postgres(store.database.clone()),
        }
    }

    /// Begins a unit of work that writes.
    pub(crate) async fn begin(&self) -> storage::Result<StorefrontTx> {
        let asked = Instant::now();
        let tx = match self {
            Self::Sqlite(store) => StorefrontTx::Sqlite(store.begin().await?),
            Self::Postgres(store) => StorefrontTx::Postgres(store.begin().await?),
        };
        metrics::histogram!("sir0_pool_wait_seconds", "service" => "storefront")
            .record(asked.elapsed().as_secs_f64());
        Ok(tx)
    }

    /// Reads a game as it was committed last.
    pub(crate) async fn game(&self, id: GameId) -> storage::Result<Option<Game>> {
        on_either!(self, "game", store => store.game(id))
    }

    /// Reads a page.
    pub(crate) async fn list(&self, listing: &Listing) -> storage::Result<Page> {
        on_either!(self, "list", store => store.list(listing))
    }

    /// Reads the next games of the present, by id.
    pub(crate) async fn present_after(
        &self,
        id: Option<GameId>,
        bounds: Bounds,
    ) -> storage::Result<Vec<Game>> {
        on_either!(self, "present_after", store => store.present_after(id, bounds))
    }

    /// Writes the words anew of games that an older version wrote, and answers how many.
    pub(crate) async fn mark_titles(&self) -> storage::Result<u64> {
        on_either!(self, "mark_titles", store => store.mark_titles())
    }

    /// Forgets requests from before.
    pub(crate) async fn forget_requests(&self, before: Timestamp) -> storage::Result<()> {
        on_either!(self, "forget_requests", store => store.forget_requests(before))
    }
}

impl StorefrontTx {
    /// Reads a game for a change. No other work changes it until this work ends.
    pub(crate) async fn game(&mut self, id: GameId) -> storage::Result<Option<Game>> {
        on_either!(self, "game", work => work.game(id))
    }

    /// How many games there are, with those of this work.
    pub(crate) async fn count_games(&mut self) -> storage::Result<i64> {
        on_either!(self, "count_games", work => work.count_games())
    }

    /// Adds a game and gives it its id.
    pub(crate) async fn add_game(&mut self, game: NewGame, at: Timestamp) -> storage::Result<Game> {
        on_either!(self, "add_game", work => work.add_game(game, at))
    }

    /// Notes that the request made the game, and answers with what it made: this game, or the one that it made before.
    /// In the latter case this work must not be committed.
    pub(crate) async fn note_request(
        &mut self,
        request: &RequestKey,
        game: &Game,
        at: Timestamp,
    ) -> storage::Result<Created> {
        on_either!(self, "note_request", work => work.note_request(request, game, at))
    }

    /// Writes a changed game back. `false` when another change was written first.
    pub(crate) async fn save_game(&mut self, game: &Game, at: Timestamp) -> storage::Result<bool> {
        on_either!(self, "save_game", work => work.save_game(game, at))
    }

    /// Removes a game and answers with what it was; `None` when it was gone already.
    pub(crate) async fn remove_game(&mut self, id: GameId) -> storage::Result<Option<Game>> {
        on_either!(self, "remove_game", work => work.remove_game(id))
    }

    /// Records an event beside the change it reports, in the same transaction. Watchers never hear of a change that did
    /// not happen, and never miss one that did. It is the last step before the commit, because other events wait for
    /// their place until then.
    pub(crate) async fn announce(
        &mut self,
        event: &GameEvent,
        at: Timestamp,
    ) -> storage::Result<Position> {
        on_either!(self, "announce", work => work.announce(event, at))
    }

    /// Commits the unit of work.
    pub(crate) async fn commit(self) -> storage::Result<()> {
        on_either!(self, "commit", work => work.commit())
    }
}

#[cfg(test)]
mod tests;
