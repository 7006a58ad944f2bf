//! docs/backup.md, as someone reads it whose data is at stake.

use crate::{
    databases::{self, Databases},
    network::alone,
    reader::{Reader, Scene},
};

const PAGE: &str = "docs/backup.md";
pub(crate) const FILES: Scene = Scene { page: PAGE, section: Some("One binary, SQLite") };
pub(crate) const SERVERS: Scene = Scene { page: PAGE, section: Some("PostgreSQL") };
pub(crate) const MOVING: Scene =
    Scene { page: PAGE, section: Some("Moving from SQLite to PostgreSQL") };

const ADMIN: &str =
    "echo 'seven cranes at dawn' | sir0 admin create --email you@example.org --username you";
const SIGN_IN: &str = r#"curl -s http://127.0.0.1:8080/api/users/login -d '{"email":"you@example.org","password":"seven cranes at dawn"}'"#;
const GAMES: &str = "curl -s 'http://127.0.0.1:8080/api/games?pageSize=1000'";

/// A store with games and someone who can sign in. What its list of games is.
async fn a_store(reader: &mut Reader) -> String {
    reader.runs("sir0 serve --demo").await;
    reader.aside(ADMIN).await;
    reader.aside(GAMES).await
}

#[test]
fn what_was_backed_up_is_there_after_the_lines_that_restore_it() {
    alone("backup::what_was_backed_up_is_there_after_the_lines_that_restore_it", async |network| {
        let mut reader = Reader::of(&FILES, network).await;
        let games = a_store(&mut reader).await;

        reader.reads_until("To restore, stop `sir0`").await;
        reader.stops().await;
        reader.aside("mv data lost").await;
        reader.reads_to_the_end().await;

        assert_eq!(reader.aside(GAMES).await, games);
        assert!(reader.aside(SIGN_IN).await.contains("Login successful"));
        reader.stops().await;
    });
}

#[test]
fn what_was_dumped_is_there_after_the_lines_that_restore_it() {
    alone("backup::what_was_dumped_is_there_after_the_lines_that_restore_it", async |network| {
        let mut reader = Reader::of(&SERVERS, network).await;
        let databases = Databases::start(&mut reader).await;
        databases::are_used_by(&mut reader);
        let games = a_store(&mut reader).await;

        reader.reads_until("To restore, stop every instance").await;
        reader.stops().await;
        databases.tell("storefront", "DELETE FROM games");
        reader.reads_to_the_end().await;

        reader.runs("sir0 serve").await;
        assert_eq!(reader.aside(GAMES).await, games);
        reader.stops().await;
    });
}

#[test]
fn what_was_moved_is_there_after_the_lines_that_move_it() {
    alone("backup::what_was_moved_is_there_after_the_lines_that_move_it", async |network| {
        let mut reader = Reader::of(&MOVING, network).await;
        let _databases = Databases::start(&mut reader).await;
        let games = a_store(&mut reader).await;

        reader.stops().await;
        reader.reads_to_the_end().await;

        databases::are_used_by(&mut reader);
        reader.runs("SIR0_STOREFRONT_MEDIA_FOLDER=data/media sir0 serve").await;
        assert_eq!(reader.aside(GAMES).await, games);
        assert!(reader.aside(SIGN_IN).await.contains("Login successful"));
        reader.stops().await;
    });
}
