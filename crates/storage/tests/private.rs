//! Only its owner reads a file of the platform, whatever the umask was and whatever was there before.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use sir0_storage::{
    Error, Migration,
    private::{self, Reach},
    sqlite,
};
use tempfile::TempDir;

const NOTES: Migration = Migration {
    version: 1,
    name: "notes",
    sql: "CREATE TABLE notes (note INTEGER PRIMARY KEY, text TEXT NOT NULL)",
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own");
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a place for temporary files");
    let path = folder.path().join("data");
    fs::create_dir(&path).expect("a folder of ours");
    (folder, path)
}

/// Opens a database, writes to it so that its journals are there, and answers with the modes of all its files.
async fn modes_in_use(file: &Path) -> Vec<(String, u32)> {
    let database = sqlite::Database::open(file, &[NOTES]).await.expect("a database");
    let mut tx = database.write().await.expect("a turn");
    let write = sqlx::query("INSERT INTO notes (text) VALUES ('kept')");
    write.execute(&mut *tx).await.expect("a table");
    tx.commit().await.expect("room on the disk");
    let folder = fs::read_dir(file.parent().expect("a folder")).expect("a folder");
    let modes = folder.map(|entry| {
        let entry = entry.expect("a file");
        (entry.file_name().to_string_lossy().into_owned(), mode(&entry.path()))
    });
    modes.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_and_its_journals_are_for_their_owner_alone() {
    // In a folder that was there before, with a mode that lets everyone in.
    let (_home, folder) = folder();
    set_mode(&folder, 0o777);

    let modes = modes_in_use(&folder.join("games.db")).await;

    assert!(modes.iter().any(|(name, _)| name == "games.db-wal"), "{modes:?}");
    assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_others_could_read_is_closed_with_what_lies_beside_it() {
    let (_home, folder) = folder();
    let file = folder.join("games.db");
    drop(modes_in_use(&file).await);
    // As after `kill -9`: the journals are still there, as open as an earlier version left them.
    for name in ["games.db", "games.db-wal", "games.db-shm"] {
        set_mode(&folder.join(name), 0o644);
    }

    let modes = modes_in_use(&file).await;

    assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_for_its_owner_alone_and_takes_the_place_of_nothing() {
    let (_home, folder) = folder();
    let (file, copy) = (folder.join("games.db"), folder.join("copy.db"));
    drop(modes_in_use(&file).await);

    sqlite::backup(&file, &copy).await.expect("a copy");
    let again = sqlite::backup(&file, &copy).await.expect_err("it is there");

    assert_eq!(mode(&copy), 0o600);
    assert!(matches!(again, Error::File { .. }), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_not_followed_to_close_what_it_leads_to() {
    let (_home, folder) = folder();
    let (elsewhere, file) = (folder.join("elsewhere.db"), folder.join("games.db"));
    fs::write(&elsewhere, b"").expect("a folder of ours");
    set_mode(&elsewhere, 0o644);
    symlink(&elsewhere, &file).expect("a folder of ours");

    let refused = sqlite::Database::open(&file, &[NOTES]).await.expect_err("others read it");

    assert!(refused.to_string().contains("chmod 600"), "{refused}");
    assert_eq!(mode(&elsewhere), 0o644, "it is left alone");
    set_mode(&elsewhere, 0o600);
    sqlite::Database::open(&file, &[NOTES]).await.expect("a link to a private file is a way to it");
}

#[test]
fn a_new_folder_is_for_its_owner_alone_and_an_open_one_is_closed() {
    let (home, folder) = folder();
    let new = home.path().join("a/new/one");
    let reach = private::close_folder(&new).expect("it is made");
    assert_eq!((reach, mode(&new)), (Reach::Private, 0o700));

    fs::write(folder.join("games.db"), b"").expect("our own folder");
    fs::create_dir(folder.join("media")).expect("our own folder");
    set_mode(&folder.join("media"), 0o700);
    for open in [0o755, 0o750, 0o777, 0o701, 0o2755] {
        set_mode(&folder, open);

        let judged = private::judge_folder(&folder).expect("it is there");
        let closed = private::close_folder(&folder).expect("it is ours");

        let right = open & 0o7700;
        assert_eq!(judged, Reach::Mendable { mode: open, right });
        assert_eq!((closed, mode(&folder)), (Reach::Private, right));
    }
}

#[test]
fn a_folder_that_is_not_only_ours_is_refused_and_left_as_it_is() {
    let (_home, folder) = folder();
    set_mode(&folder, 0o1777);
    let for_everyone = private::close_folder(&folder).expect_err("as /tmp");

    set_mode(&folder, 0o755);
    fs::create_dir(folder.join("of somebody")).expect("our own folder");
    set_mode(&folder.join("of somebody"), 0o755);
    let with_folders = private::close_folder(&folder).expect_err("as /srv");

    assert!(!for_everyone.to_string().contains("chmod"), "nobody closes /tmp: {for_everyone}");
    assert!(with_folders.to_string().contains("holds folders"), "{with_folders}");
    assert_eq!(mode(&folder), 0o755);
}

#[test]
fn what_kubernetes_lends_to_a_group_is_taken_as_it_is() {
    // `fsGroup`: the group of the pod, the setgid bit on folders, and all rights for the group, again at every start.
    let (_home, folder) = folder();
    let file = folder.join("games.db");
    fs::write(&file, b"").expect("our own folder");
    set_mode(&folder, 0o2770);
    set_mode(&file, 0o660);

    assert_eq!(private::close_folder(&folder).expect("it is lent"), Reach::Lent);
    assert_eq!(private::close_file(&file).expect("it is lent"), Reach::Lent);

    set_mode(&file, 0o664);
    assert_eq!(private::close_file(&file).expect("it is ours"), Reach::Lent);
    assert_eq!(mode(&file), 0o660, "others never read it");
    set_mode(&folder, 0o2775);
    assert_eq!(private::close_folder(&folder).expect("it is ours"), Reach::Lent);
    assert_eq!(mode(&folder), 0o2770);
    // Without the setgid bit it is a folder like any other.
    set_mode(&folder, 0o770);
    assert_eq!(private::close_folder(&folder).expect("it is ours"), Reach::Private);
    assert_eq!(private::close_file(&file).expect("it is ours"), Reach::Private);
}
