//! The platform, or a part of it: the services of this process, opened and brought together behind one port.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use axum::{
    Router,
    http::{Uri, header},
    response::Redirect,
    routing::get,
};
use sir0_accounts::Accounts;
use sir0_contract::{
    Access, CALLS, Call, FILE_DESCRIPTOR_SET,
    accounts::{
        AccountsServiceDispatch, SessionsServiceDispatch,
        accounts_service_server::{self, AccountsServiceServer},
        sessions_service_server::{self, SessionsServiceServer},
    },
    status::{
        StatusServiceDispatch,
        status_service_server::{self, StatusServiceServer},
    },
    storefront::{
        GamesServiceDispatch,
        games_service_server::{self, GamesServiceServer},
    },
};
use sir0_kernel::Budget;
use sir0_rpc::Doorman;
use sir0_telemetry::metrics::Metrics;
use sir0_transcoding::Dispatch;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{
    Config, Parts,
    access::AccessLog,
    calls::CallMetrics,
    config::Limits,
    demo, docs,
    front::{self, Front},
    grpc::{GrpcDoor, LARGEST_REFLECTION},
    health::Checkup,
    listen,
    numbers::{self, Disk},
    parts::Part,
    refused::Refused,
    rest::{self, RestDoor, Served},
    services::Services,
    status::StatusBoard,
    welcome, ws,
};

const METRICS_UPKEEP: Duration = Duration::from_secs(5);
/// Why the contract cannot be wrong here.
const SOUND: &str = "the contract was checked when it was built";
const SUMS: Duration = Duration::from_secs(1);

/// The services of this process, and the port they are reached by.
pub struct Platform {
    services: Services,
    parts: Parts,
    listener: TcpListener,
    address: SocketAddr,
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
        let metrics = sir0_telemetry::metrics::start();
        numbers::describe();
        let services = Services::open(&config, parts).await?;
        let listener = listen::bind(config.listen).with_context(|| {
            format!("the port {} cannot be opened, is another sir0 running?", config.listen)
        })?;
        let address = listener.local_addr()?;
        Ok(Self { services, parts, listener, address, metrics, config })
    }

    /// Where it is reached.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accounts for an operator, to make people and give roles. `None` where another process has them.
    #[must_use]
    pub const fn accounts(&self) -> Option<&Accounts> {
        self.services.accounts.as_ref()
    }

    /// Fills an empty store with the demo catalogue, if the store is here.
    pub async fn stock_demo(&self) -> anyhow::Result<()> {
        let Some(storefront) = &self.services.storefront else { return Ok(()) };
        let games =
            demo::catalogue().into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        match storefront.stock(games).await? {
            0 => tracing::info!("the store has games already, the demo catalogue stays out"),
            count => tracing::info!("the demo catalogue of {count} games is in the store"),
        }
        Ok(())
    }

    /// Says in the log that it is ready, and tells a person at the terminal where to go and what to do first.
    pub fn welcome(&self) {
        let parts = self.parts.alone().map_or("all", Part::name);
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(address = %self.address, parts, version, "ready");
        welcome::print(self.address, &self.config, self.parts);
    }

    /// Serves until `stop` ends, then lets running work end.
    pub async fn serve_until(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { services, parts, listener, metrics, config, .. } = self;
        let (leaving, stopping) = (CancellationToken::new(), services.stopping.clone());
        let sockets = ws::Options { most: config.limits.connections, ..ws::Options::default() };
        let access = AccessLog { is_on: config.log.access };
        let opened = Opened { services: &services, parts, limits: &config.limits, access };
        let budget = Budget::of(config.limits.waiting_bytes);
        let front = opened.front(sockets.clone(), &metrics, budget.clone(), leaving.clone()).await;

        sir0_telemetry::logs::expect_strangers();
        tokio::spawn(sum_up(Arc::clone(&front.refused), stopping.clone()));
        let upkeep = Upkeep {
            metrics,
            disk: Disk::of(&config, parts),
            doorman: services.doorman.clone(),
            budget: budget.clone(),
        };
        tokio::spawn(upkeep.go_on(stopping.clone()));
        tokio::spawn({
            let stopping = stopping.clone();
            async move {
                stop.await;
                leaving.cancel();
                // A load balancer that reads the health must have looked before the port closes.
                tokio::time::sleep(config.limits.linger).await;
                stopping.cancel();
            }
        });
        let drain = config.limits.drain;
        listen::serve(listener, Arc::new(front), &budget, config.limits, stopping).await;

        sockets.open.close();
        let _ = tokio::time::timeout(drain, sockets.open.wait()).await;
        services.close().await;
        tracing::info!("stopped");
    }
}

/// What is to be put behind the doors.
struct Opened<'p> {
    services: &'p Services,
    parts: Parts,
    limits: &'p Limits,
    access: AccessLog,
}

impl Opened<'_> {
    /// Opens the doors.
    async fn front(
        &self,
        sockets: ws::Options,
        metrics: &Metrics,
        budget: Budget,
        leaving: CancellationToken,
    ) -> Front {
        let tells_status = self.parts.include(Part::Edge);
        let (reporter, health) = tonic_health::server::health_reporter();
        let checkup = Checkup {
            patients: self.services.patients(),
            tells_status,
            clock: Arc::clone(&self.services.clock),
            reporter,
            leaving,
        };
        let found = checkup.begin().await;
        let status = tells_status.then(|| StatusBoard(found));

        let calls = CallMetrics::new();
        let routes = self.routes(Routes::new(health), status.clone());
        Front {
            rest: RestDoor::new(self.rest_calls(status), self.limits.clone()).expect(SOUND),
            grpc: GrpcDoor::new(routes, calls.clone(), self.parts, self.limits.clone()),
            pages: self.pages(sockets, metrics.clone()),
            metrics: calls,
            proxies: self.limits.proxies.clone(),
            budget,
            refused: Arc::default(),
            access: self.access,
            header_bytes: self.limits.header_bytes,
        }
    }

    /// The calls of the contract as REST reaches them.
    fn rest_calls(&self, status: Option<StatusBoard>) -> Vec<Served> {
        let Services { accounts, storefront, .. } = self.services;
        let mut here = HashMap::<_, Arc<dyn Dispatch>>::new();
        if let Some(accounts) = accounts.clone().map(Arc::new) {
            let sessions = SessionsServiceDispatch(Arc::clone(&accounts));
            here.insert(sessions_service_server::SERVICE_NAME, Arc::new(sessions));
            let accounts = AccountsServiceDispatch(accounts);
            here.insert(accounts_service_server::SERVICE_NAME, Arc::new(accounts));
        }
        if let Some(storefront) = storefront.clone().map(Arc::new) {
            let games = GamesServiceDispatch(storefront);
            here.insert(games_service_server::SERVICE_NAME, Arc::new(games));
        }
        if let Some(status) = status.map(Arc::new) {
            let status = StatusServiceDispatch(status);
            here.insert(status_service_server::SERVICE_NAME, Arc::new(status));
        }
        CALLS.iter().map(|call| (call, here.get(call.service).cloned())).collect()
    }

    /// The services as gRPC reaches them.
    fn routes(&self, mut routes: Routes, status: Option<StatusBoard>) -> Routes {
        let largest = self.limits.body_bytes;
        if let Some(accounts) = self.services.accounts.clone() {
            routes = routes
                .add_service(
                    AccountsServiceServer::new(accounts.clone()).max_decoding_message_size(largest),
                )
                .add_service(
                    SessionsServiceServer::new(accounts).max_decoding_message_size(largest),
                );
        }
        if let Some(storefront) = self.services.storefront.clone() {
            routes = routes.add_service(
                GamesServiceServer::new(storefront).max_decoding_message_size(largest),
            );
        }
        if let Some(status) = status {
            routes = routes
                .add_service(StatusServiceServer::new(status).max_decoding_message_size(largest));
        }
        // grpcurl asks v1alpha, newer clients v1.
        routes
            .add_service(
                reflection(self.parts)
                    .build_v1()
                    .expect(SOUND)
                    .max_decoding_message_size(LARGEST_REFLECTION),
            )
            .add_service(
                reflection(self.parts)
                    .build_v1alpha()
                    .expect(SOUND)
                    .max_decoding_message_size(LARGEST_REFLECTION),
            )
    }

    /// The pages: everything that is not a call.
    fn pages(&self, sockets: ws::Options, metrics: Metrics) -> Router {
        const PROMETHEUS: [(header::HeaderName, &str); 1] =
            [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        const KEY_SET: [(header::HeaderName, &str); 2] = [
            (header::CONTENT_TYPE, "application/jwk-set+json"),
            (header::CACHE_CONTROL, "public, max-age=300"),
        ];
        let Services { storefront, jwks, stopping, .. } = self.services;
        let mut pages = Router::new().route(
            "/metrics",
            get(move || async move { (PROMETHEUS, metrics.read().to_string()) }),
        );
        if let Some(jwks) = jwks.clone() {
            let key_set = get(move || async move { (KEY_SET, jwks) });
            pages = pages.route("/.well-known/jwks.json", key_set);
        }
        if let Some(storefront) = storefront.clone() {
            pages = pages.merge(ws::route(storefront, sockets, stopping.clone()));
        }
        if self.parts.include(Part::Edge) {
            let home = get(|| async { Redirect::temporary("/docs") });
            pages = pages.route("/", home).merge(docs::routes());
        }
        let parts = self.parts;
        pages
            .fallback(move |uri: Uri| async move {
                let is_elsewhere =
                    front::part_of(uri.path()).is_some_and(|part| !parts.include(part));
                let refused = if is_elsewhere { rest::elsewhere() } else { rest::no_such_path() };
                refused.map(axum::body::Body::new)
            })
            .method_not_allowed_fallback(|| async {
                rest::wrong_page_method().map(axum::body::Body::new)
            })
    }
}

/// Lists what this process serves. The edge lists the whole public contract: behind a proxy, the edge is the one that
/// is asked.
fn reflection(parts: Parts) -> tonic_reflection::server::Builder<'static> {
    let is_public = |call: &&Call| call.access != Access::Peer;
    let calls = match parts.alone() {
        Some(Part::Edge) => CALLS.iter().filter(is_public).collect(),
        _ => parts.calls(),
    };
    let ours: BTreeSet<_> = calls.iter().map(|call| call.service).collect();
    let all = [
        tonic_health::pb::health_server::SERVICE_NAME,
        tonic_reflection::pb::v1::server_reflection_server::SERVICE_NAME,
        tonic_reflection::pb::v1alpha::server_reflection_server::SERVICE_NAME,
    ];
    let builder = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        // Lets a client without our files read the details of a refusal.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET);
    ours.into_iter().chain(all).fold(builder, tonic_reflection::server::Builder::with_service_name)
}

/// What is measured now and then, while no request waits for it.
struct Upkeep {
    metrics: Metrics,
    disk: Disk,
    doorman: Option<Doorman>,
    budget: Budget,
}

impl Upkeep {
    async fn go_on(self, stopping: CancellationToken) {
        let Self { metrics, disk, doorman, budget } = self;
        let mut every = tokio::time::interval(METRICS_UPKEEP);
        while stopping.run_until_cancelled(every.tick()).await.is_some() {
            if let Some(doorman) = &doorman {
                doorman.measure();
            }
            measure(&budget);
            let (disk, metrics) = (disk.clone(), metrics.clone());
            // The system may let the thread wait.
            let _ = tokio::task::spawn_blocking(move || {
                disk.measure();
                metrics.upkeep();
            })
            .await;
        }
    }
}

/// Logs once a second the refusals that were not logged line by line, and once more at the end.
async fn sum_up(refused: Arc<Refused>, stopping: CancellationToken) {
    let mut every = tokio::time::interval(SUMS);
    while !stopping.is_cancelled() {
        stopping.run_until_cancelled(every.tick()).await;
        refused.sum_up();
        sir0_telemetry::logs::sum_up();
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge, and exact up to petabytes")]
fn measure(budget: &Budget) {
    metrics::gauge!("sir0_waiting_bytes").set(budget.held() as f64);
    metrics::gauge!("sir0_waiting_bytes_limit").set(budget.total() as f64);
    metrics::counter!("sir0_waiting_refused_total").absolute(budget.refused());
}
