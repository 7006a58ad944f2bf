//! Statements and migrations: each is known to a test, and each engine understands it.

use std::{collections::BTreeSet, fs, path::Path};

use sir0_storage::sqlite::prepare;

use super::{
    super::{sessions, users},
    *,
};

/// Every statement of this room by its name, in all its forms.
const ALL: &[(&str, &[&str])] = &[
    ("BEGIN_SESSION", &[sessions::BEGIN_SESSION]),
    ("END_SESSION", &[sessions::END_SESSION]),
    ("END_SESSIONS_OF_USER", &[sessions::END_SESSIONS_OF_USER]),
    ("ENDED_SESSIONS", &[sessions::ENDED_SESSIONS]),
    ("FORGET_SESSIONS", &[sessions::FORGET_SESSIONS]),
    ("USER", &[users::USER]),
    ("USER_BY_EMAIL", &[users::USER_BY_EMAIL]),
    ("TAKEN", &[users::TAKEN]),
    ("ADD_USER", &[users::ADD_USER]),
    ("SAVE_USER", &[users::SAVE_USER]),
    ("SET_PASSWORD", &[users::SET_PASSWORD]),
    ("REFRESH_HASH", &[users::REFRESH_HASH]),
];

/// The files of this room, but for its tests.
fn files() -> Vec<String> {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db");
    let entries =
        fs::read_dir(room).expect("the room is there").map(|entry| entry.expect("a file").path());
    let code = entries.filter(|path| path.is_file() && !path.ends_with("tests.rs"));
    code.map(|path| fs::read_to_string(path).expect("a text")).collect()
}

/// The names of the constants that hold SQL: `const NAME: &str` and `const NAME: [&str; 4]`.
fn names_in(code: &str) -> impl Iterator<Item = &str> {
    let constants = code.split("const ").skip(1).filter_map(|rest| rest.split_once(": "));
    constants
        .filter(|(_, rest)| rest.starts_with("&str") || rest.starts_with("[&str"))
        .map(|(name, _)| name)
}

#[test]
fn every_statement_in_the_files_is_known_here() {
    let files = files();
    let written: BTreeSet<_> = files.iter().flat_map(|code| names_in(code)).collect();
    let known: BTreeSet<_> = ALL.iter().map(|(name, _)| *name).collect();

    assert_eq!(written, known);
}

#[test]
fn no_statement_stands_where_no_test_finds_it() {
    for code in files() {
        for call in ["query(", "query_as(", "query_scalar(", "execute("] {
            for (at, _) in code.match_indices(call) {
                let argument = code[at + call.len()..].trim_start();
                assert!(
                    !argument.starts_with(['"', 'r', '&']) || argument.starts_with("&mut *"),
                    "give it a name and list it here: {}",
                    argument.lines().next().unwrap_or_default()
                );
            }
        }
    }
}

on_every_engine! {
    async fn every_statement_is_understood(db: AccountsDb) {
        for (name, forms) in ALL {
            for sql in *forms {
                if let Err(fault) = prepare(db.database(), sql).await {
                    panic!("{name} is not understood: {fault:?}\n{sql}");
                }
            }
        }
    }
}

#[test]
fn the_migrations_are_the_files_that_people_review() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/accounts/sqlite");
    let entries =
        fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("a file"));
    let mut reviewed: Vec<_> = entries
        .map(|entry| {
            let sql = fs::read_to_string(entry.path()).expect("a text");
            (entry.file_name().into_string().expect("a plain name"), sql)
        })
        .collect();
    reviewed.sort();

    let built_in: Vec<_> = MIGRATIONS
        .iter()
        .map(|step| (format!("{:04}_{}.sql", step.version, step.name), step.sql.to_owned()))
        .collect();

    assert_eq!(built_in, reviewed);
}
