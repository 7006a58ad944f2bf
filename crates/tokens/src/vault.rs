//! Secrets that lie in a database, sealed under a key that does not.

use std::{fmt, path::Path, sync::Arc};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    error::Unspecified,
    hmac,
};
use zeroize::Zeroizing;

use crate::{
    KeyError, Readers,
    key_file::{self, Holds},
};

/// Seals secrets before they are written into a database, and opens them again. Cheap to clone.
///
/// A secret is sealed with AES-256-GCM for a purpose and a row: moved to another row, or used for something else, it does not
/// open. It carries the id of its key. A vault may hold several keys: the first one seals and all open, so that an operator
/// can change the key.
///
/// The file has a line for each key, of 64 hexadecimal digits. A nonce is random; a key may seal 2^32 secrets before two nonces are
/// likely to be alike, which is far more than there are.
#[derive(Clone)]
pub struct Vault(Arc<[Arc<Key>]>);

struct Key {
    id: KeyId,
    aead: RandomizedNonceKey,
}

/// Names a sealing key, and tells nothing about it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyId([u8; KeyId::BYTES]);

/// Why something sealed does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// Sealed under a key that this vault does not hold.
    #[error("it is sealed under the sealing key {0}, which is not here")]
    OtherKey(KeyId),
    /// Changed, of another row, for another purpose, or nothing that a vault sealed.
    #[error("it was not sealed for this place, or was changed since")]
    Changed,
}

/// The first byte of what this version seals.
const FORM: u8 = 1;
const SECRET_BYTES: usize = 32;
/// More keys than an operator changes at a time.
const MOST_KEYS: usize = 16;

impl KeyId {
    const BYTES: usize = 8;
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| key.id)).finish()
    }
}

impl Key {
    fn new(secret: &[u8]) -> Option<Self> {
        let aead = RandomizedNonceKey::new(&AES_256_GCM, secret).ok()?;
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"sir0 sealing key id");
        Some(Self { id: KeyId(*tag.as_ref().first_chunk()?), aead })
    }
}

impl Vault {
    /// The form, and the id of the key.
    const FRONT_BYTES: usize = 1 + KeyId::BYTES;

    /// Reads the keys in this file that these readers may read, or makes one key if there is no such file.
    ///
    /// Any number of processes may do this at the same moment: they all end with the same key.
    pub fn open_or_create_for(readers: Readers, path: &Path) -> Result<Self, KeyError> {
        key_file::read_or_make(Holds::SealingKeys, readers, path, Self::parse, generate)
    }

    /// Reads the keys in a file that these readers may read, and never makes one.
    pub fn open_for(readers: Readers, path: &Path) -> Result<Self, KeyError> {
        key_file::read(Holds::SealingKeys, readers, path, Self::parse)
    }

    /// A vault with one key, such as one that is derived from another secret. `None` unless it has 32 bytes.
    #[must_use]
    pub fn with(secret: &[u8]) -> Option<Self> {
        Some(Self([Arc::new(Key::new(secret)?)].into()))
    }

    /// The same vault, which also opens what was sealed under this key.
    #[must_use]
    pub fn opening_also(self, secret: &[u8]) -> Self {
        let more = Key::new(secret).filter(|key| self.0.iter().all(|other| other.id != key.id));
        let Some(more) = more else { return self };
        Self(self.0.iter().cloned().chain([Arc::new(more)]).collect())
    }

    /// Reads the keys, a line for each. Empty lines are passed over.
    fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(|line| Key::new(&*secret_in(line)?).map(Arc::new));
        let keys: Option<Arc<[_]>> = keys.collect();
        keys.filter(|keys| (1..=MOST_KEYS).contains(&keys.len())).map(Self)
    }

    /// The key that seals.
    #[must_use]
    pub fn sealing(&self) -> KeyId {
        self.0[0].id
    }

    /// The first bytes of all that this vault seals, and of nothing that another key sealed.
    #[must_use]
    pub fn front(&self) -> [u8; Self::FRONT_BYTES] {
        let mut front = [FORM; Self::FRONT_BYTES];
        front[1..].copy_from_slice(&self.0[0].id.0);
        front
    }

    /// Seals a secret for this purpose and this row of it.
    #[must_use]
    pub fn seal(&self, purpose: &str, row: &str, secret: &[u8]) -> Vec<u8> {
        let Key { id, aead } = &*self.0[0];
        let front = self.front();
        let mut sealed = Zeroizing::new(secret.to_vec());
        // The buffer has room from the start: one that grows would leave its content behind.
        sealed.reserve_exact(AES_256_GCM.tag_len());
        let nonce = aead
            .seal_in_place_append_tag(Aad::from(bound_to(*id, purpose, row)), &mut *sealed)
            .expect("the system gives random numbers, and no secret is too long");
        [&front[..], nonce.as_ref(), &sealed].concat()
    }

    /// Opens what was sealed for this purpose and this row.
    pub fn open(
        &self,
        purpose: &str,
        row: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let (id, rest) = named_in(sealed).ok_or(Unopened::Changed)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Unopened::Changed)?;
        let key = self.0.iter().find(|key| key.id == id).ok_or(Unopened::OtherKey(id))?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = key
            .aead
            .open_in_place(nonce, Aad::from(bound_to(id, purpose, row)), &mut text)
            .map_err(|_differs| Unopened::Changed)?
            .len();
        text.truncate(opened);
        Ok(text)
    }

    /// The key that this was sealed under. `None` for what no vault of this version sealed.
    #[must_use]
    pub fn key_of(sealed: &[u8]) -> Option<KeyId> {
        named_in(sealed).map(|(id, _)| id)
    }
}

/// The id in front of what was sealed, and what is behind it.
fn named_in(sealed: &[u8]) -> Option<(KeyId, &[u8])> {
    let (id, rest) = sealed.strip_prefix(&[FORM])?.split_first_chunk()?;
    Some((KeyId(*id), rest))
}

/// What a sealed secret is bound to. The lengths keep a purpose from flowing over into a row.
fn bound_to(id: KeyId, purpose: &str, row: &str) -> Vec<u8> {
    let mut bound = vec![FORM];
    bound.extend(id.0);
    for part in [purpose, row] {
        bound.extend((part.len() as u64).to_be_bytes());
        bound.extend(part.as_bytes());
    }
    bound
}

fn secret_in(line: &str) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
    let mut secret = Zeroizing::new([0; SECRET_BYTES]);
    if line.len() != 2 * SECRET_BYTES || !line.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in secret.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&line[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(secret)
}

fn generate() -> Result<Zeroizing<String>, Unspecified> {
    use fmt::Write;

    let mut secret = Zeroizing::new([0; SECRET_BYTES]);
    aws_lc_rs::rand::fill(&mut *secret)?;
    let mut line = Zeroizing::new(String::with_capacity(2 * SECRET_BYTES + 1));
    for byte in secret.iter() {
        write!(line, "{byte:02x}").expect("a string grows");
    }
    line.push('\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vault(secrets: &[u8]) -> Vault {
        let lines: Vec<_> = secrets.iter().map(|byte| format!("{byte:02x}").repeat(32)).collect();
        Vault::parse(&lines.join("\n")).expect("keys")
    }

    proptest! {
        #[test]
        fn a_secret_opens_where_it_was_sealed_and_nowhere_else(
            purpose: String, row: String, other: String, secret: Vec<u8>,
        ) {
            let vault = vault(&[7]);
            let sealed = vault.seal(&purpose, &row, &secret);

            prop_assert_eq!(vault.open(&purpose, &row, &sealed).map(|it| it.to_vec()), Ok(secret));
            if other != row {
                prop_assert_eq!(vault.open(&purpose, &other, &sealed), Err(Unopened::Changed));
            }
            if other != purpose {
                prop_assert_eq!(vault.open(&other, &row, &sealed), Err(Unopened::Changed));
            }
        }

        #[test]
        fn what_was_changed_does_not_open(secret: Vec<u8>, at: prop::sample::Index, bit in 0..8u8) {
            let vault = vault(&[7]);
            let mut sealed = vault.seal("purpose", "row", &secret);
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;

            prop_assert!(vault.open("purpose", "row", &sealed).is_err());
            prop_assert!(vault.open("purpose", "row", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn a_purpose_does_not_flow_over_into_a_row() {
        let vault = vault(&[7]);
        let sealed = vault.seal("ab", "c", b"secret");

        assert_eq!(vault.open("a", "bc", &sealed), Err(Unopened::Changed));
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let (old, both, new) = (vault(&[1]), vault(&[2, 1]), vault(&[2]));
        let (before, after) = (old.seal("purpose", "row", b"a"), both.seal("purpose", "row", b"b"));

        assert!(both.open("purpose", "row", &before).is_ok());
        assert!(new.open("purpose", "row", &after).is_ok());
        assert_eq!(new.open("purpose", "row", &before), Err(Unopened::OtherKey(old.sealing())));
        assert_eq!(Vault::key_of(&after), Some(new.sealing()));
        assert!(after.starts_with(&new.front()) && !before.starts_with(&new.front()));
        assert_ne!(old.sealing(), new.sealing());
        assert!(new.opening_also(&[1; 32]).open("purpose", "row", &before).is_ok());
    }

    #[test]
    fn no_two_seals_of_a_secret_are_alike_and_none_shows_it() {
        let vault = vault(&[7]);
        let (one, other) =
            (vault.seal("p", "r", b"a long secret"), vault.seal("p", "r", b"a long secret"));

        assert_ne!(one, other);
        assert!(!one.windows(13).any(|part| part == b"a long secret"));
        assert!(!format!("{vault:?}").contains("0707"));
    }

    #[test]
    fn only_lines_of_64_digits_are_keys() {
        let key = "0a".repeat(32);
        for good in [key.clone(), format!("{key}\n\n  {key}  \n"), key.to_uppercase()] {
            assert!(Vault::parse(&good).is_some(), "{good:?}");
        }
        for bad in
            ["", "\n", &key[1..], &format!("{key}0"), &key.replace('a', "g"), &"é".repeat(32)]
        {
            assert!(Vault::parse(bad).is_none(), "{bad:?}");
        }
        assert!(Vault::parse(&format!("{key}\n").repeat(MOST_KEYS + 1)).is_none());
        let made = generate().expect("random numbers");
        assert!(Vault::parse(&made).is_some() && *made != *generate().expect("random numbers"));
    }
}
