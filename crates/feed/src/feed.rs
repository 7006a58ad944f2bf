//! One database's feed: the relay that reads the table.

use std::{
    error::Error,
    sync::{Arc, RwLock},
    time::Duration,
};

use sir0_kernel::Clock;
use sir0_redis::Redis;
use sir0_storage::{self as storage, Database, Position};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Event, Follower, Rounds,
    doorbell::{Doorbell, Ring},
    event::{Reader, row_bytes},
    gauges::Gauges,
    places::Places,
    tail::{Capacity, Tail},
};

/// How patient the feed is.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// How long an event may wait when its ring was lost, or when another process wrote it into a file without a ring.
    pub poll: Duration,
    /// How many events memory holds. A follower further behind reads the table.
    pub window: usize,
    /// How many bytes their rows take at most.
    pub window_bytes: usize,
    /// How many events the table keeps at least.
    pub keep: i64,
    /// How long it keeps an event at least. A follower that is behind in both ways starts over.
    pub keep_for: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(500),
            window: 1024,
            window_bytes: 8 << 20,
            keep: storage::KEPT,
            keep_for: Duration::from_mins(10),
        }
    }
}

impl Config {
    const fn capacity(&self) -> Capacity {
        Capacity { events: self.window, bytes: self.window_bytes }
    }
}

/// A database's events, as they happen. Cheap to clone.
#[derive(Debug)]
pub struct Feed<E> {
    pub(crate) shared: Arc<Shared<E>>,
}

#[derive(Debug)]
pub(crate) struct Shared<E> {
    pub(crate) database: Database,
    pub(crate) tail: RwLock<Tail<E>>,
    pub(crate) head: watch::Sender<Position>,
    pub(crate) reader: Reader,
    pub(crate) places: Places,
    doorbell: Doorbell,
    gauges: Gauges,
    stopped: CancellationToken,
    config: Config,
}

const BATCH: i64 = 256;
/// The least time from one round of the relay to the next. What is committed meanwhile gets its positions together, and
/// is read together. The first change after a pause waits for nothing.
const PACE: Duration = Duration::from_millis(3);
/// How often one who waits for the slowest follower looks where it is.
const LOOK: Duration = Duration::from_millis(20);

impl<E> Clone for Feed<E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<E: Event> Feed<E> {
    /// Starts to follow the table, from its latest event on.
    ///
    /// Between processes the doorbell rings through `redis`, else through PostgreSQL, if either is there. `name` tells
    /// this feed from others.
    pub async fn open(
        name: &'static str,
        database: Database,
        redis: Option<Redis>,
        clock: Arc<dyn Clock>,
        config: Config,
    ) -> storage::Result<Self> {
        let head = database.number_events().await?.head;
        let stopped = CancellationToken::new();
        let shared = Arc::new(Shared {
            tail: RwLock::new(Tail::starting_at(head, config.capacity())),
            head: watch::Sender::new(head),
            reader: Reader::default(),
            doorbell: Doorbell::hang(name, &database, redis, &stopped),
            places: Places::default(),
            gauges: Gauges::of(name, Arc::clone(&clock)),
            stopped,
            database,
            config,
        });
        tokio::spawn(relay(Arc::clone(&shared)));
        tokio::spawn(prune(Arc::clone(&shared), clock));
        Ok(Self { shared })
    }

    /// Says that something was committed. Losing a ring costs [`Config::poll`], never an event.
    pub fn ring(&self) {
        self.shared.doorbell.ring();
    }

    /// The latest position read.
    #[must_use]
    pub fn head(&self) -> Position {
        *self.shared.head.borrow()
    }

    /// The latest position committed, by any process. Everything that was committed before the question has a position
    /// then.
    pub async fn committed(&self) -> storage::Result<Position> {
        let numbered = self.shared.database.number_events().await?;
        if numbered.moved > 0 {
            self.shared.doorbell.ring_elsewhere();
            self.ring();
        }
        Ok(numbered.head)
    }

    /// Follows from a position: what came after it is heard first.
    #[must_use]
    pub fn follow(&self, from: Position) -> Follower<E> {
        Follower::new(self.clone(), from)
    }

    /// Waits until no follower of this process is further behind than half of what the table keeps, whoever else writes. A
    /// writer of many events waits here before each batch, so that no follower has to start over.
    pub async fn has_room(&self) -> storage::Result<()> {
        loop {
            let committed = self.committed().await?;
            let slowest = self.shared.places.slowest().unwrap_or(committed);
            if committed - slowest <= self.shared.config.keep / 2 {
                return Ok(());
            }
            sleep(LOOK).await;
        }
    }

    /// Ends the reading. Followers hear nothing more.
    pub fn stop(&self) {
        self.shared.stopped.cancel();
    }
}

async fn relay<E: Event>(shared: Arc<Shared<E>>) {
    let mut pause = shared.config.poll;
    let mut next_round = Instant::now();
    while let Some(rung) =
        shared.stopped.run_until_cancelled(timeout(pause, shared.doorbell.rings())).await
    {
        sleep_until(next_round).await;
        next_round = Instant::now() + PACE;
        // What others gave positions to can be read also while this process can give none.
        let numbered = match rung {
            Ok(Ring::Numbered) => Ok(()),
            Ok(Ring::Committed) | Err(_) => number(&shared).await,
        };
        let read = read_on(&shared).await;
        pause = match numbered.and(read) {
            Ok(events) => {
                if rung.is_err() {
                    shared.gauges.found_unrung(events);
                }
                shared.config.poll
            }
            // The database was closed during the read, as it should be at the end.
            Err(_) if shared.stopped.is_cancelled() => return,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn Error,
                    "the feed could not read its table and tries again"
                );
                Duration::from_secs(1)
            }
        };
    }
}

/// Gives positions to what was committed, and tells the others.
async fn number<E>(shared: &Shared<E>) -> storage::Result<()> {
    if shared.database.give_positions().await? > 0 {
        shared.doorbell.ring_elsewhere();
    }
    Ok(())
}

/// Reads the new events, and answers how many rows there were.
async fn read_on<E: Event>(shared: &Shared<E>) -> storage::Result<usize> {
    let mut count = 0;
    loop {
        let head = *shared.head.borrow();
        let rows = shared.database.events_after(head, BATCH).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(count) };
        let (first, last) = (first.position, last.position);
        // A gap is only a number that was never used, unless its events were forgotten before they were read.
        let was_forgotten =
            first > head + 1 && head < shared.database.event_bounds().await?.resumable;

        let events: Vec<_> = rows
            .iter()
            .map(|row| (row.position, shared.reader.read(row), row_bytes(row)))
            .collect();
        {
            let mut tail = shared.tail.write().expect("no reader or writer of the tail panics");
            if was_forgotten {
                // A follower before the gap must ask the table, and hears from it that events are lost.
                *tail = Tail::starting_at(first - 1, shared.config.capacity());
            }
            for (position, event, bytes) in events {
                tail.push(position, event, bytes);
            }
        }
        shared.head.send_replace(last);
        shared.gauges.read(&rows);
        count += rows.len();
    }
}

async fn prune<E: Event>(shared: Arc<Shared<E>>, clock: Arc<dyn Clock>) {
    let mut rounds = Rounds::every(Duration::from_mins(1), &shared.stopped);
    while rounds.next().await {
        let since = clock.now().before(shared.config.keep_for);
        if let Err(error) = shared.database.prune_events(shared.config.keep, since).await {
            tracing::warn!(error = &error as &dyn Error, "old events could not be forgotten");
        }
    }
}
