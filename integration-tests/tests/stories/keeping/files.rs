//! The files of a server: for their owner alone, and served once.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use sir0_testkit::{a_game, process};

use super::said;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own");
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    all_in(folder).into_iter().filter(|path| path.is_file()).collect()
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    all_in(folder).into_iter().filter(|path| path.is_dir()).collect()
}

fn all_in(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
}

#[tokio::test]
async fn a_folder_that_others_could_enter_is_closed_with_every_file_in_it() {
    let mut store = process().await;
    store.kill_9().await;
    let (folder, key) = (store.data_dir(), store.data_dir().join("sealing-key"));
    for file in files_in(&folder).into_iter().filter(|file| *file != key) {
        set_mode(&file, 0o644);
    }
    set_mode(&folder, 0o755);

    store.starts_again().await;

    let open: Vec<_> = files_in(&folder).into_iter().filter(|file| mode(file) != 0o600).collect();
    assert!(files_in(&folder).len() > 5, "databases, journals and a key");
    assert_eq!((mode(&folder), open), (0o700, Vec::new()));
    assert!(store.log().contains("could reach"), "{}", store.log());
}

#[tokio::test]
async fn a_backup_is_for_its_owner_alone_also_in_a_folder_that_was_there() {
    let store = process().await;
    let folder = tempfile::tempdir().expect("a folder");
    set_mode(folder.path(), 0o755);

    let backup = store.runs(&["backup", "--to", folder.path().to_str().expect("UTF-8")]).await;

    assert!(backup.status.success(), "{}", said(&backup));
    let modes: Vec<_> = files_in(folder.path()).iter().map(|file| mode(file)).collect();
    assert_eq!(modes, [0o600; 3]);
    let folders: Vec<_> = folders_in(folder.path()).iter().map(|folder| mode(folder)).collect();
    assert_eq!(folders, [0o700], "that of the pictures");
}

#[tokio::test]
async fn a_volume_that_kubernetes_lends_to_a_group_is_served_again_and_again() {
    let mut store = process().await;
    store.terminate().await;
    // What `fsGroup` does at each start of a pod.
    for file in files_in(&store.data_dir()) {
        set_mode(&file, mode(&file) | 0o660);
    }
    for folder in folders_in(&store.data_dir()).iter().chain([&store.data_dir()]) {
        set_mode(folder, 0o2770);
    }

    store.starts_again().await;

    let added = store.publisher("Northlight").await.rest().post("/api/games", &a_game("A")).await;
    assert_eq!(added.status, 201);
    let more: Vec<_> =
        files_in(&store.data_dir()).into_iter().filter(|file| mode(file) & 0o117 != 0).collect();
    assert_eq!(more, Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_second_server_on_the_same_files_is_refused_and_told_who_has_them() {
    let mut store = process().await;
    let pid = store.pid().to_string();

    for serve in [&["serve", "--listen", "127.0.0.1:0"][..], &["--listen", "127.0.0.1:0"][..]] {
        let second = store.runs(serve).await;

        assert!(!second.status.success());
        let said = said(&second);
        assert!(said.contains("accounts.db") && said.contains(&pid), "{said}");
        assert!(!said.contains("is ready"), "{said}");
    }
    assert!(store.is_alive());
    // However it ends, its successor has the files at once.
    store.kill_9().await;
    store.starts_again().await;
}
