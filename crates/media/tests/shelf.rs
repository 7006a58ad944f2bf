//! A shelf in a folder.

use std::{fs, path::Path, time::Duration};

use bytes::Bytes;
use futures::TryStreamExt;
use sir0_media::{Config, Error, Format, Name, OpenError, Piece, Put, Shelf};

fn shelf(data: &Path) -> Shelf {
    Shelf::open(&Config::default(), data).expect("a folder")
}

/// A picture as far as a shelf knows: bytes and their name.
fn picture(length: usize) -> (Name, Bytes) {
    let bytes: Bytes = (0..length).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
    (Name::of(&bytes, Format::WebP), bytes)
}

async fn read(piece: Piece) -> Vec<u8> {
    piece.bytes.try_collect::<Vec<_>>().await.expect("whole").concat()
}

#[tokio::test]
async fn what_was_put_is_got_whole_or_in_part() {
    let data = tempfile::tempdir().expect("a folder");
    let shelf = shelf(data.path());
    let (name, bytes) = picture(100_000);

    assert_eq!(shelf.put(name, bytes.clone()).await.expect("room"), Put::New);

    let whole = shelf.get(name, None).await.expect("it is there");
    assert_eq!((whole.size, whole.range.clone()), (100_000, 0..100_000));
    assert_eq!(read(whole).await, bytes);
    let part = shelf.get(name, Some(70_000..70_010)).await.expect("a part");
    assert_eq!((part.size, part.range.clone()), (100_000, 70_000..70_010));
    assert_eq!(read(part).await, bytes[70_000..70_010]);
    let end = shelf.get(name, Some(99_999..u64::MAX)).await.expect("the end");
    assert_eq!(end.range, 99_999..100_000);
    assert_eq!(shelf.size(name).await.expect("it is there"), 100_000);
    shelf.check(name).await.expect("its bytes");
    shelf.reach().await.expect("it is there");
}

#[tokio::test]
async fn a_range_beyond_the_end_is_told_with_the_size() {
    let data = tempfile::tempdir().expect("a folder");
    let shelf = shelf(data.path());
    let (name, bytes) = picture(100);
    shelf.put(name, bytes).await.expect("room");

    for range in [100..101, 200..300, 5..5, u64::MAX - 1..u64::MAX] {
        let refused = shelf.get(name, Some(range.clone())).await.err().expect("beyond");

        assert!(matches!(refused, Error::OutOfRange { size: 100, .. }), "{range:?} {refused:?}");
    }
    let (missing, _) = picture(99);
    let refused = shelf.get(missing, Some(5..9)).await.err().expect("missing");
    assert!(matches!(refused, Error::NotFound(name) if name == missing), "{refused:?}");
}

#[tokio::test]
async fn putting_it_again_writes_nothing() {
    let data = tempfile::tempdir().expect("a folder");
    let shelf = shelf(data.path());
    let (name, bytes) = picture(100);
    shelf.put(name, bytes.clone()).await.expect("room");
    let path = data.path().join("media").join(name.to_string());
    let written = fs::metadata(&path).and_then(|file| file.modified()).expect("a file");

    tokio::time::sleep(Duration::from_millis(20)).await;
    let puts = futures::future::join_all((0..8).map(|_| shelf.put(name, bytes.clone()))).await;

    assert!(puts.iter().all(|put| matches!(put, Ok(Put::Known))), "{puts:?}");
    let now = fs::metadata(&path).and_then(|file| file.modified()).expect("a file");
    assert_eq!(written, now);
}

#[tokio::test]
async fn of_many_who_put_the_same_one_writes_it() {
    let data = tempfile::tempdir().expect("a folder");
    let shelves: Vec<_> = (0..8).map(|_| shelf(data.path())).collect();
    let (name, bytes) = picture(50_000);

    let puts = shelves.iter().map(|shelf| shelf.put(name, bytes.clone()));
    let puts = futures::future::join_all(puts).await;

    let new = puts.iter().filter(|put| matches!(put, Ok(Put::New))).count();
    assert_eq!((new, puts.iter().filter(|put| put.is_ok()).count()), (1, 8), "{puts:?}");
    shelves[0].check(name).await.expect("its bytes");
    let arriving = fs::read_dir(data.path().join("media/.arriving")).expect("a folder");
    assert_eq!(arriving.count(), 0);
}

#[tokio::test]
async fn bytes_of_another_name_are_not_put() {
    let data = tempfile::tempdir().expect("a folder");
    let shelf = shelf(data.path());
    let ((name, _), (_, other)) = (picture(10), picture(11));

    let refused = shelf.put(name, other).await.expect_err("another name");

    assert!(matches!(refused, Error::Corrupt(it) if it == name), "{refused:?}");
    assert!(matches!(shelf.size(name).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn bytes_that_changed_on_the_disk_are_told() {
    let data = tempfile::tempdir().expect("a folder");
    let shelf = shelf(data.path());
    let (name, bytes) = picture(10_000);
    shelf.put(name, bytes).await.expect("room");
    let path = data.path().join("media").join(name.to_string());

    fs::write(&path, b"rotten").expect("written");

    let told = shelf.check(name).await.expect_err("rotten");
    assert!(matches!(told, Error::Corrupt(it) if it == name), "{told:?}");
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_deleting_it_again_is_harmless() {
    let data = tempfile::tempdir().expect("a folder");
    let shelf = shelf(data.path());
    let (name, bytes) = picture(10);
    shelf.put(name, bytes).await.expect("room");

    shelf.delete(name).await.expect("deleted");
    shelf.delete(name).await.expect("deleted before");

    assert!(matches!(shelf.get(name, None).await, Err(Error::NotFound(_))));
    assert!(matches!(shelf.check(name).await, Err(Error::NotFound(_))));
}

#[tokio::test]
async fn a_list_has_every_picture_and_nothing_else() {
    let data = tempfile::tempdir().expect("a folder");
    let shelf = shelf(data.path());
    let mut names = Vec::new();
    for length in 1..40 {
        let (name, bytes) = picture(length);
        shelf.put(name, bytes).await.expect("room");
        names.push((name, u64::try_from(length).expect("small")));
    }
    fs::write(data.path().join("media/.arriving/half"), b"half").expect("written");
    fs::write(data.path().join("media/README"), b"of an operator").expect("written");

    let listed: Vec<_> = shelf.list().try_collect().await.expect("a list");

    let mut listed: Vec<_> = listed.into_iter().map(|it| (it.name, it.size)).collect();
    names.sort_unstable();
    listed.sort_unstable();
    assert_eq!(names, listed);
}

#[tokio::test]
async fn what_a_killed_process_left_is_taken_away_once_it_is_old() {
    let data = tempfile::tempdir().expect("a folder");
    shelf(data.path());
    let arriving = data.path().join("media/.arriving");
    for (file, hours) in [("old", 2), ("young", 0)] {
        let file = fs::File::create(arriving.join(file)).expect("a file");
        let written = file.metadata().and_then(|file| file.modified()).expect("a time");
        file.set_modified(written - Duration::from_secs(hours * 3600)).expect("a time");
    }

    shelf(data.path());

    assert!(!arriving.join("old").exists() && arriving.join("young").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn files_and_folders_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
    let data = tempfile::tempdir().expect("a folder");
    let shelf = shelf(data.path());
    let (name, bytes) = picture(10);
    shelf.put(name, bytes).await.expect("room");

    let top = data.path().join("media");
    let file = top.join(name.to_string());

    assert_eq!(mode(&file), 0o600);
    for folder in [file.parent().expect("a folder"), &top, &top.join(".arriving")] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    fs::set_permissions(&top, fs::Permissions::from_mode(0o755)).expect("ours");
    let refused = Shelf::open(&Config::default(), data.path()).expect_err("open to others");
    assert!(matches!(refused, OpenError::TooOpen { mode: 0o755, .. }), "{refused:?}");
}

#[tokio::test]
async fn a_folder_that_is_gone_is_told() {
    let data = tempfile::tempdir().expect("a folder");
    let shelf = shelf(data.path());
    fs::remove_dir_all(data.path().join("media")).expect("ours");

    let (name, bytes) = picture(10);

    assert!(matches!(shelf.reach().await, Err(Error::Unavailable(_))));
    assert!(matches!(shelf.put(name, bytes).await, Err(Error::Unavailable(_))));
}
