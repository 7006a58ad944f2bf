//! How PostgreSQL answers what is asked most, in a database that an upgrade left.

use std::fmt::Write;

use crate::db::{MIGRATIONS, postgres::listing};

/// A store of 20,000 games, as a version from before kinds and states left it, and brought up to date since. Nothing has
/// analysed its tables but the migrations.
fn an_upgraded_store() -> sir0_throwaway::Database {
    let database = sir0_throwaway::database();
    let (before, since) = MIGRATIONS.postgres.split_at(9);
    let fill = "
        INSERT INTO games (title, title_key, genre, genre_key, genre_fold, price_minor, description, words,
                           created_at, updated_at, title_sort, keys_version, keys_revision)
        SELECT 'Game ' || n, 'game ' || n, 'Puzzle', 'puzzle', 'puzzle', n % 6000, '', 'game ' || n,
               now(), now(), convert_to('game ' || n, 'UTF8'), 1, 1
          FROM generate_series(1, 20000) AS n";
    for step in before {
        database.psql(step.sql);
    }
    database.psql("ALTER TABLE games SET (autovacuum_enabled = off)");
    database.psql(fill);
    database.psql("ANALYZE games");
    for step in since {
        database.psql(step.sql);
    }
    database
}

#[test]
fn a_page_of_an_upgraded_store_walks_along_an_index() {
    let database = an_upgraded_store();
    let lists = [
        ("newest", listing::NEWEST[0], "BIGINT", "9000000000000000"),
        ("newest of a genre", listing::NEWEST[1], "BIGINT", "9000000000000000"),
        ("by title", listing::BY_TITLE[0], "BYTEA", "'\\x'"),
        ("by price", listing::BY_PRICE[0], "BIGINT", "-1"),
    ];

    for (name, statement, kind, first) in lists {
        for mode in ["force_custom_plan", "force_generic_plan"] {
            let mut asked = format!("SET plan_cache_mode = {mode};");
            write!(asked, "PREPARE page ({kind}, BIGINT, BIGINT, TEXT, TEXT) AS {statement};")
                .expect("a text takes all");
            write!(asked, "EXPLAIN EXECUTE page ({first}, 0, 21, 'game', 'puzzle')")
                .expect("a text takes all");

            let plan = database.psql(&asked);

            assert!(plan.contains("Index Scan"), "{name}, {mode}: {plan}");
            assert!(!plan.contains("Sort") && !plan.contains("Seq Scan"), "{name}, {mode}: {plan}");
        }
    }
}
