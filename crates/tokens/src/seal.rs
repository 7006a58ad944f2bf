//! Opaque tokens for pages and streams: sealed, so that what comes back is what went out.

use std::sync::Arc;

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// Seals and opens tokens. All instances that share a database share the key, so a token works on any of them.
///
/// Cheap to clone: each open stream has one, and the key is 700 bytes of prepared hashes.
#[derive(Clone)]
pub struct Seal {
    key: Arc<hmac::Key>,
}

/// A token that was not made here, or not for this purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a token we gave for this request")]
pub struct Forged;

/// 128 bits: too many to be found by trying.
const MAC_LEN: usize = 16;
/// Longer than any token of ours.
const MAX_LEN: usize = 4096;

impl Seal {
    /// Seals with this key.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self { key: Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key)) }
    }

    /// Makes a token. It opens only for the same purpose: the kind of token, and what it continues.
    #[must_use]
    pub fn close(&self, purpose: &[u8], content: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.wrap(purpose, content))
    }

    /// As [`Self::close`], in bytes: for copies that lie where others could reach them.
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

    /// The content of a token.
    pub fn open(&self, purpose: &[u8], token: &str) -> Result<Vec<u8>, Forged> {
        if token.len() > MAX_LEN {
            return Err(Forged);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_not_base64| Forged)?;
        self.unwrap(purpose, &bytes).map(<[u8]>::to_vec)
    }

    fn mac(&self, purpose: &[u8], content: &[u8]) -> [u8; MAC_LEN] {
        let mut mac = hmac::Context::with_key(&self.key);
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
        fn no_text_at_all_opens(text: String) {
            prop_assert_eq!(Seal::new(&[7; 32]).open(b"page", &text), Err(Forged));
        }
    }
}
