//! Refresh tokens: each is used once for the next one, and together they are the family of a session.
//!
//! A token holds its session, a secret that all tokens of the family share, and a secret of its own. The database has the
//! hash of the family's secret and of the latest two own ones. So an old token is known to be of the family, and its use to
//! be a theft, without a row for each; and who knows only a session's id can end nothing.

use std::time::Duration;

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sir0_kernel::SessionId;
use zeroize::Zeroizing;

use super::random;

/// A refresh token. The database keeps only hashes of it.
#[derive(Clone)]
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    family: Zeroizing<[u8; RefreshToken::FAMILY_BYTES]>,
    secret: Zeroizing<[u8; RefreshToken::SECRET_BYTES]>,
}

impl RefreshToken {
    const PREFIX: &str = "refresh_";
    const FAMILY_BYTES: usize = 16;
    const SECRET_BYTES: usize = 32;
    /// The length of each.
    const BYTES: usize = 8 + 26 + 1 + 64;

    /// So long after its use a token is answered with the very next token that its use was answered with: an answer that
    /// was lost is asked for again within seconds, and two windows of one client ask at the same moment. Later it is
    /// answered with another one. Then the next token that was given before counts as stolen.
    pub(crate) const SAME_ANSWER: Duration = Duration::from_mins(1);

    /// The first token of a session.
    pub(crate) fn first(session: SessionId) -> Self {
        Self { session, family: random(), secret: random() }
    }

    /// Reads what someone shows. Only the database knows whether it is good.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Longer texts are not looked at.
        let body = text.strip_prefix(Self::PREFIX).filter(|_| text.len() == Self::BYTES)?;
        let (session, secrets) = body.split_once('.')?;
        let session = SessionId::parse(&format!("session_{session}")).ok()?;
        let mut bytes = Zeroizing::new([0; Self::FAMILY_BYTES + Self::SECRET_BYTES]);
        let read = BASE64_URL_SAFE_NO_PAD.decode_slice(secrets, &mut *bytes);
        let (family, secret) = bytes.split_first_chunk().filter(|_| read == Ok(bytes.len()))?;
        let secret = Zeroizing::new(secret.try_into().ok()?);
        Some(Self { session, family: Zeroizing::new(*family), secret })
    }

    /// The token that its use is answered with. Who has only this one cannot tell the next one.
    pub(crate) fn next(&self, key: &hmac::Key) -> Self {
        let mut context = hmac::Context::with_key(key);
        context.update(&*self.family);
        context.update(&*self.secret);
        let secret = context.sign().as_ref().try_into().expect("SHA-256 has 32 bytes");
        Self { secret: Zeroizing::new(secret), ..self.clone() }
    }

    /// Another token of the family.
    pub(crate) fn another(&self) -> Self {
        Self { secret: random(), ..self.clone() }
    }

    /// What the database keeps of all tokens of the family.
    pub(crate) fn family_hash(&self) -> Vec<u8> {
        digest(&SHA256, &*self.family).as_ref().to_vec()
    }

    /// What the database keeps of this one.
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest(&SHA256, &*self.secret).as_ref().to_vec()
    }

    /// As a client keeps it.
    pub(crate) fn to_text(&self) -> String {
        let session = self.session.to_string();
        let session = session.trim_start_matches("session_");
        let secrets = Zeroizing::new([&self.family[..], &self.secret[..]].concat());
        format!("{}{session}.{}", Self::PREFIX, BASE64_URL_SAFE_NO_PAD.encode(&*secrets))
    }
}

#[cfg(test)]
mod tests {
    use sir0_kernel::Timestamp;

    use super::*;

    fn a_token() -> RefreshToken {
        RefreshToken::first(SessionId::fresh(Timestamp::from_micros(1_800_000_000_000_000)))
    }

    #[test]
    fn a_token_reads_back_what_it_wrote() {
        let token = a_token();

        let read = RefreshToken::parse(&token.to_text()).expect("our own");

        assert_eq!(token.to_text().len(), RefreshToken::BYTES);
        assert_eq!((read.session, read.hash()), (token.session, token.hash()));
        assert_eq!(read.family_hash(), token.family_hash());
    }

    #[test]
    fn what_cannot_be_a_token_is_none() {
        let good = a_token().to_text();

        for bad in [
            String::new(),
            good[1..].to_owned(),
            format!("{good}A"),
            good.replace('.', "/"),
            good.replacen("refresh_", "session_", 1),
            format!("{}~", &good[..good.len() - 1]),
            "refresh_".to_owned() + &"é".repeat(45) + "x",
            "x".repeat(1 << 20),
        ] {
            assert!(RefreshToken::parse(&bad).is_none(), "{bad:.120}");
        }
    }

    #[test]
    fn the_next_token_is_always_the_same_and_no_one_makes_it_without_the_key() {
        let token = a_token();
        let key = |bytes| hmac::Key::new(hmac::HMAC_SHA256, bytes);

        let next = token.next(&key(b"ours"));

        assert_eq!(next.to_text(), token.next(&key(b"ours")).to_text());
        assert_ne!(next.hash(), token.next(&key(b"theirs")).hash());
        assert_ne!(next.hash(), token.hash());
        assert_eq!(next.family_hash(), token.family_hash());
        assert_ne!(token.another().hash(), token.another().hash());
    }
}
