//! The platform: every service of this process, opened and brought together behind one port.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{Router, http::header, response::Redirect, routing::get};
use rest_over_grpc::transcoding::Transcode;
use sir0_accounts::{Accounts, Trust};
use sir0_contract::{
    FILE_DESCRIPTOR_SET,
    accounts::accounts_service_server::AccountsServiceServer,
    rest::{
        AccountsServiceRestBridge, GamesServiceRestBridge, StatusServiceRestBridge, Transcoder,
    },
    status::status_service_server::StatusServiceServer,
    storefront::games_service_server::GamesServiceServer,
};
use sir0_kernel::{Clock, SystemClock};
use sir0_rpc::{Doorman, Shared, Work};
use sir0_storefront::Storefront;
use sir0_telemetry::metrics::Metrics;
use sir0_tokens::SigningKey;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{
    Config,
    calls::CallMetrics,
    config::Limits,
    demo, docs,
    front::Front,
    grpc::GrpcDoor,
    health::Checkup,
    listen,
    rest::{self, RestDoor},
    status::StatusBoard,
    welcome, ws,
};

const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// Every service of this process, and the port they are reached by.
pub struct Platform {
    services: Services,
    listener: TcpListener,
    address: SocketAddr,
    metrics: Metrics,
    jwks: String,
    config: Config,
}

/// The services, and what they share.
pub(crate) struct Services {
    pub(crate) accounts: Accounts,
    pub(crate) storefront: Storefront,
    pub(crate) shared: Shared,
}

impl Services {
    /// Opens the services. Needs no port: an operator's command opens them too.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<(Self, String)> {
        make_private_folder(&config.data_dir).with_context(|| {
            format!("the data folder `{}` cannot be made", config.data_dir.display())
        })?;
        let key = SigningKey::open_or_create(&config.data_dir.join("signing-key.pem"))?;
        let jwks = key.jwks();
        let trust = Trust::new(key, &config.accounts);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let doorman = Doorman::new(trust.verifier.clone(), trust.ended.clone(), Arc::clone(&clock));
        let shared =
            Shared { doorman, work: Work::default(), clock, stopping: CancellationToken::new() };

        let accounts =
            Accounts::open(&config.accounts, &config.data_dir, trust, shared.clone()).await?;
        let storefront =
            Storefront::open(&config.storefront, &config.data_dir, shared.clone()).await?;
        Ok((Self { accounts, storefront, shared }, jwks))
    }

    /// Lets what runs end, and closes the databases.
    pub(crate) async fn close(self) {
        self.shared.stopping.cancel();
        self.shared.work.ended().await;
        self.accounts.close().await;
        self.storefront.close().await;
    }
}

impl Platform {
    /// Opens every service and binds the port. Nothing is answered yet.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let metrics = sir0_telemetry::metrics::start();
        let (services, jwks) = Services::open(&config).await?;
        let listener = listen::bind(config.listen).with_context(|| {
            format!("the port {} cannot be opened, is another sir0 running?", config.listen)
        })?;
        let address = listener.local_addr()?;
        Ok(Self { services, listener, address, metrics, jwks, config })
    }

    /// Where it is reached.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accounts as an operator has them, to make people and give roles.
    #[must_use]
    pub const fn accounts(&self) -> &Accounts {
        &self.services.accounts
    }

    /// Fills an empty store with the demo catalogue.
    pub async fn stock_demo(&self) -> anyhow::Result<()> {
        let games =
            demo::catalogue().into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        match self.services.storefront.stock(games).await? {
            0 => tracing::info!("the store has games already, the demo catalogue stays out"),
            count => tracing::info!("the demo catalogue of {count} games is in the store"),
        }
        Ok(())
    }

    /// Tells a person at the terminal where to go and what to do first.
    pub fn welcome(&self) {
        welcome::print(self.address, &self.config);
    }

    /// Serves until `stop` ends, then lets what runs end.
    pub async fn serve_until(self, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { services, listener, metrics, jwks, config, .. } = self;
        let stopping = services.shared.stopping.clone();
        let sockets = ws::Options { most: config.limits.connections, ..ws::Options::default() };
        let front = front(&services, &config.limits, sockets.clone(), &metrics, jwks).await;

        tokio::spawn(keep_up(metrics, stopping.clone()));
        tokio::spawn({
            let stopping = stopping.clone();
            async move {
                stop.await;
                stopping.cancel();
            }
        });
        let drain = config.limits.drain;
        listen::serve(listener, Arc::new(front), config.limits, stopping).await;

        sockets.open.close();
        let _ = tokio::time::timeout(drain, sockets.open.wait()).await;
        services.close().await;
        tracing::info!("stopped");
    }
}

async fn front(
    services: &Services,
    limits: &Limits,
    sockets: ws::Options,
    metrics: &Metrics,
    jwks: String,
) -> Front<impl Transcode + use<>> {
    let Services { accounts, storefront, shared } = services;
    let (reporter, health) = tonic_health::server::health_reporter();
    let checkup = Checkup {
        accounts: accounts.clone(),
        storefront: storefront.clone(),
        clock: Arc::clone(&shared.clock),
        reporter,
        stopping: shared.stopping.clone(),
    };
    let status = StatusBoard(checkup.begin().await);

    let transcoder = Transcoder::new(
        AccountsServiceRestBridge::externally_authenticated(accounts.clone()),
        GamesServiceRestBridge::externally_authenticated(storefront.clone()),
        StatusServiceRestBridge::externally_authenticated(status.clone()),
    );
    let calls = CallMetrics::new();
    let largest = limits.body_bytes;
    let routes = Routes::new(health)
        .add_service(
            AccountsServiceServer::new(accounts.clone()).max_decoding_message_size(largest),
        )
        .add_service(GamesServiceServer::new(storefront.clone()).max_decoding_message_size(largest))
        .add_service(StatusServiceServer::new(status).max_decoding_message_size(largest));
    // grpcurl asks v1alpha, newer clients v1.
    let routes = routes
        .add_service(
            reflection().build_v1().expect("the descriptors were checked when they were made"),
        )
        .add_service(
            reflection().build_v1alpha().expect("the descriptors were checked when they were made"),
        );

    Front {
        rest: RestDoor::new(transcoder, limits.clone()),
        grpc: GrpcDoor::new(routes, calls.clone(), limits.body_timeout),
        pages: pages(storefront.clone(), sockets, shared.stopping.clone(), metrics.clone(), jwks),
        metrics: calls,
    }
}

/// What is no call.
fn pages(
    games: Storefront,
    sockets: ws::Options,
    stopping: CancellationToken,
    metrics: Metrics,
    jwks: String,
) -> Router {
    const PROMETHEUS: [(header::HeaderName, &str); 1] =
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    const KEY_SET: [(header::HeaderName, &str); 2] = [
        (header::CONTENT_TYPE, "application/jwk-set+json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/docs") }))
        .route("/metrics", get(move || async move { (PROMETHEUS, metrics.render()) }))
        .route("/.well-known/jwks.json", get(move || async move { (KEY_SET, jwks) }))
        .merge(docs::routes())
        .merge(ws::route(games, sockets, stopping))
        .fallback(|| async { rest::no_such_path().map(axum::body::Body::new) })
        .method_not_allowed_fallback(|| async {
            rest::wrong_page_method().map(axum::body::Body::new)
        })
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        // So that a client without our files can read the details of a refusal.
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

async fn keep_up(metrics: Metrics, stopping: CancellationToken) {
    let mut every = tokio::time::interval(METRICS_UPKEEP);
    while !stopping.is_cancelled() {
        every.tick().await;
        metrics.upkeep();
    }
}

/// Keys and hashes are in there: only the account that runs the server may look.
fn make_private_folder(path: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}
