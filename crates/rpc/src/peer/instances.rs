//! The instances of a service: looked up by its name every few seconds, so that new instances are found and gone ones
//! are dropped.

use std::{
    collections::BTreeSet,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Uri;
use sir0_kernel::Origin;
use tokio::{
    net::{TcpStream, lookup_host},
    sync::{Notify, watch},
    task::AbortHandle,
    time::{sleep, timeout},
};
use tonic::transport::{Channel, Endpoint};

use super::Config;

/// Tells where the instances are at this moment.
pub(super) type Lookup = Arc<
    dyn Fn() -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> + Send + Sync,
>;

/// An address that no service can be at.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no address of a service, write `http://host:port`")]
pub struct InvalidAddress(String);

/// The name in an address, and the way to look it up.
pub(super) fn by_name(address: &str) -> Result<(String, Lookup), InvalidAddress> {
    let origin = Origin::parse(address).map_err(|_invalid| InvalidAddress(address.to_owned()))?;
    let (host, port) = (origin.host().to_owned(), origin.port());
    let lookup: Lookup = Arc::new(move || {
        let host = host.clone();
        Box::pin(async move { Ok(lookup_host((host, port)).await?.collect()) })
    });
    Ok((origin.name().to_owned(), lookup))
}

/// One process that answers for the service.
pub(super) struct Instance {
    address: SocketAddr,
    channel: Channel,
    /// Whether the last call to it was answered.
    works: AtomicBool,
}

impl Instance {
    /// The channel to it. It connects when it is used.
    pub(super) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Notes whether a call to it was answered.
    pub(super) fn worked(&self, it_did: bool) {
        self.works.store(it_did, Ordering::Relaxed);
    }
}

/// All instances that are known. Dropping this ends the lookups.
pub(super) struct Instances {
    known: watch::Receiver<Known>,
    turn: AtomicUsize,
    again: Arc<Notify>,
    patience: Duration,
    looking: AbortHandle,
}

type Known = Arc<[Arc<Instance>]>;

impl Instances {
    pub(super) fn follow(name: &str, lookup: Lookup, config: Config) -> Self {
        let (tell, known) = watch::channel(Known::default());
        let again = Arc::new(Notify::new());
        let look = Look { name: name.to_owned(), lookup, config, tell, again: Arc::clone(&again) };
        let looking = tokio::spawn(look.again_and_again()).abort_handle();
        Self { known, turn: AtomicUsize::new(0), again, patience: config.connect_timeout, looking }
    }

    /// The next instance in turn that works, and not this one if there is another. If none is known to work, one that
    /// may work again. `None` when there is no instance at all.
    pub(super) async fn pick(&self, but: Option<&Arc<Instance>>) -> Option<Arc<Instance>> {
        let mut known = self.known.clone();
        let found = timeout(self.patience, known.wait_for(|known| !known.is_empty())).await;
        let known = Arc::clone(&*found.ok()?.ok()?);

        let is_other = |it: &Arc<Instance>| but.is_none_or(|but| !Arc::ptr_eq(but, it));
        let works = |it: &Arc<Instance>| it.works.load(Ordering::Relaxed);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let nth = |wanted: &dyn Fn(&Arc<Instance>) -> bool| {
            let count = known.iter().filter(|it| wanted(it)).count();
            (count > 0).then(|| known.iter().filter(|it| wanted(it)).nth(turn % count)).flatten()
        };
        nth(&|it| works(it) && is_other(it))
            .or_else(|| nth(&is_other))
            .or_else(|| nth(&|_| true))
            .cloned()
    }

    /// Asks for a lookup before its time, because a call failed.
    pub(super) fn look_again(&self) {
        self.again.notify_one();
    }
}

impl Drop for Instances {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

/// Looks up where the instances are.
struct Look {
    name: String,
    lookup: Lookup,
    config: Config,
    tell: watch::Sender<Known>,
    again: Arc<Notify>,
}

impl Look {
    /// The shortest time between two lookups, however often calls fail.
    const SHORTEST: Duration = Duration::from_millis(200);

    async fn again_and_again(self) {
        loop {
            self.look().await;
            self.try_those_that_failed().await;
            sleep(Self::SHORTEST.min(self.config.look_every)).await;
            let _ = timeout(self.config.look_every, self.again.notified()).await;
        }
    }

    async fn look(&self) {
        let name = &self.name;
        let found: BTreeSet<SocketAddr> = match (self.lookup)().await {
            Ok(found) => found.into_iter().collect(),
            // A name server that is down says nothing about the instances.
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    peer = %name,
                    "{name} cannot be looked up, those known before are kept"
                );
                return;
            }
        };
        let known = Arc::clone(&*self.tell.borrow());
        if known.iter().map(|it| it.address).eq(found.iter().copied()) {
            return;
        }
        tracing::info!(peer = %name, count = found.len(), "{name} has {} instances", found.len());
        let kept = |address| known.iter().find(|it| it.address == address).cloned();
        let now =
            found.into_iter().map(|address| kept(address).unwrap_or_else(|| self.meet(address)));
        self.tell.send_replace(now.collect());
    }

    fn meet(&self, address: SocketAddr) -> Arc<Instance> {
        let Config { connect_timeout, ping_every, ping_timeout, .. } = self.config;
        let origin: Uri =
            format!("http://{}", self.name).parse().expect("it was part of an address");
        let endpoint: Endpoint =
            format!("http://{address}").parse().expect("an address of a socket is one of a server");
        let channel = endpoint
            // The name in the requests, the same for every instance.
            .origin(origin)
            .connect_timeout(connect_timeout)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(ping_every)
            .keep_alive_timeout(ping_timeout)
            .keep_alive_while_idle(true)
            .connect_lazy();
        Arc::new(Instance { address, channel, works: AtomicBool::new(true) })
    }

    /// Tries the instances that failed, because they get no calls while others work.
    async fn try_those_that_failed(&self) {
        let known = Arc::clone(&*self.tell.borrow());
        for instance in known.iter().filter(|it| !it.works.load(Ordering::Relaxed)) {
            let connected =
                timeout(self.config.connect_timeout, TcpStream::connect(instance.address)).await;
            if matches!(connected, Ok(Ok(_))) {
                instance.worked(true);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port_in_clear() {
        for (address, name) in [
            ("http://accounts:8080", "accounts:8080"),
            ("http://accounts", "accounts"),
            ("http://127.0.0.1:1/", "127.0.0.1:1"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert_eq!(by_name(address).map(|(name, _)| name).ok().as_deref(), Some(name));
        }
        for address in [
            "",
            "accounts:8080",
            "https://accounts:8080",
            "http://accounts:8080/api",
            "http://accounts:8080?x",
            "http://me@accounts:8080",
            "http://",
        ] {
            let refused = by_name(address).map(|(name, _)| name).expect_err(address);
            assert!(refused.to_string().contains("http://host:port"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_name_is_looked_up_with_its_port() {
        for address in ["http://localhost:81", "http://127.0.0.1:81", "http://[::1]:81"] {
            let (_, lookup) = by_name(address).expect("an address");

            let found = lookup().await.expect("this machine knows itself");

            assert!(!found.is_empty(), "{address}");
            assert!(found.iter().all(|it| it.port() == 81 && it.ip().is_loopback()), "{found:?}");
        }
    }
}
