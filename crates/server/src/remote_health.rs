//! Services that run elsewhere, asked for their health.

use std::time::Duration;

use sir0_host::Service;
use sir0_rpc::{
    Peer,
    peer::{self, InvalidAddress, Retry},
};
use tonic::Request;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{SERVICES, config::Peers};

/// A service that runs elsewhere.
#[derive(Clone)]
pub(crate) struct RemoteHealth {
    service: &'static Service,
    client: HealthClient<Peer>,
}

impl RemoteHealth {
    /// The services that the settings name.
    pub(crate) fn all(peers: &Peers) -> Result<Vec<Self>, InvalidAddress> {
        let named = SERVICES.iter().filter_map(|service| Some((*service, peers.url(service)?)));
        named
            .map(|(service, url)| {
                let peer = Peer::at(url, peer::Config::default())?;
                Ok(Self { service, client: HealthClient::new(peer) })
            })
            .collect()
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.service.name
    }

    /// Whether the service itself says, within this time, that it works.
    pub(crate) async fn works(&self, patience: Duration) -> bool {
        let service = self.service.health().to_owned();
        let mut asked = Request::new(HealthCheckRequest { service });
        asked.set_timeout(patience);
        asked.extensions_mut().insert(Retry::Repeatable);
        match self.client.clone().check(asked).await {
            Ok(answer) => answer.into_inner().status() == ServingStatus::Serving,
            Err(status) => {
                tracing::debug!(
                    error = &status as &dyn std::error::Error,
                    "{} was asked for its health and did not answer",
                    self.name()
                );
                false
            }
        }
    }
}
