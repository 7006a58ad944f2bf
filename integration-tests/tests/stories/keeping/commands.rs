//! Commands beside a server, and without one.

use sir0_testkit::{process, process_with};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::said;

#[tokio::test]
async fn an_administrator_is_made_where_the_server_keeps_accounts_and_nowhere_else() {
    let store = process().await;
    let elsewhere = store.data_dir().with_file_name("elsewhere");
    let other = elsewhere.to_str().expect("UTF-8");
    let create = ["admin", "create", "--email", "you@example.org", "--username", "you"];

    let refused = store.runs(&[&["--data-dir", other], &create[..]].concat()).await;
    let made = store.operator(&create[1..], "seven cranes at dawn").await;

    let complaint = said(&refused);
    assert!(!refused.status.success() && complaint.contains(other), "{complaint}");
    assert!(complaint.contains("--data-dir") && !complaint.contains("can sign in"), "{complaint}");
    assert!(!elsewhere.exists(), "nothing is made unasked");
    let file = store.data_dir().join("accounts.db");
    assert!(made.contains(file.to_str().expect("UTF-8")), "{made}");
    let grant = ["admin", "grant", "--email", "you@example.org", "--role", "admin"];
    let granted = said(&store.runs(&grant).await);
    assert!(granted.contains(file.to_str().expect("UTF-8")), "{granted}");
}

#[tokio::test]
async fn what_admin_makes_when_the_server_rests_signs_in_when_it_is_back() {
    let mut store = process().await;
    store.terminate().await;
    // The other order: the tables are made by hand before the first start.
    let folder = store.data_dir();
    std::fs::remove_dir_all(&folder).expect("it is there");
    let migrated = store.runs(&["migrate"]).await;
    assert!(migrated.status.success(), "{}", said(&migrated));

    let admin = ["create", "--email", "ada@example.com", "--username", "Ada"];
    store.operator(&admin, sir0_testkit::PASSWORD).await;
    store.starts_again().await;

    store.visitor().signs_in("Ada").await;
}

/// The lines that tell of more than what the operator did.
fn complaints(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.contains(" INFO ")).collect()
}

#[tokio::test]
async fn commands_work_beside_a_server_and_warn_of_nothing() {
    let store = process().await;
    store.player("Ada").await;
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("monday");
    let address = store.address().to_string();

    for round in 0..6 {
        let role = if round % 2 == 0 { "publisher" } else { "player" };
        for command in [
            &["admin", "grant", "--email", "ada@example.com", "--role", role][..],
            &["migrate"],
            &["migrate", "--check"],
            &["--listen", &address, "doctor"],
        ] {
            let output = store.runs(command).await;

            assert!(output.status.success(), "{command:?}: {}", said(&output));
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(complaints(&stderr), [""; 0], "{command:?}");
        }
    }
    let output = store.runs(&["backup", "--to", backup.to_str().expect("UTF-8")]).await;
    assert!(output.status.success(), "{}", said(&output));
}

#[tokio::test]
async fn a_command_that_nobody_listens_to_ends_quietly() {
    let store = process().await;
    store.player("Ada").await;
    let address = store.address().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("monday");

    for command in [
        &["--listen", &address, "doctor"][..],
        &["migrate"],
        &["admin", "grant", "--email", "ada@example.com", "--role", "admin"],
        &["backup", "--to", to.to_str().expect("UTF-8")],
        &["--help"],
    ] {
        let output = store.runs_unheard(command).await;

        assert!(output.status.success(), "{command:?}: {}", said(&output));
        assert_eq!(complaints(&said(&output)), [""; 0], "{command:?}");
    }
    let copied = to.join("accounts.db").exists();
    assert!(copied, "what was asked for is done all the same");
}

#[tokio::test]
async fn tables_of_a_newer_version_are_served_and_said_to_be_newer_in_one_line() {
    const NEWER: &str = "
        INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (99, 'of tomorrow', 1, X'00', 1)";
    let mut store = process_with(&[]).await;
    store.terminate().await;
    for name in ["accounts.db", "storefront.db"] {
        let options = SqliteConnectOptions::new().filename(store.data_dir().join(name));
        let mut tables = SqliteConnection::connect_with(&options).await.expect("a file");
        sqlx::query(NEWER).execute(&mut tables).await.expect("a list of steps");
        tables.close().await.expect("it was open");
    }

    store.starts_again().await;

    let log = store.log();
    for service in ["accounts", "storefront"] {
        let line = format!("the {service} database was made by a newer version");
        assert_eq!(log.matches(&line).count(), 1, "{log}");
    }
    assert!(log.contains("99"), "{log}");
    let listed = said(&store.runs(&["migrate", "--check"]).await);
    assert!(listed.contains("0099") && listed.contains("newer version"), "{listed}");
}
