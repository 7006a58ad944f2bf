//! Many watchers, one change: how long until the last of them has it, and how many deliveries fit in a second.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use sir0_contract::storefront::{
    self as pb, games_service_client::GamesServiceClient, watch_games_response::Update,
};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tonic::{Request, Streaming, metadata::MetadataValue, transport::Channel};

use crate::{rpc, sir0};

/// Watchers share connections, as those behind a proxy do.
const STREAMS_PER_CONNECTION: u32 = 50;
const GAME: i32 = 1;
const PATIENCE: Duration = Duration::from_secs(30);

/// What the watchers saw.
pub(crate) struct Delivery {
    pub(crate) streams: u32,
    pub(crate) connections: u32,
    /// Changes that were published one at a time.
    pub(crate) changes: u32,
    /// Changes that were published without waiting.
    pub(crate) burst: u32,
    /// Of the changes published one at a time: from the moment the change was sent to the server to the moment
    /// a watcher had it.
    pub(crate) latencies_ms: Vec<f64>,
    pub(crate) expected: u64,
    pub(crate) arrived: u64,
    /// Deliveries per second while changes were published without waiting.
    pub(crate) per_second: f64,
}

impl Delivery {
    /// Whether every change reached every stream.
    pub(crate) const fn is_complete(&self) -> bool {
        self.arrived == self.expected
    }
}

/// Everything that publisher and watchers share.
struct Board {
    /// When change number n was sent, in microseconds since `started`.
    sent: Vec<AtomicU64>,
    started: Instant,
    arrived: AtomicU64,
    goal: AtomicU64,
    reached: Notify,
}

impl Board {
    fn new(changes: u32) -> Self {
        Self {
            sent: (0..changes).map(|_| AtomicU64::new(0)).collect(),
            started: Instant::now(),
            arrived: AtomicU64::new(0),
            goal: AtomicU64::new(u64::MAX),
            reached: Notify::new(),
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn arrive(&self) {
        let arrived = self.arrived.fetch_add(1, Ordering::SeqCst) + 1;
        if arrived == self.goal.load(Ordering::SeqCst) {
            self.reached.notify_one();
        }
    }

    /// Waits until this many deliveries have arrived; tells whether they did in time.
    async fn all_arrive(&self) -> bool {
        timeout(PATIENCE, self.reached.notified()).await.is_ok()
    }
}

/// Opens the watchers, publishes, and waits for every delivery.
pub(crate) async fn measure(
    sir0: SocketAddr,
    streams: u32,
    changes: u32,
    burst: u32,
) -> Result<Delivery> {
    println!("measuring {streams} open streams");
    let board = Arc::new(Board::new(changes + burst));
    let mut watchers = open(sir0, streams, &board).await?;
    let mut publisher = Publisher::sign_in(sir0).await?;

    let mut in_time = true;
    for change in 0..changes {
        board.goal.store(u64::from(change + 1) * u64::from(streams), Ordering::SeqCst);
        publisher.publish(change, &board).await?;
        in_time = in_time && board.all_arrive().await;
        sleep(Duration::from_millis(50)).await;
    }

    let expected = u64::from(changes + burst) * u64::from(streams);
    board.goal.store(expected, Ordering::SeqCst);
    let started = Instant::now();
    for change in changes..changes + burst {
        publisher.publish(change, &board).await?;
    }
    in_time = in_time && board.all_arrive().await;
    let took = started.elapsed();
    let arrived = board.arrived.load(Ordering::SeqCst);

    let mut latencies_ms = Vec::new();
    if in_time {
        while let Some(watched) = watchers.join_next().await {
            let watched = watched.context("a watcher broke")??;
            latencies_ms.extend(watched.into_iter().take(changes as usize));
        }
    } else {
        // A watcher that failed says why; the others wait for what never comes.
        while let Some(ended) = watchers.try_join_next() {
            ended.context("a watcher broke")??;
        }
    }
    let per_second = f64::from(burst) * f64::from(streams) / took.as_secs_f64();
    Ok(Delivery {
        streams,
        connections: streams.div_ceil(STREAMS_PER_CONNECTION),
        changes,
        burst,
        latencies_ms,
        expected,
        arrived,
        per_second,
    })
}

async fn open(
    sir0: SocketAddr,
    streams: u32,
    board: &Arc<Board>,
) -> Result<JoinSet<Result<Vec<f64>>>> {
    let mut opening = JoinSet::new();
    let mut client = rpc::client(sir0).await?;
    for number in 0..streams {
        if number > 0 && number % STREAMS_PER_CONNECTION == 0 {
            client = rpc::client(sir0).await?;
        }
        opening.spawn(watch(client.clone()));
    }
    let mut watchers = JoinSet::new();
    while let Some(opened) = opening.join_next().await {
        let updates = opened.context("a watcher broke")??;
        watchers.spawn(follow(updates, board.clone()));
    }
    Ok(watchers)
}

/// Opens one stream and reads the present, so that whatever comes next is a change.
async fn watch(
    mut client: GamesServiceClient<Channel>,
) -> Result<Streaming<pb::WatchGamesResponse>> {
    let asked = pb::WatchGamesRequest { send_present: true, ..Default::default() };
    let mut updates = client.watch_games(asked).await.context("a stream was refused")?.into_inner();
    loop {
        let message = timeout(PATIENCE, updates.message()).await.context("the present is late")?;
        match message?.context("a stream ended before it began")?.update {
            Some(Update::InSync(_)) => return Ok(updates),
            Some(Update::Present(_) | Update::Heartbeat(_)) => {}
            other => bail!("instead of the present came {other:?}"),
        }
    }
}

/// Reads every change, insists on each once and in order, and notes how long it was under way.
async fn follow(
    mut updates: Streaming<pb::WatchGamesResponse>,
    board: Arc<Board>,
) -> Result<Vec<f64>> {
    let mut latencies_ms = Vec::with_capacity(board.sent.len());
    while let Some(sent) = board.sent.get(latencies_ms.len()) {
        let message = updates.message().await.context("a stream broke")?;
        let game = match message.context("a stream ended early")?.update {
            Some(Update::Changed(game)) => game,
            Some(Update::Heartbeat(_)) => continue,
            other => bail!("instead of a change came {other:?}"),
        };
        let now = board.now_us();
        let expected = describe(latencies_ms.len());
        ensure!(
            game.description == expected,
            "instead of `{expected}` came `{}`",
            game.description
        );
        let micros = now.saturating_sub(sent.load(Ordering::SeqCst));
        latencies_ms.push(Duration::from_micros(micros).as_secs_f64() * 1_000.0);
        board.arrive();
    }
    Ok(latencies_ms)
}

fn describe(change: usize) -> String {
    format!("Change number {change}.")
}

struct Publisher {
    client: GamesServiceClient<Channel>,
    authorization: MetadataValue<tonic::metadata::Ascii>,
}

impl Publisher {
    async fn sign_in(address: SocketAddr) -> Result<Self> {
        let authorization = sir0::sign_in(address).await?.parse()?;
        Ok(Self { client: rpc::client(address).await?, authorization })
    }

    async fn publish(&mut self, change: u32, board: &Board) -> Result<()> {
        let number = change as usize;
        let mut request = Request::new(pb::UpdateGameRequest {
            game_id: GAME,
            description: Some(describe(number)),
            ..Default::default()
        });
        request.metadata_mut().insert("authorization", self.authorization.clone());
        board.sent[number].store(board.now_us(), Ordering::SeqCst);
        self.client.update_game(request).await.context("a change was refused")?;
        Ok(())
    }
}
