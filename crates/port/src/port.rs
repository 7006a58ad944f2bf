//! The doors put together behind one port.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use sir0_host::{Files, Served, Topics};
use sir0_kernel::Budget;
use sir0_transcoding::{Call, Taken};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{
    Limits, Pages, access::AccessLog, files::FilesDoor, front::Front, grpc::GrpcDoor, listen,
    refused::Refused, rest::RestDoor, ws,
};

/// How often refusals are summed up in the log.
const SUMS: Duration = Duration::from_secs(1);

/// What a process puts behind its port.
pub struct Behind {
    /// Every call of the contract, and what answers it here.
    pub calls: Vec<(&'static Call, Option<Served>)>,
    /// The services as gRPC-Web reaches them, with health and reflection.
    pub grpc: Routes,
    /// What is no call.
    pub pages: Pages,
    /// What can be followed over the WebSocket. Without topics there is no WebSocket.
    pub topics: Vec<Arc<dyn Topics>>,
    /// The files that lie behind a path.
    pub files: Vec<Arc<dyn Files>>,
}

/// One port, bound and not yet answering.
pub struct Port {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    budget: Budget,
}

impl Port {
    /// Binds the port.
    pub fn open(address: SocketAddr, limits: Limits) -> io::Result<Self> {
        let listener = listen::bind(address)?;
        let address = listener.local_addr()?;
        let budget = Budget::of(limits.waiting_bytes);
        Ok(Self { listener, address, limits, budget })
    }

    /// Where it is reached.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What may be held for clients.
    #[must_use]
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Answers until `stopping` is cancelled, then lets calls and sockets end within the time they have. With `log_access`
    /// each request is written down. Fails if a request could mean two calls.
    pub async fn serve(
        self,
        behind: Behind,
        log_access: bool,
        stopping: CancellationToken,
    ) -> Result<(), Taken> {
        let Self { listener, limits, budget, .. } = self;
        let sockets = ws::Options { most: limits.connections, ..ws::Options::default() };
        let Behind { calls, grpc, mut pages, topics, files } = behind;
        if !topics.is_empty() {
            pages = pages.with_socket(ws::route(topics, sockets.clone(), stopping.clone()));
        }
        let grpc = GrpcDoor::new(grpc, &calls, limits.clone());
        let over_rest = calls.into_iter().map(|(call, by)| (call, by.map(|it| it.dispatch)));
        let front = Front {
            grpc,
            rest: RestDoor::new(over_rest, limits.clone())?,
            files: FilesDoor::new(files),
            routes: pages.routes(),
            pages,
            proxies: limits.proxies.clone(),
            budget: budget.clone(),
            requests: limits.requests_per_address(),
            refused: Arc::default(),
            access: AccessLog { is_on: log_access },
            header_bytes: limits.header_bytes,
        };
        sir0_telemetry::logs::expect_strangers();
        tokio::spawn(sum_up(Arc::clone(&front.refused), stopping.clone()));

        let drain = limits.drain;
        listen::serve(listener, Arc::new(front), &budget, limits, stopping).await;
        sockets.open.close();
        let _ = tokio::time::timeout(drain, sockets.open.wait()).await;
        Ok(())
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
