//! The link that makes the first administrator.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

/// The secret of a link that makes the first administrator. The database keeps only its hash.
pub(crate) struct SetupToken(Zeroizing<String>);

impl SetupToken {
    /// How long a link is good.
    pub(crate) const LIFE: Duration = Duration::from_hours(1);

    /// A token of 128 random bits, which no one guesses (RFC 4086).
    pub(crate) fn fresh() -> Self {
        let mut random = [0; 16];
        aws_lc_rs::rand::fill(&mut random).expect("the system gives random numbers");
        Self(format!("{:032x}", u128::from_ne_bytes(random)).into())
    }

    /// What someone shows as the token, whatever it is. Only the database knows whether it is one.
    pub(crate) fn shown(text: &str) -> Self {
        Self(text.to_owned().into())
    }

    /// As it stands in the link.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database keeps. A fast hash is enough for what is random.
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest(&SHA256, self.0.as_bytes()).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_alike_and_each_is_plain_in_an_address() {
        let (one, other) = (SetupToken::fresh(), SetupToken::fresh());

        assert_ne!(one.hash(), other.hash());
        assert_eq!(one.hash(), SetupToken::shown(one.as_str()).hash());
        assert!(one.as_str().len() == 32 && one.as_str().bytes().all(|it| it.is_ascii_hexdigit()));
    }
}
