//! The key file, as an operator meets it: made once, kept to its owner, never replaced.

use std::{fs, path::PathBuf, sync::Barrier, thread};

use sir0_tokens::{KeyError, Readers, SigningKey};
use tempfile::TempDir;

fn an_empty_folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("signing-key.pem");
    (folder, path)
}

#[test]
fn the_first_start_makes_a_key_and_every_later_one_finds_it() {
    let (_folder, path) = an_empty_folder();

    let first = SigningKey::open_or_create(&path).expect("a new key");
    let again = SigningKey::open_or_create(&path).expect("the same key");

    assert_eq!(first.kid(), again.kid());
    assert_eq!(first.jwks(), again.jwks());
}

#[test]
fn two_platforms_never_share_a_key() {
    let (_here, path) = an_empty_folder();
    let (_there, other_path) = an_empty_folder();

    let key = SigningKey::open_or_create(&path).expect("a key");
    let other = SigningKey::open_or_create(&other_path).expect("a key");

    assert_ne!(key.kid(), other.kid());
}

#[test]
fn many_first_starts_at_once_end_with_one_key_and_no_litter() {
    let (folder, path) = an_empty_folder();
    let start = Barrier::new(8);

    let kids: Vec<String> = thread::scope(|scope| {
        let opening = || {
            start.wait();
            SigningKey::open_or_create(&path).expect("a key").kid().to_owned()
        };
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(opening)).collect();
        starts.into_iter().map(|start| start.join().expect("no panic")).collect()
    });

    assert!(kids.windows(2).all(|pair| pair[0] == pair[1]), "{kids:?}");
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
}

#[test]
fn a_file_that_holds_no_key_is_refused_and_left_alone() {
    let (_folder, path) = an_empty_folder();
    let key = SigningKey::open_or_create(&path).expect("a key");
    let good = fs::read_to_string(&path).expect("the file");
    drop(key);

    let an_x25519_key =
        good.replacen("BgMrZXAE", "BgMrZW4E", 1).replacen("BQYDK2Vw", "BQYDK2Vu", 1);
    assert_ne!(an_x25519_key, good);
    for bad in [
        String::new(),
        "no key".to_owned(),
        good[..good.len() / 2].to_owned(),
        good.replace("PRIVATE", "PUBLIC"),
        an_x25519_key,
        good.replacen("\nM", "\n!", 1),
        format!("{good}{}", " \n".repeat(5_000)),
        format!("{good}{good}"),
    ] {
        fs::write(&path, &bad).expect("written over, so the mode stays");

        let refused = SigningKey::open_or_create(&path);

        match refused {
            Err(KeyError::NotAKey { .. }) => {}
            // White space around a key does no harm as long as the file is not endless.
            Ok(_) => assert_eq!(bad.trim(), good.trim(), "opened {bad:?}"),
            Err(other) => panic!("{other:?} for {bad:?}"),
        }
        assert_eq!(fs::read_to_string(&path).expect("the file"), bad);
    }
    fs::write(&path, [0xff, 0xfe, 0x00]).expect("written");
    assert!(matches!(SigningKey::open_or_create(&path), Err(KeyError::NotAKey { .. })));
}

#[test]
fn a_key_that_an_operator_named_is_read_and_never_made() {
    let (folder, path) = an_empty_folder();

    let missing = SigningKey::open(&path).expect_err("no such file");
    let nothing_was_made = fs::read_dir(folder.path()).expect("the folder").count() == 0;
    let made = SigningKey::open_or_create(&path).expect("a key");
    let read = SigningKey::open(&path).expect("the same key");

    assert!(matches!(missing, KeyError::Missing { .. }), "{missing:?}");
    assert!(missing.to_string().contains("signing-key.pem"), "{missing}");
    assert!(nothing_was_made);
    assert_eq!(read.kid(), made.kid());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let (_folder, path) = an_empty_folder();
    let path = path.join("deeper").join("signing-key.pem");

    let refused = SigningKey::open_or_create(&path).expect_err("no such folder");

    assert!(matches!(refused, KeyError::Unwritable { .. } | KeyError::Unreadable { .. }));
    assert!(refused.to_string().contains("deeper"), "{refused}");
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_its_owner_can_read_a_new_key() {
        let (_folder, path) = an_empty_folder();

        SigningKey::open_or_create(&path).expect("a key");

        let mode = fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_reach_is_refused_with_the_way_out() {
        let (_folder, path) = an_empty_folder();
        SigningKey::open_or_create(&path).expect("a key");

        for mode in [0o640, 0o604, 0o660, 0o644, 0o610, 0o777] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own file");

            let refused = SigningKey::open_or_create(&path).expect_err("too open");

            assert!(matches!(refused, KeyError::TooOpen { mode: seen, .. } if seen == mode));
            assert!(refused.to_string().contains("chmod 600"), "{refused}");
        }
    }

    #[test]
    fn a_key_that_an_operator_named_may_be_lent_to_a_group_and_to_no_one_else() {
        let (_folder, path) = an_empty_folder();
        SigningKey::open_or_create(&path).expect("a key");
        let with_mode = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own file");
            SigningKey::open(&path)
        };

        for mode in [0o400, 0o440, 0o600, 0o640] {
            with_mode(mode).expect("private enough");
        }
        for mode in [0o444, 0o604, 0o660, 0o644, 0o641, 0o777] {
            let refused = with_mode(mode).expect_err("too open");

            assert!(matches!(refused, KeyError::TooOpen { mode: seen, .. } if seen == mode));
            assert!(refused.to_string().contains("chmod 640"), "{refused}");
        }
    }

    #[test]
    fn a_key_on_a_volume_that_is_lent_to_a_group_may_be_written_by_that_group() {
        let (_folder, path) = an_empty_folder();
        SigningKey::open_or_create_for(Readers::Volume, &path).expect("a key");
        let with_mode = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("our own file");
            SigningKey::open_or_create_for(Readers::Volume, &path)
        };

        with_mode(0o660).expect("as Kubernetes lends it");
        let refused = with_mode(0o664).expect_err("others read it");

        assert!(refused.to_string().contains("chmod 660"), "{refused}");
    }
}
