//! Connecting, and knowing that a connection was lost in between.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis::{
    Client, PushInfo, PushKind, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig, SendError},
};
use tokio::time;

use crate::{
    Error,
    metrics::{self, Wire},
};

/// A Redis that is silent for so long counts as gone.
pub(crate) const DEADLINE: Duration = Duration::from_secs(1);
/// How often Redis is asked for a sign of life, so that a cut connection is noticed within two seconds.
pub(crate) const PING_EVERY: Duration = Duration::from_millis(750);

/// Whether a connection was lost. Clones tell of the same connection.
#[derive(Clone)]
pub(crate) struct Losses {
    wire: Wire,
    is_lost: Arc<AtomicBool>,
    was_there: Arc<AtomicBool>,
}

impl Losses {
    pub(crate) fn new(wire: Wire) -> Self {
        Self { wire, is_lost: Arc::default(), was_there: Arc::default() }
    }

    /// A connection that mends itself when it breaks, and then listens to its channels again. What Redis says unasked is
    /// heard by `hear`.
    pub(crate) async fn connect(
        &self,
        client: &Client,
        hear: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<ConnectionManager, Error> {
        self.is_lost.store(true, Ordering::Release);
        let losses = self.clone();
        let hear = move |push: PushInfo| {
            if push.kind == PushKind::Disconnection {
                losses.is_lost.store(true, Ordering::Release);
            }
            hear(push);
        };
        connect(client, hear).await
    }

    /// Records that the connection works. Says whether it was lost before. A first connection counts as a lost one.
    pub(crate) fn mended(&self) -> bool {
        let was_lost = self.is_lost.swap(false, Ordering::AcqRel);
        if was_lost && self.was_there.swap(true, Ordering::Relaxed) {
            metrics::reconnected(self.wire);
        }
        was_lost
    }
}

/// Connects. Tries a few times, and not at the same moments as other instances that lost Redis too.
pub(crate) async fn connect(
    client: &Client,
    hear: impl Fn(PushInfo) + Send + Sync + 'static,
) -> Result<ConnectionManager, Error> {
    let config = ConnectionManagerConfig::new()
        .set_min_delay(Duration::from_millis(50))
        .set_number_of_retries(2)
        .set_connection_timeout(Some(DEADLINE))
        .set_response_timeout(Some(DEADLINE))
        .set_push_sender(move |push| {
            hear(push);
            Ok::<_, SendError>(())
        })
        .set_automatic_resubscription();
    in_time(ConnectionManager::new_with_config(client.clone(), config)).await
}

/// Waits no longer than [`DEADLINE`].
pub(crate) async fn in_time<T>(answer: impl Future<Output = RedisResult<T>>) -> Result<T, Error> {
    match time::timeout(DEADLINE, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) if error.is_timeout() => Err(Error::Silent(DEADLINE)),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Error::Silent(DEADLINE)),
    }
}
