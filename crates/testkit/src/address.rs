//! The address of a platform. People keep it, and find the platform again after a restart on another port.

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
};

use crate::cluster::Settling;

/// The address of a platform, wherever it is now.
#[derive(Clone)]
pub(crate) struct Address {
    address: Arc<RwLock<SocketAddr>>,
    /// Set when calls go to several instances.
    settling: Option<Settling>,
}

impl Address {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address: Arc::new(RwLock::new(address)), settling: None }
    }

    /// An address behind which there are many instances.
    pub(crate) fn of_many(address: SocketAddr, settling: Settling) -> Self {
        Self { settling: Some(settling), ..Self::at(address) }
    }

    pub(crate) fn now(&self) -> SocketAddr {
        *self.address.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn moves_to(&self, address: SocketAddr) {
        *self.address.write().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// Returns when every instance behind it has heard of all changes so far.
    pub(crate) async fn settles(&self) {
        if let Some(settling) = &self.settling {
            settling.wait().await;
        }
    }
}
