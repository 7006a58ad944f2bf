//! API tokens: what a machine shows in the place of its owner.

use std::{fmt::Write as _, net::IpAddr, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use sir0_kernel::{ApiTokenId, Grant, Role, SessionId, Timestamp, UserId};
use sir0_tokens::{AccessToken, Machine};
use zeroize::Zeroizing;

use super::{Confirmation, label::label, random};

label! {
    /// What an API token is called.
    ApiTokenName
}

/// Asks for an API token.
pub(crate) struct NewApiToken {
    pub(crate) user: UserId,
    pub(crate) name: ApiTokenName,
    pub(crate) grant: Grant,
    /// How long it is good.
    pub(crate) life: Duration,
    pub(crate) confirmation: Option<Confirmation>,
}

/// An API token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiToken {
    pub(crate) id: ApiTokenId,
    pub(crate) user: UserId,
    pub(crate) name: ApiTokenName,
    pub(crate) grant: Grant,
    /// That its latest access token belongs to.
    pub(crate) session: Option<SessionId>,
    pub(crate) created: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) used: Option<Timestamp>,
    pub(crate) address: Option<IpAddr>,
}

impl ApiToken {
    /// How many an account has.
    pub(crate) const MOST: i64 = 50;
    /// How many days one is good, unless its owner says otherwise.
    pub(crate) const DAYS: u32 = 90;
    /// How many days one is good at most.
    pub(crate) const MOST_DAYS: u32 = 365;

    /// What its access tokens tell, of an owner who has this role now.
    pub(crate) fn machine<'c>(
        &self,
        role: Role,
        session: SessionId,
        client: &'c str,
    ) -> Machine<'c> {
        Machine { user: self.user, role, session, client, grant: self.grant }
    }
}

/// What a machine gets for an API token.
pub(crate) struct Exchanged {
    pub(crate) token: AccessToken,
    pub(crate) grant: Grant,
}

/// An API token itself. The database keeps only its hash.
///
/// It begins with the name of the platform and ends with a checksum, so that a scanner finds one that was committed
/// by mistake and tells it from any other text without asking anybody. It has no sign at which a double click ends.
pub(crate) struct ApiTokenSecret(Zeroizing<String>);

impl ApiTokenSecret {
    const PREFIX: &str = "sir0_";
    /// How many bytes of it are random.
    const RANDOM: usize = 32;
    /// How many bytes check the others.
    const CHECK: usize = 4;

    /// A new one, with 256 random bits.
    pub(crate) fn fresh() -> Self {
        let mut text = Zeroizing::new(Self::PREFIX.to_owned());
        text.reserve(2 * (Self::RANDOM + Self::CHECK));
        write_hex(&mut text, &*random::<{ Self::RANDOM }>());
        let check = Self::check(&text);
        write_hex(&mut text, &check);
        Self(text)
    }

    /// What someone shows, if it can be one. Whether it is good, only the database knows.
    pub(crate) fn shown(text: &str) -> Option<Self> {
        let is_hex =
            |text: &str| text.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it));
        let whole = text.strip_prefix(Self::PREFIX)?;
        if whole.len() != 2 * (Self::RANDOM + Self::CHECK) || !is_hex(whole) {
            return None;
        }
        let (body, shown) = text.split_at(text.len() - 2 * Self::CHECK);
        let mut check = String::new();
        write_hex(&mut check, &Self::check(body));
        (check == shown).then(|| Self(text.to_owned().into()))
    }

    /// As its owner keeps it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database keeps. A fast hash is enough for what is random.
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest(&SHA256, self.0.as_bytes()).as_ref().to_vec()
    }

    /// The first bytes of the SHA-256 of all that stands before them.
    fn check(text: &str) -> [u8; Self::CHECK] {
        let hash = digest(&SHA256, text.as_bytes());
        hash.as_ref()[..Self::CHECK].try_into().expect("SHA-256 has 32 bytes")
    }
}

fn write_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a text takes all that is written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_api_tokens_are_alike_and_each_is_known_by_its_looks() {
        let (one, other) = (ApiTokenSecret::fresh(), ApiTokenSecret::fresh());

        assert_ne!(one.hash(), other.hash());
        assert!(one.as_str().starts_with("sir0_") && one.as_str().len() == 5 + 64 + 8);
        let shown = ApiTokenSecret::shown(one.as_str()).expect("as it was given");
        assert_eq!(shown.hash(), one.hash());
    }

    #[test]
    fn a_text_that_was_mistyped_or_cut_is_no_api_token() {
        let token = ApiTokenSecret::fresh();
        let good = token.as_str();
        let other = |at: usize| {
            let sign = if good.as_bytes()[at] == b'0' { "1" } else { "0" };
            [&good[..at], sign, &good[at + 1..]].concat()
        };

        let capital = good.to_uppercase().replace("SIR0_", "sir0_");
        for bad in ["", "sir0_", &good[..76], &good[5..], &other(5), &other(40), &other(76)] {
            assert!(ApiTokenSecret::shown(bad).is_none(), "{bad:?}");
        }
        for bad in [format!("{good} "), format!("{good}0"), good.replace("sir0_", "sir1_")] {
            assert!(ApiTokenSecret::shown(&bad).is_none(), "{bad:?}");
        }
        assert!(
            capital == good || ApiTokenSecret::shown(&capital).is_none(),
            "one spelling is good"
        );
        assert!(ApiTokenSecret::shown(&format!("sir0_{}", "é".repeat(36))).is_none());
    }
}
