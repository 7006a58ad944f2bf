//! The idempotency key of a call, which commits with the change that the call makes.
//!
//! A call with a key runs [`within`] a [`Claim`]. The unit of work that does what the call asks for finds the claim there,
//! refuses if the key did its work before, and writes the key with the answer in the same transaction.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use sir0_kernel::Timestamp;

use crate::Error;

tokio::task_local! {
    static CURRENT: Option<Arc<Claim>>;
}

/// How long a key is known.
pub const KNOWN_FOR: Duration = Duration::from_hours(24);

/// A SHA-256.
pub type Hash = [u8; 32];

/// A call that asks for its change to be made once.
#[derive(Debug)]
pub struct Claim {
    asked: Asked,
    is_kept: AtomicBool,
    lost: OnceLock<Lost>,
    running: Claims,
}

/// What is asked to be done once.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Stands for the key, with whose it is and of which call.
    pub key: Hash,
    /// Whose it is.
    pub user: i64,
    /// Stands for what is asked.
    pub request: Hash,
    /// When it was asked.
    pub at: Timestamp,
    /// Whether the answer holds a secret, and so must not be kept.
    pub hides_answer: bool,
}

/// Why a call did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Another call with the key did it before.
    Before,
    /// Another call with the key is doing it.
    Running,
}

/// What a key did before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What was asked for.
    pub request: Vec<u8>,
    /// The answer. `None` if it held a secret.
    pub answer: Option<Vec<u8>>,
}

/// An answer that can be kept.
pub trait Answer {
    /// As it is kept.
    fn bytes(&self) -> Vec<u8>;
}

impl<M: prost::Message> Answer for M {
    fn bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}

/// The keys whose calls run in this process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Claims(Arc<Mutex<HashSet<Hash>>>);

impl Claims {
    /// Claims a key, until the claim is dropped. `None` while another call has it.
    #[must_use]
    pub fn claim(&self, asked: Asked) -> Option<Arc<Claim>> {
        let is_free = self.0.lock().expect("nothing panics with it").insert(asked.key);
        is_free.then(|| {
            let (is_kept, lost) = (AtomicBool::new(false), OnceLock::new());
            Arc::new(Claim { asked, is_kept, lost, running: self.clone() })
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.running.0.lock().expect("nothing panics with it").remove(&self.asked.key);
    }
}

impl Claim {
    /// What is asked to be done once.
    #[must_use]
    pub const fn asked(&self) -> &Asked {
        &self.asked
    }

    /// Whether a unit of work wrote the key.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.is_kept.load(Relaxed)
    }

    /// Why the call did nothing, if another one has its key.
    #[must_use]
    pub fn lost(&self) -> Option<Lost> {
        self.lost.get().copied()
    }

    /// Gives the unit of work up.
    pub(crate) fn lose(&self, to: Lost) -> Error {
        Error::Repeated(*self.lost.get_or_init(|| to))
    }

    pub(crate) fn keep(&self) {
        self.is_kept.store(true, Relaxed);
    }
}

/// The claim of the call that this task works for.
#[must_use]
pub fn claim() -> Option<Arc<Claim>> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// Whether the call that this task works for has a key. What it changes goes through a unit of work that writes the key.
#[must_use]
pub fn is_asked() -> bool {
    CURRENT.try_with(Option::is_some).unwrap_or(false)
}

/// Runs a call for its claim.
pub fn within<F: Future>(claim: Option<Arc<Claim>>, work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(claim, work)
}

/// Carries the claim of this task into work that goes on in another one.
pub fn carried_into<F: Future>(work: F) -> impl Future<Output = F::Output> {
    within(claim(), work)
}
