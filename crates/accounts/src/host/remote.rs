//! Which tokens to trust, in a process apart from accounts: the keys, the ended sessions and the members of studios, as
//! accounts tells them.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use sir0_contract_accounts_internal::{
    FirstStudioRequest, SessionEnded, WatchEndedSessionsRequest,
    WatchEndedSessionsResponse as Message, founding_service_client::FoundingServiceClient,
    trust_service_client::TrustServiceClient, watch_ended_sessions_response::Update,
};
use sir0_host::Ground;
use sir0_kernel::{Clock, InvalidId, Roster, SessionId, Timestamp, UserId};
use sir0_rpc::{
    Denied, Doorman, Founding, Peer, Studios, TrustAge,
    peer::{Retry, Secret, jittered},
};
use sir0_tokens::{EndedSessions, InvalidKeySet, KeySet, Keys, Verifier};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, Streaming};

use crate::{Config, convert::trust as convert};

/// Accounts says something every two seconds. After so long a silence the stream is given up, and another one is asked
/// for.
const SILENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const HOUSEKEEPING: Duration = Duration::from_mins(10);

/// What accounts tells about tokens. All verifiers of tokens in the process share it.
#[derive(Clone)]
pub struct RemoteTrust {
    /// Unknown until this process knows everything that accounts knows.
    pub keys: Keys,
    /// The sessions that are over.
    pub ended: EndedSessions,
    /// Who is in which studio.
    pub studios: Studios,
    /// How long ago accounts said that nothing is missing.
    pub age: TrustAge,
    /// Tells which sessions can be forgotten.
    pub clock: Arc<dyn Clock>,
}

/// Identifies callers by what accounts at this peer tells. Until accounts has told everything, a caller is asked to try
/// again.
pub(super) fn follow(config: &Config, peer: Peer, secret: Arc<Secret>, ground: &Ground) -> Doorman {
    let (keys, ended, studios) = (Keys::unknown(), EndedSessions::default(), Studios::default());
    let age = TrustAge::starting_now(TrustAge::GRACE);
    let verifier = Verifier::new(keys.clone(), &config.issuer, &config.audience);
    let doorman = Doorman::new(verifier, ended.clone(), Arc::clone(&ground.clock))
        .told_by_another(age.clone())
        .knowing(studios.clone())
        .founding_by(Arc::new(Founder::of(&peer, &secret)));
    let trust = RemoteTrust { keys, ended, studios, age, clock: Arc::clone(&ground.clock) };
    tokio::spawn(follow_accounts(peer, secret, trust, ground.stopping.clone()));
    doorman
}

/// Has the first studio of an account made by accounts.
struct Founder {
    accounts: FoundingServiceClient<Peer>,
    secret: Arc<Secret>,
}

impl Founder {
    fn of(peer: &Peer, secret: &Arc<Secret>) -> Self {
        let accounts = FoundingServiceClient::new(peer.clone());
        Self { accounts, secret: Arc::clone(secret) }
    }

    async fn ask(&self, user: UserId) -> Result<Roster, Status> {
        let mut request = Request::new(FirstStudioRequest { user_id: user.get() });
        request.extensions_mut().insert(Retry::Repeatable);
        self.secret.show(&mut request);
        let answered = self.accounts.clone().first_studio(request).await;
        let told = answered.map_err(|refused| match refused.code() {
            // What accounts refuses, it refuses in the words of the contract.
            Code::PermissionDenied | Code::FailedPrecondition => refused,
            // Also from a version that knows no studios: its successor is about to come.
            _ => Denied::OutOfTouch.into(),
        });
        let roster = told?.into_inner().roster.unwrap_or_default();
        convert::roster(roster).map_err(|_no_studio| Denied::OutOfTouch.into())
    }
}

impl Founding for Founder {
    fn first_studio(&self, user: UserId) -> BoxFuture<'_, Result<Roster, Status>> {
        self.ask(user).boxed()
    }
}

/// Listens to accounts until the process stops, and asks again whenever the stream breaks off. What was missed
/// meanwhile is heard then.
pub async fn follow_accounts(
    peer: Peer,
    secret: Arc<Secret>,
    trust: RemoteTrust,
    stopping: CancellationToken,
) {
    let listener = Listener {
        accounts: TrustServiceClient::new(peer),
        secret,
        trust,
        resume_token: String::new(),
        pause: FIRST_PAUSE,
        swept: Instant::now(),
        present: None,
    };
    tokio::select! {
        () = listener.listen_again_and_again() => {}
        () = stopping.cancelled() => {}
    }
}

struct Listener {
    accounts: TrustServiceClient<Peer>,
    secret: Arc<Secret>,
    trust: RemoteTrust,
    /// The place behind the last message heard. An empty token begins with the present.
    resume_token: String,
    /// How long to wait before asking again.
    pause: Duration,
    /// When sessions with expired tokens were last forgotten.
    swept: Instant,
    /// The studios of the present, while it is being told. They take the place of what is known.
    present: Option<Vec<Roster>>,
}

/// Why a stream ended.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("accounts ended the stream")]
    Over,
    #[error("accounts was silent for too long")]
    Silent,
    #[error("accounts refused or broke off")]
    Refused(#[from] Status),
    #[error("accounts sent keys that verify nothing")]
    Keys(#[from] InvalidKeySet),
}

impl Listener {
    async fn listen_again_and_again(mut self) {
        loop {
            let Err(broken) = self.listen().await;
            tracing::warn!(
                error = &broken as &dyn std::error::Error,
                heard_before = ?self.trust.age.age(),
                "accounts is not heard any more, asking again"
            );
            if matches!(&broken, Broken::Refused(status) if status.code() == Code::InvalidArgument)
            {
                self.resume_token.clear();
            }
            tokio::time::sleep(jittered(self.pause)).await;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn listen(&mut self) -> Result<std::convert::Infallible, Broken> {
        let mut stream = self.ask().await?;
        let mut new_keys = None;
        loop {
            let message = timeout(SILENCE, stream.message()).await;
            let message = message.map_err(|_elapsed| Broken::Silent)??.ok_or(Broken::Over)?;
            self.hear(message, &mut new_keys)?;
        }
    }

    async fn ask(&mut self) -> Result<Streaming<Message>, Broken> {
        let resume_token = self.resume_token.clone();
        self.present = resume_token.is_empty().then(Vec::new);
        let mut request = Request::new(WatchEndedSessionsRequest { resume_token, studios: true });
        request.extensions_mut().insert(Retry::Endless);
        self.secret.show(&mut request);
        let asked = timeout(SILENCE, self.accounts.watch_ended_sessions(request)).await;
        Ok(asked.map_err(|_elapsed| Broken::Silent)??.into_inner())
    }

    fn hear(&mut self, message: Message, new_keys: &mut Option<KeySet>) -> Result<(), Broken> {
        let RemoteTrust { keys, ended, studios, .. } = &self.trust;
        match message.update {
            Some(Update::KeySet(set)) => {
                *new_keys = Some(KeySet::parse(&set.jwks)?);
                if !set.studios {
                    // A version that knows no studios: who leaves one meanwhile would stay in it here.
                    studios.complete(false);
                    self.present = None;
                } else if !studios.is_complete() {
                    self.present = Some(Vec::new());
                }
            }
            Some(Update::Roster(told)) => match (convert::roster(told), &mut self.present) {
                (Ok(roster), Some(present)) => present.push(roster),
                (Ok(roster), None) => studios.learn(roster),
                (Err(error), _) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "accounts told of something that can be no studio, it is passed over"
                ),
            },
            Some(Update::Ended(session)) => match read(&session) {
                Ok((session, expires)) => ended.end(session, expires),
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "accounts ended something that can be no session, it is passed over"
                ),
            },
            Some(Update::InSync(_)) => {
                // The keys are set no sooner: keys alone would let in sessions that have ended.
                if let Some(set) = new_keys.take() {
                    keys.set(set);
                }
                if let Some(present) = self.present.take() {
                    studios.replace(present);
                }
                self.nothing_is_missing();
                tracing::info!(ended = self.trust.ended.len(), "what accounts says is known");
            }
            Some(Update::Heartbeat(_)) => self.nothing_is_missing(),
            // The sessions that are known to be over stay so, and the present follows. Of an update that only newer
            // versions know, the token is enough.
            Some(Update::StartOver(_)) => self.present = Some(Vec::new()),
            None => {}
        }
        if !message.resume_token.is_empty() {
            self.resume_token = message.resume_token;
        }
        Ok(())
    }

    fn nothing_is_missing(&mut self) {
        self.pause = FIRST_PAUSE;
        self.trust.age.heard();
        if self.swept.elapsed() >= HOUSEKEEPING {
            self.swept = Instant::now();
            self.trust.ended.forget_expired(self.trust.clock.now());
        }
    }
}

fn read(ended: &SessionEnded) -> Result<(SessionId, Timestamp), InvalidId> {
    // A session without a time is remembered for ever: too long is safe, too short is not.
    let expires = ended.expire_time.as_ref().map_or(i64::MAX, |at| {
        at.seconds.saturating_mul(1_000_000).saturating_add(i64::from(at.nanos) / 1_000)
    });
    Ok((SessionId::parse(&ended.session_id)?, Timestamp::from_micros(expires)))
}
