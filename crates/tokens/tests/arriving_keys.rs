//! Keys that another process signs with: not known at first, and replaced when they change there.

use std::{path::Path, time::Duration};

use sir0_kernel::{Role, SessionId, Timestamp, UserId};
use sir0_tokens::{InvalidToken, Keys, Mint, SignIn, SigningKey, Verifier};

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn a_mint(folder: &Path, name: &str) -> Mint {
    let key = SigningKey::open_or_create(&folder.join(name)).expect("a key");
    Mint::new(key, "sir0".to_owned(), "sir0".to_owned())
}

fn a_token(mint: &Mint) -> String {
    let user = UserId::parse(7).expect("an id");
    let sign_in = SignIn::by_password(user, Role::Player, SessionId::fresh(NOW), NOW);
    mint.mint(&sign_in, NOW, NOW.after(Duration::from_hours(1))).token
}

#[test]
fn a_token_is_neither_good_nor_bad_until_the_keys_are_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let mint = a_mint(folder.path(), "key.pem");
    let token = a_token(&mint);
    let keys = Keys::unknown();
    let verifier = Verifier::new(keys.clone(), "sir0", "sir0");

    assert_eq!(verifier.verify(&token, NOW), Err(InvalidToken::KeysUnknown));
    assert_eq!(verifier.verify("no token", NOW), Err(InvalidToken::KeysUnknown));

    keys.set(mint.key(NOW).key_set());

    assert!(verifier.verify(&token, NOW).is_ok());
    assert_eq!(verifier.verify("no token", NOW), Err(InvalidToken::Malformed));
}

#[test]
fn a_new_key_set_replaces_the_old_one_for_everyone_who_verifies() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (a_mint(folder.path(), "old.pem"), a_mint(folder.path(), "new.pem"));
    let keys = Keys::from(old.key(NOW).key_set());
    let verifier = Verifier::new(keys.clone(), "sir0", "sir0").clone();
    let seen_before = a_token(&old);
    assert!(verifier.verify(&seen_before, NOW).is_ok());

    keys.set(new.key(NOW).key_set());

    assert!(verifier.verify(&a_token(&new), NOW).is_ok());
    assert_eq!(verifier.verify(&seen_before, NOW), Err(InvalidToken::UnknownKey));
    assert_eq!(verifier.verify(&a_token(&old), NOW), Err(InvalidToken::UnknownKey));
}
