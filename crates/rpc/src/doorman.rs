//! Who is asking. Identified inside the call, from its metadata, because that is the one place that gRPC, gRPC-Web
//! and REST all pass.

use std::sync::Arc;

use sir0_kernel::{Clock, Role, SessionId, UserId};
use sir0_tokens::{Claims, EndedSessions, Verifier};
use tonic::metadata::MetadataMap;

use crate::{Reason, Refusal};

/// Knows good tokens from bad ones. Cheap to clone.
#[derive(Clone)]
pub struct Doorman {
    verifier: Verifier,
    ended: EndedSessions,
    clock: Arc<dyn Clock>,
}

/// Someone who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub user: UserId,
    /// What it may do.
    pub role: Role,
    /// The sign-in that the token belongs to.
    pub session: SessionId,
}

/// Why a caller is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No token, a bad one, an expired one, or one whose session ended. Which of these is not told.
    #[error("sign in and send the access token as `Authorization: Bearer <token>`")]
    SignInRequired,
    /// A player who would change the catalogue.
    #[error("only publishers and administrators may change games")]
    PublisherRoleRequired,
    /// Someone else's account.
    #[error("only its owner and administrators may do this with an account")]
    NotYourAccount,
}

impl Refusal for Denied {
    const DOMAIN: &'static str = "accounts";

    fn reason(&self) -> Reason {
        match self {
            Self::SignInRequired => Reason::unauthenticated("SIGN_IN_REQUIRED"),
            Self::PublisherRoleRequired => Reason::denied("PUBLISHER_ROLE_REQUIRED"),
            Self::NotYourAccount => Reason::denied("NOT_YOUR_ACCOUNT"),
        }
    }
}

crate::refuses!(Denied);

impl Doorman {
    /// Checks tokens against a key set, ended sessions and a clock.
    #[must_use]
    pub fn new(verifier: Verifier, ended: EndedSessions, clock: Arc<dyn Clock>) -> Self {
        Self { verifier, ended, clock }
    }

    /// Who sent this. Every way of not being signed in looks the same from outside.
    pub fn identify(&self, metadata: &MetadataMap) -> Result<Caller, Denied> {
        let token = bearer(metadata).ok_or(Denied::SignInRequired)?;
        match self.verifier.verify(token, self.clock.now()) {
            Ok(Claims { session, .. }) if self.ended.is_ended(session) => {
                Err(Denied::SignInRequired)
            }
            Ok(Claims { user, role, session, .. }) => Ok(Caller { user, role, session }),
            Err(invalid) => {
                tracing::debug!(error = &invalid as &dyn std::error::Error, "a token was refused");
                Err(Denied::SignInRequired)
            }
        }
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750; the scheme in any case). Two such headers are none.
fn bearer(metadata: &MetadataMap) -> Option<&str> {
    let mut values = metadata.get_all("authorization").iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

impl Caller {
    /// Lets publishers and administrators pass.
    pub fn must_publish(&self) -> Result<(), Denied> {
        if self.role >= Role::Publisher { Ok(()) } else { Err(Denied::PublisherRoleRequired) }
    }

    /// Lets the owner of an account and administrators pass.
    pub fn must_own(&self, account: UserId) -> Result<(), Denied> {
        if self.user == account || self.role == Role::Admin {
            Ok(())
        } else {
            Err(Denied::NotYourAccount)
        }
    }
}
