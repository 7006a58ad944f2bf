//! The turn of one password: it is hashed or checked, and the outcome is remembered.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Hasher, Refused, Shared,
    cost::Cost,
    queue::Permit,
    stored::{self, Salt, Stored},
    threads,
};
use crate::domain::Password;

/// The right to hash one password.
#[derive(Debug)]
pub(crate) struct Turn {
    hasher: Hasher,
    permit: Permit,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The password is the one that was hashed.
    pub(crate) matches: bool,
    /// The hash was made with other parameters than are set now: hash the password again while it
    /// is at hand.
    pub(crate) outdated: bool,
}

impl Turn {
    pub(super) fn new(hasher: &Hasher, permit: Permit) -> Self {
        Self { hasher: hasher.clone(), permit }
    }

    /// Gives the turn back, because too many passwords for the account were wrong.
    pub(crate) fn delayed(self, left: Duration) -> Refused {
        self.hasher.0.queue.delay(&self.permit.attempt(), left)
    }

    /// Hashes a new password, in PHC form: `$scrypt$ln=17,r=8,p=1$…$…`.
    pub(crate) async fn hash(self, password: Password) -> Result<String, Refused> {
        let cost = self.hasher.0.cost;
        let compute = move || {
            let salt = Salt::fresh();
            Stored { cost, salt, output: stored::compute(&password, cost, salt) }.to_string()
        };
        self.work(compute, |permit, _| permit.succeeded()).await
    }

    /// Checks a password against the hash of an account. `None`, for an account that does not exist, costs the same and
    /// matches nothing, so the time it takes does not reveal which accounts exist.
    pub(crate) async fn verify(
        self,
        password: Password,
        stored: Option<&str>,
    ) -> Result<Verdict, Refused> {
        let stored = stored.and_then(|phc| {
            let read = Stored::parse(phc);
            if read.is_none() {
                // This platform did not write it, so computing it could cost any amount.
                tracing::error!("a stored password hash is malformed or out of bounds");
            }
            read
        });
        let Shared { cost: usual, decoy, .. } = &*self.hasher.0;
        let (cost, salt) = stored.map_or((*usual, **decoy), |it| (it.cost, it.salt));
        let outdated = cost != *usual;
        let turn = self.at(cost).await?;
        let compute = move || {
            let output = stored::compute(&password, cost, salt);
            Verdict { matches: stored.is_some_and(|it| it.output == output), outdated }
        };
        turn.work(compute, |permit, verdict| {
            if verdict.matches {
                permit.succeeded();
            } else {
                permit.failed();
            }
        })
        .await
    }

    /// The turn with as many permits as this cost takes. A turn that needs more than one waits for them again.
    async fn at(self, cost: Cost) -> Result<Self, Refused> {
        if self.hasher.permits(cost) <= 1 {
            return Ok(self);
        }
        let Self { hasher, permit } = self;
        let attempt = permit.attempt();
        drop(permit);
        hasher.turn_of(attempt, cost).await
    }

    /// Computes on a separate thread, and settles what follows from the outcome.
    ///
    /// When the caller leaves, both go on: the work keeps its permit because it keeps its memory, and the outcome is
    /// remembered.
    pub(super) async fn work<T: Send + 'static>(
        self,
        compute: impl FnOnce() -> T + Send + 'static,
        settle: impl FnOnce(&mut Permit, &T) + Send + 'static,
    ) -> Result<T, Refused> {
        let Self { hasher, mut permit } = self;
        let attempt = permit.attempt();
        let shared = Arc::clone(&hasher.0);
        let task = tokio::spawn(async move {
            let priority = shared.starving.priority(Instant::now());
            let made = threads::run(priority, compute).await;
            if let Ok((made, took)) = &made {
                shared.starving.finished(priority, *took, Instant::now());
                shared.queue.finished(*took);
                settle(&mut permit, made);
            }
            made.map(|(made, _)| made)
        });
        match task.await {
            Ok(made) => made.map_err(|_no_thread| hasher.0.queue.refuse(&attempt)),
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // The runtime is shutting down and took the work away.
            Err(_stopped) => Err(hasher.0.queue.refuse(&attempt)),
        }
    }
}
