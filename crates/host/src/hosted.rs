//! An open service, and what the process gives it.

use std::{any::Any, path::PathBuf, sync::Arc};

use anyhow::Context;
use sir0_kernel::Clock;
use sir0_redis::Redis;
use sir0_rpc::{Doorman, Shared, Tasks, peer::Secret, rates::Limiter};
use sir0_storage as storage;
use tokio_util::sync::CancellationToken;

use crate::{Doors, Files, Topics};

/// What the process gives each service that it opens. Cheap to clone.
#[derive(Clone)]
pub struct Ground {
    /// Where files are kept.
    pub data_dir: PathBuf,
    /// Runs what must not stop half-way.
    pub tasks: Tasks,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Is cancelled when the process is about to stop.
    pub stopping: CancellationToken,
    /// What the instances of a service share besides its database, if anything.
    pub redis: Option<Redis>,
    /// What services that run apart show each other.
    pub secret: Option<Arc<Secret>>,
    /// Identifies callers. `None` for the service that makes it.
    pub doorman: Option<Doorman>,
    /// Counts the calls of each account, in all services together. `None` for no limit.
    pub calls: Option<Arc<Limiter>>,
}

impl Ground {
    /// What a service shares with the others, once callers can be identified.
    pub fn shared(self) -> anyhow::Result<Shared> {
        let doorman = self.doorman.clone().context("no service identifies callers")?;
        Ok(self.shared_with(doorman))
    }

    /// What a service shares with the others, which this doorman serves.
    #[must_use]
    pub fn shared_with(self, doorman: Doorman) -> Shared {
        let Self { tasks, clock, stopping, redis, calls, .. } = self;
        let doorman = doorman.limiting(calls);
        Shared { doorman, tasks, clock, stopping, redis }
    }
}

/// An open service.
#[tonic::async_trait]
pub trait Hosted: Any + Send + Sync {
    /// Puts its calls behind the doors.
    fn serve(&self, doors: &mut Doors);

    /// Its pages: what is no call of the contract.
    fn pages(&self) -> Vec<Page> {
        Vec::new()
    }

    /// What can be followed over the WebSocket.
    fn topics(&self) -> Option<Arc<dyn Topics>> {
        None
    }

    /// The files that lie behind a path.
    fn files(&self) -> Option<Arc<dyn Files>> {
        None
    }

    /// Whether it works: its database can be read and written.
    async fn check(&self) -> storage::Result<()>;

    /// Fills it for a demonstration, unless it holds something. Answers with what was done, in words for the log.
    async fn demonstrate(&self) -> anyhow::Result<Option<String>> {
        Ok(None)
    }

    /// What a person at the terminal is to do first with it, if there is something left to do. Asked only when a person
    /// is shown the answer: it may hold a secret, which takes the place of one that was told before.
    async fn first_step(&self) -> anyhow::Result<Option<FirstStep>> {
        Ok(None)
    }

    /// Ends what runs in the background and closes the database.
    async fn close(&self);
}

/// What a person is to do first with a service, in the browser.
#[derive(Clone, PartialEq, Eq)]
pub struct FirstStep {
    /// What comes of it, and what to know before.
    pub why: &'static str,
    /// The path of a page of the edge. It may hold a secret, which no log may have.
    pub path: String,
}

/// A page.
#[derive(Clone)]
pub struct Page {
    /// Its path.
    pub path: &'static str,
    /// Its content type.
    pub content_type: &'static str,
    /// How long it may be kept, as in `Cache-Control`.
    pub cache_control: &'static str,
    /// What it says at the moment it is asked for.
    pub text: Arc<dyn Fn() -> String + Send + Sync>,
}
