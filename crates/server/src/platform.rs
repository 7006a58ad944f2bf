//! The platform, or a part of it: the services of this process, opened and brought together behind one port.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use sir0_contract::{
    FILE_DESCRIPTOR_SET, OPENAPI,
    status::{StatusServiceDispatch, status_service_server},
};
use sir0_host::{Doors, FirstStep, Hosted, serve};
use sir0_port::{
    Behind, Pages, Port, Postman,
    pages::{DOCS, POSTMAN},
};
use sir0_telemetry::metrics::Metrics;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{
    Config, Parts, SERVICES,
    health::{Checked, Checkup},
    metrics::{self, Disk},
    parts::Part,
    services::Services,
    status::StatusBoard,
    upkeep::Upkeep,
    welcome,
};

/// How long the welcome waits for a service. Nothing is answered meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a start waits for what identifies callers. Calls that need no sign-in are answered without it.
const FIRST_WORD: Duration = Duration::from_secs(2);

/// The services of this process, and the port they are reached by.
pub struct Platform {
    services: Services,
    parts: Parts,
    port: Port,
    metrics: Metrics,
    config: Config,
}

impl Platform {
    /// Opens every service and binds the port. Nothing is answered yet.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        Self::open_parts(config, Parts::ALL).await
    }

    /// Opens these services and binds the port. Nothing is answered yet.
    pub async fn open_parts(config: Config, parts: Parts) -> anyhow::Result<Self> {
        config.suffices_for(parts)?;
        // Beside the connecting to databases.
        tokio::task::spawn_blocking(sir0_rpc::request_id::prepare);
        let metrics = sir0_telemetry::metrics::start();
        metrics::describe();
        let services = Services::open(&config, parts).await?;
        let port = Port::open(config.listen, config.limits.clone()).with_context(|| {
            format!("the port {} cannot be opened, is another sir0 running?", config.listen)
        })?;
        Ok(Self { services, parts, port, metrics, config })
    }

    /// Where it is reached.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The open service of this type. `None` where another process has it.
    #[must_use]
    pub fn service<S: Hosted>(&self) -> Option<&S> {
        self.services.get()
    }

    /// Fills what is empty for a demonstration, as far as it is here.
    pub async fn demonstrate(&self) -> anyhow::Result<()> {
        for (_, hosted) in &self.services.here {
            if let Some(done) = hosted.demonstrate().await? {
                tracing::info!("{done}");
            }
        }
        Ok(())
    }

    /// Says in the log that it is ready, and tells a person at the terminal where to go and what to do first.
    pub async fn welcome(&self, version: &str) {
        let parts = self.parts.alone().map_or("all", Part::name);
        let address = self.address();
        tracing::info!(%address, parts, version, "ready");
        if !welcome::is_read(&self.config) {
            return;
        }
        let steps = if welcome::knows_pages(&self.config, self.parts) {
            self.first_steps().await
        } else {
            Vec::new()
        };
        welcome::print(address, &self.config, self.parts, &steps, version);
    }

    /// What is left to be done first. A service that does not say so in time is passed over.
    async fn first_steps(&self) -> Vec<FirstStep> {
        let mut steps = Vec::new();
        for (service, hosted) in &self.services.here {
            match tokio::time::timeout(PATIENCE, hosted.first_step()).await {
                Ok(Ok(step)) => steps.extend(step),
                Ok(Err(error)) => {
                    let error: &dyn std::error::Error = error.as_ref();
                    tracing::warn!(error, "the first step of {} is not known", service.name);
                }
                Err(_elapsed) => {
                    tracing::warn!("{} does not tell its first step", service.name);
                }
            }
        }
        steps
    }

    /// Serves until `stop` ends, then lets running work end.
    pub async fn serve_until(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { services, parts, port, metrics, config } = self;
        let (leaving, stopping) = (CancellationToken::new(), services.ground.stopping.clone());
        let behind = behind(&services, parts, &config, &metrics, leaving.clone()).await;
        let upkeep = Upkeep {
            metrics,
            disk: Disk::of(&config, parts),
            doorman: services.doorman().cloned(),
            budget: port.budget().clone(),
        };
        tokio::spawn(upkeep.go_on(stopping.clone()));
        tokio::spawn(leave(stop, leaving, config.limits.linger, stopping.clone()));
        let served = port.serve(behind, config.log.access, stopping).await;
        served.expect("the contract was checked when it was built");
        services.close().await;
        tracing::info!("stopped");
    }
}

/// Says that the process leaves once it is asked to stop, and stops it a moment later.
async fn leave(
    stop: impl Future<Output = ()>,
    leaving: CancellationToken,
    linger: Duration,
    stopping: CancellationToken,
) {
    stop.await;
    leaving.cancel();
    // A load balancer that reads the health must have looked before the port closes.
    tokio::time::sleep(linger).await;
    stopping.cancel();
}

/// Puts the services behind the doors, and begins to check them.
async fn behind(
    services: &Services,
    parts: Parts,
    config: &Config,
    metrics: &Metrics,
    leaving: CancellationToken,
) -> Behind {
    let (reporter, health) = tonic_health::server::health_reporter();
    let checkup = Checkup {
        checked: Checked::all(services),
        tells_status: parts.has_edge(),
        clock: Arc::clone(&services.ground.clock),
        reporter,
        leaving,
    };
    if let Some(doorman) = services.doorman() {
        doorman.wait_to_be_told(FIRST_WORD).await;
    }
    let found = checkup.begin().await;

    let largest = config.limits.body_bytes;
    let mut doors = Doors { routes: Routes::new(health), largest, ..Doors::default() };
    for (_, hosted) in &services.here {
        hosted.serve(&mut doors);
    }
    if parts.has_edge() {
        let board = StatusBoard(found);
        serve!(doors, status_service_server::StatusServiceServer, StatusServiceDispatch, board);
    }
    let listed: BTreeSet<_> = parts.listed_calls().iter().map(|call| call.service).collect();
    Behind {
        calls: sir0_contract::calls()
            .map(|call| (call, doors.served.get(call.service).cloned()))
            .collect(),
        grpc: sir0_port::with_reflection(doors.routes, FILE_DESCRIPTOR_SET, &listed),
        pages: pages(services, parts, config, metrics.clone()),
        topics: services.here.iter().filter_map(|(_, hosted)| hosted.topics()).collect(),
        files: services.here.iter().filter_map(|(_, hosted)| hosted.files()).collect(),
    }
}

/// Everything that is not a call.
fn pages(services: &Services, parts: Parts, config: &Config, metrics: Metrics) -> Pages {
    let known =
        SERVICES.iter().flat_map(|service| service.pages).chain(DOCS).chain(POSTMAN).copied();
    let pages = Pages::new(metrics, known);
    let here = services.here.iter().flat_map(|(_, hosted)| hosted.pages());
    let pages = here.fold(pages, Pages::with);
    if !parts.has_edge() {
        return pages;
    }
    let postman = Postman {
        collection: sir0_contract::POSTMAN,
        environment: sir0_contract::POSTMAN_ENVIRONMENT,
        unknown: sir0_contract::POSTMAN_ADDRESS,
    };
    let public = config.public_url.clone();
    pages.with_postman(postman, public.as_ref()).with_docs(OPENAPI, public)
}
