//! How a game is changed, and how that is announced and noted in the same statement. Compiled once for each engine.
//!
//! What is written is what changed, and nothing else.
//! SQLite writes each index anew whose columns a statement sets, also to the value they had. So there is a statement for
//! each set of parts that can change together.

use sir0_kernel::Timestamp;
use sir0_storage as storage;

use super::{
    engine::{self, At, Database, Statement, announcing},
    games::numbers_to,
    history::fields_to,
};
use crate::{
    db::{Store, Tx},
    domain::{Difference, Game, GameEvent, Made, Standing, differences, searched},
    stored::{StoredShown, StoredTraits},
};

/// Numbers the columns from the ninth parameter on. The first three are the announcement, whose moment is the third; the
/// seventh and the eighth are who makes the change, and what is different.
/// Keys that an older version left to be made stay so.
macro_rules! save {
    ($($column:literal)*) => { save!(@ [] [$($column)*] [9 10 11 12 13 14 15 16 17 18 19 20 21 22]) };
    (@ [$($set:tt)*] [$column:literal $($rest:literal)*] [$number:literal $($more:literal)*]) => {
        save!(@ [$($set)* ", " $column " = $" $number] [$($rest)*] [$($more)*])
    };
    (@ [$($set:tt)*] [] $more:tt) => {
        announcing!(concat!(
            "
    UPDATE games
       SET revision = $5, updated_at = $3,
           keys_revision = CASE WHEN keys_revision = revision THEN $5 ELSE keys_revision END",
            $($set,)*
            "
     WHERE game_id = $4 AND revision = $6
 RETURNING revision"
        ), notes "game_changes (game_id, revision, changed_at, user_id, fields)", "$4, $5, $3, $7, $8")
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

/// The statement for changes that are made seldom, which writes everything: who sees a game, its day of release, what is in
/// a bundle.
pub(crate) const SAVE_WHOLE: &str = save!(
    "price_minor" "genre" "genre_key" "genre_fold" "title" "title_key" "title_sort" "description" "words"
    "state" "release_day" "released_at" "listed" "bundled"
);

/// The statement for what a game is shown by.
pub(crate) const SAVE_SHOWN: &str = save!("pictures");

/// The statement for what a game is found by, from its page.
pub(crate) const SAVE_TRAITS: &str = save!("traits");

/// The statement that hands a game over.
pub(crate) const HAND_OVER: &str = save!("studio_id");

impl Store<Database> {
    /// Writes what changed of a game, announces it and notes it, as a unit of work of one statement. `false` when another
    /// change was written first, or the game is gone.
    pub(crate) async fn save_game(
        &self,
        before: &Game,
        game: &Game,
        event: &GameEvent,
        made: Made,
    ) -> storage::Result<bool> {
        let (sql, bind) = saving(before, game, made);
        self.database.change(sql, &event.announcement(made.at), bind).await
    }
}

impl Tx<engine::Tx> {
    /// Writes what changed of a game, announces it and notes it. `false` when another change was written first, or the game is
    /// gone.
    pub(crate) async fn save_game(
        &mut self,
        before: &Game,
        game: &Game,
        event: &GameEvent,
        made: Made,
    ) -> storage::Result<bool> {
        let (sql, bind) = saving(before, game, made);
        engine::change(&mut self.tx, sql, &event.announcement(made.at), bind).await
    }

    /// Writes which studio has a game, announces it and notes it. `false` when another change was written first, or the game is
    /// gone.
    pub(crate) async fn hand_over(
        &mut self,
        before: &Game,
        game: &Game,
        event: &GameEvent,
        made: Made,
    ) -> storage::Result<bool> {
        let studio = game.studio.map(|studio| studio.to_string());
        let bind = |query: Statement| noted(query, before, game, made).bind(studio);
        engine::change(&mut self.tx, HAND_OVER, &event.announcement(made.at), bind).await
    }

    /// Writes what a game is found by, announces it and notes what is different in its page. `false` when another change was
    /// written first, or the game is gone.
    pub(super) async fn save_traits(
        &mut self,
        before: &Game,
        game: &Game,
        event: &GameEvent,
        made: Made,
        differences: &[Difference],
    ) -> storage::Result<bool> {
        let traits = game.traits.as_deref().map(StoredTraits::json);
        let bind = |query: Statement| noted_as(query, before, game, made, differences).bind(traits);
        engine::change(&mut self.tx, SAVE_TRAITS, &event.announcement(made.at), bind).await
    }
}

/// The game, its revisions, and the note of the change.
fn noted(query: Statement, before: &Game, game: &Game, made: Made) -> Statement {
    noted_as(query, before, game, made, &differences(before, game))
}

fn noted_as(
    query: Statement,
    before: &Game,
    game: &Game,
    made: Made,
    differences: &[Difference],
) -> Statement {
    let query = query.bind(i64::from(game.id)).bind(game.revision).bind(before.revision);
    query.bind(made.by.map(i64::from)).bind(fields_to(differences))
}

/// The statement for what changed, and what it is given.
fn saving(
    before: &Game,
    game: &Game,
    made: Made,
) -> (&'static str, impl FnOnce(Statement) -> Statement) {
    let part = |is_other: bool, part: usize| if is_other { part } else { 0 };
    let is_whole = game.standing != before.standing || game.bundled != before.bundled;
    let parts = part(is_whole || game.price != before.price, PRICE)
        | part(is_whole || game.genre != before.genre, GENRE)
        | part(is_whole || game.title != before.title, TITLE)
        | part(is_whole || game.description != before.description, DESCRIPTION);

    // No change is about pictures and about something else.
    let is_shown = game.shown != before.shown;

    let bind = move |query: Statement| {
        let mut query = noted(query, before, game, made);
        if parts & PRICE != 0 {
            query = query.bind(game.price.minor());
        }
        if parts & GENRE != 0 {
            let genre = &game.genre;
            query = query.bind(genre.as_str().to_owned());
            query = query.bind(genre.key_before()).bind(genre.key());
        }
        if parts & TITLE != 0 {
            let title = &game.title;
            query = query.bind(title.as_str().to_owned());
            query = query.bind(title.key_before()).bind(title.sort_key());
        }
        if parts & DESCRIPTION != 0 {
            query = query.bind(game.description.as_str().to_owned());
        }
        if parts & (TITLE | DESCRIPTION) != 0 {
            query = query.bind(searched(&game.title, &game.description));
        }
        if is_shown {
            query = query.bind(game.shown.as_deref().map(StoredShown::json));
        }
        if is_whole {
            let Standing { state, release_day, released, listed } = game.standing;
            query = query.bind(state.as_str());
            query = query.bind(release_day.map(|day| day.to_string()));
            query = query.bind(released.map(At)).bind(listed.map_or(0, Timestamp::micros));
            query = query.bind(numbers_to(&game.bundled));
        }
        query
    };
    let statement = match (is_whole, is_shown) {
        (true, _) => SAVE_WHOLE,
        (false, true) => SAVE_SHOWN,
        (false, false) => SAVE_GAME[parts],
    };
    (statement, bind)
}
