//! Turns passwords into hashes that are slow to guess, without letting a flood of logins take the
//! machine.

mod cost;
mod queue;
mod refused;
mod starving;
mod stored;
mod threads;
mod turn;

use std::{
    num::NonZero,
    sync::{Arc, LazyLock},
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

pub use self::refused::{Refused, Wait};
pub(crate) use self::turn::{Turn, Verdict};
use self::{cost::Cost, queue::Queue, starving::Starving, stored::Salt};
use crate::{
    attempts::{Attempt, Attempts},
    config::InvalidConfig,
};

/// What a password costs to hash, and how many are hashed at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The base-2 logarithm of scrypt's N.
    pub log_n: u8,
    /// scrypt's block size.
    pub r: u32,
    /// scrypt's parallelism. Its rounds run one after the other here.
    pub p: u32,
    /// How much memory all hashes together may take. Room for one is always made.
    pub memory_mib: u32,
    /// How many callers may wait for a permit.
    pub queue: usize,
    /// How long a caller waits for a permit. Below 10 s, a caller who seldom asks may be refused in favour of callers
    /// who ask all the time.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
}

/// Hashes and checks passwords, a few at a time. Cheap to clone; clones share their permits.
#[derive(Clone, Debug)]
pub(crate) struct Hasher(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    cost: Cost,
    /// What a password is hashed with when there is no account to check it against.
    decoy: LazyLock<Salt>,
    queue: Arc<Queue>,
    starving: Starving,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log_n: 17,
            r: 8,
            p: 1,
            memory_mib: 512,
            queue: 64,
            patience: Duration::from_secs(12),
        }
    }
}

impl Config {
    const MOST_PATIENCE: Duration = Duration::from_mins(1);
    const LONGEST_QUEUE: usize = 10_000;

    /// Refuses parameters that are too weak against attackers, and those that would stop the machine.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        self.cost().map(drop)
    }

    /// The cost of one hash, if every other setting is good too.
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
            return refuse("hashing.patience", "must be at most 1 minute, such as `12s`");
        }
        Ok(cost)
    }
}

impl Hasher {
    /// Starts with an empty queue. Refuses what [`Config::check`] refuses.
    pub(crate) fn new(config: &Config) -> Result<Self, InvalidConfig> {
        let cost = config.cost()?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Ok(Self::with(cost, cores, config))
    }

    fn with(cost: Cost, cores: usize, config: &Config) -> Self {
        let budget = u64::from(config.memory_mib) << 20;
        let fitting = usize::try_from(budget / cost.memory()).unwrap_or(usize::MAX);
        let queue = Queue::new(fitting.min(cores), config.queue, config.patience);
        Self(Arc::new(Shared {
            cost,
            decoy: LazyLock::new(Salt::fresh),
            queue: Arc::new(queue),
            starving: Starving::not_yet(),
        }))
    }

    /// The memory of recent requests and failures.
    pub(crate) fn attempts(&self) -> &Attempts {
        self.0.queue.attempts()
    }

    /// Waits for the turn of this attempt. The one with fewer recent failures and requests goes first.
    pub(crate) async fn turn(&self, attempt: Attempt) -> Result<Turn, Refused> {
        self.turn_of(attempt, self.0.cost).await
    }

    /// A turn, if one is free without waiting.
    pub(crate) fn turn_now(&self, attempt: Attempt) -> Option<Turn> {
        let permit = self.0.queue.admit_now(attempt)?;
        Some(Turn::new(self, permit))
    }

    async fn turn_of(&self, attempt: Attempt, cost: Cost) -> Result<Turn, Refused> {
        let permit = self.0.queue.admit(attempt, self.permits(cost)).await?;
        Ok(Turn::new(self, permit))
    }

    /// A hash that was made at a higher cost takes more permits, in proportion to its memory.
    fn permits(&self, cost: Cost) -> u64 {
        cost.memory().div_ceil(self.0.cost.memory())
    }
}

#[cfg(test)]
mod tests;
