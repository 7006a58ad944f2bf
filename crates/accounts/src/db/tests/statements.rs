//! Every statement of this room, for the engine it is compiled for.

use super::{MIGRATIONS, Store, engine, sessions, users};

/// Each statement by its name, in all its forms.
pub(in crate::db) const ALL: &[(&str, &[&str])] = &[
    ("BEGIN_SESSION", &[sessions::BEGIN_SESSION]),
    ("END_SESSION", &[sessions::END_SESSION]),
    ("END_SESSIONS_OF_USER", &[sessions::END_SESSIONS_OF_USER]),
    ("ENDED_SESSIONS", &[sessions::ENDED_SESSIONS]),
    ("FORGET_SESSIONS", &[sessions::FORGET_SESSIONS]),
    ("USER", &[users::USER]),
    ("USER_FOR_CHANGE", &[users::USER_FOR_CHANGE]),
    ("USER_BY_EMAIL", &[users::USER_BY_EMAIL]),
    ("TAKEN", &[users::TAKEN]),
    ("ADD_USER", &[users::ADD_USER]),
    ("SAVE_USER", &[users::SAVE_USER]),
    ("SET_PASSWORD", &[users::SET_PASSWORD]),
    ("REFRESH_HASH", &[users::REFRESH_HASH]),
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
