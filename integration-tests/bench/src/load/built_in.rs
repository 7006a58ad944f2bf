//! Load from this program, for machines without wrk and h2load. It costs more, so it flatters no ratio but
//! brings both sides closer together.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::future::try_join_all;
use hyper::Method;
use tokio::{task::JoinHandle, time::Instant};

use super::Figures;
use crate::{http1, rpc, stats};

/// One turn of `GET`s over kept-alive connections.
pub(super) async fn rest(
    address: SocketAddr,
    path: &'static str,
    connections: usize,
    turn: Duration,
) -> Result<Figures> {
    let opened = try_join_all((0..connections).map(|_| http1::Connection::open(address))).await?;
    let started = Instant::now();
    let tasks = opened.into_iter().map(|mut connection| {
        tokio::spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < turn {
                let asked = Instant::now();
                let answer = connection.send(Method::GET, path, Bytes::new()).await?;
                ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
                times.push(asked.elapsed());
            }
            Ok(times)
        })
    });
    sum(tasks.collect(), started).await
}

/// One turn of calls over shared connections.
pub(super) async fn grpc(
    address: SocketAddr,
    connections: usize,
    calls: usize,
    turn: Duration,
) -> Result<Figures> {
    let opened = try_join_all((0..connections).map(|_| rpc::client(address))).await?;
    let started = Instant::now();
    let callers = opened.into_iter().flat_map(|client| std::iter::repeat_n(client, calls));
    let tasks = callers.map(|mut client| {
        tokio::spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < turn {
                let asked = Instant::now();
                client.get_game(rpc::QUESTION).await?;
                times.push(asked.elapsed());
            }
            Ok(times)
        })
    });
    sum(tasks.collect(), started).await
}

async fn sum(tasks: Vec<JoinHandle<Result<Vec<Duration>>>>, started: Instant) -> Result<Figures> {
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??.into_iter().map(|time| time.as_secs_f64() * 1_000.0));
    }
    ensure!(!times.is_empty(), "not one request came back");
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 requests")]
    let requests = times.len() as f64;
    let per_second = requests / started.elapsed().as_secs_f64();
    Ok(Figures { requests, per_second, p99_ms: stats::percentile(&times, 99) })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::bare;

    const TURN: Duration = Duration::from_millis(100);

    async fn free_address() -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        listener.local_addr().expect("a bound port")
    }

    async fn listening(address: SocketAddr) {
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn requests_to_a_bare_route_are_counted_and_wrong_answers_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("one.json");
        fs::write(&file, "{\"gameId\":1}").expect("a file");
        let address = free_address().await;
        let route = format!("/api/games/1=application/json={}", file.display());
        let route: bare::Route = route.parse().expect("a route");
        tokio::spawn(bare::serve_rest(address, vec![route], false));
        listening(address).await;

        let figures = rest(address, "/api/games/1", 4, TURN).await.expect("answers");
        let refused = rest(address, "/api/games/2", 4, TURN).await;

        assert!(figures.requests >= 4.0 && figures.per_second > 0.0 && figures.p99_ms > 0.0);
        assert!(refused.expect_err("there is no such route").to_string().contains("404"));
    }

    #[tokio::test]
    async fn calls_to_a_bare_service_are_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("answer.bin");
        fs::write(&file, []).expect("a file");
        let address = free_address().await;
        tokio::spawn(async move { bare::serve_grpc(address, &file, &file).await });
        listening(address).await;

        let figures = grpc(address, 2, 4, TURN).await.expect("answers");

        assert!(figures.requests >= 8.0 && figures.per_second > 0.0 && figures.p99_ms > 0.0);
    }
}
