//! How fast it starts on a database that exists, and how little memory it keeps when it is idle.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::sleep;

use crate::{
    http1, rest, rpc,
    sir0::{Installation, Sir0},
};

/// What starting showed.
pub(crate) struct Start {
    /// From the start of the process to the first answer of `GET /api/status`, each time.
    pub(crate) first_answer_ms: Vec<f64>,
    /// Resident memory after a few calls and some seconds of silence; none where the system does not tell.
    pub(crate) idle_megabytes: Option<f64>,
}

/// Starts it again and again on this folder.
pub(crate) async fn measure(installation: &Installation, starts: u32) -> Result<Start> {
    println!("measuring {starts} starts");
    let mut first_answer_ms = Vec::new();
    for _ in 0..starts {
        let sir0 = Sir0::start(installation, &[]).await?;
        first_answer_ms.push(sir0.took.as_secs_f64() * 1_000.0);
        sir0.stop().await?;
    }
    let sir0 = Sir0::start(installation, &[]).await?;
    for path in ["/api/status", rest::ONE, rest::TWENTY] {
        let answer = http1::get(sir0.address, path).await?;
        ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
    }
    rpc::client(sir0.address).await?.get_game(rpc::QUESTION).await?;
    sleep(Duration::from_secs(3)).await;
    let idle_megabytes = sir0.process.resident_megabytes();
    sir0.stop().await?;
    Ok(Start { first_answer_ms, idle_megabytes })
}
