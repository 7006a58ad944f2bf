//! A store that moves: into a backup and back, from one engine to the other, through a dump. Its clients go on as if
//! nothing had happened.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::json;
use sir0_contract::storefront::WatchGamesRequest;
use sir0_testkit::{GamesClient, Person, Process, a_game, process};
use sir0_throwaway::{Database, Postgres};

use crate::watcher::{adds, next, removes, reprices, resuming, told, watches};

/// What clients hold of a store before it moves.
struct Before {
    studio: Person,
    kept: i32,
    removed: i32,
    resume_token: String,
}

/// A store with a past: games, one of them removed last, a session that is over, and a watcher that heard half of it.
async fn a_past(store: &Process) -> (Before, Person) {
    let studio = store.publisher("Northlight").await;
    let gone = store.player("Gone").await;
    let mut games: GamesClient = studio.games();
    let mut stream = watches(&store.visitor(), WatchGamesRequest::default()).await;

    let kept = adds(&mut games, "Puzzle").await;
    let heard = next(&mut stream).await;
    assert_eq!(told(&heard), format!("added {kept} r1"));
    reprices(&mut games, kept, 700).await;
    let removed = adds(&mut games, "Puzzle").await;
    removes(&mut games, removed).await;
    let logout = json!({"token": gone.token()});
    assert_eq!(gone.rest().post("/api/users/logout", &logout).await.status, 200);

    (Before { studio, kept, removed, resume_token: heard.resume_token }, gone)
}

/// What is held from before is still good, and nothing that was used is used again.
async fn goes_on(store: &Process, before: &Before, gone: &Person) {
    let Before { studio, kept, removed, resume_token } = before;
    let mut stream = watches(&store.visitor(), resuming(resume_token)).await;
    assert_eq!(told(&next(&mut stream).await), format!("changed {kept} r2"));
    assert_eq!(told(&next(&mut stream).await), format!("added {removed} r1"));
    assert_eq!(told(&next(&mut stream).await), format!("removed {removed} r1"));

    // With the token of the session that was begun before.
    let added = studio.rest().post("/api/games", &a_game("After")).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let id = added.json["gameId"].as_i64().expect("an id");
    assert_eq!(id, i64::from(*removed) + 1, "the id of the removed game is not given again");
    assert_eq!(told(&next(&mut stream).await), format!("added {id} r1"));

    let price = store.visitor().rest().get(&format!("/api/games/{kept}")).await;
    assert_eq!(price.json["price"], 7.0);
    let found = store.visitor().rest().get("/api/games?q=light").await;
    assert_eq!(found.json["games"].as_array().map(Vec::len), Some(1), "{}", found.text);
    let profile = format!("/api/users/{}", gone.id);
    let refused = gone.rest().put(&profile, &json!({"username": "Back"})).await;
    assert_eq!(refused.status, 401, "an ended session stays over");
}

fn went_well(output: &Output) -> String {
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    said.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_the_store_is_used_serves_and_its_feed_goes_on() {
    let mut store = process().await;
    let (before, gone) = a_past(&store).await;
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("monday");
    let to = backup.to_str().expect("UTF-8").to_owned();

    went_well(&store.runs(&["backup", "--to", &to]).await);
    let again = store.runs(&["backup", "--to", &to]).await;
    assert!(!again.status.success(), "a backup is never written over another");

    // What happens after the backup is lost with the data folder.
    adds(&mut before.studio.games(), "Puzzle").await;
    store.kill_9().await;
    fs::remove_dir_all(store.data_dir()).expect("the folder is there");
    copy_folder(&backup, &store.data_dir());
    store.starts_again().await;

    goes_on(&store, &before, &gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_copied_to_postgresql_serves_there_and_its_feed_goes_on() {
    let mut store = process().await;
    let (before, gone) = a_past(&store).await;
    store.terminate().await;
    let (accounts, storefront) = (sir0_throwaway::database(), sir0_throwaway::database());
    let there = [
        ("SIR0_ACCOUNTS_DATABASE_URL", accounts.url()),
        ("SIR0_STOREFRONT_DATABASE_URL", storefront.url()),
    ];
    // Its new place was tried before: it has the key of a first start, and nothing else happened there.
    store.starts_again_with(&there).await;
    store.terminate().await;

    let copied = went_well(&copy(&store, "accounts.db", &accounts).await);
    assert!(copied.contains("users") && copied.contains("2 rows"), "{copied}");
    went_well(&copy(&store, "storefront.db", &storefront).await);
    let twice = copy(&store, "storefront.db", &storefront).await;
    assert!(!twice.status.success(), "a copy is never made into a database that is used");
    store.starts_again_with(&there).await;

    goes_on(&store, &before, &gone).await;

    // And back again, into files.
    store.terminate().await;
    let folder = tempfile::tempdir().expect("a folder");
    let files = ["accounts.db", "storefront.db"]
        .map(|name| format!("sqlite:{}", folder.path().join(name).to_str().expect("UTF-8")));
    for (from, to) in [accounts.url(), storefront.url()].into_iter().zip(&files) {
        went_well(&store.runs(&["copy", "--from", from, "--to", to]).await);
    }
    store
        .starts_again_with(&[
            ("SIR0_ACCOUNTS_DATABASE_URL", &files[0]),
            ("SIR0_STOREFRONT_DATABASE_URL", &files[1]),
        ])
        .await;
    let kept = store.visitor().rest().get(&format!("/api/games/{}", before.kept)).await;
    assert_eq!(kept.json["revision"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_of_postgresql_restored_elsewhere_serves_and_its_feed_goes_on() {
    let mut store = process().await;
    store.terminate().await;
    let [accounts, storefront, accounts_again, storefront_again] =
        [(); 4].map(|()| sir0_throwaway::database());
    store
        .starts_again_with(&[
            ("SIR0_ACCOUNTS_DATABASE_URL", accounts.url()),
            ("SIR0_STOREFRONT_DATABASE_URL", storefront.url()),
        ])
        .await;
    let (before, gone) = a_past(&store).await;

    accounts.pours_into(&accounts_again);
    storefront.pours_into(&storefront_again);
    adds(&mut before.studio.games(), "Puzzle").await;
    store.terminate().await;
    store
        .starts_again_with(&[
            ("SIR0_ACCOUNTS_DATABASE_URL", accounts_again.url()),
            ("SIR0_STOREFRONT_DATABASE_URL", storefront_again.url()),
        ])
        .await;

    goes_on(&store, &before, &gone).await;
}

async fn copy(store: &Process, file: &str, to: &Database) -> Output {
    let file = store.data_dir().join(file);
    let from = format!("sqlite:{}", file.to_str().expect("UTF-8"));
    store.runs(&["copy", "--from", &from, "--to", to.url()]).await
}

/// As an operator copies it.
fn copy_folder(from: &Path, to: &Path) {
    let copied =
        Command::new("cp").arg("-r").args([from, to]).status().expect("every system has it");
    assert!(copied.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_copied_to_a_server_whose_password_lies_in_a_file() {
    let mut store = process().await;
    a_past(&store).await;
    store.terminate().await;
    let server = Postgres::start_durable();
    server.psql("postgres", "CREATE ROLE keeper LOGIN PASSWORD 'eleven geese'");
    server.psql("postgres", "CREATE DATABASE kept OWNER keeper");
    let rules = server.folder().join("data/pg_hba.conf");
    let before = fs::read_to_string(&rules).expect("its own rules");
    fs::write(&rules, format!("host all keeper 127.0.0.1/32 scram-sha-256\n{before}"))
        .expect("its own rules");
    server.psql("postgres", "SELECT pg_reload_conf()");
    let folder = tempfile::tempdir().expect("a folder");
    let password = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("our own folder");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (wrong, right) = (password("wrong", "twelve geese"), password("right", "eleven geese\n"));
    let file = format!("sqlite:{}", store.data_dir().join("accounts.db").display());
    let to = format!("postgres://keeper@127.0.0.1:{}/kept", server.port());
    let copy = async |password: &str| {
        store.runs(&["copy", "--from", &file, "--to", &to, "--to-password-file", password]).await
    };

    let refused = copy(&wrong).await;
    let copied = copy(&right).await;

    let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && complaint.contains("password"), "{complaint}");
    assert!(!complaint.contains("geese"), "{complaint}");
    went_well(&copied);
    // And back, with the password of the source.
    let back = format!("sqlite:{}", folder.path().join("accounts.db").display());
    let arguments = ["copy", "--from", &to, "--from-password-file", &right, "--to", &back];
    went_well(&store.runs(&arguments).await);
}
