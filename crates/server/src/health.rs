//! Whether the services work. They are asked every few seconds, so that no question of a stranger costs a database
//! anything.

use std::{sync::Arc, time::Duration};

use sir0_contract::status;
use sir0_host::{Hosted, Service};
use sir0_kernel::{Clock, Timestamp};
use sir0_storage as storage;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{remote_health::RemoteHealth, services::Services};

const EVERY: Duration = Duration::from_secs(2);
/// A check that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(2);
/// A result that is older than this says nothing any more.
const FRESH: Duration = Duration::from_secs(10);

/// What the last check found.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) found_at: Timestamp,
    found: Instant,
    /// The services that do not work.
    failing: Vec<&'static str>,
}

impl Health {
    /// What is wrong, if anything is.
    pub(crate) fn complaint(&self) -> Option<String> {
        if self.found.elapsed() > FRESH {
            Some("not known: the last check is too long ago".to_owned())
        } else if self.failing.is_empty() {
            None
        } else {
            Some(format!("not working: {}", self.failing.join(", ")))
        }
    }
}

/// A service that is asked for its health.
pub(crate) enum Checked {
    Here(&'static Service, Arc<dyn Hosted>),
    /// A service that runs elsewhere. This process can pass on its health, and works without it.
    Remote(RemoteHealth),
}

impl Checked {
    /// All services that are asked for their health.
    pub(crate) fn all(services: &Services) -> Vec<Self> {
        let here =
            services.here.iter().map(|(service, hosted)| Self::Here(service, Arc::clone(hosted)));
        here.chain(services.remote.iter().cloned().map(Self::Remote)).collect()
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Here(service, _) => service.name,
            Self::Remote(remote) => remote.name(),
        }
    }

    /// The gRPC services that stop working here when this service does.
    fn serves(&self) -> Vec<&'static str> {
        match self {
            Self::Here(service, _) => service.grpc_services(),
            Self::Remote(_) => Vec::new(),
        }
    }

    async fn works(&self) -> bool {
        match self {
            Self::Here(_, hosted) => works(hosted.check()).await,
            Self::Remote(remote) => remote.works(PATIENCE).await,
        }
    }
}

/// Asks the services again and again, and publishes what they answer.
pub(crate) struct Checkup {
    pub(crate) checked: Vec<Checked>,
    /// Whether this process tells the status of the platform.
    pub(crate) tells_status: bool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) reporter: HealthReporter,
    /// Cancelled when no more requests should be sent here.
    pub(crate) leaving: CancellationToken,
}

impl Checkup {
    /// Makes the first check and goes on in the background.
    pub(crate) async fn begin(self) -> watch::Receiver<Health> {
        let health = watch::Sender::new(self.check().await);
        let told = health.subscribe();
        tokio::spawn(self.go_on(health));
        told
    }

    async fn go_on(self, health: watch::Sender<Health>) {
        let next = async || {
            tokio::time::sleep(EVERY).await;
            self.check().await
        };
        while let Some(found) = self.leaving.run_until_cancelled(next()).await {
            let before = health.send_replace(found.clone());
            if before.failing != found.failing {
                tracing::warn!(failing = ?found.failing, "the health of the services changed");
            }
        }
        // A load balancer that reads the health sends nothing more here.
        self.report("", false).await;
        for service in self.checked.iter().flat_map(Checked::serves) {
            self.report(service, false).await;
        }
    }

    async fn check(&self) -> Health {
        let checks = self.checked.iter().map(async |it| (it, it.works().await));
        let (mut failing, mut works_here) = (Vec::new(), true);
        for (it, works) in futures::future::join_all(checks).await {
            if !works {
                failing.push(it.name());
            }
            for service in it.serves() {
                works_here &= works;
                self.report(service, works).await;
            }
        }
        if self.tells_status {
            self.report(status::status_service_server::SERVICE_NAME, true).await;
        }
        self.report("", works_here).await;
        Health { found_at: self.clock.now(), found: Instant::now(), failing }
    }

    async fn report(&self, service: &'static str, works: bool) {
        let status = if works { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status(service, status).await;
    }
}

async fn works(check: impl Future<Output = storage::Result<()>>) -> bool {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a health check failed");
            false
        }
        Err(_elapsed) => false,
    }
}
