//! Products in bulk: added several hundred at a time, and read one after the other. Compiled once for each engine.
//!
//! What is added goes as rows of JSON through one statement for each table: so many statements would take longer than what
//! they do.

use std::collections::{HashMap, HashSet};

use sir0_kernel::{GameId, StudioId, Timestamp};
use sir0_storage as storage;

use super::{
    bytes,
    engine::{self, At, Database, for_update},
    games::{GameRow, game_columns, game_from, numbers_to},
    history::fields_to,
    ids_of,
    listing::{read_within, studios_to},
    next_ids, numbers, rows, texts,
};
use crate::{
    db::{Store, Tx},
    domain::{
        Bounds, Game, GameEvent, GamePage, KEYS_VERSION, Kind, Made, Standing, beginning,
        bulk::{ImportKey, Named},
        searched,
    },
    stored::{StoredPage, StoredTraits, differences_of_pages},
};

/// The games of a list of ids, public or not, held until the unit of work ends. The order keeps two that hold several from
/// waiting for each other.
pub(crate) const HOLD_SOME: &str = concat!(
    "
    SELECT ",
    game_columns!(),
    "
      FROM games
     WHERE game_id IN (",
    numbers!("$1"),
    ")
  ORDER BY game_id",
    for_update!()
);

/// The products that these keys name: a JSON array of owners with a key each.
pub(crate) const IMPORTED: &str = concat!(
    "
    SELECT owner, import_key, imported_id
      FROM ",
    rows!("$1"),
    "
      JOIN import_keys ON owner = value ->> 0 AND import_key = value ->> 1"
);

/// The keys of a list of products.
pub(crate) const KEYS_OF: &str = concat!(
    "
    SELECT owner, import_key, imported_id
      FROM import_keys
     WHERE imported_id IN (",
    numbers!("$1"),
    ")"
);

pub(crate) const NEXT_IDS: &str = next_ids!();

pub(crate) const ADD_KEYS: &str = concat!(
    "
    INSERT INTO import_keys (owner, import_key, imported_id)
    SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT)
      FROM ",
    rows!("$1")
);

pub(crate) const ADD_GAMES: &str = concat!(
    "
    INSERT INTO games
           (title, title_key, genre, genre_key, price_minor, description, words, created_at, updated_at,
            title_sort, genre_fold, keys_version, keys_revision, studio_id,
            kind, state, release_day, released_at, base_id, bundled, listed, traits, game_id)
    SELECT value ->> 'title', value ->> 'title_key', value ->> 'genre', value ->> 'genre_key',
           CAST(value ->> 'price_minor' AS BIGINT), value ->> 'description', value ->> 'words',
           CAST($2 AS TIMESTAMPTZ), CAST($2 AS TIMESTAMPTZ), ",
    bytes!("value ->> 'title_sort'"),
    ", value ->> 'genre_fold', CAST($3 AS INTEGER), 1, value ->> 'studio_id',
           value ->> 'kind', value ->> 'state', value ->> 'release_day',
           CASE WHEN value ->> 'state' = 'released' THEN CAST($2 AS TIMESTAMPTZ) END,
           CAST(value ->> 'base_id' AS BIGINT), value ->> 'bundled', CAST(value ->> 'listed' AS BIGINT),
           value ->> 'traits', CAST(value ->> 'game_id' AS BIGINT)
      FROM ",
    rows!("$1")
);

pub(crate) const ADD_PAGES: &str = concat!(
    "
    INSERT INTO game_pages (game_id, page)
    SELECT CAST(value ->> 0 AS BIGINT), value ->> 1
      FROM ",
    rows!("$1")
);

pub(crate) const NOTE_CHANGES: &str = concat!(
    "
    INSERT INTO game_changes (game_id, revision, changed_at, user_id, fields)
    SELECT CAST(value ->> 0 AS BIGINT), 1, CAST($2 AS TIMESTAMPTZ), CAST($3 AS BIGINT), value ->> 1
      FROM ",
    rows!("$1")
);

macro_rules! present {
    ($of:expr) => {
        concat!(
            "
    SELECT ",
            game_columns!(),
            "
      FROM games
     WHERE game_id > $1 AND kind IN (",
            texts!("$2"),
            ")",
            $of,
            "
  ORDER BY game_id
     LIMIT $3"
        )
    };
}

/// All products of some kinds, by id.
pub(crate) const EXPORT: &str = present!("");

/// All products of some kinds that these studios have, by id.
pub(crate) const EXPORT_OF: &str = present!(concat!(" AND studio_id IN (", texts!("$4"), ")"));

/// The owner of a key, as the table has it.
fn owner(studio: Option<StudioId>) -> String {
    studio.map(|studio| studio.to_string()).unwrap_or_default()
}

fn imported((owner, key, id): (String, String, i64)) -> storage::Result<(Named, GameId)> {
    let studio = Some(owner.as_str()).filter(|owner| !owner.is_empty()).map(StudioId::parse);
    let studio = studio.transpose().map_err(storage::Error::corrupt)?;
    let id = GameId::from_row(id).map_err(storage::Error::corrupt)?;
    Ok(((studio, ImportKey::from_row(key)), id))
}

fn json<T: serde::Serialize>(rows: &[T]) -> String {
    serde_json::to_string(rows).expect("numbers and texts are always JSON")
}

impl Store<Database> {
    /// Reads the next products of these kinds, by id, of these studios or of the whole store.
    pub(crate) async fn export(
        &self,
        studios: Option<&[StudioId]>,
        kinds: &[Kind],
        after: Option<GameId>,
        bounds: Bounds,
    ) -> storage::Result<Vec<Game>> {
        let kinds: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        let mut query = sqlx::query_as::<_, GameRow>(studios.map_or(EXPORT, |_| EXPORT_OF))
            .bind(after.map_or(0, i64::from))
            .bind(json(&kinds))
            .bind(i64::from(bounds.rows));
        if let Some(studios) = studios {
            query = query.bind(studios_to(studios));
        }
        read_within(bounds, query.fetch(self.database.reader()), game_from, |game| game).await
    }

    /// What importers call these products: each studio by itself.
    pub(crate) async fn keys_of(
        &self,
        ids: &[GameId],
    ) -> storage::Result<HashMap<(Option<StudioId>, GameId), ImportKey>> {
        let query = sqlx::query_as(KEYS_OF).bind(numbers_to(ids));
        let rows: Vec<_> = query.fetch_all(self.database.reader()).await?;
        let keys = rows.into_iter().map(imported);
        keys.map(|key| key.map(|((studio, key), id)| ((studio, id), key))).collect()
    }
}

impl Tx<engine::Tx> {
    /// The products that these keys name. A key that is not known is left out.
    pub(crate) async fn imported(
        &mut self,
        keys: &HashSet<Named>,
    ) -> storage::Result<HashMap<Named, GameId>> {
        let keys: Vec<_> =
            keys.iter().map(|(studio, key)| (owner(*studio), key.as_str())).collect();
        let query = sqlx::query_as(IMPORTED).bind(json(&keys));
        query.fetch_all(&mut *self.tx).await?.into_iter().map(imported).collect()
    }

    /// Reads these games for a change, in the order of their ids. No other work changes them until this work ends.
    pub(crate) async fn hold_some(&mut self, ids: &[GameId]) -> storage::Result<Vec<Game>> {
        let query = sqlx::query_as(HOLD_SOME).bind(numbers_to(ids));
        query.fetch_all(&mut *self.tx).await?.into_iter().map(game_from).collect()
    }

    /// As many ids for games that everyone sees at once.
    pub(crate) async fn next_ids(&mut self, count: u16) -> storage::Result<Vec<GameId>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let count = i64::from(count);
        let query = sqlx::query_scalar(NEXT_IDS).bind(count);
        let given: Vec<i64> = query.fetch_all(&mut *self.tx).await?;
        let ids: Result<_, _> = ids_of(given, count).into_iter().map(GameId::from_row).collect();
        ids.map_err(storage::Error::corrupt)
    }

    /// Adds products, each with what an importer calls it, and pages of theirs, announces them and notes them, in this order. Fails with
    /// [`storage::Error::Taken`] if a key or an id is in use: then nothing is added.
    pub(crate) async fn add_games(
        &mut self,
        games: &[(ImportKey, Game)],
        pages: &[(GameId, GamePage)],
        made: Made,
    ) -> storage::Result<()> {
        // In one order, so that two imports of the same products do not wait for each other.
        let mut keys: Vec<_> = games
            .iter()
            .map(|(key, game)| (owner(game.studio), key.as_str(), i64::from(game.id)))
            .collect();
        keys.sort_unstable();
        sqlx::query(ADD_KEYS).bind(json(&keys)).execute(&mut *self.tx).await?;

        let rows: Vec<_> = games.iter().map(|(_, game)| NewRow::of(game)).collect();
        let query = sqlx::query(ADD_GAMES).bind(json(&rows)).bind(At(made.at)).bind(KEYS_VERSION);
        query.execute(&mut *self.tx).await?;

        if !pages.is_empty() {
            let pages: Vec<_> =
                pages.iter().map(|(id, page)| (i64::from(*id), StoredPage::json(page))).collect();
            sqlx::query(ADD_PAGES).bind(json(&pages)).execute(&mut *self.tx).await?;
        }

        let pages: HashMap<_, _> = pages.iter().map(|(id, page)| (*id, page)).collect();
        let note = |game: &Game| {
            let mut differences = beginning(game);
            if let Some(page) = pages.get(&game.id) {
                differences.extend(differences_of_pages(&GamePage::default(), page));
            }
            (i64::from(game.id), fields_to(&differences))
        };
        let notes: Vec<_> = games.iter().map(|(_, game)| note(game)).collect();
        let query = sqlx::query(NOTE_CHANGES).bind(json(&notes)).bind(At(made.at));
        query.bind(made.by.map(i64::from)).execute(&mut *self.tx).await?;

        let events: Vec<_> = games
            .iter()
            .map(|(_, game)| GameEvent::beginning(game.clone()).announcement(made.at))
            .collect();
        engine::announce_all(&mut self.tx, &events).await
    }
}

/// A new product as a row of JSON, by the names of its columns.
#[derive(serde::Serialize)]
struct NewRow<'g> {
    game_id: i64,
    title: &'g str,
    title_key: String,
    title_sort: String,
    genre: &'g str,
    genre_key: String,
    genre_fold: String,
    price_minor: i64,
    description: &'g str,
    words: String,
    studio_id: Option<String>,
    kind: &'static str,
    state: &'static str,
    release_day: Option<String>,
    base_id: Option<i64>,
    bundled: String,
    listed: i64,
    traits: Option<String>,
}

impl<'g> NewRow<'g> {
    fn of(game: &'g Game) -> Self {
        let Standing { state, release_day, listed, .. } = game.standing;
        Self {
            game_id: game.id.into(),
            title: game.title.as_str(),
            title_key: game.title.key_before(),
            title_sort: hex(&game.title.sort_key()),
            genre: game.genre.as_str(),
            genre_key: game.genre.key_before(),
            genre_fold: game.genre.key(),
            price_minor: game.price.minor(),
            description: game.description.as_str(),
            words: searched(&game.title, &game.description),
            studio_id: game.studio.map(|studio| studio.to_string()),
            kind: game.kind.as_str(),
            state: state.as_str(),
            release_day: release_day.map(|day| day.to_string()),
            base_id: game.base.map(i64::from),
            bundled: numbers_to(&game.bundled),
            listed: listed.map_or(0, Timestamp::micros),
            traits: game.traits.as_deref().map(StoredTraits::json),
        }
    }
}

/// Bytes as JSON can carry them.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}
