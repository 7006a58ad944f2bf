//! Approvals of one action, by someone who just proved who they are.

use std::{fmt, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sir0_kernel::UserId;
use zeroize::Zeroizing;

/// A sensitive action, with what it is done to. An approval is good for exactly this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Ending sessions of an account.
    EndSessions(UserId),
}

/// The words in the table. They are never changed.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndSessions(user) => write!(f, "end_sessions {user}"),
        }
    }
}

/// The secret that shows an approval. The database keeps only its hash.
pub(crate) struct Confirmation(Zeroizing<String>);

impl Confirmation {
    const PREFIX: &str = "confirmation_";
    /// How long an approval is good.
    pub(crate) const LIFE: Duration = Duration::from_mins(10);

    /// An approval with 256 random bits.
    pub(crate) fn fresh() -> Self {
        let mut random = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(&mut *random).expect("the system gives random numbers");
        Self(format!("{}{}", Self::PREFIX, BASE64_URL_SAFE_NO_PAD.encode(*random)).into())
    }

    /// What someone shows. Only the database knows whether it is good.
    pub(crate) fn shown(text: String) -> Self {
        Self(text.into())
    }

    /// As a client shows it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What the database keeps.
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest(&SHA256, self.0.as_bytes()).as_ref().to_vec()
    }
}
