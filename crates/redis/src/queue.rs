//! The writes that wait to be sent to Redis. The queue is short, and no caller ever waits for it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bytes::Bytes;
use redis::Pipeline;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::{
    connection::Connection,
    metrics::{self, Op, Outcome},
};

/// How many writes may wait.
const LENGTH: usize = 1024;
/// How much memory they may take together, in units of 1 KiB.
const ROOM: usize = 16 * 1024;
/// How many are sent at once.
const BATCH: usize = 64;

/// One write.
#[derive(Debug)]
pub(crate) enum Write {
    Put { key: String, value: Bytes, ttl: Duration },
    Publish { channel: String, message: String },
}

impl Write {
    const fn op(&self) -> Op {
        match self {
            Self::Put { .. } => Op::Put,
            Self::Publish { .. } => Op::Publish,
        }
    }

    /// How many units of the room it takes, rounded up.
    fn units(&self) -> u32 {
        let bytes = match self {
            Self::Put { key, value, .. } => key.len() + value.len(),
            Self::Publish { channel, message } => channel.len() + message.len(),
        };
        u32::try_from(bytes / 1024 + 1).unwrap_or(u32::MAX)
    }

    fn add_to(&self, pipeline: &mut Pipeline) {
        match self {
            Self::Put { key, value, ttl } => {
                let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1);
                pipeline.cmd("SET").arg(key).arg(&value[..]).arg("PX").arg(millis)
            }
            Self::Publish { channel, message } => pipeline.cmd("PUBLISH").arg(channel).arg(message),
        };
    }
}

/// A write with the room it takes until it was sent or dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    write: Write,
    _room: OwnedSemaphorePermit,
}

/// The writes that wait.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    end: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

impl Queue {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Waiting>) {
        let (end, front) = mpsc::channel(LENGTH);
        (Self { end, room: Arc::new(Semaphore::new(ROOM)) }, front)
    }

    /// Puts a write at the end of the queue, or drops it when there is no room.
    pub(crate) fn push(&self, write: Write) {
        let op = write.op();
        let room = Arc::clone(&self.room).try_acquire_many_owned(write.units()).ok();
        let placed = room.map(|room| self.end.try_send(Waiting { write, _room: room }));
        if !matches!(placed, Some(Ok(()))) {
            metrics::called(op, Outcome::Full);
        }
    }
}

/// Sends the writes in order for as long as it is polled. While Redis is away they are dropped, because old news is of
/// no use.
pub(crate) async fn drain(mut front: mpsc::Receiver<Waiting>, connection: Arc<Connection>) {
    let mut batch = Vec::with_capacity(BATCH);
    while front.recv_many(&mut batch, BATCH).await > 0 {
        leave_out_repeated(&mut batch);
        let mut pipeline = Pipeline::with_capacity(batch.len());
        for waiting in &batch {
            waiting.write.add_to(&mut pipeline);
        }
        match connection.send(&mut pipeline).await {
            Ok(outcomes) => {
                for (waiting, outcome) in batch.drain(..).zip(outcomes) {
                    metrics::called(waiting.write.op(), outcome);
                }
            }
            Err(outcome) => {
                for waiting in batch.drain(..) {
                    metrics::called(waiting.write.op(), outcome);
                }
            }
        }
    }
}

/// Of equal messages only the last is sent. Its receiver finds everything that was done before any of them.
fn leave_out_repeated(batch: &mut Vec<Waiting>) {
    let mut said = HashSet::new();
    let is_kept: Vec<bool> = batch
        .iter()
        .rev()
        .map(|waiting| match &waiting.write {
            Write::Publish { channel, message } => said.insert((channel, message)),
            Write::Put { .. } => true,
        })
        .collect();
    let mut is_kept = is_kept.into_iter().rev();
    batch.retain(|_| {
        let is_kept = is_kept.next().expect("as many as there are");
        if !is_kept {
            metrics::called(Op::Publish, Outcome::Same);
        }
        is_kept
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(message: &str) -> Write {
        Write::Publish { channel: "games".to_owned(), message: message.to_owned() }
    }

    fn waiting(front: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
        std::iter::from_fn(|| front.try_recv().ok()).collect()
    }

    #[test]
    fn a_full_queue_drops_what_comes_later() {
        let (queue, mut front) = Queue::new();

        for number in 0..LENGTH + 10 {
            queue.push(publish(&number.to_string()));
        }

        let kept = waiting(&mut front);
        assert_eq!(kept.len(), LENGTH);
        assert!(matches!(&kept[0].write, Write::Publish { message, .. } if message == "0"));
    }

    #[test]
    fn large_values_fill_the_queue_sooner_and_give_their_room_back() {
        let (queue, mut front) = Queue::new();
        let a_mebibyte = || Write::Put {
            key: "game".to_owned(),
            value: Bytes::from(vec![0; 1024 * 1024 - 4]),
            ttl: Duration::from_secs(1),
        };

        for _ in 0..100 {
            queue.push(a_mebibyte());
        }
        let kept = waiting(&mut front).len();
        queue.push(a_mebibyte());

        assert_eq!(kept, 15);
        assert_eq!(waiting(&mut front).len(), 1);
    }

    #[test]
    fn of_equal_messages_the_last_is_sent_and_the_order_stays() {
        let (queue, mut front) = Queue::new();
        queue.push(publish("changed"));
        queue.push(Write::Put {
            key: "game".to_owned(),
            value: Bytes::new(),
            ttl: Duration::from_secs(1),
        });
        queue.push(publish("other"));
        queue.push(publish("changed"));

        let mut batch = waiting(&mut front);
        leave_out_repeated(&mut batch);

        let said: Vec<_> = batch
            .iter()
            .map(|waiting| match &waiting.write {
                Write::Publish { message, .. } => message.as_str(),
                Write::Put { key, .. } => key.as_str(),
            })
            .collect();
        assert_eq!(said, ["game", "other", "changed"]);
    }
}
