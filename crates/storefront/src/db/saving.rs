//! How a change of a game is written: what changed, and nothing else. Compiled once for each engine.
//!
//! SQLite writes each index anew whose columns a statement sets, also to the value they had. So there is a statement for
//! each set of parts that can change together.

use sir0_kernel::Timestamp;
use sir0_storage as storage;

use super::engine::{self, At};
use crate::{
    db::Tx,
    domain::{Game, searched},
};

/// Numbers the columns from the fifth parameter on. Keys that an older version left to be made stay so.
macro_rules! save {
    ($($column:literal)*) => { save!(@ [] [$($column)*] [5 6 7 8 9 10 11 12 13]) };
    (@ [$($set:tt)*] [$column:literal $($rest:literal)*] [$number:literal $($more:literal)*]) => {
        save!(@ [$($set)* ", " $column " = $" $number] [$($rest)*] [$($more)*])
    };
    (@ [$($set:tt)*] [] $more:tt) => {
        concat!(
            "
    UPDATE games
       SET revision = $2, updated_at = $3,
           keys_revision = CASE WHEN keys_revision = revision THEN $2 ELSE keys_revision END",
            $($set,)*
            "
     WHERE game_id = $1 AND revision = $4
 RETURNING revision"
        )
    };
}

const PRICE: usize = 1;
const GENRE: usize = 2;
const TITLE: usize = 4;
const DESCRIPTION: usize = 8;

/// The statement for each set of parts: the price is 1, the genre 2, the title 4, the description 8.
pub(crate) const SAVE_GAME: [&str; 16] = [
    save!(),
    save!("price_minor"),
    save!("genre" "genre_key" "genre_fold"),
    save!("price_minor" "genre" "genre_key" "genre_fold"),
    save!("title" "title_key" "title_sort" "words"),
    save!("price_minor" "title" "title_key" "title_sort" "words"),
    save!("genre" "genre_key" "genre_fold" "title" "title_key" "title_sort" "words"),
    save!("price_minor" "genre" "genre_key" "genre_fold" "title" "title_key" "title_sort" "words"),
    save!("description" "words"),
    save!("price_minor" "description" "words"),
    save!("genre" "genre_key" "genre_fold" "description" "words"),
    save!("price_minor" "genre" "genre_key" "genre_fold" "description" "words"),
    save!("title" "title_key" "title_sort" "description" "words"),
    save!("price_minor" "title" "title_key" "title_sort" "description" "words"),
    save!("genre" "genre_key" "genre_fold" "title" "title_key" "title_sort" "description" "words"),
    save!("price_minor" "genre" "genre_key" "genre_fold" "title" "title_key" "title_sort" "description" "words"),
];

impl Tx<engine::Tx> {
    /// Writes what changed of a game. `false` when another change was written first.
    pub(crate) async fn save_game(
        &mut self,
        before: &Game,
        game: &Game,
        at: Timestamp,
    ) -> storage::Result<bool> {
        let part = |is_other: bool, part: usize| if is_other { part } else { 0 };
        let parts = part(game.price != before.price, PRICE)
            | part(game.genre != before.genre, GENRE)
            | part(game.title != before.title, TITLE)
            | part(game.description != before.description, DESCRIPTION);

        let query = sqlx::query_scalar(SAVE_GAME[parts]).bind(i64::from(game.id));
        let mut query = query.bind(game.revision).bind(At(at)).bind(before.revision);
        if parts & PRICE != 0 {
            query = query.bind(game.price.minor());
        }
        if parts & GENRE != 0 {
            let genre = &game.genre;
            query = query.bind(genre.as_str()).bind(genre.key_before()).bind(genre.key());
        }
        if parts & TITLE != 0 {
            let title = &game.title;
            query = query.bind(title.as_str()).bind(title.key_before()).bind(title.sort_key());
        }
        if parts & DESCRIPTION != 0 {
            query = query.bind(game.description.as_str());
        }
        if parts & (TITLE | DESCRIPTION) != 0 {
            query = query.bind(searched(&game.title, &game.description));
        }
        let saved: Option<i32> = query.fetch_optional(&mut *self.tx).await?;
        Ok(saved.is_some())
    }
}
