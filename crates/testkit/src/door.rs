//! Where a platform is reached: people keep it, and find the platform again after a restart on another port.

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
};

/// The address of a platform, wherever it is now.
#[derive(Clone, Debug)]
pub(crate) struct Door(Arc<RwLock<SocketAddr>>);

impl Door {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self(Arc::new(RwLock::new(address)))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        *self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn moves_to(&self, address: SocketAddr) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = address;
    }
}
