//! The schemas of a service on both engines are the same, except for the differences listed here.

use std::{collections::BTreeSet, path::Path};

use sir0_storage::{Database, DatabaseConfig, Location, Migration, copy::copy, postgres, sqlite};
use sir0_throwaway::Empty;

/// A schema as facts, each on a separate line.
type Facts = BTreeSet<String>;

/// What every service has on PostgreSQL alone: a row that holds the latest position, and what has no position yet.
const POSITIONS: [&str; 9] = [
    "feed_head: column 1 is only_one, number, never null",
    "feed_head: column 2 is position, number, never null",
    "feed_head: its key is only_one",
    "outbox: column 1 is entry, number, never null",
    "outbox: column 2 is kind, text, never null",
    "outbox: column 3 is payload, text, never null",
    "outbox: column 4 is announced_at, time, never null",
    "outbox: its key is entry",
    "outbox: the database gives entry",
];

#[tokio::test]
async fn accounts_has_one_schema_on_both_engines() {
    let (sqlite, postgres) = schemas("accounts").await;

    // The same triggers are functions on PostgreSQL.
    let triggers = [
        "trigger security_events_kept on events",
        "trigger security_events_stay on security_events",
        "trigger sessions_of_older_version on sessions",
        "trigger sessions_without_factor on sessions",
    ];
    assert_eq!(difference(&sqlite, &postgres), triggers);
    assert_eq!(difference(&postgres, &sqlite), POSITIONS);
}

#[tokio::test]
async fn the_storefront_has_one_schema_on_both_engines_but_for_the_index_of_words() {
    let (sqlite, postgres) = schemas("storefront").await;

    // SQLite has a table that looks like an index and is kept by triggers. PostgreSQL has an ordinary index.
    let tables_and_triggers = [
        "games: column 1 is game_id, number, never null",
        "games: the database gives game_id",
        "games_words is a virtual table",
        "schedules: index schedules_by_moment on , of some rows",
        "trigger games_listed_by_older_version on games",
        "trigger games_published_by_older_version on games",
        "trigger games_words_added on games",
        "trigger games_words_changed on games",
        "trigger games_words_removed on games",
    ];
    // Those of before stay where an older version may run beside this one.
    let indexes = [
        "games: index games_by_genre on genre_key, game_id",
        "games: index games_by_genre_and_price on genre_key, price_minor, game_id",
        "games: index games_by_genre_and_title on genre_key, title_key, game_id",
        "games: index games_by_title on title_key, game_id",
        "games: index games_without_title_words on game_id, of some rows",
        "games: index games_words on words by gin",
    ];
    // Both take ids from another table. SQLite cannot take that away from a table which gave them itself.
    let ids =
        ["games: column 1 is game_id, number, never null, else nextval('game_ids_game_id_seq'"];
    // The index is of one expression, of which PostgreSQL tells the columns.
    let moment =
        ["schedules: index schedules_by_moment on announce_at, release_at, retry_at, of some rows"];
    let on_postgres: BTreeSet<_> =
        POSITIONS.into_iter().chain(indexes).chain(ids).chain(moment).collect();
    assert_eq!(BTreeSet::from_iter(difference(&postgres, &sqlite)), on_postgres);
    assert_eq!(difference(&sqlite, &postgres), tables_and_triggers);
}

/// A deferred constraint fails the commit, which units of work share: one of them would fail all.
#[test]
fn sqlite_checks_every_constraint_at_its_statement() {
    for service in ["accounts", "storefront"] {
        for migration in migrations(service, "sqlite") {
            let sql = migration.sql.to_uppercase();
            assert!(!sql.contains("DEFER"), "{service}: {}", migration.name);
        }
    }
}

#[test]
fn the_migrations_of_both_engines_have_the_same_numbers_and_names() {
    for service in ["accounts", "storefront"] {
        let names = |engine| names_of(&migrations(service, engine));

        assert_eq!(names("sqlite"), names("postgres"), "{service}");
    }
}

#[test]
fn the_migrations_of_both_engines_check_the_same() {
    for service in ["accounts", "storefront"] {
        let checks =
            |engine| -> Facts { migrations(service, engine).iter().flat_map(checks_of).collect() };

        assert!(!checks("sqlite").is_empty());
        assert_eq!(checks("sqlite"), checks("postgres"), "{service}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_leaves_no_table_of_a_service_behind() {
    for service in ["accounts", "storefront"] {
        let kept = databases(service).await;
        let facts = of_sqlite(&kept.sqlite).await;
        let mut tables: Vec<_> =
            facts.iter().filter_map(|fact| fact.split_once(": its key is ")).collect();
        // The key has one row, which is carried over by itself. A setup link is for the installation that made it.
        tables.retain(|(table, _)| !["sealing_key", "setup_link"].contains(table));

        let copied = copy(&Database::Sqlite(kept.sqlite), &Database::Postgres(kept.postgres)).await;

        let copied: BTreeSet<_> =
            copied.expect("an empty database").into_iter().map(|copied| copied.table).collect();
        let tables: BTreeSet<_> = tables.iter().map(|(table, _)| (*table).to_owned()).collect();
        assert_eq!(copied, tables, "{service}");
    }
}

fn difference<'a>(one: &'a Facts, other: &'a Facts) -> Vec<&'a str> {
    one.difference(other).map(String::as_str).collect()
}

fn migrations(service: &str, engine: &str) -> Vec<Migration> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let files = sir0_throwaway::sql_files(root.join(service).join(engine));
    let migration = |(name, sql): (String, String)| {
        let (version, rest) = name.split_once('_').expect("NNNN_name.sql");
        Migration {
            version: version.parse().expect("a number"),
            name: leak(rest.strip_suffix(".sql").expect("NNNN_name.sql")),
            sql: leak(&sql),
        }
    };
    files.into_iter().map(migration).collect()
}

/// Makes a text live as long as the program. Migrations are part of the program, but here they are read from files.
fn leak(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn names_of(migrations: &[Migration]) -> Vec<(i64, &'static str)> {
    migrations.iter().map(|step| (step.version, step.name)).collect()
}

/// Each `CHECK (…)`, up to the bracket that closes it.
fn checks_of(migration: &Migration) -> Vec<String> {
    let conditions = migration.sql.split("CHECK (").skip(1);
    let condition = |rest: &str| {
        let mut open = 1;
        let end = rest.find(|character| {
            open += i32::from(character == '(') - i32::from(character == ')');
            open == 0
        });
        rest[..end.expect("brackets are closed")].to_owned()
    };
    conditions.map(condition).collect()
}

/// The schema of a service on SQLite and on PostgreSQL.
async fn schemas(service: &str) -> (Facts, Facts) {
    let kept = databases(service).await;
    (of_sqlite(&kept.sqlite).await, of_postgres(&kept.postgres).await)
}

/// The database of a service on both engines, without a row.
struct Databases {
    sqlite: sqlite::Database,
    postgres: postgres::Database,
    _places: [Empty; 2],
}

async fn databases(service: &str) -> Databases {
    let places = [Empty::on_sqlite(), Empty::on_postgres()];
    let place = |empty: &Empty| {
        let asked = DatabaseConfig { url: Some(empty.url()), password_file: None, connections: 4 };
        Location::of(asked, Path::new(""), "").expect("a place")
    };
    let (Location::Sqlite(file), Location::Postgres(address)) =
        (place(&places[0]), place(&places[1]))
    else {
        panic!("a file and a server")
    };
    let sqlite = sqlite::Database::open(&file, &migrations(service, "sqlite")).await;
    let postgres = postgres::Database::open(&address, &migrations(service, "postgres")).await;
    let (sqlite, postgres) = (sqlite.expect("a database"), postgres.expect("a database"));
    Databases { sqlite, postgres, _places: places }
}

/// The facts of a SQLite schema. SQLite has one type for numbers and times, so the column names tell ours apart.
async fn of_sqlite(database: &sqlite::Database) -> Facts {
    const OBJECTS: &str = "
        SELECT type, name, tbl_name, COALESCE(sql, '')
          FROM sqlite_schema
         WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
    // The tables that FTS5 keeps for itself are not part of our schema.
    const SHADOWS: &str = "SELECT name FROM pragma_table_list WHERE type = 'shadow'";
    const COLUMNS: &str = "
        SELECT cid + 1, name,
               CASE type WHEN 'TEXT' THEN 'text'
                         WHEN 'BLOB' THEN 'bytes'
                         WHEN 'INTEGER' THEN CASE WHEN name LIKE '%\\_at' ESCAPE '\\' THEN 'time' ELSE 'number' END
                         ELSE type
               END,
               \"notnull\" = 1 OR pk > 0, dflt_value
          FROM pragma_table_info($1)
      ORDER BY cid";
    const KEY: &str = "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk";
    const INDEXES: &str = "
        SELECT list.name, origin, \"unique\", partial, (SELECT group_concat(name, ', ') FROM pragma_index_info(list.name))
          FROM pragma_index_list($1) AS list";
    const REFERENCES: &str = r#"SELECT "from", "table", "to" FROM pragma_foreign_key_list($1)"#;

    let reader = database.reader();
    let shadows: Vec<String> =
        sqlx::query_scalar(SHADOWS).fetch_all(reader).await.expect("a catalogue");
    let objects: Vec<(String, String, String, String)> =
        sqlx::query_as(OBJECTS).fetch_all(reader).await.expect("a catalogue");
    let mut facts = Facts::new();
    for (kind, name, table, sql) in objects {
        if kind == "trigger" {
            facts.insert(format!("trigger {name} on {table}"));
        }
        if kind != "table" || shadows.contains(&name) {
            continue;
        }
        if sql.starts_with("CREATE VIRTUAL") {
            facts.insert(format!("{name} is a virtual table"));
            continue;
        }
        let columns =
            sqlx::query_as(COLUMNS).bind(&name).fetch_all(reader).await.expect("a catalogue");
        facts.extend(columns.into_iter().map(|column| column_fact(&name, column)));
        let key: Vec<String> =
            sqlx::query_scalar(KEY).bind(&name).fetch_all(reader).await.expect("a catalogue");
        facts.insert(format!("{name}: its key is {}", key.join(", ")));
        if sql.contains("AUTOINCREMENT") {
            facts.insert(format!("{name}: the database gives {}", key.join(", ")));
        }
        let indexes: Vec<(String, String, bool, bool, String)> =
            sqlx::query_as(INDEXES).bind(&name).fetch_all(reader).await.expect("a catalogue");
        facts.extend(indexes.into_iter().filter_map(
            |(index, origin, is_unique, is_partial, columns)| match origin.as_str() {
                "c" => Some(index_fact(&name, &index, is_unique, is_partial, &columns)),
                "u" => Some(format!("{name}: unique {columns}")),
                _primary_key => None,
            },
        ));
        let references: Vec<(String, String, String)> =
            sqlx::query_as(REFERENCES).bind(&name).fetch_all(reader).await.expect("a catalogue");
        facts.extend(
            references
                .into_iter()
                .map(|(from, table, to)| format!("{name}: {from} is one of {table} ({to})")),
        );
    }
    facts
}

async fn of_postgres(database: &postgres::Database) -> Facts {
    const TABLES: &str = "
        SELECT table_name::text
          FROM information_schema.tables
         WHERE table_schema = 'public' AND table_name NOT LIKE '\\_sqlx%'";
    const COLUMNS: &str = "
        SELECT ordinal_position::bigint, column_name::text,
               CASE data_type WHEN 'text' THEN 'text'
                              WHEN 'bytea' THEN 'bytes'
                              WHEN 'bigint' THEN 'number'
                              WHEN 'integer' THEN 'number'
                              WHEN 'timestamp with time zone' THEN 'time'
                              ELSE data_type
               END,
               is_nullable = 'NO', column_default::text
          FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = $1";
    const GIVEN: &str = "
        SELECT column_name::text
          FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = $1 AND identity_generation = 'ALWAYS'";
    const CONSTRAINTS: &str = "
        SELECT contype::text,
               (SELECT string_agg(attname, ', ' ORDER BY place)
                  FROM unnest(conkey) WITH ORDINALITY AS key (attnum, place)
                  JOIN pg_attribute AS attribute ON attrelid = conrelid AND attribute.attnum = key.attnum),
               COALESCE(confrelid::regclass::text, ''),
               COALESCE((SELECT string_agg(attname, ', ')
                  FROM pg_attribute WHERE attrelid = confrelid AND attnum = ANY (confkey)), '')
          FROM pg_constraint
         WHERE conrelid = $1::regclass AND contype IN ('p', 'u', 'f')";
    // An index on an expression has no columns. The columns that the expression uses stand for them.
    const INDEXES: &str = "
        SELECT index.relname::text, amname::text, indisunique, indpred IS NOT NULL,
               (SELECT string_agg(DISTINCT attname, ', ')
                  FROM pg_depend
                  JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
                 WHERE objid = indexrelid AND refobjid = indrelid),
               (SELECT string_agg(attname, ', ' ORDER BY place)
                  FROM unnest(indkey) WITH ORDINALITY AS key (attnum, place)
                  JOIN pg_attribute AS attribute ON attrelid = indrelid AND attribute.attnum = key.attnum)
          FROM pg_index
          JOIN pg_class AS index ON index.oid = indexrelid
          JOIN pg_am ON pg_am.oid = index.relam
         WHERE indrelid = $1::regclass
           AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)";

    let reader = database.reader();
    let tables: Vec<String> =
        sqlx::query_scalar(TABLES).fetch_all(reader).await.expect("a catalogue");
    let mut facts = Facts::new();
    for name in tables {
        let columns =
            sqlx::query_as(COLUMNS).bind(&name).fetch_all(reader).await.expect("a catalogue");
        facts.extend(columns.into_iter().map(|column| column_fact(&name, column)));
        let given: Vec<String> =
            sqlx::query_scalar(GIVEN).bind(&name).fetch_all(reader).await.expect("a catalogue");
        facts
            .extend(given.into_iter().map(|column| format!("{name}: the database gives {column}")));
        let constraints: Vec<(String, String, String, String)> =
            sqlx::query_as(CONSTRAINTS).bind(&name).fetch_all(reader).await.expect("a catalogue");
        facts.extend(constraints.into_iter().map(
            |(kind, columns, table, to)| match kind.as_str() {
                "p" => format!("{name}: its key is {columns}"),
                "u" => format!("{name}: unique {columns}"),
                _reference => format!("{name}: {columns} is one of {table} ({to})"),
            },
        ));
        let indexes: Vec<(String, String, bool, bool, String, Option<String>)> =
            sqlx::query_as(INDEXES).bind(&name).fetch_all(reader).await.expect("a catalogue");
        facts.extend(indexes.into_iter().map(
            |(index, method, is_unique, is_partial, made_of, columns)| {
                let columns = columns.unwrap_or(made_of);
                let how = if method == "btree" { String::new() } else { format!(" by {method}") };
                index_fact(&name, &index, is_unique, is_partial, &columns) + &how
            },
        ));
    }
    facts
}

fn column_fact(table: &str, column: (i64, String, String, bool, Option<String>)) -> String {
    let (place, name, kind, never_null, default) = column;
    let null = if never_null { "never null" } else { "may be null" };
    // PostgreSQL says of which type a text is, and each engine writes bytes in its own way.
    let value = |value: String| match value.split("::").next() {
        Some("x''" | r"'\x'") => "''".to_owned(),
        bare => bare.unwrap_or_default().to_owned(),
    };
    let default = default.map(|it| format!(", else {}", value(it))).unwrap_or_default();
    format!("{table}: column {place} is {name}, {kind}, {null}{default}")
}

fn index_fact(
    table: &str,
    index: &str,
    is_unique: bool,
    is_partial: bool,
    columns: &str,
) -> String {
    let kind = if is_unique { "unique index" } else { "index" };
    let rows = if is_partial { ", of some rows" } else { "" };
    format!("{table}: {kind} {index} on {columns}{rows}")
}
