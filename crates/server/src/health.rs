//! Whether the services work. They are asked every few seconds, so that no question of a stranger costs a database
//! anything.

use std::{sync::Arc, time::Duration};

use sir0_accounts::Accounts;
use sir0_contract::{accounts, status, storefront};
use sir0_kernel::{Clock, Timestamp};
use sir0_storage as storage;
use sir0_storefront::Storefront;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

use crate::{afar::Afar, parts::Part};

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
    ill: Vec<&'static str>,
}

impl Health {
    /// What is wrong, if anything is.
    pub(crate) fn complaint(&self) -> Option<String> {
        if self.found.elapsed() > FRESH {
            Some("not known: the last check is too long ago".to_owned())
        } else if self.ill.is_empty() {
            None
        } else {
            Some(format!("not working: {}", self.ill.join(", ")))
        }
    }
}

/// A service that is asked for its health.
pub(crate) enum Patient {
    Accounts(Box<Accounts>),
    Storefront(Box<Storefront>),
    /// A service that runs elsewhere. This process can pass on its health, and works without it.
    Afar(Afar),
}

impl Patient {
    const fn name(&self) -> &'static str {
        match self {
            Self::Accounts(_) => Part::Accounts.name(),
            Self::Storefront(_) => Part::Storefront.name(),
            Self::Afar(afar) => afar.name(),
        }
    }

    /// The gRPC services that stop working here when this service does.
    fn serves(&self) -> &'static [&'static str] {
        match self {
            Self::Accounts(_) => &[
                accounts::accounts_service_server::SERVICE_NAME,
                accounts::sessions_service_server::SERVICE_NAME,
            ],
            Self::Storefront(_) => &[storefront::games_service_server::SERVICE_NAME],
            Self::Afar(_) => &[],
        }
    }

    async fn works(&self) -> bool {
        match self {
            Self::Accounts(accounts) => works(accounts.check()).await,
            Self::Storefront(storefront) => works(storefront.check()).await,
            Self::Afar(afar) => afar.works(PATIENCE).await,
        }
    }
}

/// Asks the services again and again, and publishes what they answer.
pub(crate) struct Checkup {
    pub(crate) patients: Vec<Patient>,
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
            if before.ill != found.ill {
                tracing::warn!(ill = ?found.ill, "the health of the services changed");
            }
        }
        // A load balancer that reads the health sends nothing more here.
        self.report("", false).await;
        for service in self.patients.iter().flat_map(Patient::serves) {
            self.report(service, false).await;
        }
    }

    async fn check(&self) -> Health {
        let checks = self.patients.iter().map(async |patient| (patient, patient.works().await));
        let (mut ill, mut works_here) = (Vec::new(), true);
        for (patient, works) in futures::future::join_all(checks).await {
            if !works {
                ill.push(patient.name());
            }
            for service in patient.serves() {
                works_here &= works;
                self.report(service, works).await;
            }
        }
        if self.tells_status {
            self.report(status::status_service_server::SERVICE_NAME, true).await;
        }
        self.report("", works_here).await;
        Health { found_at: self.clock.now(), found: Instant::now(), ill }
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
