//! Whether the services work: asked every few seconds, so that no question of a stranger costs a database anything.

use std::{sync::Arc, time::Duration};

use sir0_accounts::Accounts;
use sir0_contract::{accounts, status, storefront};
use sir0_kernel::{Clock, Timestamp};
use sir0_storage as storage;
use sir0_storefront::Storefront;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

const EVERY: Duration = Duration::from_secs(2);
/// A check that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was found last.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub(crate) found_at: Timestamp,
    /// The services that do not work.
    pub(crate) ill: Vec<&'static str>,
}

/// Asks the services again and again, and tells everyone who wants to know.
pub(crate) struct Checkup {
    pub(crate) accounts: Accounts,
    pub(crate) storefront: Storefront,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) reporter: HealthReporter,
    pub(crate) stopping: CancellationToken,
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
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.stopping.cancelled() => break,
            }
            let found = self.check().await;
            let before = health.send_replace(found.clone());
            if before.ill != found.ill {
                tracing::warn!(ill = ?found.ill, "the health of the services changed");
            }
        }
        // Whoever balances load by health sends nothing more here.
        self.report(&["accounts", "storefront"]).await;
    }

    async fn check(&self) -> Health {
        let (accounts, storefront) =
            tokio::join!(works(self.accounts.check()), works(self.storefront.check()));
        let found = [("accounts", accounts), ("storefront", storefront)];
        let ill: Vec<_> =
            found.into_iter().filter(|(_, works)| !works).map(|(name, _)| name).collect();
        self.report(&ill).await;
        Health { found_at: self.clock.now(), ill }
    }

    async fn report(&self, ill: &[&str]) {
        let serving =
            |works: bool| if works { ServingStatus::Serving } else { ServingStatus::NotServing };
        let report = |service, works| self.reporter.set_service_status(service, serving(works));
        report("", ill.is_empty()).await;
        report(accounts::accounts_service_server::SERVICE_NAME, !ill.contains(&"accounts")).await;
        report(storefront::games_service_server::SERVICE_NAME, !ill.contains(&"storefront")).await;
        report(status::status_service_server::SERVICE_NAME, true).await;
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
