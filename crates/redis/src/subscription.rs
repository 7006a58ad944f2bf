//! Listening to a channel: the messages, and when some may have been missed.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use redis::{Client, aio::PubSubSink};
use tokio::{sync::mpsc, time};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Error,
    backoff::Backoff,
    line::in_time,
    numbers::{self, Wire},
};

/// How often a silent connection is pinged, so that a cut one is noticed within two seconds.
const PING_EVERY: Duration = Duration::from_millis(750);
/// How many messages may wait for the listener. With more, the listener is told that it missed some.
const LENGTH: usize = 256;
/// Longer messages are not ours; they count as missed.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rung {
    /// A message. Bytes in it that are not UTF-8 were replaced.
    Message(String),
    /// Listening began, or began anew, or the listener was too slow. Any message may have been missed before.
    Reconnected,
}

/// Listens to a channel until it is dropped, however often the connection is lost.
#[derive(Debug)]
pub struct Subscription {
    heard: mpsc::Receiver<Rung>,
    missed: Arc<AtomicBool>,
    _task: AbortOnDropHandle<()>,
}

impl Subscription {
    pub(crate) fn begin(client: Client, channel: String) -> Self {
        let (out, heard) = mpsc::channel(LENGTH);
        let missed = Arc::new(AtomicBool::new(false));
        let ear = Ear {
            client,
            channel,
            out,
            missed: Arc::clone(&missed),
            backoff: Backoff::new(),
            has_listened: false,
            is_refused: false,
        };
        Self { heard, missed, _task: AbortOnDropHandle::new(tokio::spawn(ear.listen())) }
    }

    /// Waits for the next message, or for the news that some may have been missed. The first is always
    /// [`Rung::Reconnected`], once Redis listens for us. Nothing is lost when this is cancelled.
    pub async fn next(&mut self) -> Rung {
        if self.missed.swap(false, Ordering::AcqRel) {
            return Rung::Reconnected;
        }
        self.heard.recv().await.expect("the task that listens ends with this subscription")
    }
}

/// The task behind a subscription.
struct Ear {
    client: Client,
    channel: String,
    out: mpsc::Sender<Rung>,
    missed: Arc<AtomicBool>,
    backoff: Backoff,
    /// Whether it listened before.
    has_listened: bool,
    /// Whether Redis refused the last time, so that a refusal is logged once.
    is_refused: bool,
}

impl Ear {
    async fn listen(mut self) {
        loop {
            let Err(error) = self.hear().await;
            let was_refused = self.is_refused;
            self.is_refused = matches!(error, Error::Refused(_));
            // The task that keeps the line for calls logs that Redis is away.
            if self.is_refused && !was_refused {
                let Self { channel, .. } = &self;
                let error = &error as &dyn std::error::Error;
                tracing::warn!(channel, error, "Redis lets nobody listen to {channel}");
            }
            self.backoff.pause().await;
        }
    }

    async fn hear(&mut self) -> Result<Infallible, Error> {
        let (mut sink, mut messages) = in_time(self.client.get_async_pubsub()).await?.split();
        in_time(sink.subscribe(&self.channel)).await?;
        if std::mem::replace(&mut self.has_listened, true) {
            numbers::reconnected(Wire::Doorbell);
        }
        self.is_refused = false;
        self.backoff.went_well();
        self.tell(Rung::Reconnected);

        let mut lost = Box::pin(watch(sink));
        loop {
            tokio::select! {
                error = &mut lost => return error,
                message = messages.next() => match message {
                    Some(message) => self.tell_message(message.get_payload_bytes()),
                    None => return Err(closed()),
                },
            }
        }
    }

    fn tell_message(&self, payload: &[u8]) {
        self.tell(if payload.len() > MAX_MESSAGE_BYTES {
            Rung::Reconnected
        } else {
            Rung::Message(String::from_utf8_lossy(payload).into_owned())
        });
    }

    /// Does not wait. While the listener does not read, one note that something was missed stands for all of it.
    fn tell(&self, rung: Rung) {
        if self.out.try_send(rung).is_err() {
            self.missed.store(true, Ordering::Release);
        }
    }
}

/// Ends when Redis gives no sign of life.
async fn watch(mut sink: PubSubSink) -> Result<Infallible, Error> {
    loop {
        time::sleep(PING_EVERY).await;
        in_time(sink.ping::<redis::Value>()).await?;
    }
}

fn closed() -> Error {
    let closed = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    Error::Unreachable(closed.into())
}
