//! Statements and migrations: each is known to a test, and each engine understands it.

use std::collections::BTreeSet;

use sir0_throwaway::{SqlRoom, sql_files};

use super::{
    super::{postgres, sqlite},
    *,
};

fn room() -> SqlRoom {
    SqlRoom::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/db"))
}

#[test]
fn every_statement_in_the_files_is_known() {
    let known: BTreeSet<_> = sqlite::statements::ALL.iter().map(|(name, _)| *name).collect();

    assert_eq!(room().names(), known);
}

#[test]
fn every_statement_has_a_name_by_which_a_test_finds_it() {
    assert_eq!(room().nameless(), [""; 0]);
}

#[test]
fn the_migrations_are_the_files_that_people_review() {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/storefront");

    assert_eq!(sqlite::statements::built_in(), sql_files(migrations.join("sqlite")));
    assert_eq!(postgres::statements::built_in(), sql_files(migrations.join("postgres")));
}

on_every_engine! {
    async fn every_statement_is_understood(db: StorefrontDb) {
        match db {
            StorefrontDb::Sqlite(store) => sqlite::statements::prepare_all(&store).await,
            StorefrontDb::Postgres(store) => postgres::statements::prepare_all(&store).await,
        }
    }
}
