//! What the store as a whole has: its currency, and what the platform picked. Compiled once for each engine.

use sir0_kernel::{Currency, GameId};
use sir0_storage as storage;

use super::engine::{self, Database};
use crate::{
    db::{Store, Tx},
    domain::Picks,
};

pub(crate) const CURRENCY: &str = "
    SELECT currency
      FROM store_currency";

/// Any game.
pub(crate) const ANY: &str = "
    SELECT game_id
      FROM games
     LIMIT 1";

/// Prices from before a currency was named are in hundredths.
pub(crate) const NAME_CURRENCY: &str = "
    INSERT INTO store_currency (only_one, currency)
    SELECT 1, $1
     WHERE CAST($2 AS INTEGER) = 2 OR NOT EXISTS (SELECT 1 FROM games)
        ON CONFLICT (only_one) DO NOTHING";

pub(crate) const PICKS: &str = "
    SELECT game_ids, revision
      FROM store_picks";

/// Returns no row if the picks have another revision than the one that is asked for.
pub(crate) const PICK: &str = "
    INSERT INTO store_picks AS held (only_one, game_ids, revision)
    SELECT 1, $1, 1
     WHERE COALESCE(CAST($2 AS INTEGER), 0) = 0 OR EXISTS (SELECT 1 FROM store_picks)
        ON CONFLICT (only_one) DO UPDATE
       SET game_ids = excluded.game_ids, revision = held.revision + 1
     WHERE CAST($2 AS INTEGER) IS NULL OR held.revision = CAST($2 AS INTEGER)
 RETURNING revision";

fn currency_from(code: Option<String>) -> storage::Result<Option<Currency>> {
    code.map(|code| code.parse().map_err(storage::Error::corrupt)).transpose()
}

fn picks_from(row: Option<(String, i32)>) -> storage::Result<Picks> {
    let Some((json, revision)) = row else { return Ok(Picks::default()) };
    let ids: Vec<i64> = serde_json::from_str(&json).map_err(storage::Error::corrupt)?;
    let games: Result<_, _> = ids.into_iter().map(GameId::from_row).collect();
    Ok(Picks { games: games.map_err(storage::Error::corrupt)?, revision })
}

impl Store<Database> {
    /// The currency that a setting named for this store. `None` if none ever did.
    pub(crate) async fn currency(&self) -> storage::Result<Option<Currency>> {
        currency_from(sqlx::query_scalar(CURRENCY).fetch_optional(self.database.reader()).await?)
    }

    /// Whether there is any game.
    pub(crate) async fn has_games(&self) -> storage::Result<bool> {
        let any: Option<i64> =
            sqlx::query_scalar(ANY).fetch_optional(self.database.reader()).await?;
        Ok(any.is_some())
    }

    /// The games that the platform picked.
    pub(crate) async fn picks(&self) -> storage::Result<Picks> {
        picks_from(sqlx::query_as(PICKS).fetch_optional(self.database.reader()).await?)
    }
}

impl Tx<engine::Tx> {
    /// The currency that a setting named for this store. `None` if none ever did.
    pub(crate) async fn currency(&mut self) -> storage::Result<Option<Currency>> {
        currency_from(sqlx::query_scalar(CURRENCY).fetch_optional(&mut *self.tx).await?)
    }

    /// Names the currency of this store, unless it has one, or prices that are no amounts of this one.
    pub(crate) async fn name_currency(&mut self, currency: Currency) -> storage::Result<()> {
        let query = sqlx::query(NAME_CURRENCY).bind(currency.code());
        query.bind(i32::from(currency.decimals())).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// The games that the platform picked.
    pub(crate) async fn picks(&mut self) -> storage::Result<Picks> {
        picks_from(sqlx::query_as(PICKS).fetch_optional(&mut *self.tx).await?)
    }

    /// Picks these games, and answers the revision that the picks have then. `None` if they had another one than this before.
    pub(crate) async fn pick(
        &mut self,
        games: &[GameId],
        revision: Option<i32>,
    ) -> storage::Result<Option<i32>> {
        let query = sqlx::query_scalar(PICK).bind(super::games::numbers_to(games)).bind(revision);
        Ok(query.fetch_optional(&mut *self.tx).await?)
    }
}
