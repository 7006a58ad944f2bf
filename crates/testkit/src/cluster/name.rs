//! Stands for the name of a service, as a Service of Kubernetes does: one address for all of its instances.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

/// One address for all instances of a service: each connection goes to the next one that takes it. The address is gone
/// when this is dropped.
pub(super) struct Name {
    address: SocketAddr,
    instances: Instances,
    taking: AbortHandle,
}

type Instances = Arc<Mutex<Vec<SocketAddr>>>;

impl Name {
    /// Stands for the instances at these addresses, whether they run or not.
    pub(super) async fn of(instances: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let instances = Arc::new(Mutex::new(instances));
        let taking = tokio::spawn(take(listener, Arc::clone(&instances))).abort_handle();
        Self { address, instances, taking }
    }

    /// Records that an instance has another address now.
    pub(super) fn moved(&self, from: SocketAddr, to: SocketAddr) {
        let mut instances = self.instances.lock().unwrap_or_else(PoisonError::into_inner);
        instances.iter_mut().filter(|it| **it == from).for_each(|it| *it = to);
    }

    /// Where the service is reached.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.taking.abort();
    }
}

async fn take(listener: TcpListener, instances: Instances) {
    let turn = Arc::new(AtomicUsize::new(0));
    loop {
        // A connection that is gone before it is taken is no loss.
        let Ok((mut from, _)) = listener.accept().await else { continue };
        let instances = instances.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let turn = Arc::clone(&turn);
        tokio::spawn(async move {
            for _ in 0..instances.len() {
                let instance = instances[turn.fetch_add(1, Ordering::Relaxed) % instances.len()];
                if let Ok(mut to) = TcpStream::connect(instance).await {
                    let is_prompt = from.set_nodelay(true).and_then(|()| to.set_nodelay(true));
                    if is_prompt.is_ok() {
                        // However it ends, both ends hear of it when the streams are dropped.
                        let _ = copy_bidirectional(&mut from, &mut to).await;
                    }
                    return;
                }
            }
        });
    }
}
