//! The pages of games. Compiled once for each engine.

use sir0_kernel::GameId;
use sir0_storage as storage;

use super::engine::{self, Database};
use crate::{
    db::{Store, Tx, public},
    domain::{Game, GameEvent, GamePage, Made},
    stored::{StoredPage, differences_of_pages},
};

macro_rules! page {
    ($($rest:expr)?) => {
        concat!(
            "
    SELECT games.revision, game_pages.page
      FROM games
           LEFT JOIN game_pages ON game_pages.game_id = games.game_id
     WHERE games.game_id = $1",
            $($rest)?
        )
    };
}

/// The page of a game that everyone sees.
pub(crate) const PAGE: &str = page!(concat!(" AND ", public!()));
/// The page of a game, public or not.
pub(crate) const ANY_PAGE: &str = page!();

pub(crate) const SAVE_PAGE: &str = "
    INSERT INTO game_pages (game_id, page)
    VALUES ($1, $2)
        ON CONFLICT (game_id) DO UPDATE
       SET page = excluded.page";

/// A page that was never written is an empty one.
fn page_from(json: Option<&str>) -> storage::Result<GamePage> {
    let page = json.map(StoredPage::read).transpose().map_err(storage::Error::corrupt)?;
    Ok(page.unwrap_or_default())
}

impl Store<Database> {
    /// Reads the page of a game that everyone sees, and the revision of the game.
    pub(crate) async fn page(&self, id: GameId) -> storage::Result<Option<(i32, GamePage)>> {
        self.read_page(PAGE, id).await
    }

    /// Reads the page of a game, public or not, and the revision of the game.
    pub(crate) async fn any_page(&self, id: GameId) -> storage::Result<Option<(i32, GamePage)>> {
        self.read_page(ANY_PAGE, id).await
    }

    async fn read_page(
        &self,
        sql: &'static str,
        id: GameId,
    ) -> storage::Result<Option<(i32, GamePage)>> {
        let query = sqlx::query_as(sql).bind(i64::from(id));
        let row: Option<(i32, Option<String>)> =
            query.fetch_optional(self.database.reader()).await?;
        row.map(|(revision, page)| Ok((revision, page_from(page.as_deref())?))).transpose()
    }
}

impl Tx<engine::Tx> {
    /// Reads the page of a game.
    pub(crate) async fn page_of(&mut self, id: GameId) -> storage::Result<GamePage> {
        let query = sqlx::query_as(ANY_PAGE).bind(i64::from(id));
        let row: Option<(i32, Option<String>)> = query.fetch_optional(&mut *self.tx).await?;
        page_from(row.and_then(|(_, page)| page).as_deref())
    }

    /// Writes the page of a game, announces that and notes what is different. `false` when another change of the game was
    /// written first, or the game is gone.
    pub(crate) async fn save_page(
        &mut self,
        (before, page_before): (&Game, &GamePage),
        (game, page): (&Game, &GamePage),
        event: &GameEvent,
        made: Made,
    ) -> storage::Result<bool> {
        let differences = differences_of_pages(page_before, page);
        if !self.save_traits(before, game, event, made, &differences).await? {
            return Ok(false);
        }
        self.write_page(game.id, page).await?;
        Ok(true)
    }

    pub(super) async fn write_page(&mut self, id: GameId, page: &GamePage) -> storage::Result<()> {
        let query = sqlx::query(SAVE_PAGE).bind(i64::from(id)).bind(StoredPage::json(page));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }
}
