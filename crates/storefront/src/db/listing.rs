//! Lists of games: four orders, with and without a genre and words. Each statement stands whole, so that each can
//! be prepared by a test and planned by the engine. Compiled once for each engine.

use futures::{Stream, TryStreamExt};
use sir0_kernel::{GameId, StudioId, Timestamp};
use sir0_storage as storage;
use sqlx::{FromRow, Row};

use super::{
    SYNTAX,
    engine::{self, At, Database},
    games::{GameRow, game_columns, game_from},
    has_words, texts, tier,
};
use crate::{
    db::{Store, public},
    domain::{
        Bounds, Found, Game, Kind, Listing, OwnListing, OwnPage, Page, PageToken, Sort, State,
        search::Key,
    },
};

/// A game as it lies in the table, and its place in the order.
fn found_from(row: &engine::Row, order: Sort) -> storage::Result<Found> {
    let place = match order {
        Sort::Title => Key::Bytes(row.try_get("place")?),
        _ => Key::Number(row.try_get("place")?),
    };
    Ok(Found { game: game_from(GameRow::from_row(row)?)?, place })
}

macro_rules! list {
    ($place:literal, $after:literal, $order:literal, $($filter:expr),*) => {
        concat!(
            "SELECT ", game_columns!(), ", ", $place, " AS place FROM games WHERE ", public!(),
            $($filter,)* " AND ", $after, " ORDER BY ", $order, " LIMIT $3"
        )
    };
}

/// The places are sorted first and the games of the page read then: a broad search finds a third of the store. A place is
/// one number: 2^53 microseconds, which end in the year 2255, for how well a game matches, and then when it was listed.
macro_rules! ranked {
    ($tier:expr, $($filter:expr),*) => {
        concat!(
            "SELECT ", game_columns!(), ", place FROM (",
            "SELECT found_id, place FROM (SELECT game_id AS found_id, CAST(", $tier,
            " AS BIGINT) * 9007199254740992 + listed AS place FROM games WHERE ", public!(), $($filter,)* ") AS found ",
            "WHERE (place, found_id) < ($1, $2) ORDER BY place DESC, found_id DESC LIMIT $3",
            ") AS page JOIN games ON game_id = found_id ORDER BY place DESC, found_id DESC"
        )
    };
}

/// Keeps games in the narrow sense. The name stands in the statement, so that the engine knows that they are most of the
/// store, and walks along an index as if all of it were asked for.
macro_rules! games_only {
    () => {
        " AND kind = 'game' AND CAST($4 AS TEXT) = 'game'"
    };
}

/// Keeps products of a kind; all of them where it is empty.
macro_rules! of_kind {
    () => {
        " AND kind = COALESCE(NULLIF($4, ''), kind)"
    };
}

/// The lists of one order: all, of a genre, with words, of a genre with words; then the same of a studio. All of them of
/// games in the narrow sense, and then of any kind.
macro_rules! lists {
    ($place:literal, $after:literal, $order:literal) => {
        lists!($place, $after, $order, games_only!(), of_kind!())
    };
    ($place:literal, $after:literal, $order:literal, $($kind:expr),*) => {
        [$(
            list!($place, $after, $order, $kind),
            list!($place, $after, $order, $kind, " AND genre_fold = $5"),
            list!($place, $after, $order, $kind, has_words!("$5")),
            list!($place, $after, $order, $kind, " AND genre_fold = $5", has_words!("$6")),
            list!($place, $after, $order, $kind, " AND studio_id = $5"),
            list!($place, $after, $order, $kind, " AND genre_fold = $5 AND studio_id = $6"),
            list!($place, $after, $order, $kind, has_words!("$5"), " AND studio_id = $6"),
            list!(
                $place,
                $after,
                $order,
                $kind,
                " AND genre_fold = $5",
                has_words!("$6"),
                " AND studio_id = $7"
            ),
        )*]
    };
}

pub(crate) const NEWEST: [&str; 16] =
    lists!("listed", "(listed, game_id) < ($1, $2)", "listed DESC, game_id DESC");
pub(crate) const BY_TITLE: [&str; 16] =
    lists!("title_sort", "(title_sort, game_id) > ($1, $2)", "title_sort, game_id");
pub(crate) const BY_PRICE: [&str; 16] =
    lists!("price_minor", "(price_minor, game_id) > ($1, $2)", "price_minor, game_id");

macro_rules! relevance {
    ($($kind:expr),*) => {
        [$(
            ranked!(tier!("$6"), $kind, has_words!("$5")),
            ranked!(tier!("$7"), $kind, " AND genre_fold = $5", has_words!("$6")),
            ranked!(tier!("$6"), $kind, has_words!("$5"), " AND studio_id = $7"),
            ranked!(
                tier!("$7"),
                $kind,
                " AND genre_fold = $5",
                has_words!("$6"),
                " AND studio_id = $8"
            ),
        )*]
    };
}

/// By how well a game matches: with words, of a genre with words; then the same of a studio. All of them of games in the
/// narrow sense, and then of any kind. The words of the title come behind the words.
pub(crate) const RELEVANCE: [&str; 8] = relevance!(games_only!(), of_kind!());

/// The games of any of these studios that are in a state, the newest first. Where it is empty: all that were not withdrawn.
pub(crate) const OF_STUDIOS: &str = concat!(
    "
    SELECT ",
    game_columns!(),
    "
      FROM games
     WHERE studio_id IN (",
    texts!("$1"),
    ") AND (created_at, game_id) < ($5, $2)
       AND (state = $4 OR ($4 = '' AND state <> 'withdrawn'))
  ORDER BY created_at DESC, game_id DESC
     LIMIT $3"
);

/// The games of any of these studios that were not withdrawn, by id.
pub(crate) const PRESENT_OF: &str = concat!(
    "
    SELECT ",
    game_columns!(),
    "
      FROM games
     WHERE studio_id IN (",
    texts!("$1"),
    ") AND game_id > $2 AND state <> 'withdrawn'
  ORDER BY game_id
     LIMIT $3"
);

/// The games that everyone sees, by id, for the present of a stream.
pub(crate) const PRESENT: &str = concat!(
    "
    SELECT ",
    game_columns!(),
    "
      FROM games
     WHERE ",
    public!(),
    " AND game_id > $1
  ORDER BY game_id
     LIMIT $2"
);

/// Later than any game was made: the end of the year 9999.
const BEYOND: Timestamp = Timestamp::from_micros(253_402_300_799_000_000);

impl Store<Database> {
    /// Reads a page.
    pub(crate) async fn list(&self, listing: &Listing) -> storage::Result<Page> {
        let order = listing.order();
        let of_genre = usize::from(listing.genre.is_some());
        let of_studio = usize::from(listing.studio.is_some());
        let of_any_kind = usize::from(listing.kind != Some(Kind::Game));
        let has_words = usize::from(listing.words.is_some());
        let filters = of_genre + 2 * has_words + 4 * of_studio + 8 * of_any_kind;
        let statement = match order {
            Sort::Relevance => RELEVANCE[of_genre + 2 * of_studio + 4 * of_any_kind],
            Sort::Newest => NEWEST[filters],
            Sort::Title => BY_TITLE[filters],
            Sort::Price => BY_PRICE[filters],
            Sort::PriceDown | Sort::Release | Sort::ReleaseUp => {
                unreachable!("only the index knows these orders, as `Listing::is_of_sql` says")
            }
        };
        let after = listing.after.clone().unwrap_or_else(|| PageToken::beginning(order));

        let query = sqlx::query(statement);
        let query = match after.key {
            Key::Number(number) => query.bind(number),
            Key::Bytes(bytes) => query.bind(bytes),
            Key::Score { .. } | Key::Unknown => {
                unreachable!("only the index has such places, as `Listing::is_of_sql` says")
            }
        };
        let rows = Page::bounds(listing).rows;
        let mut query = query.bind(i64::from(after.id)).bind(i64::from(rows));
        query = query.bind(listing.kind.map_or("", Kind::as_str));
        if let Some(genre) = &listing.genre {
            query = query.bind(genre.key());
        }
        if let Some(words) = &listing.words {
            query = query.bind(words.anywhere(SYNTAX));
            if order == Sort::Relevance {
                query = query.bind(words.in_title(SYNTAX));
            }
        }
        if let Some(studio) = listing.studio {
            query = query.bind(studio.to_string());
        }
        let rows = query.fetch(self.database.reader());
        let read = |row: engine::Row| found_from(&row, order);
        let found = read_within(Page::bounds(listing), rows, read, |found| &found.game);
        Ok(Page::cut(found.await?, listing))
    }

    /// Reads a page of the games of these studios.
    pub(crate) async fn list_of(
        &self,
        studios: &[StudioId],
        &OwnListing { state, after, page_size }: &OwnListing,
    ) -> storage::Result<OwnPage> {
        let bounds = Bounds { rows: page_size + 1, bytes: Page::BYTES };
        let query = sqlx::query_as::<_, GameRow>(OF_STUDIOS)
            .bind(studios_to(studios))
            .bind(after.map_or(i64::MAX, |after| after.id.into()))
            .bind(i64::from(bounds.rows))
            .bind(state.map_or("", State::as_str))
            .bind(At(after.map_or(BEYOND, |after| after.made)));
        let rows = query.fetch(self.database.reader());
        let read = |row: GameRow| {
            let At(made) = row.created_at;
            Ok((game_from(row)?, made))
        };
        Ok(OwnPage::cut(read_within(bounds, rows, read, |(game, _)| game).await?, page_size))
    }

    /// Reads the next games of these studios, by id: all but those that were withdrawn.
    pub(crate) async fn present_of(
        &self,
        studios: &[StudioId],
        after: Option<GameId>,
        bounds: Bounds,
    ) -> storage::Result<Vec<Game>> {
        let query = sqlx::query_as::<_, GameRow>(PRESENT_OF)
            .bind(studios_to(studios))
            .bind(after.map_or(0, i64::from))
            .bind(i64::from(bounds.rows));
        read_within(bounds, query.fetch(self.database.reader()), game_from, |game| game).await
    }

    /// Reads the next games of the present, by id.
    pub(crate) async fn present_after(
        &self,
        id: Option<GameId>,
        bounds: Bounds,
    ) -> storage::Result<Vec<Game>> {
        let after = id.map_or(0, i64::from);
        let query = sqlx::query_as::<_, GameRow>(PRESENT).bind(after).bind(i64::from(bounds.rows));
        read_within(bounds, query.fetch(self.database.reader()), game_from, |game| game).await
    }
}

/// Studios as a JSON array.
pub(super) fn studios_to(studios: &[StudioId]) -> String {
    let ids: Vec<_> = studios.iter().map(ToString::to_string).collect();
    serde_json::to_string(&ids).expect("texts are always JSON")
}

/// Reads rows one by one, up to and with the first that does not fit any more: how long a page of large games is shows
/// only while it is read.
pub(super) async fn read_within<R, T>(
    bounds: Bounds,
    mut rows: impl Stream<Item = sqlx::Result<R>> + Unpin,
    read: impl Fn(R) -> storage::Result<T>,
    game: impl Fn(&T) -> &Game,
) -> storage::Result<Vec<T>> {
    let (mut all, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        let row = read(row)?;
        bytes += game(&row).size();
        all.push(row);
        if all.len() == usize::from(bounds.rows) || bytes > bounds.bytes {
            break;
        }
    }
    Ok(all)
}
