//! What a storefront's database holds, read behind the server's back.

use std::collections::BTreeMap;

use serde_json::Value;
use sir0_testkit::Tables;
use sqlx::{Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

const GAMES: &str = "SELECT CAST(game_id AS BIGINT), title, CAST(revision AS BIGINT) FROM games";
const EVENTS: &str = "SELECT kind, CAST(payload AS TEXT) FROM events ORDER BY position";

/// What a storefront's database holds.
pub(crate) struct Kept {
    /// The games that are there, with their revisions.
    games: BTreeMap<i64, i64>,
    titles: BTreeMap<String, u32>,
    /// What was announced about each game, in order: the kind, and the revision.
    events: BTreeMap<i64, Vec<(String, i64)>>,
    /// The games that were ever added, in the order of commits.
    added: Vec<i64>,
}

type Rows = (Vec<(i64, String, i64)>, Vec<(String, String)>);

async fn open(file: &std::path::Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(false);
    SqliteConnection::connect_with(&options).await.expect("a database")
}

async fn rows(tables: &Tables) -> Rows {
    match tables {
        Tables::File(file) => {
            let mut database = open(file).await;
            let games = sqlx::query_as(GAMES).fetch_all(&mut database).await.expect("games");
            let events = sqlx::query_as(EVENTS).fetch_all(&mut database).await.expect("events");
            (games, events)
        }
        Tables::Server(url) => {
            let mut database = PgConnection::connect(url).await.expect("a database");
            let games = sqlx::query_as(GAMES).fetch_all(&mut database).await.expect("games");
            // What a killed process committed last may have no position yet.
            sqlx::query("SELECT number_events()").execute(&mut database).await.expect("a function");
            let events = sqlx::query_as(EVENTS).fetch_all(&mut database).await.expect("events");
            (games, events)
        }
    }
}

impl Kept {
    pub(crate) async fn read(tables: &Tables) -> Self {
        let (rows, announced) = rows(tables).await;
        let mut titles = BTreeMap::new();
        for (_, title, _) in &rows {
            *titles.entry(title.clone()).or_default() += 1;
        }
        let mut events: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut added = Vec::new();
        for (kind, payload) in announced {
            let payload: Value = serde_json::from_str(&payload).expect("what is announced is JSON");
            let number = |name: &str| payload[name].as_i64().expect("a number");
            let game = number("game_id");
            if kind == "added" {
                added.push(game);
            }
            events.entry(game).or_default().push((kind, number("revision")));
        }
        Self {
            games: rows.into_iter().map(|(id, _, revision)| (id, revision)).collect(),
            titles,
            events,
            added,
        }
    }

    /// How many games are there.
    pub(crate) fn count(&self) -> usize {
        self.games.len()
    }

    /// The games that were ever added, in the order of commits.
    pub(crate) fn added_in_order(&self) -> impl Iterator<Item = i64> {
        self.added.iter().copied()
    }

    /// Each of these games is there once: no id was given twice, and no title is there twice.
    pub(crate) fn has_each_once(&self, acknowledged: &[i32]) {
        let mut seen = std::collections::BTreeSet::new();
        for id in acknowledged {
            assert!(seen.insert(*id), "game {id} was given out twice");
            assert!(
                self.games.contains_key(&i64::from(*id)),
                "game {id} was acknowledged and is gone"
            );
        }
        for (title, count) in &self.titles {
            assert_eq!(*count, 1, "{title} is there {count} times");
        }
    }

    /// The revision that a game has.
    pub(crate) fn revision(&self, id: i32) -> Option<i64> {
        self.games.get(&i64::from(id)).copied()
    }

    /// No write is half announced: a game was added once, changed once for each revision, and removed if it is gone.
    pub(crate) fn is_consistent(&self) {
        for id in self.games.keys() {
            assert!(self.events.contains_key(id), "game {id} was never announced");
        }
        for (id, events) in &self.events {
            let is_there = self.games.get(id);
            let mut expected = vec![("added".to_owned(), 1)];
            let changes = events.iter().filter(|(kind, _)| kind == "changed").count();
            let last = 1 + i64::try_from(changes).expect("a few");
            expected.extend((2..=last).map(|revision| ("changed".to_owned(), revision)));
            match is_there {
                Some(revision) => assert_eq!(*revision, last, "game {id} and its events differ"),
                None => expected.push(("removed".to_owned(), last)),
            }
            assert_eq!(*events, expected, "what was announced about game {id}");
        }
    }
}

/// Nothing in the files of the databases is damaged. A database server looks after its files, and was not killed.
pub(crate) async fn is_whole(tables: &Tables) {
    let Tables::File(storefront) = tables else { return };
    for name in ["storefront.db", "accounts.db"] {
        let mut database = open(&storefront.with_file_name(name)).await;
        let verdict: String = sqlx::query_scalar("PRAGMA integrity_check")
            .fetch_one(&mut database)
            .await
            .expect("a verdict");
        assert_eq!(verdict, "ok", "{name}");
        let orphans: Vec<(String,)> =
            sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check")
                .fetch_all(&mut database)
                .await
                .expect("a verdict");
        assert!(orphans.is_empty(), "{name}: {orphans:?}");
    }
}
