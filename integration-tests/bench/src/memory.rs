//! The memory of an idle stream: what the process holds for each of many that hear nothing.

use std::{any::Any, net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::{SinkExt, StreamExt};
use sir0_contract::storefront::{self as pb, games_service_client::GamesServiceClient};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tonic::transport::Channel;

use crate::{
    cli::Plan,
    http1, rpc,
    sir0::{Installation, Sir0},
};

/// As many as sir0 takes on a connection unless told otherwise.
const ON_A_CONNECTION: u32 = 100;
/// What was freed and what was put off has time to show.
const SILENCE: Duration = Duration::from_secs(3);

/// What one kind of stream holds.
pub(crate) struct Held {
    pub(crate) kind: &'static str,
    pub(crate) streams: u32,
    /// Resident bytes for each; none where the system does not tell.
    pub(crate) bytes: Option<f64>,
}

/// A way to follow the games.
#[derive(Clone, Copy)]
enum Kind {
    Shared,
    Grpc,
    Socket,
    Events,
}

const KINDS: [(&str, Kind); 4] = [
    ("gRPC `WatchGames`, 100 on a connection", Kind::Shared),
    ("gRPC `WatchGames`, each on a separate connection", Kind::Grpc),
    ("WebSocket, one subscription each", Kind::Socket),
    ("server-sent events, each on a separate connection", Kind::Events),
];

/// What is kept so that a stream stays open.
type Open = Box<dyn Any + Send>;

/// Each kind, on a server started for it.
pub(crate) async fn measure(plan: &Plan, folder: &Path) -> Result<Vec<Held>> {
    println!("measuring {} idle streams of each kind", plan.streams);
    let installation = Installation::new(&plan.sir0, &folder.join("memory"))?;
    let mut held = Vec::new();
    for (name, kind) in KINDS {
        let sir0 = Sir0::start(&installation, &["--demo"]).await?;
        let bytes = kind.measure(&sir0, plan.streams).await;
        held.push(Held {
            kind: name,
            streams: plan.streams,
            bytes: bytes.with_context(|| format!("holding {name}"))?,
        });
        sir0.stop().await?;
    }
    Ok(held)
}

impl Kind {
    async fn measure(self, sir0: &Sir0, streams: u32) -> Result<Option<f64>> {
        // The first ones of a kind also make what all of them share.
        let _first = self.open(sir0.address, ON_A_CONNECTION.min(streams)).await?;
        sleep(SILENCE).await;
        let before = sir0.process.resident_megabytes();
        let open = self.open(sir0.address, streams).await?;
        sleep(SILENCE).await;
        let after = sir0.process.resident_megabytes();
        drop(open);
        let bytes = |(before, after): (f64, f64)| (after - before) * 1e6 / f64::from(streams);
        Ok(before.zip(after).map(bytes))
    }

    async fn open(self, address: SocketAddr, streams: u32) -> Result<Vec<Open>> {
        let mut open = Vec::new();
        let mut client = rpc::client(address).await?;
        for number in 0..streams {
            let begins = number % ON_A_CONNECTION == 0;
            if matches!(self, Self::Grpc) || (matches!(self, Self::Shared) && begins) {
                client = rpc::client(address).await?;
            }
            let stream: Open = match self {
                Self::Shared | Self::Grpc => Box::new(watch(&mut client).await?),
                Self::Socket => Box::new(subscribe(address).await?),
                Self::Events => Box::new(http1::events(address, "/api/games:watch").await?),
            };
            open.push(stream);
        }
        Ok(open)
    }
}

/// A stream that has said its first heartbeat.
async fn watch(
    client: &mut GamesServiceClient<Channel>,
) -> Result<tonic::Streaming<pb::WatchGamesResponse>> {
    let asked = client.watch_games(pb::WatchGamesRequest::default()).await;
    let mut updates = asked.context("a stream was refused")?.into_inner();
    updates.message().await?.context("a stream ended before it began")?;
    Ok(updates)
}

/// A socket that has heard that it is subscribed.
async fn subscribe(address: SocketAddr) -> Result<impl Any + Send> {
    let url = format!("ws://{address}/ws");
    let (mut socket, _) = tokio_tungstenite::connect_async(url).await?;
    let asked = serde_json::json!({ "action": "subscribe", "topic": "game_updates" });
    socket.send(Message::text(asked.to_string())).await?;
    let answer = socket.next().await.context("a socket closed at once")??;
    ensure!(answer.to_text()?.contains("Subscribed"), "a subscription was answered with {answer}");
    Ok(socket)
}
