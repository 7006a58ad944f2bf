//! Listening to a channel: the messages, and when some may have been missed.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use redis::{Client, Msg, PushInfo, PushKind};
use tokio::{sync::mpsc, time};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Error,
    connect::{Losses, PING_EVERY, in_time},
    metrics::Wire,
};

/// How many messages may wait for the reader. With more, the reader is told that it missed some.
const LENGTH: usize = 256;
/// Longer messages are not ours; they count as missed.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// What a subscription tells its reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A message. Bytes in it that are not UTF-8 were replaced.
    Message(String),
    /// Listening began, or began anew, or the reader was too slow. Any message may have been missed before.
    Reconnected,
}

/// Listens to a channel until it is dropped, however often the connection is lost.
#[derive(Debug)]
pub struct Subscription {
    notices: mpsc::Receiver<Notice>,
    missed: Arc<AtomicBool>,
    _task: AbortOnDropHandle<()>,
}

impl Subscription {
    pub(crate) fn begin(client: Client, channel: String) -> Self {
        let (out, notices) = mpsc::channel(LENGTH);
        let missed = Arc::new(AtomicBool::new(false));
        let listener =
            Listener { losses: Losses::new(Wire::Doorbell), out, missed: Arc::clone(&missed) };
        let task = tokio::spawn(listener.listen(client, channel));
        Self { notices, missed, _task: AbortOnDropHandle::new(task) }
    }

    /// Waits for the next message, or for the news that some may have been missed. The first is always
    /// [`Notice::Reconnected`], once Redis listens for us. Nothing is lost when this is cancelled.
    pub async fn next(&mut self) -> Notice {
        if self.missed.swap(false, Ordering::AcqRel) {
            return Notice::Reconnected;
        }
        self.notices.recv().await.expect("the task that listens ends with this subscription")
    }
}

/// What is behind a subscription.
#[derive(Clone)]
struct Listener {
    losses: Losses,
    out: mpsc::Sender<Notice>,
    missed: Arc<AtomicBool>,
}

impl Listener {
    async fn listen(self, client: Client, channel: String) {
        let mut is_refused = false;
        loop {
            let Err(error) = self.attend(&client, &channel, &mut is_refused).await;
            let was_refused =
                std::mem::replace(&mut is_refused, matches!(error, Error::Refused(_)));
            // The task that keeps the connection for calls logs that Redis is away.
            if is_refused && !was_refused {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(channel, error, "Redis does not let us listen to {channel}");
            }
            time::sleep(PING_EVERY).await;
        }
    }

    async fn attend(
        &self,
        client: &Client,
        channel: &str,
        is_refused: &mut bool,
    ) -> Result<Infallible, Error> {
        let listener = self.clone();
        let mut manager = self.losses.connect(client, move |push| listener.hear(push)).await?;
        loop {
            // Also a sign of life, and the repair when `ConnectionManager` was refused to subscribe again: it says
            // nothing about that.
            in_time(manager.subscribe(channel)).await?;
            *is_refused = false;
            time::sleep(PING_EVERY).await;
        }
    }

    fn hear(&self, push: PushInfo) {
        match push.kind {
            PushKind::Subscribe if self.losses.mended() => self.tell(Notice::Reconnected),
            PushKind::Message => {
                if let Some(message) = Msg::from_push_info(push) {
                    self.tell_message(message.get_payload_bytes());
                }
            }
            _ => {}
        }
    }

    fn tell_message(&self, payload: &[u8]) {
        self.tell(if payload.len() > MAX_MESSAGE_BYTES {
            Notice::Reconnected
        } else {
            Notice::Message(String::from_utf8_lossy(payload).into_owned())
        });
    }

    /// Does not wait. While the reader does not read, one note that something was missed stands for all of it.
    fn tell(&self, notice: Notice) {
        if self.out.try_send(notice).is_err() {
            self.missed.store(true, Ordering::Release);
        }
    }
}
