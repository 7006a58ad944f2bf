//! The keys that sign tokens change while people use them: over several instances of accounts and a storefront apart.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sir0_accounts::Config;
use sir0_testkit::{
    LONG, PASSWORD, Person, Process, Split, email_of, process, process_with, split_with,
};
use sir0_throwaway::Database;
use sir0_tokens::{Readers, Vault};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// The shortest that is allowed.
const NOTICE: Duration = Duration::from_secs(15);

/// Two instances of accounts on one PostgreSQL: one beside a storefront apart, one in a separate process.
struct Stage {
    apart: Split,
    other: Process,
    _database: Database,
    _folder: TempDir,
}

impl Stage {
    async fn set() -> Self {
        let database = sir0_throwaway::database();
        let folder = tempfile::tempdir().expect("a folder for the test");
        let key = folder.path().join("sealing-key");
        Vault::open_or_create_for(Readers::Owner, &key).expect("a folder of ours");
        let (url, path) = (database.url().to_owned(), key.to_str().expect("UTF-8").to_owned());
        let apart = split_with(|config| {
            let accounts: &mut Config = config.services.get_mut();
            accounts.database = Some(url.clone());
            accounts.sealing_key = Some(key.clone());
            accounts.key_notice = NOTICE;
        })
        .await;
        let other = process_with(&[
            ("SIR0_ACCOUNTS_DATABASE_URL", &url),
            ("SIR0_ACCOUNTS_SEALING_KEY", &path),
            ("SIR0_ACCOUNTS_KEY_NOTICE", "15s"),
        ])
        .await;
        Self { apart, other, _database: database, _folder: folder }
    }

    /// Whether each of the three lets this person in: both instances of accounts, and the storefront.
    async fn let_in(&self, person: &Person) -> [u16; 3] {
        let profile = format!("/api/users/{}", person.id);
        let storefront = self.apart.storefront.meets(person).rest();
        let at_storefront = storefront.delete("/api/games/2000000000").await.status;
        let here = self.apart.accounts.meets(person).rest().get(&profile).await.status;
        let there = self.other.visitor().with_token(person.token()).rest();
        let there = there.get(&profile).await.status;
        [here, there, at_storefront]
    }

    async fn keys(&self, line: &[&str]) -> String {
        let done = self.other.runs(&[&["keys"], line].concat()).await;
        let text = format!("{}{}", utf8(&done.stdout), utf8(&done.stderr));
        assert!(done.status.success(), "{text}");
        text
    }
}

/// What all three say to someone who is signed in: there is no such game.
const GOOD: [u16; 3] = [200, 200, 404];
const REFUSED: [u16; 3] = [401; 3];

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The name of the key that signed this token.
fn kid(person: &Person) -> String {
    let head = person.token().split('.').next().expect("a JWT");
    let head = BASE64_URL_SAFE_NO_PAD.decode(head).expect("base64url");
    let head: Value = serde_json::from_slice(&head).expect("JSON");
    head["kid"].as_str().expect("a name").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_good_token_is_refused_while_the_key_changes_and_every_one_is_after_a_leak() {
    let stage = Stage::set().await;
    let first = stage.apart.publisher("Northlight").await;
    stage.is_heard_by_all(&first).await;
    let at = [stage.apart.accounts.visitor(), stage.other.visitor()];

    // The key changes on a day like any other.
    let said = stage.keys(&["rotate"]).await;
    assert!(said.contains("is published, and signs from"), "{said}");
    let begun = Instant::now();
    let (mut kids, mut signed_in) = (BTreeSet::new(), Vec::new());
    for round in 0.. {
        let fresh = at[round % 2].signs_in("Northlight").await;
        assert_eq!(
            stage.let_in(&fresh).await,
            GOOD,
            "signed by {}, {:?}",
            kid(&fresh),
            begun.elapsed()
        );
        kids.insert(kid(&fresh));
        signed_in.push(fresh);
        if begun.elapsed() > NOTICE + Duration::from_secs(3) {
            break;
        }
        sleep(Duration::from_millis(200)).await;
    }
    let [last, before] = [signed_in.len() - 1, signed_in.len() - 2].map(|at| &signed_in[at]);
    assert_eq!(kids.len(), 2, "the key before, and the next one");
    assert!(kid(last) == kid(before) && kid(last) != kid(&first), "both instances sign with it");
    assert_eq!(stage.let_in(&first).await, GOOD, "the key before is believed still");

    // The keys have leaked.
    let launcher = json!({
        "email": email_of("Northlight"), "password": PASSWORD, "withRefreshToken": true,
    });
    let launcher = at[0].rest().post("/api/users/login", &launcher).await;
    let launcher = json!({"refreshToken": launcher.json["refreshToken"]});
    let said = stage.keys(&["rotate", "--now"]).await;
    assert!(said.contains("everyone else signs in again"), "{said}");
    let listed = stage.keys(&["list"]).await;
    assert_eq!(listed.lines().filter(|line| line.contains("signs from")).count(), 1, "{listed}");
    timeout(LONG, async {
        while stage.let_in(last).await != REFUSED {
            sleep(Duration::from_millis(200)).await;
        }
    })
    .await
    .expect("refused in time");
    for person in [&first, before, last] {
        assert_eq!(stage.let_in(person).await, REFUSED);
    }
    for visitor in &at {
        let fresh = visitor.signs_in("Northlight").await;
        assert_eq!(stage.let_in(&fresh).await, GOOD);
        assert!(!kids.contains(&kid(&fresh)));
    }
    let goes_on = at[1].rest().post("/api/users/login/refresh", &launcher).await;
    assert_eq!(goes_on.status, 200, "no key makes a refresh token: {}", goes_on.text);
    let renewed = first.with_token(goes_on.json["token"].as_str().expect("a token"));
    assert_eq!(stage.let_in(&renewed).await, GOOD);
    assert!(!kids.contains(&kid(&renewed)));
    let listed = stage.keys(&["list"]).await;
    assert_eq!(
        listed.lines().filter(|line| line.ends_with("may have leaked")).count(),
        2,
        "{listed}"
    );
}

impl Stage {
    /// The storefront hears of keys and sessions a little later.
    async fn is_heard_by_all(&self, person: &Person) {
        let hearing = async {
            while self.let_in(person).await != GOOD {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, hearing).await.expect("heard in time");
    }
}

/// Forgets the keys that were made after the first one, so that the next one can be made again.
async fn forget_later_keys(store: &Process) {
    let options = SqliteConnectOptions::new().filename(store.data_dir().join("accounts.db"));
    let mut tables = SqliteConnection::connect_with(&options).await.expect("a file");
    let forget = "DELETE FROM signing_keys WHERE generation > 1";
    sqlx::query(forget).execute(&mut tables).await.expect("a table of keys");
    tables.close().await.expect("it was open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_a_rotation_leaves_a_whole_key_or_none_and_every_token_good() {
    let mut store = process().await;
    let studio = store.publisher("Northlight").await;
    let profile = format!("/api/users/{}", studio.id);
    let (mut made, mut none) = (0, 0);

    for round in 0..16 {
        // The command and the server are killed a moment before the key is there, meanwhile or after.
        let moment = Duration::from_millis(8 * round);
        let _cut_off = timeout(moment, store.runs(&["keys", "rotate"])).await;
        store.kill_9().await;
        store.starts_again().await;

        let listed = utf8(&store.runs(&["keys", "list"]).await.stdout);
        let next = listed.lines().filter(|line| line.contains("signs from")).count();
        let set = store.visitor().rest().get("/.well-known/jwks.json").await;
        let published = set.json["keys"].as_array().expect("a key set").len();
        assert_eq!(published, 1 + next, "in round {round}: {listed}");
        assert_eq!(studio.rest().get(&profile).await.status, 200, "in round {round}");
        let fresh = store.visitor().signs_in("Northlight").await;
        assert_eq!(kid(&fresh), kid(&studio), "no key signs before its time");
        match next {
            0 => none += 1,
            1 => made += 1,
            _ => panic!("several keys at once: {listed}"),
        }
        forget_later_keys(&store).await;
    }
    println!("{made} keys were made, and {none} were not");
    assert!(made + none == 16);
}

#[tokio::test]
async fn a_database_without_its_sealing_key_is_not_served_and_begins_anew_only_when_told_so() {
    let mut store = process().await;
    let studio = store.publisher("Northlight").await;
    store.terminate().await;
    let key = store.data_dir().join("sealing-key");
    let away = store.data_dir().join("away");
    std::fs::rename(&key, &away).expect("our own file");

    let serve = store.runs(&["serve", "--listen", "127.0.0.1:0"]).await;
    let doctor = store.runs(&["--listen", "127.0.0.1:0", "doctor"]).await;
    let rotate = store.runs(&["keys", "rotate", "--now"]).await;
    let backup = store.runs(&["backup", "--to", "backup"]).await;

    for refused in [&serve, &doctor, &rotate, &backup] {
        let text = format!("{}{}", utf8(&refused.stdout), utf8(&refused.stderr));
        assert!(!refused.status.success() && text.contains("sealing key"), "{text}");
    }
    assert!(!key.exists(), "no new key takes the place of one that may come back");
    std::fs::rename(&away, &key).expect("our own file");
    store.starts_again().await;
    let profile = format!("/api/users/{}", studio.id);
    assert_eq!(studio.rest().get(&profile).await.status, 200, "nothing was lost");

    store.terminate().await;
    std::fs::remove_file(&key).expect("our own file");
    let anew = store.runs(&["keys", "rotate", "--now", "--sealing-key-lost"]).await;
    assert!(anew.status.success(), "{}", utf8(&anew.stderr));
    store.starts_again().await;

    let fresh = store.visitor().signs_in("Northlight").await;
    assert_eq!(fresh.rest().get(&profile).await.status, 200);
    assert_ne!(kid(&fresh), kid(&studio));
}

#[tokio::test]
async fn another_sealing_key_opens_what_was_sealed_before_as_long_as_both_are_in_the_file() {
    let mut store = process().await;
    let studio = store.publisher("Northlight").await;
    let profile = format!("/api/users/{}", studio.id);
    let key = store.data_dir().join("sealing-key");
    let old = std::fs::read_to_string(&key).expect("a key");
    let new = "c0ffee11".repeat(8);

    for (held, says) in [(format!("{new}\n{old}"), 200), (format!("{new}\n"), 200)] {
        store.terminate().await;
        std::fs::write(&key, held).expect("our own file");
        store.starts_again().await;
        assert_eq!(studio.rest().get(&profile).await.status, says);
    }
    store.terminate().await;
    std::fs::write(&key, old).expect("our own file");
    let serve = store.runs(&["serve", "--listen", "127.0.0.1:0"]).await;

    let said = utf8(&serve.stderr);
    assert!(!serve.status.success() && said.contains("which is not here"), "{said}");
}
