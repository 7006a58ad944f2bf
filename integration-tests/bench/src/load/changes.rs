//! Changes over REST: every request gives a game a price that it did not have.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::future::try_join_all;
use hyper::Method;
use tokio::time::Instant;

use crate::{http1, sir0};

/// How long clients go on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Length {
    /// Until this much time has passed.
    Time(Duration),
    /// Until each of them has made this many requests.
    Requests(usize),
}

/// What clients that change games were answered.
pub(crate) struct Answered {
    /// How long each request took.
    pub(crate) times_ms: Vec<f64>,
    pub(crate) took: Duration,
}

/// Changes the games of one server. Goes on where the last turn ended, so that no price comes twice in a row.
pub(crate) struct Changes {
    address: SocketAddr,
    authorization: String,
    games: Vec<i64>,
    next: AtomicU64,
}

impl Changes {
    /// Signs in, and finds the games. As many as a page holds are changed in turns.
    pub(crate) async fn to(address: SocketAddr) -> Result<Arc<Self>> {
        Self::go_on(address, sir0::sign_in(address).await?, 0).await
    }

    /// The same with credentials from before, and behind the changes that were made before.
    pub(crate) async fn go_on(
        address: SocketAddr,
        authorization: String,
        behind: u64,
    ) -> Result<Arc<Self>> {
        let games: Vec<i64> = revisions(address).await?.into_keys().collect();
        ensure!(!games.is_empty(), "there are no games to change");
        Ok(Arc::new(Self { address, authorization, games, next: AtomicU64::new(behind) }))
    }

    /// How many changes were made so far.
    pub(crate) fn made(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// A connection of the publisher.
    pub(crate) async fn connection(&self) -> Result<http1::Connection> {
        http1::Connection::open_as(self.address, &self.authorization).await
    }

    /// The sum of all revisions, which every change moves by one.
    pub(crate) async fn revisions(&self) -> Result<i64> {
        Ok(revisions(self.address).await?.into_values().sum())
    }

    /// Makes the next change.
    pub(crate) async fn next(&self, connection: &mut http1::Connection) -> Result<()> {
        let (game, body) = self.change(self.next.fetch_add(1, Ordering::Relaxed));
        let path = format!("/api/games/{game}");
        let answer = connection.send(Method::PUT, &path, body).await?;
        ensure!(answer.status == 200, "PUT {path} answered {}", answer.status);
        Ok(())
    }

    /// One turn. Fails unless every request was answered with 200 and made a change.
    pub(crate) async fn make(self: &Arc<Self>, clients: usize, length: Length) -> Result<Answered> {
        let (answered, changes) = self.run(clients, length).await?;
        let requests = answered.times_ms.len();
        ensure!(
            usize::try_from(changes).is_ok_and(|changes| changes == requests),
            "{requests} requests were answered with 200, and revisions grew by {changes}"
        );
        Ok(answered)
    }

    /// The last turn again, with the same prices: the same requests, and not one of them a change. It needs more games
    /// than the turn had requests.
    pub(crate) async fn repeat(self: &Arc<Self>, clients: usize, requests: usize) -> Result<()> {
        self.next.fetch_sub((clients * requests) as u64, Ordering::Relaxed);
        let (_, changes) = self.run(clients, Length::Requests(requests)).await?;
        ensure!(changes == 0, "requests that change nothing made {changes} changes");
        Ok(())
    }

    /// Answers also by how much revisions grew.
    async fn run(self: &Arc<Self>, clients: usize, length: Length) -> Result<(Answered, i64)> {
        let before = self.revisions().await?;
        let opened = try_join_all((0..clients).map(|_| self.connection())).await?;
        let started = Instant::now();
        let tasks: Vec<_> = opened
            .into_iter()
            .map(|connection| tokio::spawn(self.clone().client(connection, started, length)))
            .collect();
        let mut times_ms = Vec::new();
        for task in tasks {
            times_ms.extend(task.await??);
        }
        let took = started.elapsed();
        Ok((Answered { times_ms, took }, self.revisions().await? - before))
    }

    async fn client(
        self: Arc<Self>,
        mut connection: http1::Connection,
        started: Instant,
        length: Length,
    ) -> Result<Vec<f64>> {
        let mut times_ms = Vec::new();
        while match length {
            Length::Time(time) => started.elapsed() < time,
            Length::Requests(requests) => times_ms.len() < requests,
        } {
            let asked = Instant::now();
            self.next(&mut connection).await?;
            times_ms.push(asked.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(times_ms)
    }

    /// Change number n: of each game in turn, with the next price.
    fn change(&self, number: u64) -> (i64, Bytes) {
        let games = self.games.len() as u64;
        let game = self.games[usize::try_from(number % games).expect("below the number of games")];
        // From 100.00 on, so that no demo game has it at first, and every body has the same size.
        let cents = 10_000 + number % 89_999;
        (game, format!(r#"{{"price":{}.{:02}}}"#, cents / 100, cents % 100).into())
    }
}

/// The revision of each game, as many as a page holds.
async fn revisions(address: SocketAddr) -> Result<BTreeMap<i64, i64>> {
    let answer = http1::get(address, "/api/games?pageSize=1000").await?;
    ensure!(answer.status == 200, "the list of games answered {}", answer.status);
    let list: serde_json::Value = serde_json::from_slice(&answer.body)?;
    let games = list["games"].as_array().context("a list without games")?.iter();
    let pair =
        |game: &serde_json::Value| Some((game["gameId"].as_i64()?, game["revision"].as_i64()?));
    games.map(pair).collect::<Option<_>>().context("a game without an id or a revision")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_game_is_given_the_price_that_it_has() {
        let changes = Changes {
            address: "127.0.0.1:1".parse().expect("an address"),
            authorization: String::new(),
            games: (1..=60).collect(),
            next: AtomicU64::new(0),
        };

        let mut prices = BTreeMap::new();
        for number in 0..200_000 {
            let (game, body) = changes.change(number);
            assert_eq!(body.len(), r#"{"price":100.00}"#.len());
            assert_ne!(prices.insert(game, body.clone()), Some(body));
        }
        assert_eq!(prices.len(), 60);
    }
}
