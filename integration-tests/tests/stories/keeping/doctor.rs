//! `sir0 doctor` and `sir0 serve` judge alike.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, process::Output};

use sir0_testkit::{Process, process, process_with};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::said;

/// Runs the doctor and a server with the same settings. What the doctor found wrong, and what the server died of.
async fn judged(store: &Process) -> (String, String) {
    let doctor = store.runs(&["--listen", "127.0.0.1:0", "doctor"]).await;
    let serve = store.runs(&["--listen", "127.0.0.1:0", "serve"]).await;
    assert!(!doctor.status.success(), "{}", said(&doctor));
    assert!(!serve.status.success(), "{}", said(&serve));
    (faults(&doctor), said(&serve))
}

fn faults(doctor: &Output) -> String {
    let text = said(doctor);
    let lines: Vec<_> = text.lines().collect();
    // A fault, and below it what to do.
    let faults = lines.windows(2).filter(|pair| pair[0].starts_with("FAIL"));
    faults.map(|pair| pair.join("\n")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_key_that_others_may_read_is_refused_by_both_with_the_same_cure() {
    let mut store = process().await;
    store.terminate().await;
    let key = store.data_dir().join("sealing-key");

    for mode in [0o640, 0o604, 0o644] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).expect("our own file");

        let (doctor, serve) = judged(&store).await;

        assert!(doctor.contains("chmod 600") && serve.contains("chmod 600"), "{doctor}{serve}");
        assert!(!doctor.contains("database"), "{doctor}");
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("our own file");
    let doctor = store.runs(&["--listen", "127.0.0.1:0", "doctor"]).await;
    assert!(doctor.status.success(), "{}", said(&doctor));
}

#[tokio::test]
async fn a_step_that_was_changed_after_it_was_applied_is_seen_by_both() {
    let mut store = process().await;
    store.terminate().await;
    let options = SqliteConnectOptions::new().filename(store.data_dir().join("storefront.db"));
    let mut tables = SqliteConnection::connect_with(&options).await.expect("a file");
    let change = "UPDATE _sqlx_migrations SET checksum = X'00' WHERE version = 2";
    sqlx::query(change).execute(&mut tables).await.expect("a list of steps");
    tables.close().await.expect("it was open");

    let (doctor, serve) = judged(&store).await;
    let check = store.runs(&["migrate", "--check"]).await;

    assert!(doctor.contains("storefront tables") && doctor.contains("migration 2"), "{doctor}");
    assert!(serve.contains("migration 2"), "{serve}");
    assert!(!check.status.success() && said(&check).contains("migration 2"), "{}", said(&check));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_nobody_is_told_to_check_a_password() {
    let mut store = process().await;
    store.terminate().await;
    let file = store.data_dir().join("accounts.db");
    fs::write(&file, "this is a text and never was a database ".repeat(200)).expect("our own file");

    let (doctor, serve) = judged(&store).await;

    let name = file.to_str().expect("UTF-8");
    assert!(doctor.contains("accounts database") && doctor.contains(name), "{doctor}");
    assert!(doctor.contains("damaged") && doctor.contains("backup"), "{doctor}");
    assert!(!doctor.contains("password"), "{doctor}");
    assert!(serve.contains("damaged"), "{serve}");
}

#[tokio::test]
async fn a_port_is_free_or_ours_or_taken_by_a_stranger() {
    let store = process().await;
    let stranger = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (ours, taken) = (store.address().to_string(), stranger.local_addr().expect("it is bound"));
    let doctor = async |listen: &str| {
        let output = store.runs(&["--listen", listen, "doctor"]).await;
        (output.status.success(), faults(&output), said(&output))
    };

    let (is_well, _, all) = doctor(&ours).await;
    assert!(is_well && all.contains("taken by a running sir0"), "{all}");
    let (is_well, found, _) = doctor(&taken.to_string()).await;
    assert!(!is_well && found.contains("another program"), "{found}");
    // An address of the block that is kept for documents (RFC 5737).
    let (is_well, found, _) = doctor("192.0.2.1:8080").await;
    assert!(!is_well && found.contains("no address of this machine"), "{found}");
}

#[tokio::test]
async fn a_sir0_that_keeps_its_data_elsewhere_is_not_taken_for_this_one() {
    let (store, mut other) = (process().await, process().await);
    other.terminate().await;

    let listen = store.address().to_string();
    let doctor = other.runs(&["--listen", &listen, "doctor"]).await;

    assert!(!doctor.status.success());
    assert!(faults(&doctor).contains("keeps its data elsewhere"), "{}", said(&doctor));
}

#[tokio::test]
async fn the_doctor_of_a_part_looks_at_what_that_part_needs() {
    let store = process().await;

    let doctor = store.runs(&["--listen", "127.0.0.1:0", "doctor", "accounts"]).await;

    let text = said(&doctor);
    assert!(text.contains("accounts database") && !text.contains("storefront database"), "{text}");
    // As `sir0 serve accounts` would refuse to start.
    assert!(!doctor.status.success() && faults(&doctor).contains("peers.secret_file"), "{text}");
}

#[tokio::test]
async fn accounts_that_share_a_name_since_an_upgrade_are_listed_and_sign_in() {
    let mut store = process().await;
    for name in ["Richard", "STRAUSS"] {
        store.player(name).await;
    }
    store.terminate().await;
    // An older version took these for two names.
    let options = SqliteConnectOptions::new().filename(store.data_dir().join("accounts.db"));
    let mut tables = SqliteConnection::connect_with(&options).await.expect("a file");
    let before = "UPDATE users SET name_key = NULL, name_key_version = 0, name_key_of = NULL;
                  UPDATE users SET username = 'Strauß', username_key = 'strauß' WHERE user_id = 1";
    sqlx::raw_sql(before).execute(&mut tables).await.expect("accounts");
    tables.close().await.expect("it was open");

    let migrated = store.runs(&["migrate"]).await;
    let doctor = store.runs(&["--listen", "127.0.0.1:0", "doctor"]).await;
    store.starts_again().await;

    assert!(migrated.status.success(), "{}", said(&migrated));
    assert!(doctor.status.success(), "nothing is broken: {}", said(&doctor));
    let text = said(&doctor);
    assert!(text.contains("the same name as 2 (STRAUSS)"), "{text}");
    assert!(text.contains("ask them to choose another name"), "{text}");
    for name in ["Richard", "STRAUSS"] {
        store.visitor().signs_in(name).await;
    }
}

#[tokio::test]
async fn a_store_of_another_currency_than_the_settings_name_does_not_start() {
    let mut store = process_with(&[("SIR0_STOREFRONT_CURRENCY", "JPY")]).await;
    store.terminate().await;
    let doctor = store.runs(&["--listen", "127.0.0.1:0", "doctor"]).await;
    assert!(said(&doctor).contains("prices are in JPY"), "{}", said(&doctor));
    let options = SqliteConnectOptions::new().filename(store.data_dir().join("storefront.db"));
    let mut tables = SqliteConnection::connect_with(&options).await.expect("a file");
    let other = "UPDATE store_currency SET currency = 'USD'";
    sqlx::query(other).execute(&mut tables).await.expect("it was named");

    let (doctor, serve) = judged(&store).await;

    for said in [&doctor, &serve] {
        assert!(said.contains("in USD") && said.contains("in JPY"), "{said}");
        assert!(said.contains("`storefront.currency`"), "{said}");
    }

    // One with prices from before it had a currency.
    sqlx::query("DELETE FROM store_currency").execute(&mut tables).await.expect("a table");
    let game = "
        INSERT INTO games (title, title_key, genre, genre_key, price_minor, description, words, created_at, updated_at)
        VALUES ('Lanterns', 'lanterns', 'Puzzle', 'puzzle', 1999, '', 'lanterns', 1, 1)";
    sqlx::query(game).execute(&mut tables).await.expect("as an older version adds one");
    tables.close().await.expect("it was open");
    let (doctor, serve) = judged(&store).await;
    for said in [&doctor, &serve] {
        assert!(
            said.contains("prices already") && said.contains("`storefront.currency`"),
            "{said}"
        );
    }
}
