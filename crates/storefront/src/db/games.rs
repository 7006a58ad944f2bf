//! Single games. Compiled once for each engine.

use std::sync::Arc;

use sir0_kernel::{GameId, Price, StudioId, Timestamp};
use sir0_storage::{self as storage, Announcement};

use super::{
    HOLD_GAMES, ORDER_WORDS,
    engine::{self, At, Database, for_update},
    next_id, numbers,
};
use crate::{
    db::{Store, Tx, public},
    domain::{
        Description, Game, GamePage, Genre, KEYS_VERSION, Kind, NewGame, Shown, Standing, State,
        Title, Traits, searched,
    },
    stored::{StoredShown, StoredTraits},
};

storage::row! {
    /// A game as it lies in the table.
    GameRow of engine, game_columns!() {
        game_id: i64,
        title: String,
        genre: String,
        price_minor: i64,
        description: String,
        revision: i32,
        studio_id: Option<String>,
        kind: String,
        state: String,
        release_day: Option<String>,
        released_at: Option<At>,
        listed: i64,
        created_at: At,
        base_id: Option<i64>,
        bundled: String,
        pictures: Option<String>,
        traits: Option<String>,
    }
}

storage::row! {
    /// A game whose keys and words are to be made anew.
    KeysRow of engine, keys_columns!() {
        game_id: i64,
        title: String,
        genre: String,
        description: String,
        revision: i32,
    }
}

pub(super) fn game_from(row: GameRow) -> storage::Result<Game> {
    let id = |id| GameId::from_row(id).map_err(storage::Error::corrupt);
    let state: State = row.state.parse().map_err(storage::Error::corrupt)?;
    let release_day = row.release_day.map(|day| day.parse()).transpose();
    // An older version that adds a game says nothing of its release.
    let since = row.released_at.or_else(|| (state == State::Released).then_some(row.created_at));
    Ok(Game {
        id: id(row.game_id)?,
        title: Title::from_row(row.title),
        genre: Genre::from_row(row.genre),
        price: Price::from_minor(row.price_minor),
        description: Description::from_row(row.description),
        revision: row.revision,
        studio: studio_from(row.studio_id.as_deref())?,
        kind: row.kind.parse::<Kind>().map_err(storage::Error::corrupt)?,
        standing: Standing {
            state,
            release_day: release_day.map_err(storage::Error::corrupt)?,
            released: since.map(|At(at)| at),
            listed: (row.listed > 0).then(|| Timestamp::from_micros(row.listed)),
        },
        base: row.base_id.map(id).transpose()?,
        bundled: bundled_from(&row.bundled)?,
        shown: row.pictures.as_deref().map(shown_from).transpose()?,
        traits: row.traits.as_deref().map(traits_from).transpose()?,
    })
}

fn studio_from(id: Option<&str>) -> storage::Result<Option<StudioId>> {
    id.map(StudioId::parse).transpose().map_err(storage::Error::corrupt)
}

/// The products in a bundle. Most are none, and have nothing in them.
fn bundled_from(text: &str) -> storage::Result<Arc<[GameId]>> {
    if text == "[]" {
        return Ok(Arc::default());
    }
    let ids: Vec<i64> = serde_json::from_str(text).map_err(storage::Error::corrupt)?;
    let ids: Result<_, _> = ids.into_iter().map(GameId::from_row).collect();
    ids.map_err(storage::Error::corrupt)
}

fn shown_from(json: &str) -> storage::Result<Arc<Shown>> {
    StoredShown::read(json).map(Arc::new).map_err(storage::Error::corrupt)
}

fn traits_from(json: &str) -> storage::Result<Arc<Traits>> {
    StoredTraits::read(json).map(Arc::new).map_err(storage::Error::corrupt)
}

/// Ids as a JSON array.
pub(super) fn numbers_to(ids: &[GameId]) -> String {
    let ids: Vec<_> = ids.iter().map(|id| i64::from(*id)).collect();
    serde_json::to_string(&ids).expect("numbers are always JSON")
}

macro_rules! game {
    ($($rest:expr)?) => {
        concat!(
            "
    SELECT ",
            game_columns!(),
            "
      FROM games
     WHERE game_id = $1",
            $($rest)?
        )
    };
}

/// A game that everyone sees. To whom it is hidden, it is as if there were none: the same statement finds nothing.
pub(crate) const GAME: &str = game!(concat!(" AND ", public!()));
/// A game, public or not.
pub(crate) const ANY_GAME: &str = game!();
pub(crate) const GAME_FOR_CHANGE: &str = game!(for_update!());

/// The games of a list of ids, public or not.
pub(crate) const SOME_GAMES: &str = concat!(
    "
    SELECT ",
    game_columns!(),
    "
      FROM games
     WHERE game_id IN (",
    numbers!("$1"),
    ")"
);

/// Those of a list of ids that everyone sees.
pub(crate) const SHOWN: &str = concat!(
    "
    SELECT ",
    game_columns!(),
    "
      FROM games
     WHERE ",
    public!(),
    " AND game_id IN (",
    numbers!("$1"),
    ")"
);

pub(crate) const NEXT_ID: &str = next_id!();

pub(crate) const ADD_GAME: &str = "
    INSERT INTO games
           (title, title_key, genre, genre_key, price_minor, description, words, created_at, updated_at,
            title_sort, genre_fold, keys_version, keys_revision, studio_id,
            kind, state, release_day, released_at, base_id, bundled, listed, pictures, traits, game_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, 1, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
            $22)
        ON CONFLICT (game_id) DO NOTHING
 RETURNING game_id";

pub(crate) const COUNT_GAMES: &str = "SELECT COUNT(*) FROM games";

/// Games whose keys and words are of other rules or of another revision. The condition is the one of the index, and the
/// number is [`KEYS_VERSION`].
pub(crate) const TO_KEY: &str = concat!(
    "
    SELECT ",
    keys_columns!(),
    "
      FROM games
     WHERE game_id > $1 AND (keys_version <> 1 OR keys_revision <> revision)
  ORDER BY game_id
     LIMIT $2"
);

pub(crate) const SAVE_KEYS: &str = "
    UPDATE games
       SET title_sort = $1, genre_fold = $2, words = $3, keys_version = $4, keys_revision = $6
     WHERE game_id = $5 AND revision = $6";

/// How many games get their keys in one unit of work: others wait for it on SQLite.
const KEYS_BATCH: i64 = 100;

/// How many games with other words leave the index of words out of order.
const MANY: u64 = 1_000;

impl Store<Database> {
    /// Reads a game that everyone sees, as it was committed last.
    pub(crate) async fn game(&self, id: GameId) -> storage::Result<Option<Game>> {
        let row =
            sqlx::query_as(GAME).bind(i64::from(id)).fetch_optional(self.database.reader()).await?;
        row.map(game_from).transpose()
    }

    /// Reads a game, public or not.
    pub(crate) async fn any_game(&self, id: GameId) -> storage::Result<Option<Game>> {
        let query = sqlx::query_as(ANY_GAME).bind(i64::from(id));
        query.fetch_optional(self.database.reader()).await?.map(game_from).transpose()
    }

    /// Reads those of these games that everyone sees, in no order.
    pub(crate) async fn shown(&self, ids: &[GameId]) -> storage::Result<Vec<Game>> {
        let query = sqlx::query_as(SHOWN).bind(numbers_to(ids));
        query.fetch_all(self.database.reader()).await?.into_iter().map(game_from).collect()
    }

    /// Makes the keys and words anew of games that an older version wrote, unless they change meanwhile, and answers how
    /// many. No game changes by it, so nothing is announced.
    pub(crate) async fn key_games(&self) -> storage::Result<u64> {
        let (mut after, mut keyed) = (0, 0);
        loop {
            let query = sqlx::query_as(TO_KEY).bind(after).bind(KEYS_BATCH);
            let games: Vec<KeysRow> = query.fetch_all(self.database.reader()).await?;
            let Some(last) = games.last() else { break };
            after = last.game_id;

            let batch = self.database.unit(async |tx| {
                let mut keyed = 0;
                for game in games {
                    let title = Title::from_row(game.title);
                    let words = searched(&title, &Description::from_row(game.description));
                    let query = sqlx::query(SAVE_KEYS).bind(title.sort_key());
                    let query = query.bind(Genre::from_row(game.genre).key()).bind(words);
                    let query = query.bind(KEYS_VERSION).bind(game.game_id).bind(game.revision);
                    keyed += query.execute(&mut **tx).await?.rows_affected();
                }
                Ok::<_, storage::Error>(keyed)
            });
            keyed += batch.await?;
        }
        if let Some(order) = ORDER_WORDS.filter(|_| keyed >= MANY) {
            let mut tx = self.database.write().await?;
            sqlx::query(order).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Ok(keyed)
    }
}

impl Tx<engine::Tx> {
    /// Reads a game for a change. No other work changes it until this work ends.
    pub(crate) async fn game(&mut self, id: GameId) -> storage::Result<Option<Game>> {
        let query = sqlx::query_as(GAME_FOR_CHANGE).bind(i64::from(id));
        let row = query.fetch_optional(&mut *self.tx).await?;
        row.map(game_from).transpose()
    }

    /// Reads these games, in no order. Each is there once, also if it is named twice.
    pub(crate) async fn some_games(&mut self, ids: &[GameId]) -> storage::Result<Vec<Game>> {
        let query = sqlx::query_as(SOME_GAMES).bind(numbers_to(ids));
        query.fetch_all(&mut *self.tx).await?.into_iter().map(game_from).collect()
    }

    /// How many games there are, with those of this work.
    pub(crate) async fn count_games(&mut self) -> storage::Result<i64> {
        Ok(sqlx::query_scalar(COUNT_GAMES).fetch_one(&mut *self.tx).await?)
    }

    /// Adds a game of a studio, or of the platform, and gives it its id.
    pub(crate) async fn add_game(
        &mut self,
        game: NewGame,
        studio: Option<StudioId>,
        at: Timestamp,
    ) -> storage::Result<Game> {
        self.add_whole(game, studio, (None, None), at).await
    }

    /// Adds a product of the platform with what it is shown by and with its page.
    pub(crate) async fn add_stocked(
        &mut self,
        game: NewGame,
        shown: Option<Shown>,
        page: &GamePage,
        at: Timestamp,
    ) -> storage::Result<Game> {
        let has_page = *page != GamePage::default();
        let traits = has_page.then(|| Arc::new(page.traits(1)));
        let game = self.add_whole(game, None, (shown.map(Arc::new), traits), at).await?;
        if has_page {
            self.write_page(game.id, page).await?;
        }
        Ok(game)
    }

    async fn add_whole(
        &mut self,
        game: NewGame,
        studio: Option<StudioId>,
        (shown, traits): (Option<Arc<Shown>>, Option<Arc<Traits>>),
        at: Timestamp,
    ) -> storage::Result<Game> {
        let NewGame { title, genre, price, description, kind, state, base, bundled, .. } = game;
        let standing = Standing::new(state, game.release_day, at);
        let mut game = Game {
            id: self.id_of_new(state).await?,
            title,
            genre,
            price,
            description,
            revision: 1,
            studio,
            kind,
            standing,
            base,
            bundled,
            shown,
            traits,
        };
        // Of the ids of drafts, there may be a million before one in a thousand is drawn twice.
        while !self.insert(&game, at).await? {
            game.id = self.id_of_new(state).await?;
        }
        Ok(game)
    }

    /// The next id, or one of those that tell nothing of how many there are.
    async fn id_of_new(&mut self, state: State) -> storage::Result<GameId> {
        if !state.is_public() {
            return Ok(GameId::drawn());
        }
        let id: i64 = sqlx::query_scalar(NEXT_ID).fetch_one(&mut *self.tx).await?;
        GameId::from_row(id).map_err(storage::Error::corrupt)
    }

    /// `false` if another game has its id.
    async fn insert(&mut self, game: &Game, at: Timestamp) -> storage::Result<bool> {
        let standing = game.standing;
        let id: Option<i64> = sqlx::query_scalar(ADD_GAME)
            .bind(game.title.as_str())
            .bind(game.title.key_before())
            .bind(game.genre.as_str())
            .bind(game.genre.key_before())
            .bind(game.price.minor())
            .bind(game.description.as_str())
            .bind(searched(&game.title, &game.description))
            .bind(At(at))
            .bind(game.title.sort_key())
            .bind(game.genre.key())
            .bind(KEYS_VERSION)
            .bind(game.studio.map(|studio| studio.to_string()))
            .bind(game.kind.as_str())
            .bind(standing.state.as_str())
            .bind(standing.release_day.map(|day| day.to_string()))
            .bind(standing.released.map(At))
            .bind(game.base.map(i64::from))
            .bind(numbers_to(&game.bundled))
            .bind(standing.listed.map_or(0, Timestamp::micros))
            .bind(game.shown.as_deref().map(StoredShown::json))
            .bind(game.traits.as_deref().map(StoredTraits::json))
            .bind(i64::from(game.id))
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(id.is_some())
    }

    /// Records an event beside the change that it reports, in the same transaction. Watchers never hear of a change that
    /// did not happen, and never miss one that did.
    pub(crate) async fn announce(&mut self, announcement: &Announcement) -> storage::Result<()> {
        engine::announce(&mut self.tx, announcement).await
    }

    /// Holds the table: no other unit of work adds, changes or removes a game until this one ends.
    pub(crate) async fn hold_games(&mut self) -> storage::Result<()> {
        if let Some(hold) = HOLD_GAMES {
            sqlx::query(hold).execute(&mut *self.tx).await?;
        }
        Ok(())
    }
}
