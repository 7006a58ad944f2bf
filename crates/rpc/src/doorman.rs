//! Admits a request to a call, or refuses it, as the contract says who may make the call. It works inside the call, on
//! the metadata, because that is the one place that gRPC, gRPC-Web and REST all pass.

mod attended;

use std::{sync::Arc, time::Duration};

use sir0_kernel::{Client, Clock, Grant, Role, Scope, SessionId, StudioId, Timestamp, UserId};
use sir0_tokens::{Claims, EndedSessions, InvalidToken, Methods, Verifier};
use sir0_transcoding::{Access, Call, Conditions};
use tonic::metadata::MetadataMap;

pub use self::attended::Attended;
use crate::{
    Founding, PRECONDITION_FAILED, Reason, Refusal, Studios, TrustAge,
    peer::Secret,
    rates::{Exceeded, Limiter},
    request_id,
};

/// Knows good tokens from bad ones. Cheap to clone.
#[derive(Clone)]
pub struct Doorman {
    verifier: Verifier,
    ended: EndedSessions,
    clock: Arc<dyn Clock>,
    /// `None` where this process itself holds the truth about sessions.
    trust_age: Option<TrustAge>,
    peers: Option<Arc<Secret>>,
    /// What only publishers and administrators do in this service.
    publishers_do: &'static str,
    /// How often an account may call. `None` for as often as it likes.
    calls: Option<Arc<Limiter>>,
    studios: Studios,
    founding: Option<Arc<dyn Founding>>,
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
    /// When the caller proved who they are.
    pub signed_in: Timestamp,
    /// How the caller proved it.
    pub methods: Methods,
    /// When the token expires.
    pub expires: Timestamp,
    /// What the token is good for, if a machine got it for an API token. `None`: for all that the account may do.
    pub grant: Option<Grant>,
}

impl From<Claims> for Caller {
    fn from(claims: Claims) -> Self {
        let Claims { user, role, session, expires, signed_in, methods, grant, not_before: _ } =
            claims;
        Self { user, role, session, signed_in, methods, expires, grant }
    }
}

/// Let in to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    caller: Option<Caller>,
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
    /// The caller is a player, and may not do this.
    #[error("only publishers and administrators may {0}")]
    PublisherRoleRequired(&'static str),
    /// The caller is no administrator.
    #[error("only administrators may do this")]
    AdministratorRoleRequired,
    /// The access token is that of an API token which does not open the call.
    #[error("{}", match .0 {
        Some(scope) => format!("the API token of this access token lacks the scope `{scope}`"),
        None => "no API token opens this, sign in for it".to_owned(),
    })]
    ScopeMissing(Option<&'static str>),
    /// The request names a tag of a thing that has none.
    #[error("nothing that this call is about has a tag, send it without `If-Match`")]
    NothingHasTags,
    /// The account belongs to another person.
    #[error("only its owner and administrators may do this with an account")]
    NotYourAccount,
    /// The account called too often.
    #[error(transparent)]
    TooManyRequests(Exceeded),
}

impl Denied {
    /// Refuses a request that names tags, for a call that judges none: what is to be done only to a thing as it was
    /// read must not be done to whatever the thing is now.
    pub fn if_tags_are_named(metadata: &MetadataMap) -> Result<(), Self> {
        let names_tags = Conditions::of(metadata.as_ref()).lists_tags();
        if names_tags { Err(Self::NothingHasTags) } else { Ok(()) }
    }
}

impl Refusal for Denied {
    const DOMAIN: &'static str = "accounts";

    fn reason(&self) -> Reason {
        match self {
            Self::SignInRequired => Reason::unauthenticated("SIGN_IN_REQUIRED"),
            Self::OutOfTouch => Reason::unavailable(),
            Self::PeersOnly => Reason::denied("PEERS_ONLY"),
            Self::PublisherRoleRequired(_) => Reason::denied("PUBLISHER_ROLE_REQUIRED"),
            Self::AdministratorRoleRequired => Reason::denied("ADMINISTRATOR_ROLE_REQUIRED"),
            Self::ScopeMissing(Some(scope)) => {
                Reason::denied("SCOPE_MISSING").about("scope", scope)
            }
            Self::ScopeMissing(None) => Reason::denied("SCOPE_MISSING"),
            Self::NothingHasTags => Reason::precondition(PRECONDITION_FAILED),
            Self::NotYourAccount => Reason::denied("NOT_YOUR_ACCOUNT"),
            Self::TooManyRequests(exceeded) => Reason::too_often(*exceeded),
        }
    }
}

crate::refuses!(Denied);

impl Doorman {
    /// Checks tokens against a key set, ended sessions and a clock.
    #[must_use]
    pub fn new(verifier: Verifier, ended: EndedSessions, clock: Arc<dyn Clock>) -> Self {
        Self {
            verifier,
            ended,
            clock,
            trust_age: None,
            peers: None,
            publishers_do: "do this",
            calls: None,
            studios: Studios::default(),
            founding: None,
        }
    }

    /// Knows from these who is in which studio.
    #[must_use]
    pub fn knowing(self, studios: Studios) -> Self {
        Self { studios, ..self }
    }

    /// Has the first studio of an account made by this.
    #[must_use]
    pub fn founding_by(self, founding: Arc<dyn Founding>) -> Self {
        Self { founding: Some(founding), ..self }
    }

    /// Who is in which studio. Refuses while that is not known: a good member must not look like a stranger.
    pub fn studios(&self) -> Result<&Studios, Denied> {
        if self.studios.is_complete() { Ok(&self.studios) } else { Err(Denied::OutOfTouch) }
    }

    /// Makes the first studio of an account. `None` in a process where nothing does.
    #[must_use]
    pub fn founding(&self) -> Option<&dyn Founding> {
        self.founding.as_deref()
    }

    /// Refuses every caller when the last word about keys and sessions is too old. For a process that hears of them
    /// from another one.
    #[must_use]
    pub fn told_by_another(self, age: TrustAge) -> Self {
        Self { trust_age: Some(age), ..self }
    }

    /// Returns once keys and sessions are known, or when patience ends. A process that takes calls before refuses every
    /// caller who is signed in.
    pub async fn wait_to_be_told(&self, patience: Duration) {
        let Some(age) = &self.trust_age else { return };
        let told = async {
            while !age.is_heard() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(patience, told).await.is_err() {
            tracing::warn!(
                "keys and sessions are not known yet, callers who are signed in are asked to try again"
            );
        }
    }

    /// Lets in other services that show this secret. Without a secret it lets in no service.
    #[must_use]
    pub fn admitting_peers(self, secret: Arc<Secret>) -> Self {
        Self { peers: Some(secret), ..self }
    }

    /// Refuses callers whose account calls more often than this. All services of a process count together.
    #[must_use]
    pub fn limiting(self, calls: Option<Arc<Limiter>>) -> Self {
        Self { calls, ..self }
    }

    /// Names what a service lets only publishers and administrators do, in the words of its refusal.
    #[must_use]
    pub fn for_publishers_to(self, publishers_do: &'static str) -> Self {
        Self { publishers_do, ..self }
    }

    /// Admits a request to this call, or refuses it. Whether a thing is the caller's, the call itself has to ask. The
    /// holder of a token shows it in the request, where the call reads it.
    pub fn admit(&self, call: &Call, metadata: &MetadataMap) -> Result<Admitted, Denied> {
        let caller = match call.access {
            Access::Anyone | Access::TokenHolder => None,
            Access::Owner | Access::SignedIn => Some(self.identify_for(call, metadata)?),
            Access::Publisher => Some(self.identify_publisher(call, metadata)?),
            Access::Admin => Some(self.identify_administrator(call, metadata)?),
            // A call that says nothing is closed to people.
            Access::Peer | Access::Unspecified => {
                self.identify_peer(metadata)?;
                None
            }
        };
        if let Some(caller) = caller {
            self.count(caller)?;
        }
        // A caller who may not make the call hears that first (RFC 9110, 13.2.1).
        if !call.rest.as_ref().is_some_and(|it| it.is_tagged || it.takes_conditions) {
            Denied::if_tags_are_named(metadata)?;
        }
        Ok(Admitted { caller })
    }

    /// The caller who sent this. Every way of not being signed in looks the same from outside. When the caller cannot
    /// be identified at the moment, the answer asks to try again, because a good token must not look bad.
    pub fn identify(&self, metadata: &MetadataMap) -> Result<Caller, Denied> {
        let token = bearer(metadata).ok_or(Denied::SignInRequired)?;
        if self.trust_age.as_ref().is_some_and(TrustAge::is_too_old) {
            return Err(Denied::OutOfTouch);
        }
        match self.verifier.verify(token, self.clock.now()) {
            Ok(Claims { session, .. }) if self.ended.is_ended(session) => {
                Err(Denied::SignInRequired)
            }
            Ok(claims) => Ok(claims.into()),
            Err(InvalidToken::KeysUnknown) => Err(Denied::OutOfTouch),
            Err(invalid) => {
                tracing::debug!(error = &invalid as &dyn std::error::Error, "a token was refused");
                Err(Denied::SignInRequired)
            }
        }
    }

    /// Counts a call of this account, unless there were too many. Those from the machine itself are not counted: the operator's,
    /// and those by way of a proxy that is not listed.
    fn count(&self, caller: Caller) -> Result<(), Denied> {
        let Some(calls) = &self.calls else { return Ok(()) };
        if !request_id::client().is_some_and(Client::is_limited) {
            return Ok(());
        }
        calls.take(caller.user).map(drop).map_err(Denied::TooManyRequests)
    }

    /// The caller, if their token opens this call: that of a person opens each, and that of a machine opens those
    /// whose scope it has.
    fn identify_for(&self, call: &Call, metadata: &MetadataMap) -> Result<Caller, Denied> {
        let caller = self.identify(metadata)?;
        let Some(Grant { scopes, .. }) = caller.grant else { return Ok(caller) };
        let scope: Option<Scope> = call.scope.and_then(|scope| scope.parse().ok());
        if scope.is_some_and(|scope| scopes.have(scope)) {
            Ok(caller)
        } else {
            Err(Denied::ScopeMissing(call.scope))
        }
    }

    /// Lets publishers and administrators pass, and who may write the games of a studio.
    fn identify_publisher(&self, call: &Call, metadata: &MetadataMap) -> Result<Caller, Denied> {
        let caller = self.identify_for(call, metadata)?;
        let may = caller.role >= Role::Publisher || self.studios.writes_games(caller.user);
        may.then_some(caller).ok_or(Denied::PublisherRoleRequired(self.publishers_do))
    }

    /// Lets only administrators pass.
    fn identify_administrator(
        &self,
        call: &Call,
        metadata: &MetadataMap,
    ) -> Result<Caller, Denied> {
        let caller = self.identify_for(call, metadata)?;
        let may = caller.role == Role::Admin;
        may.then_some(caller).ok_or(Denied::AdministratorRoleRequired)
    }

    /// Lets only other services of this platform pass.
    fn identify_peer(&self, metadata: &MetadataMap) -> Result<(), Denied> {
        let secret = self.peers.as_ref().ok_or(Denied::PeersOnly)?;
        let shown = bearer(metadata).ok_or(Denied::PeersOnly)?;
        if secret.is(shown) { Ok(()) } else { Err(Denied::PeersOnly) }
    }

    /// Brings the gauges up to date: how many sessions are refused, and how old the last word about them is.
    pub fn measure(&self) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("sir0_ended_sessions").set(self.ended.len() as f64);
        if let Some(age) = &self.trust_age {
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

impl Admitted {
    /// The caller of a call that people sign in for.
    pub fn caller(self) -> Result<Caller, Denied> {
        self.caller.ok_or(Denied::SignInRequired)
    }
}

impl Caller {
    /// Lets the owner of an account and administrators pass.
    pub fn must_own(&self, account: UserId) -> Result<(), Denied> {
        if self.user == account || self.role == Role::Admin {
            Ok(())
        } else {
            Err(Denied::NotYourAccount)
        }
    }

    /// Whether the token is good for the things of this studio, of which `None` is the platform. Whether the account
    /// may do something with them is another question.
    #[must_use]
    pub fn reaches(&self, studio: Option<StudioId>) -> bool {
        let only = self.grant.and_then(|grant| grant.studio);
        only.is_none_or(|only| studio == Some(only))
    }
}

#[cfg(test)]
mod tests;
