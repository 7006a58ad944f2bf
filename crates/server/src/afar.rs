//! Services that run elsewhere, asked for their health.

use std::time::Duration;

use sir0_contract::{accounts::accounts_service_server, storefront::games_service_server};
use sir0_rpc::{
    Peer,
    peer::{self, InvalidAddress, Manner},
};
use tonic::Request;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{config::Peers, parts::Part};

/// A service that runs elsewhere.
#[derive(Clone)]
pub(crate) struct Afar {
    part: Part,
    service: &'static str,
    client: HealthClient<Peer>,
}

impl Afar {
    /// The services that the settings name.
    pub(crate) fn all(peers: &Peers) -> Result<Vec<Self>, InvalidAddress> {
        let named = [
            (Part::Accounts, accounts_service_server::SERVICE_NAME, &peers.accounts),
            (Part::Storefront, games_service_server::SERVICE_NAME, &peers.storefront),
        ];
        let named = named.into_iter().filter_map(|(part, service, url)| {
            let url = url.as_deref()?;
            let peer = Peer::at(url, peer::Config::default());
            Some(peer.map(|peer| Self { part, service, client: HealthClient::new(peer) }))
        });
        named.collect()
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.part.name()
    }

    /// Whether the service itself says, within this time, that it works.
    pub(crate) async fn works(&self, patience: Duration) -> bool {
        let mut asked = Request::new(HealthCheckRequest { service: self.service.to_owned() });
        asked.set_timeout(patience);
        asked.extensions_mut().insert(Manner::Repeatable);
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
