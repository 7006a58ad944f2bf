//! Idempotency keys: a change that is asked for twice with the same key is made once, and answered twice in the same words.
//!
//! The key is the header or metadata `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), or the field
//! `request_id` of the request. It belongs to its caller and to the call. It is written by the unit of work that makes the
//! change, so the change is never there without it, nor it without the change. A refusal writes nothing.

use std::{error::Error, sync::Arc, time::Duration};

use aws_lc_rs::{digest, hmac};
use futures::future::BoxFuture;
use sir0_kernel::Clock;
use sir0_storage::{
    self as storage, Database,
    once::{Asked, Claims, Hash, Kept, Lost},
};
use sir0_transcoding::{Call, IDEMPOTENCY_KEY, Key, Keying};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tonic::{
    Status,
    metadata::{Ascii, MetadataMap, MetadataValue},
};

use crate::{Doorman, InvalidFields, Reason, Refusal, Shared};

/// The longest name of a request, in bytes.
const LONGEST: usize = 64;
const RULE: &str = "must be 1 to 64 visible ASCII characters";

/// How many keys of an account are known at a time. Older ones are forgotten, also within the day.
const MOST_OF_AN_ACCOUNT: i64 = 10_000;
const SWEEP: Duration = Duration::from_mins(1);

/// The idempotency keys of a service, kept in its database. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    doorman: Doorman,
    clock: Arc<dyn Clock>,
    database: Database,
    claims: Claims,
    /// The key of the HMAC that stands for a request. Without it, a thief of the tables cannot try passwords against the HMAC
    /// of a request that holds one.
    pepper: Arc<hmac::Key>,
}

/// Why a call with a key is not made.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefused {
    /// The key was used for another request.
    #[error("this key came with another request before, take a new key for a new request")]
    Reused,
    /// The request is being worked on.
    #[error("the same request is being worked on, ask again for its answer")]
    StillRunning,
    /// The request was done before, and its answer is known to no one any more.
    #[error("this was done before, and its answer held a secret that is not kept")]
    AlreadyDone,
    /// What was kept cannot be read: a version with other messages wrote it.
    #[error("the answer that was kept cannot be given: {0}")]
    Unreadable(String),
    /// The database failed.
    #[error("keys cannot be looked up")]
    Database(#[from] storage::Error),
}

impl Refusal for KeyRefused {
    const DOMAIN: &'static str = "contract";

    fn reason(&self) -> Reason {
        match self {
            Self::Reused => Reason::invalid("KEY_REUSED"),
            Self::StillRunning => Reason::aborted("STILL_RUNNING").after(Duration::from_secs(1)),
            Self::AlreadyDone => Reason::aborted("ALREADY_DONE"),
            Self::Unreadable(_) => Reason::internal(),
            Self::Database(error) => Reason::of_storage(error),
        }
    }
}

crate::refuses!(KeyRefused);

impl Keys {
    /// Keeps keys in this database until the process stops. The pepper is a secret of the service, the same on each of its
    /// instances. A service whose requests hold secrets needs one that is not in this database.
    #[must_use]
    pub fn open(shared: &Shared, database: Database, pepper: &[u8]) -> Arc<Self> {
        let pepper = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, pepper));
        let (doorman, clock) = (shared.doorman.clone(), Arc::clone(&shared.clock));
        let keys = Self { doorman, clock, database, claims: Claims::default(), pepper };
        tokio::spawn(keys.clone().sweep(shared.stopping.clone()));
        Arc::new(keys)
    }

    /// Forgets old keys now and then.
    async fn sweep(self, stopping: CancellationToken) {
        let mut rounds = tokio::time::interval(SWEEP);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let sweeping = async {
            loop {
                rounds.tick().await;
                let since = self.clock.now().before(2 * SWEEP);
                let sweeping =
                    self.database.forget_keys(self.clock.now(), since, MOST_OF_AN_ACCOUNT);
                if let Err(error) = sweeping.await {
                    let error = &error as &dyn Error;
                    tracing::warn!(error, "old idempotency keys could not be forgotten");
                }
            }
        };
        stopping.run_until_cancelled(sweeping).await.unwrap_or(());
    }

    async fn make_once(
        &self,
        key: Key,
        request: Hash,
        making: BoxFuture<'_, Result<(), Status>>,
    ) -> Result<Option<Vec<u8>>, Status> {
        let asked = Asked {
            key: hash(&key),
            user: key.user,
            request,
            at: self.clock.now(),
            hides_answer: key.call.keying == Keying::Refused,
        };
        // The key is claimed first, so that nothing happens between the look and the call.
        let claim = self.claims.claim(asked);
        if let Some(before) = self.before(&asked).await? {
            return Ok(Some(before));
        }
        let claim = claim.ok_or(KeyRefused::StillRunning)?;
        let made = storage::once::within(Some(Arc::clone(&claim)), making).await;
        match (made, claim.lost()) {
            (Ok(()), _) => {
                if !claim.is_kept() {
                    // The storefront answers so what a version from before did for the same request.
                    tracing::warn!(call = key.call.path, "a change was answered without its key");
                }
                Ok(None)
            }
            (Err(_), Some(Lost::Running)) => Err(KeyRefused::StillRunning.into()),
            (Err(_), Some(Lost::Before)) => {
                let before = self.before(&asked).await?;
                // It was there a moment ago. A sweep took it, or the commit of its group failed.
                Ok(Some(before.ok_or(KeyRefused::StillRunning)?))
            }
            // Another instance may have done it between the look above and the work: then this is a refusal for what the
            // first request did.
            (Err(refused), None) => self.before(&asked).await?.map(Some).ok_or(refused),
        }
    }

    /// The answer to the same request, if it was made before.
    async fn before(&self, asked: &Asked) -> Result<Option<Vec<u8>>, KeyRefused> {
        match self.database.kept(&asked.key, asked.at).await? {
            None => Ok(None),
            Some(Kept { request, .. }) if request != asked.request => Err(KeyRefused::Reused),
            Some(Kept { answer: None, .. }) => Err(KeyRefused::AlreadyDone),
            Some(Kept { answer, .. }) => Ok(answer),
        }
    }
}

/// Stands for a key, with whose it is and of which call.
fn hash(Key { call, user, name }: &Key) -> Hash {
    let whole = format!("{}\0{user}\0{name}", call.path);
    let hash = digest::digest(&digest::SHA256, whole.as_bytes());
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

impl sir0_transcoding::Keys for Keys {
    fn asked(
        &self,
        call: &'static Call,
        metadata: &MetadataMap,
        request_id: Option<&str>,
    ) -> Result<Option<Key>, Status> {
        let mut headers = metadata.get_all(IDEMPOTENCY_KEY).iter().peekable();
        if headers.peek().is_none() && request_id.is_none() {
            return Ok(None);
        }
        // Who may not make the call hears nothing about keys. Whose the thing is that it is about, only the call itself
        // asks: a repetition is answered as before, also when the thing changed hands since.
        let caller = self.doorman.admit(call, metadata)?.caller()?;
        if request_id.is_some_and(|it| !is_good(it)) {
            // The call itself names this field together with all others that are wrong.
            return Ok(None);
        }
        let mut name = request_id.map(str::to_owned);
        for header in headers {
            let given = read(header).map_err(|rule| InvalidFields::one(IDEMPOTENCY_KEY, rule))?;
            if name.as_ref().is_some_and(|other| other != given) {
                let differs = "must be one key, the same as `request_id` if both are given";
                return Err(InvalidFields::one(IDEMPOTENCY_KEY, differs).into());
            }
            name = Some(given.to_owned());
        }
        Ok(name.map(|name| Key { call, user: caller.user.into(), name }))
    }

    /// An HMAC with the pepper.
    fn stands_for(&self, key: &Key, request: &[u8]) -> Hash {
        let mut context = hmac::Context::with_key(&self.pepper);
        context.update(&hash(key));
        context.update(request);
        context.sign().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    fn once<'a>(
        &'a self,
        key: Key,
        request: Hash,
        making: BoxFuture<'a, Result<(), Status>>,
    ) -> BoxFuture<'a, Result<Option<Vec<u8>>, Status>> {
        Box::pin(self.make_once(key, request, making))
    }

    fn fault(&self, why: &str) -> Status {
        KeyRefused::Unreadable(why.to_owned()).into()
    }
}

/// The key in a header: a string in quotes, as the draft says, or the bare text that most clients send.
fn read(header: &MetadataValue<Ascii>) -> Result<&str, &'static str> {
    let text = header.to_str().map_err(|_not_visible| RULE)?;
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let key = inner.unwrap_or(text);
    if is_good(key) { Ok(key) } else { Err(RULE) }
}

fn is_good(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}
