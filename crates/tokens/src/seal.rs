//! Opaque tokens for pages and streams. The seal keeps a client from making, changing or reading one.

use std::sync::Arc;

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    constant_time::verify_slices_are_equal,
    hmac, rand,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// Seals and opens tokens. All instances that share a database share the key, so a token works on any of them.
///
/// A token says nothing to who holds it: where a stream stands in the feed moves with changes that its watcher must not hear
/// of. It is encrypted by AES-256-GCM-SIV (RFC 8452): a nonce that is used twice tells only whether the content is the
/// same.
///
/// Cheap to clone: each open stream has one, and the keys are kilobytes of prepared rounds.
#[derive(Clone)]
pub struct Seal(Arc<Keys>);

struct Keys {
    /// Of tokens.
    aead: LessSafeKey,
    /// Of copies, and of tokens that an older version made.
    mac: hmac::Key,
}

/// A token that was not made here, or not for this purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a token we gave for this request")]
pub struct Forged;

/// 128 bits: too many to be found by trying.
const MAC_LEN: usize = 16;
/// Longer than any token of ours.
const MAX_LEN: usize = 4096;
/// The label under which the key of the encryption is derived from the sealing key, which also makes authentication codes.
const FOR_TOKENS: &[u8] = b"sir0 tokens of pages and streams, AES-256-GCM-SIV";

impl Seal {
    /// Seals with this key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let mac = hmac::Key::new(hmac::HMAC_SHA256, key);
        let of_tokens = hmac::sign(&mac, FOR_TOKENS);
        let aead = UnboundKey::new(&AES_256_GCM_SIV, of_tokens.as_ref());
        let aead = aead.expect("SHA-256 has the 32 bytes of a key");
        Self(Arc::new(Keys { aead: LessSafeKey::new(aead), mac }))
    }

    /// Makes a token. It opens only for the same purpose: the kind of token, and what it continues. The same content makes
    /// the same token on every instance: pages that are the same have one tag.
    #[must_use]
    pub fn close(&self, purpose: &[u8], content: &[u8]) -> String {
        let mac = self.mac(purpose, content);
        let nonce = mac.first_chunk().expect("a code is longer than a nonce");
        self.encrypt(purpose, content, *nonce)
    }

    /// As [`Self::close`], but no two tokens are alike: that two have the same content would tell something.
    #[must_use]
    pub fn close_afresh(&self, purpose: &[u8], content: &[u8]) -> String {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).expect("the system has random numbers");
        self.encrypt(purpose, content, nonce)
    }

    fn encrypt(&self, purpose: &[u8], content: &[u8], nonce: [u8; NONCE_LEN]) -> String {
        let mut token = content.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        let sealing = self.0.aead.seal_in_place_append_tag(unique, Aad::from(purpose), &mut token);
        sealing.expect("a token is far shorter than 2^36 bytes");
        BASE64_URL_SAFE_NO_PAD.encode([&nonce[..], &token].concat())
    }

    /// The content of a token, also of one that a version made which did not encrypt.
    pub fn open(&self, purpose: &[u8], token: &str) -> Result<Vec<u8>, Forged> {
        if token.len() > MAX_LEN {
            return Err(Forged);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_not_base64| Forged)?;
        self.decrypt(purpose, &bytes)
            .map_or_else(|| self.unwrap(purpose, &bytes).map(<[u8]>::to_vec), Ok)
    }

    fn decrypt(&self, purpose: &[u8], token: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = token.split_first_chunk::<NONCE_LEN>()?;
        let mut opened = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let aad = Aad::from(purpose);
        let length = self.0.aead.open_in_place(nonce, aad, &mut opened).ok()?.len();
        opened.truncate(length);
        Some(opened)
    }

    /// Signs content, which stays readable: for copies that lie where others could reach them.
    #[must_use]
    pub fn wrap(&self, purpose: &[u8], content: &[u8]) -> Vec<u8> {
        let mut wrapped = self.mac(purpose, content).to_vec();
        wrapped.extend_from_slice(content);
        wrapped
    }

    /// The content that was wrapped.
    pub fn unwrap<'w>(&self, purpose: &[u8], wrapped: &'w [u8]) -> Result<&'w [u8], Forged> {
        let (mac, content) = wrapped.split_at_checked(MAC_LEN).ok_or(Forged)?;
        let genuine = verify_slices_are_equal(mac, &self.mac(purpose, content));
        genuine.map(|()| content).map_err(|_differs| Forged)
    }

    fn mac(&self, purpose: &[u8], content: &[u8]) -> [u8; MAC_LEN] {
        let mut mac = hmac::Context::with_key(&self.0.mac);
        // The length in front keeps a purpose from flowing over into the content.
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose);
        mac.update(content);
        let full = mac.sign();
        std::array::from_fn(|index| full.as_ref()[index])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_opens_for_its_purpose_and_for_no_other(
            purpose: Vec<u8>, other: Vec<u8>, content in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let seal = Seal::new(&[7; 32]);
            let token = seal.close(&purpose, &content);

            prop_assert_eq!(seal.open(&purpose, &token), Ok(content));
            prop_assert!(purpose == other || seal.open(&other, &token).is_err());
            prop_assert!(Seal::new(&[8; 32]).open(&purpose, &token).is_err());
        }

        #[test]
        fn a_changed_token_does_not_open(content: Vec<u8>, at: prop::sample::Index, with in "[A-Za-z0-9_-]") {
            let seal = Seal::new(&[7; 32]);
            let token = seal.close(b"page", &content);
            let at = at.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(at..=at, &with);

            prop_assert!(changed == token || seal.open(b"page", &changed).is_err());
        }

        #[test]
        fn a_token_tells_nothing_and_is_like_another_only_where_that_is_wanted(
            content in prop::collection::vec(any::<u8>(), 4..200),
        ) {
            let seal = Seal::new(&[7; 32]);
            let same = [(); 2].map(|()| seal.close(b"page", &content));
            let afresh = [(); 2].map(|()| seal.close_afresh(b"watch", &content));

            prop_assert_eq!(&same[0], &same[1]);
            prop_assert_ne!(&afresh[0], &afresh[1]);
            prop_assert_eq!(seal.open(b"watch", &afresh[0]), Ok(content.clone()));
            for token in same.iter().chain(&afresh) {
                let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).expect("base64");
                prop_assert!(bytes.windows(content.len()).all(|window| window != content));
            }
        }

        #[test]
        fn a_token_of_a_version_that_did_not_encrypt_opens(content in prop::collection::vec(any::<u8>(), 0..200)) {
            let seal = Seal::new(&[7; 32]);
            let older = BASE64_URL_SAFE_NO_PAD.encode(seal.wrap(b"page", &content));

            prop_assert_eq!(seal.open(b"page", &older), Ok(content));
            prop_assert!(seal.open(b"watch", &older).is_err());
        }

        #[test]
        fn no_text_at_all_opens(text: String) {
            prop_assert_eq!(Seal::new(&[7; 32]).open(b"page", &text), Err(Forged));
        }
    }
}
