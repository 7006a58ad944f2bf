//! Identifies the caller. It works inside the call, on the metadata, because that is the one place that gRPC, gRPC-Web
//! and REST all pass.

use std::sync::Arc;

use sir0_kernel::{Clock, Role, SessionId, UserId};
use sir0_tokens::{Claims, EndedSessions, InvalidToken, Verifier};
use tonic::metadata::MetadataMap;

use crate::{Reason, Refusal, TrustAge, peer::Secret};

/// Knows good tokens from bad ones. Cheap to clone.
#[derive(Clone)]
pub struct Doorman {
    verifier: Verifier,
    ended: EndedSessions,
    clock: Arc<dyn Clock>,
    /// `None` where this process itself holds the truth about sessions.
    hearsay: Option<TrustAge>,
    peers: Option<Arc<Secret>>,
}

/// A caller who is signed in.
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
    /// No token, a bad one, an expired one, or one whose session ended. The answer does not say which.
    #[error("sign in and send the access token as `Authorization: Bearer <token>`")]
    SignInRequired,
    /// The word of accounts about keys and sessions is missing, or too old.
    #[error("who is signed in cannot be told, as accounts was not heard from")]
    OutOfTouch,
    /// The caller is no service of this platform.
    #[error("only services of this platform may call this, with the secret they share")]
    PeersOnly,
    /// The caller is a player, and players must not change the catalogue.
    #[error("only publishers and administrators may change games")]
    PublisherRoleRequired,
    /// The account belongs to another person.
    #[error("only its owner and administrators may do this with an account")]
    NotYourAccount,
}

impl Refusal for Denied {
    const DOMAIN: &'static str = "accounts";

    fn reason(&self) -> Reason {
        match self {
            Self::SignInRequired => Reason::unauthenticated("SIGN_IN_REQUIRED"),
            Self::OutOfTouch => Reason::unavailable(),
            Self::PeersOnly => Reason::denied("PEERS_ONLY"),
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
        Self { verifier, ended, clock, hearsay: None, peers: None }
    }

    /// Refuses every caller when the last word about keys and sessions is too old. For a process that hears of them
    /// from another one.
    #[must_use]
    pub fn told_by_another(self, age: TrustAge) -> Self {
        Self { hearsay: Some(age), ..self }
    }

    /// Lets in other services that show this secret. Without a secret it lets in no service.
    #[must_use]
    pub fn admitting_peers(self, secret: Arc<Secret>) -> Self {
        Self { peers: Some(secret), ..self }
    }

    /// The caller who sent this. Every way of not being signed in looks the same from outside. When the caller cannot
    /// be identified at the moment, the answer asks to try again, because a good token must not look bad.
    pub fn identify(&self, metadata: &MetadataMap) -> Result<Caller, Denied> {
        let token = bearer(metadata).ok_or(Denied::SignInRequired)?;
        if self.hearsay.as_ref().is_some_and(TrustAge::is_too_old) {
            return Err(Denied::OutOfTouch);
        }
        match self.verifier.verify(token, self.clock.now()) {
            Ok(Claims { session, .. }) if self.ended.is_ended(session) => {
                Err(Denied::SignInRequired)
            }
            Ok(Claims { user, role, session, .. }) => Ok(Caller { user, role, session }),
            Err(InvalidToken::KeysUnknown) => Err(Denied::OutOfTouch),
            Err(invalid) => {
                tracing::debug!(error = &invalid as &dyn std::error::Error, "a token was refused");
                Err(Denied::SignInRequired)
            }
        }
    }

    /// Lets only other services of this platform pass.
    pub fn identify_peer(&self, metadata: &MetadataMap) -> Result<(), Denied> {
        let secret = self.peers.as_ref().ok_or(Denied::PeersOnly)?;
        let shown = bearer(metadata).ok_or(Denied::PeersOnly)?;
        if secret.is(shown) { Ok(()) } else { Err(Denied::PeersOnly) }
    }

    /// Brings the gauges up to date: how many sessions are refused, and how old the last word about them is.
    pub fn measure(&self) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("sir0_ended_sessions").set(self.ended.len() as f64);
        if let Some(age) = &self.hearsay {
            metrics::gauge!("sir0_trust_age_seconds").set(age.age().as_secs_f64());
        }
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750; the scheme in any case). Two such headers count as none.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sir0_kernel::{SystemClock, Timestamp};
    use sir0_tokens::{Keys, Mint, SigningKey};

    use super::*;

    struct Stage {
        mint: Mint,
        keys: Keys,
        ended: EndedSessions,
        doorman: Doorman,
    }

    fn a_stage() -> Stage {
        let folder = tempfile::tempdir().expect("a folder");
        let key = SigningKey::open_or_create(&folder.path().join("key.pem")).expect("a key");
        let mint = Mint::new(key, "sir0".to_owned(), "sir0".to_owned(), Duration::from_hours(1));
        let (keys, ended) = (Keys::unknown(), EndedSessions::default());
        let verifier = Verifier::new(keys.clone(), "sir0", "sir0");
        let doorman = Doorman::new(verifier, ended.clone(), Arc::new(SystemClock));
        Stage { mint, keys, ended, doorman }
    }

    impl Stage {
        fn a_sign_in(&self) -> (MetadataMap, SessionId, Timestamp) {
            let now = SystemClock.now();
            let session = SessionId::fresh(now);
            let user = UserId::parse(7).expect("an id");
            let token = self.mint.mint(user, Role::Player, session, now);
            (showing(&token.token), session, token.expires)
        }
    }

    fn showing(bearer: &str) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", format!("Bearer {bearer}").parse().expect("text"));
        metadata
    }

    #[test]
    fn until_the_keys_are_known_a_caller_is_asked_to_try_again() {
        let stage = a_stage();
        let (signed_in, _, _) = stage.a_sign_in();

        let unknown = stage.doorman.identify(&signed_in);
        let nobody = stage.doorman.identify(&MetadataMap::new());
        stage.keys.set(stage.mint.key().key_set());
        let known = stage.doorman.identify(&signed_in);

        assert_eq!(unknown, Err(Denied::OutOfTouch));
        assert_eq!(nobody, Err(Denied::SignInRequired), "no keys are needed to see no token");
        assert!(known.is_ok());
        assert_eq!(tonic::Status::from(Denied::OutOfTouch).code(), tonic::Code::Unavailable);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_heard_too_long_ago_lets_no_one_in_and_keeps_no_one_out() {
        let stage = a_stage();
        stage.keys.set(stage.mint.key().key_set());
        let age = TrustAge::starting_now(Duration::from_mins(1));
        let doorman = stage.doorman.clone().told_by_another(age.clone());
        let (signed_in, _, _) = stage.a_sign_in();
        let (logged_out, session, expires) = stage.a_sign_in();
        stage.ended.end(session, expires);
        assert!(doorman.identify(&signed_in).is_ok());

        tokio::time::advance(Duration::from_secs(61)).await;
        let out_of_touch = doorman.identify(&signed_in);
        age.heard();
        let in_touch = doorman.identify(&signed_in);

        assert_eq!(out_of_touch, Err(Denied::OutOfTouch));
        assert!(in_touch.is_ok());
        assert_eq!(doorman.identify(&logged_out), Err(Denied::SignInRequired));
    }

    #[test]
    fn only_the_secret_that_services_share_lets_a_peer_in() {
        let stage = a_stage();
        let secret = Secret::parse("correct horse battery staple").expect_err("a space");
        assert!(matches!(secret, crate::peer::InvalidSecret::Unprintable));
        let secret = Secret::parse("correct-horse-battery\n").expect("a secret");
        let doorman = stage.doorman.clone().admitting_peers(Arc::new(secret));
        let (signed_in, _, _) = stage.a_sign_in();

        assert_eq!(doorman.identify_peer(&showing("correct-horse-battery")), Ok(()));
        for other in [
            MetadataMap::new(),
            signed_in,
            showing(""),
            showing("correct-horse-batter"),
            showing("correct-horse-battery1"),
            showing("Correct-horse-battery"),
        ] {
            assert_eq!(doorman.identify_peer(&other), Err(Denied::PeersOnly));
        }
        let locked = stage.doorman.identify_peer(&showing("correct-horse-battery"));
        assert_eq!(locked, Err(Denied::PeersOnly), "without a secret there are no peers");
    }
}
