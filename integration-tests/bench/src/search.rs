//! How fast games are found in a large store, on both engines: searches at a steady pace, and pages deep inside each order.
//!
//! A search comes when it is its turn, whatever became of the one before, and its time counts from that moment on. Few
//! are alike, so few are answered from a page in memory.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use hyper::Method;
use serde_json::Value;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    cli::Plan,
    http1::{self, Connection},
    sir0::{self, Sir0},
    writes::{CLIENTS, engine},
};

pub(crate) const GAMES: usize = 100_000;
pub(crate) const A_SECOND: usize = 50;
const SEARCHES: usize = 30 * A_SECOND;
const CONNECTIONS: usize = 32;
const ORDERS: [&str; 7] =
    ["newest", "title", "price", "price_down", "release", "release_up", "relevance&q=ka"];
const FACETS: &str = "facets=kind&facets=genre&facets=price&facets=state&facets=studio";

/// What finding showed on one engine.
pub(crate) struct Found {
    /// The engine, as a person calls it.
    pub(crate) engine: String,
    /// From the start of a process to the list that the index answers.
    pub(crate) indexed_s: f64,
    /// Resident memory with the index; none where the system does not tell.
    pub(crate) megabytes: Option<f64>,
    /// Each search with facets.
    pub(crate) searches_ms: Vec<f64>,
    /// Each page inside an order, behind each thousand games.
    pub(crate) pages_ms: Vec<f64>,
}

/// Measures on both engines.
pub(crate) async fn measure(plan: &Plan, folder: &Path) -> Result<Vec<Found>> {
    let folder = folder.join("search");
    let mut found = Vec::new();
    for engine in
        [engine::Engine::Sqlite, engine::Engine::Postgres(engine::durable_postgres().await?)]
    {
        println!("measuring how games are found among {GAMES} on {}", engine.name());
        let installation = engine::Home::new(&engine, &folder)?.install(&plan.sir0, "search")?;
        installation.create_publisher().await?;
        let sir0 = Sir0::start(&installation, &[]).await?;
        let authorization = sir0::sign_in(sir0.address).await?;
        fill(sir0.address, &authorization).await?;
        sir0.stop().await?;

        let begun = Instant::now();
        let sir0 = Sir0::start(&installation, &[]).await?;
        while total(sir0.address).await?.is_none() {
            sleep(Duration::from_millis(20)).await;
        }
        let indexed_s = begun.elapsed().as_secs_f64();
        let searches_ms = searches(sir0.address).await?;
        let pages_ms = pages(sir0.address).await?;
        let megabytes = sir0.process.resident_megabytes();
        sir0.stop().await?;
        found.push(Found { engine: engine.name(), indexed_s, megabytes, searches_ms, pages_ms });
    }
    Ok(found)
}

/// A word that nobody writes, of two to four syllables. There are some thousands.
fn word(number: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ka", "lo", "mir", "ten", "sul", "ver", "do", "qua", "ris", "fen", "ga", "hol", "pe", "zu",
        "nim", "ber",
    ];
    let count = 2 + number % 3;
    let mut left = number.wrapping_mul(2_654_435_761) >> 7;
    let mut word = String::new();
    for _ in 0..count {
        word.push_str(SYLLABLES[left % SYLLABLES.len()]);
        left /= SYLLABLES.len();
    }
    word
}

/// The number of the word that stands at a place: some are in many texts, and most in few.
const fn drawn(place: usize) -> usize {
    let random = place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 24;
    (random % 5_000) * (random / 5_000 % 1_000) / 1_000
}

fn title(game: usize) -> String {
    [0, 1, 2].map(|at| word(drawn(game * 3 + at))).join(" ")
}

/// A game with a title of three words and a description of sixty. Each tenth is to come.
pub(crate) fn product(number: usize) -> Result<Value> {
    let description = (0..60).map(|at| word(drawn(number * 61 + at)));
    let mut game = serde_json::json!({
        "title": title(number),
        "genre": format!("Genre {}", number % 12),
        "price": f64::from(u32::try_from(number % 6_000)?) / 100.0,
        "description": description.collect::<Vec<_>>().join(" "),
    });
    if number.is_multiple_of(10) {
        game["state"] = "announced".into();
        game["releaseDate"] = format!("2031-{:02}-{:02}", number % 12 + 1, number % 28 + 1).into();
    }
    Ok(game)
}

async fn fill(address: SocketAddr, authorization: &str) -> Result<()> {
    let clients = (0..CLIENTS).map(async |first| -> Result<()> {
        let mut connection = Connection::open_as(address, authorization).await?;
        for number in (first..GAMES).step_by(CLIENTS) {
            let body = product(number)?.to_string().into();
            let answer = connection.send(Method::POST, "/api/games", body).await?;
            ensure!(answer.status == 201, "POST /api/games answered {}", answer.status);
        }
        Ok(())
    });
    try_join_all(clients).await.map(drop)
}

/// How many games there are, once they are indexed.
async fn total(address: SocketAddr) -> Result<Option<usize>> {
    let answer = http1::get(address, "/api/games?pageSize=1").await?;
    let answer: Value = serde_json::from_slice(&answer.body).context("a list is JSON")?;
    let total = answer["totalSize"].as_u64().map(usize::try_from).transpose()?;
    ensure!(total.is_none_or(|total| total == GAMES), "{total:?} games are listed");
    Ok(total)
}

/// A search that few before were like: a word, a misspelt one, two with a filter, no words, and one letter or two.
fn query(number: usize) -> String {
    let title = title(number * 17);
    let words: Vec<_> = title.split(' ').collect();
    let misspelt = |word: &str| format!("{}{}", &word[..1], &word[2..]);
    match number % 5 {
        0 => format!("q={}", words[0]),
        1 => format!("q={}%20{}", misspelt(words[0]), words[1]),
        2 => format!("q={}%20{}&genre=genre%20{}", words[0], words[1], number % 12),
        3 => format!("genre=genre%20{}&sort=price_down&pageSize={}", number % 12, 10 + number / 60),
        _ => {
            format!("q={}&sort=release&pageSize={}", &words[0][..=(number % 2)], 10 + number / 60)
        }
    }
}

async fn searches(address: SocketAddr) -> Result<Vec<f64>> {
    let connections = try_join_all((0..CONNECTIONS).map(|_| Connection::open(address))).await?;
    let connections: Vec<_> = connections.into_iter().map(Mutex::new).collect();
    let begun = Instant::now() + Duration::from_millis(100);
    let searches = (0..SEARCHES).map(async |number| -> Result<f64> {
        let at = begun + Duration::from_secs(1) * u32::try_from(number)? / u32::try_from(A_SECOND)?;
        sleep_until(at).await;
        let path = format!("/api/games?{}&{FACETS}", query(number));
        let mut connection = connections[number % CONNECTIONS].lock().await;
        let answer = connection.send(Method::GET, &path, bytes::Bytes::new()).await?;
        ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
        Ok(at.elapsed().as_secs_f64() * 1_000.0)
    });
    try_join_all(searches).await
}

/// Walks along each order, and asks for a small page behind each large one.
async fn pages(address: SocketAddr) -> Result<Vec<f64>> {
    let mut connection = Connection::open(address).await?;
    let mut took = Vec::new();
    for order in ORDERS {
        let mut token = String::new();
        loop {
            let small = format!("/api/games?sort={order}&pageSize=20&pageToken={token}");
            let begun = Instant::now();
            let answer = connection.send(Method::GET, &small, bytes::Bytes::new()).await?;
            took.push(begun.elapsed().as_secs_f64() * 1_000.0);
            ensure!(answer.status == 200, "GET {small} answered {}", answer.status);
            let large = format!("/api/games?sort={order}&pageSize=1000&pageToken={token}");
            let answer = connection.send(Method::GET, &large, bytes::Bytes::new()).await?;
            let answer: Value = serde_json::from_slice(&answer.body).context("a list is JSON")?;
            let Some(next) = answer["nextPageToken"].as_str() else { break };
            next.clone_into(&mut token);
        }
    }
    Ok(took)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn few_searches_are_alike_and_titles_differ() {
        let searches: BTreeSet<_> = (0..SEARCHES).map(query).collect();
        let titles: BTreeSet<_> = (0..1_000).map(title).collect();

        assert!(searches.len() > SEARCHES * 9 / 10, "{}", searches.len());
        assert!(titles.len() > 900, "{}", titles.len());
    }
}
