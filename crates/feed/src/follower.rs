//! A follower reads a feed at its own pace.

use std::{
    collections::VecDeque,
    error::Error,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use sir0_kernel::{Held, Share};
use sir0_storage::{self as storage, EventRow, Position};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{Event, Feed, event::row_bytes, places::Place, tail::Placed};

/// What comes next in a feed.
#[derive(Debug)]
pub enum Next<E> {
    /// The next event.
    Event(Arc<E>),
    /// An event that this version cannot read. The follower stands behind it.
    Unread,
    /// The next events are no longer kept. The follower now stands at the latest one; what it knew is worthless.
    Lost,
}

/// Stands at a position of a feed.
#[derive(Debug)]
pub struct Follower<E> {
    pub(crate) feed: Feed<E>,
    head: watch::Receiver<Position>,
    position: Position,
    /// The position, as others see it.
    place: Place,
    /// Rows read from the table because memory no longer reached back. Never more than one batch.
    backlog: VecDeque<EventRow>,
    /// The share that the backlog is held against.
    share: Option<Share>,
    /// Holds the backlog.
    held: Option<Held>,
}

/// How long a follower waits after a read that failed.
const RETRY: Duration = Duration::from_secs(1);
const BATCH: i64 = 64;
/// The most that a backlog takes, in bytes, but for its first row.
const BACKLOG: usize = 32 * 1024;

impl<E: Event> Follower<E> {
    pub(crate) fn new(feed: Feed<E>, position: Position) -> Self {
        let head = feed.shared.head.subscribe();
        let place = feed.shared.places.begin(position);
        Self { feed, head, position, place, backlog: VecDeque::new(), share: None, held: None }
    }

    /// Holds what it reads ahead against this share, and reads less ahead where that share is used up.
    #[must_use]
    pub fn held_against(self, share: Option<Share>) -> Self {
        Self { share, ..self }
    }

    /// Behind the last event heard.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Waits for the next event until `stopping` is cancelled, and answers `None` then. A read that fails is tried
    /// again.
    pub async fn next_until(&mut self, stopping: &CancellationToken) -> Option<Next<E>> {
        let next = async {
            loop {
                match self.next().await {
                    Ok(next) => return next,
                    Err(error) => {
                        tracing::error!(
                            error = &error as &dyn Error,
                            "a follower could not read its feed and tries again"
                        );
                        sleep(RETRY).await;
                    }
                }
            }
        };
        stopping.run_until_cancelled(next).await
    }

    /// Waits for the next event. A cancelled wait loses no event.
    pub async fn next(&mut self) -> storage::Result<Next<E>> {
        loop {
            if let Some(row) = self.backlog.pop_front() {
                if self.backlog.is_empty() {
                    self.held = None;
                }
                self.stands_at(row.position);
                return Ok(self.feed.shared.reader.read(&row).map_or(Next::Unread, Next::Event));
            }
            if *self.head.borrow_and_update() <= self.position {
                // The sender lives as long as `self.feed`, so this cannot fail.
                let _ = self.head.changed().await;
                continue;
            }
            if let Some((position, event)) = self.in_memory() {
                self.stands_at(position);
                return Ok(event.map_or(Next::Unread, Next::Event));
            }
            // Boxed: a stream that is long open reads the table now and then, and should not carry the questions.
            if Box::pin(self.read_table()).await? {
                return Ok(Next::Lost);
            }
        }
    }

    fn stands_at(&mut self, position: Position) {
        self.position = position;
        self.place.store(position, Relaxed);
    }

    fn in_memory(&self) -> Option<Placed<E>> {
        let tail = self.feed.shared.tail.read().expect("no reader or writer of the tail panics");
        tail.after(self.position)
    }

    /// Reads the next batch, and answers whether missed events are gone.
    async fn read_table(&mut self) -> storage::Result<bool> {
        let database = &self.feed.shared.database;
        let rows = database.events_after(self.position, BATCH).await?;
        // The bounds are read after the rows, so pruning in between is noticed.
        let bounds = database.event_bounds().await?;
        if self.position < bounds.resumable {
            self.stands_at(bounds.head);
            return Ok(true);
        }
        self.keep(rows.into());
        Ok(false)
    }

    /// Keeps the rows that there is room for, and always one. The others are read again.
    fn keep(&mut self, mut rows: VecDeque<EventRow>) {
        let mut bytes = 0;
        let fitting = rows.iter().take_while(|row| {
            bytes += row_bytes(row);
            bytes <= BACKLOG
        });
        let fitting = fitting.count().max(1);
        rows.truncate(fitting);
        if let Some(share) = &self.share {
            match share.hold_ahead(rows.iter().map(row_bytes).sum()) {
                Ok(held) => self.held = Some(held),
                Err(_no_room) => rows.truncate(1),
            }
        }
        rows.shrink_to_fit();
        self.backlog = rows;
    }
}
