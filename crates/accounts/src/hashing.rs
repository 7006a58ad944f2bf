//! Turns passwords into hashes that are slow to guess, without letting a flood of logins take the
//! machine.

mod cost;
mod line;
mod stored;

use std::{num::NonZero, sync::Arc, thread, time::Duration};

use serde::Deserialize;
use tokio::{task, time::Instant};
use tokio_util::task::AbortOnDropHandle;

pub use self::line::Busy;
use self::{
    cost::Cost,
    line::{Line, Place},
    stored::{Salt, Stored},
};
use crate::{config::InvalidConfig, domain::Password};

/// What a password costs to hash, and how many may cost it at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The base-2 logarithm of scrypt's N.
    pub log_n: u8,
    /// scrypt's block size.
    pub r: u32,
    /// scrypt's parallelism, computed one after the other here.
    pub p: u32,
    /// How much memory all hashes together may take. Room for one is always made.
    pub memory_mib: u32,
    /// How many callers may wait for a place.
    pub queue: usize,
    /// How long a caller waits for a place.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
}

/// Hashes and checks passwords, a few at a time. Cheap to clone; clones share their places.
#[derive(Clone, Debug)]
pub struct Hasher(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    cost: Cost,
    /// What a password is hashed with when there is no account to check it against.
    nobody: Salt,
    line: Arc<Line>,
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the one that was hashed.
    pub matches: bool,
    /// The hash was made with other parameters than are set now: hash the password again while it
    /// is at hand.
    pub outdated: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { log_n: 17, r: 8, p: 1, memory_mib: 512, queue: 64, patience: Duration::from_secs(5) }
    }
}

impl Config {
    const MOST_PATIENCE: Duration = Duration::from_mins(1);
    const LONGEST_QUEUE: usize = 10_000;

    /// Refuses parameters that attackers would like, and those that would stop the machine.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        self.cost().map(drop)
    }

    /// The cost of a hash, if everything else is good too.
    fn cost(&self) -> Result<Cost, InvalidConfig> {
        let refuse = |key, problem| Err(InvalidConfig { key, problem });
        let Some(cost) = Cost::new(self.log_n.into(), self.r, self.p) else {
            return refuse(
                "hashing.log_n",
                "is too high together with `r` and `p`, use 17, 8 and 1",
            );
        };
        if !cost.is_strong() {
            return refuse(
                "hashing.log_n",
                "is too weak together with `r` and `p`, \
                 use at least 17, 8 and 1, or 16, 8 and 2, or 15, 8 and 3",
            );
        }
        if self.memory_mib == 0 {
            return refuse("hashing.memory_mib", "must be 1 or more");
        }
        if self.queue > Self::LONGEST_QUEUE {
            return refuse("hashing.queue", "must be at most 10000");
        }
        if self.patience > Self::MOST_PATIENCE {
            return refuse("hashing.patience", "must be at most 1 minute, such as `5s`");
        }
        Ok(cost)
    }
}

impl Hasher {
    /// Starts with no one waiting. Refuses what [`Config::check`] refuses.
    pub fn new(config: &Config) -> Result<Self, InvalidConfig> {
        let cost = config.cost()?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self::with(cost, cores, config))
    }

    fn with(cost: Cost, cores: usize, config: &Config) -> Self {
        let budget = u64::from(config.memory_mib) << 20;
        let fitting = usize::try_from(budget / cost.memory()).unwrap_or(usize::MAX);
        let line = Line::new(fitting.min(cores), config.queue, config.patience);
        Self(Arc::new(Shared { cost, nobody: Salt::fresh(), line: Arc::new(line) }))
    }

    /// Hashes a new password, in PHC form: `$scrypt$ln=17,r=8,p=1$…$…`.
    pub async fn hash(&self, password: Password) -> Result<String, Busy> {
        let cost = self.0.cost;
        self.work(cost, move || {
            let salt = Salt::fresh();
            Stored { cost, salt, output: stored::compute(&password, cost, salt) }.to_string()
        })
        .await
    }

    /// Checks a password against the hash of an account. `None`, for an account that does not
    /// exist, costs the same and matches nothing, so that the time it takes tells nobody which
    /// accounts there are.
    pub async fn verify(&self, password: Password, stored: Option<&str>) -> Result<Verdict, Busy> {
        let stored = stored.and_then(|phc| {
            let read = Stored::parse(phc);
            if read.is_none() {
                // Not one we wrote: computing it might cost anything.
                tracing::error!("a stored password hash is malformed or out of bounds");
            }
            read
        });
        let (cost, salt) = stored.map_or((self.0.cost, self.0.nobody), |it| (it.cost, it.salt));
        let output = self.work(cost, move || stored::compute(&password, cost, salt)).await?;
        Ok(Verdict {
            matches: stored.is_some_and(|it| it.output == output),
            outdated: stored.is_some_and(|it| it.cost != self.0.cost),
        })
    }

    /// Does the work in a place of the line, on a thread where blocking harms no one.
    async fn work<T: Send + 'static>(
        &self,
        cost: Cost,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let line = &self.0.line;
        // A hash from costlier times takes as many places as it takes memory.
        let places = cost.memory().div_ceil(self.0.cost.memory());
        let place: Place = line.admit(places).await?;

        let paced = Arc::clone(line);
        let task = task::spawn_blocking(move || {
            let begun = Instant::now();
            let done = work();
            paced.finished(begun.elapsed());
            drop(place);
            done
        });
        // When the caller leaves, work that has not begun never does, and its place is free when a
        // thread comes to it. Work that has begun keeps its place, because it keeps its memory.
        match AbortOnDropHandle::new(task).await {
            Ok(done) => Ok(done),
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // The runtime is shutting down and took the work away.
            Err(_stopped) => Err(line.refuse()),
        }
    }
}

#[cfg(test)]
mod tests;
