//! Every statement of this room, for the engine it is compiled for.

use super::{MIGRATIONS, Store, engine, games, listing, requests};

/// Each statement by its name, in all its forms.
pub(in crate::db) const ALL: &[(&str, &[&str])] = &[
    ("GAME", &[games::GAME]),
    ("GAME_FOR_CHANGE", &[games::GAME_FOR_CHANGE]),
    ("ADD_GAME", &[games::ADD_GAME]),
    ("SAVE_GAME", &[games::SAVE_GAME]),
    ("REMOVE_GAME", &[games::REMOVE_GAME]),
    ("COUNT_GAMES", &[games::COUNT_GAMES]),
    ("WITHOUT_TITLE_WORDS", &[games::WITHOUT_TITLE_WORDS]),
    ("SAVE_WORDS", &[games::SAVE_WORDS]),
    ("NOTE_REQUEST", &[requests::NOTE_REQUEST]),
    ("FORGET_REQUESTS", &[requests::FORGET_REQUESTS]),
    ("NEWEST", &listing::NEWEST),
    ("BY_TITLE", &listing::BY_TITLE),
    ("BY_PRICE", &listing::BY_PRICE),
    ("RELEVANCE", &listing::RELEVANCE),
    ("PRESENT", &[listing::PRESENT]),
];

/// Panics with the first statement that the engine does not understand.
pub(in crate::db) async fn prepare_all(store: &Store) {
    for (name, forms) in ALL {
        for sql in *forms {
            if let Err(fault) = engine::prepare(&store.database, sql).await {
                panic!("{name} is not understood: {fault:?}\n{sql}");
            }
        }
    }
}

/// The migrations as they are built in, by the names of their files.
pub(in crate::db) fn built_in() -> Vec<(String, String)> {
    let file = |version, name| format!("{version:04}_{name}.sql");
    MIGRATIONS.iter().map(|step| (file(step.version, step.name), step.sql.to_owned())).collect()
}
