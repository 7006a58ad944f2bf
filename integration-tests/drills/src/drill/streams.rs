//! Very many clients that mostly wait: what each costs, and how soon all of them hear of a change.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::{StreamExt, TryStreamExt, future::try_join_all, stream};
use serde_json::Value;
use sir0_contract::storefront::{
    UpdateGameRequest, WatchGamesRequest, WatchGamesResponse, watch_games_response::Update,
};
use sir0_testkit::{GamesClient, Person, Process, Socket, process_with};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tonic::{Code, Streaming};

use super::{
    game::a_game,
    report::Report,
    times::{Times, ms},
};

/// As many as a process may have files open here, with some to spare, also where a stream has its own connection.
const SETTINGS: [(&str, &str); 1] = [("SIR0_LIMITS_CONNECTIONS", "15000")];
/// Changes, one after the other. The first one finds everything cold.
const CHANGES: usize = 5;
/// How many are opened at a time. One address may begin about a thousand.
const OPENING: usize = 800;
/// Beyond this it is lost.
const LONG: Duration = Duration::from_secs(30);
/// What a refusal says in `Retry-After`.
const AGAIN: Duration = Duration::from_secs(1);
/// What was needed to open is given back after a while.
const SETTLES: Duration = Duration::from_secs(3);

/// What one kind of clients showed.
struct Heard {
    clients: usize,
    kib_each: f64,
    times: Times,
    lost: usize,
}

pub(super) async fn run(is_short: bool) -> Result<Report> {
    let (many, own, sockets) = if is_short { (1_000, 200, 200) } else { (10_000, 5_000, 2_000) };
    let mut report = Report::default();
    // 100 streams on each connection, as behind a proxy.
    streams(many, 100).await?.tell(&mut report, "streams, 100 on a connection");
    streams(own, 1).await?.tell(&mut report, "streams, each on its own connection");
    websockets(sockets).await?.tell(&mut report, "WebSockets");
    Ok(report)
}

/// So many `WatchGames` streams on a separate instance.
async fn streams(count: usize, on_a_connection: usize) -> Result<Heard> {
    let process = process_with(&SETTINGS).await;
    let publisher = Publisher::at(&process).await?;
    // The first streams pay for what all share.
    let warm = watch(process.visitor().games()).await?;
    sleep(SETTLES).await;
    let before = memory(&process)?;

    let connections = count / on_a_connection;
    let opened = (0..connections).map(|_| open(process.visitor(), on_a_connection));
    let at_a_time = (OPENING / on_a_connection).min(64);
    let opened: Vec<Vec<_>> =
        stream::iter(opened).buffer_unordered(at_a_time).try_collect().await?;
    sleep(SETTLES).await;
    let kib_each = kib_each(before, memory(&process)?, count);

    let (sender, heard) = mpsc::unbounded_channel();
    for mut updates in opened.into_iter().flatten() {
        let sender = sender.clone();
        tokio::spawn(async move {
            while let Ok(Some(message)) = updates.message().await {
                if let Some(Update::Changed(game)) = message.update {
                    // The receiver is gone once all is counted.
                    let _ = sender.send((game.description, Instant::now()));
                }
            }
        });
    }
    let (times, lost) = publisher.publishes(count, heard).await?;
    drop(warm);
    Ok(Heard { clients: count, kib_each, times, lost })
}

async fn open(visitor: Person, count: usize) -> Result<Vec<Streaming<WatchGamesResponse>>> {
    let games = visitor.games();
    try_join_all((0..count).map(|_| watch(games.clone()))).await
}

/// One stream, past the present. When a refusal says that too much waits for its address, the client tries again later.
async fn watch(mut games: GamesClient) -> Result<Streaming<WatchGamesResponse>> {
    let begun = Instant::now();
    let mut updates = loop {
        let asked = WatchGamesRequest { send_present: true, ..Default::default() };
        match games.watch_games(asked).await {
            Ok(updates) => break updates.into_inner(),
            Err(full) if full.code() == Code::ResourceExhausted && begun.elapsed() < LONG => {
                sleep(AGAIN).await;
            }
            Err(refused) => return Err(refused.into()),
        }
    };
    loop {
        let message = timeout(LONG, updates.message()).await.context("a stream stays silent")??;
        match message.context("a stream ends before it begins")?.update {
            Some(Update::InSync(_)) => return Ok(updates),
            Some(Update::Present(_) | Update::Heartbeat(_)) => {}
            other => bail!("instead of the present comes {other:?}"),
        }
    }
}

/// So many sockets on a separate instance.
async fn websockets(count: usize) -> Result<Heard> {
    let process = process_with(&SETTINGS).await;
    let publisher = Publisher::at(&process).await?;
    let mut warm = process.visitor().socket().await;
    warm.subscribes("game_updates").await;
    sleep(SETTLES).await;
    let before = memory(&process)?;

    let opened = (0..count).map(|_| subscribe(process.visitor()));
    let opened: Vec<Socket> = stream::iter(opened).buffer_unordered(64).collect().await;
    sleep(SETTLES).await;
    let kib_each = kib_each(before, memory(&process)?, count);

    let (sender, heard) = mpsc::unbounded_channel();
    let mut listening = Vec::new();
    for mut socket in opened {
        let sender = sender.clone();
        listening.push(tokio::spawn(async move {
            for _ in 0..CHANGES {
                let frame = socket.hears().await;
                // The receiver is gone once all is counted.
                let _ = sender.send((description(&frame).unwrap_or_default(), Instant::now()));
            }
        }));
    }
    let (times, lost) = publisher.publishes(count, heard).await?;
    for one in listening {
        one.abort();
    }
    drop(warm);
    Ok(Heard { clients: count, kib_each, times, lost })
}

async fn subscribe(visitor: Person) -> Socket {
    let mut socket = visitor.socket().await;
    socket.subscribes("game_updates").await;
    socket
}

/// The description of the game that a frame is about.
fn description(frame: &Value) -> Option<String> {
    match frame {
        Value::Object(fields) => match fields.get("description") {
            Some(Value::String(text)) => Some(text.clone()),
            _ => fields.values().find_map(description),
        },
        _ => None,
    }
}

fn memory(process: &Process) -> Result<u64> {
    process.rss().context("this system does not tell how much memory a process has")
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53 bytes")]
fn kib_each(before: u64, after: u64, count: usize) -> f64 {
    after.saturating_sub(before) as f64 / 1_024.0 / count as f64
}

/// The client that changes a game.
struct Publisher {
    games: GamesClient,
    game: i32,
}

impl Publisher {
    async fn at(process: &Process) -> Result<Self> {
        let mut games = process.publisher("Northlight").await.games();
        let game = games.create_game(a_game("Lanterns")).await?.into_inner().game_id;
        Ok(Self { games, game })
    }

    /// Changes the game a few times and waits each time until all have heard. Returns how long each took from the
    /// moment of the call, and how many never heard.
    async fn publishes(
        mut self,
        listeners: usize,
        mut heard: mpsc::UnboundedReceiver<(String, Instant)>,
    ) -> Result<(Times, usize)> {
        let (mut times, mut lost) = (Times::default(), 0);
        for change in 0..CHANGES {
            let expected = format!("change {change}");
            let request = UpdateGameRequest {
                game_id: self.game,
                description: Some(expected.clone()),
                ..Default::default()
            };
            let asked = Instant::now();
            self.games.update_game(request).await.context("a change is refused")?;
            let mut missing = listeners;
            while missing > 0 {
                let Ok(Some((what, when))) = timeout(LONG, heard.recv()).await else { break };
                ensure!(what == expected, "instead of `{expected}` came `{what}`");
                times.add(when - asked);
                missing -= 1;
            }
            lost += missing;
            sleep(Duration::from_millis(500)).await;
        }
        // One more than was sent would be as wrong as one less.
        ensure!(heard.try_recv().is_err(), "a change came twice");
        Ok((times, lost))
    }
}

impl Heard {
    fn tell(&self, report: &mut Report, what: &str) {
        let Self { clients, kib_each, times, lost } = self;
        report.tells(&format!("{what}: memory of the process each"), format!("{kib_each:.1} KiB"));
        report.must(
            &format!("{what}: {CHANGES} changes to {clients}, lost"),
            lost,
            "0",
            *lost == 0,
        );
        report.tells(
            &format!("{what}: from the call to a client, p50, p99, longest"),
            format!(
                "{}, {}, {}",
                ms(times.percentile(50)),
                ms(times.percentile(99)),
                ms(times.max())
            ),
        );
    }
}
