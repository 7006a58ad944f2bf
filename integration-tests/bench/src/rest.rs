//! The REST questions that are measured, and the proof that both sides answer them alike.

use std::{fs, net::SocketAddr, path::Path};

use anyhow::{Context, Result, ensure};

use crate::{bare::Route, http1};

/// One game.
pub(crate) const ONE: &str = "/api/games/1";
/// Twenty games.
pub(crate) const TWENTY: &str = "/api/games?pageSize=20";

/// Asks sir0 and keeps what it said in files, for the bare server to repeat.
pub(crate) async fn copy_answers(sir0: SocketAddr, folder: &Path) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for (path, name) in [(ONE, "one.json"), (TWENTY, "twenty.json")] {
        let answer = http1::get(sir0, path).await?;
        ensure!(answer.status == 200, "GET {path} answered {}", answer.status);
        let file = folder.join(name);
        fs::write(&file, &answer.body).context("could not keep an answer")?;
        let path = path.split('?').next().unwrap_or(path).to_owned();
        let file = file.to_str().context("the temporary folder has an odd name")?.to_owned();
        routes.push(Route { path, content_type: answer.content_type, file });
    }
    Ok(routes)
}

/// Fails unless both servers answer every question with the same bytes, and with as many games as asked for.
pub(crate) async fn must_agree(sir0: SocketAddr, bare: SocketAddr) -> Result<()> {
    for path in [ONE, TWENTY] {
        let (ours, theirs) = (http1::get(sir0, path).await?, http1::get(bare, path).await?);
        let alike = ours.status == theirs.status
            && ours.body == theirs.body
            && ours.content_type == theirs.content_type;
        ensure!(alike, "the servers disagree on GET {path}");
    }
    let list: serde_json::Value = serde_json::from_slice(&http1::get(sir0, TWENTY).await?.body)?;
    let games = list["games"].as_array().map_or(0, Vec::len);
    ensure!(games == 20, "GET {TWENTY} answered with {games} games");
    Ok(())
}
