//! How fast a catalogue goes in and out as a file, on both engines: with the command that people type, while somebody
//! watches.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use sir0_contract::storefront::{
    WatchGamesRequest, games_service_client::GamesServiceClient, watch_games_response::Update,
};
use tokio::{task::JoinHandle, time::sleep};
use tonic::transport::Channel;

use crate::{
    cli::Plan,
    http1,
    search::{GAMES, product},
    sir0::{self, Installation, Sir0},
    writes::engine,
};

/// What the import of a catalogue showed on one engine.
pub(crate) struct Imported {
    /// The engine, as a person calls it.
    pub(crate) engine: String,
    /// How many bytes the file has.
    pub(crate) bytes: usize,
    /// The first import, which adds everything.
    pub(crate) added_s: f64,
    /// From its end until the watcher had heard of everything.
    pub(crate) heard_s: f64,
    /// From its end until a list came from the index.
    pub(crate) indexed_s: f64,
    /// The same file once more.
    pub(crate) unchanged_s: f64,
    /// The same file with other prices.
    pub(crate) changed_s: f64,
    /// The file, written.
    pub(crate) exported_s: f64,
    /// Resident memory of the server before, and the most that it was during the first import; none where the system does
    /// not tell.
    pub(crate) before_mb: Option<f64>,
    pub(crate) most_mb: Option<f64>,
    /// What is resident when everything is indexed and nothing is asked.
    pub(crate) after_mb: Option<f64>,
}

/// Measures on both engines.
pub(crate) async fn measure(plan: &Plan, folder: &Path) -> Result<Vec<Imported>> {
    let folder = folder.join("import");
    std::fs::create_dir_all(&folder).context("could not make a folder")?;
    let (first, dearer) = (folder.join("games.ndjson"), folder.join("dearer.ndjson"));
    let file = |extra: f64| -> Result<String> {
        (0..GAMES).map(|number| Ok(format!("{}\n", line(number, extra)?))).collect()
    };
    let text = file(0.0)?;
    std::fs::write(&first, &text).context("could not write the catalogue")?;
    std::fs::write(&dearer, file(1.0)?).context("could not write the catalogue")?;
    let mut all = Vec::new();
    for engine in
        [engine::Engine::Sqlite, engine::Engine::Postgres(engine::durable_postgres().await?)]
    {
        println!("measuring an import of {GAMES} games on {}", engine.name());
        let installation = engine::Home::new(&engine, &folder)?.install(&plan.sir0, "import")?;
        installation.create_publisher().await?;
        let sir0 = Sir0::start(&installation, &[]).await?;
        let authorization = sir0::sign_in(sir0.address).await?;
        let token = folder.join("token");
        let bearer = authorization.strip_prefix("Bearer ").context("a bearer's token")?;
        std::fs::write(&token, bearer).context("could not write the token")?;
        let catalogue = Catalogue { installation: &installation, at: sir0.address, token: &token };

        let before_mb = sir0.process.resident_megabytes();
        let watching = watches(sir0.address).await?;
        let mut most_mb = before_mb;
        let (added_s, said) = {
            let words = ["import", path(&first)?];
            let importing = catalogue.runs(&words);
            tokio::pin!(importing);
            loop {
                tokio::select! {
                    done = &mut importing => break done?,
                    () = sleep(Duration::from_millis(50)) => {
                        let now = sir0.process.resident_megabytes();
                        most_mb = most_mb.zip(now).map(|(most, now)| most.max(now));
                    }
                }
            }
        };
        ensure!(said.starts_with(&format!("{GAMES} added")), "the import said: {said}");
        let ended = Instant::now();
        watching.await??;
        let heard_s = ended.elapsed().as_secs_f64();
        while total(sir0.address).await? != Some(GAMES) {
            sleep(Duration::from_millis(20)).await;
        }
        let indexed_s = ended.elapsed().as_secs_f64();
        let after_mb = sir0.process.resident_megabytes();
        let (unchanged_s, said) = catalogue.runs(&["import", path(&first)?]).await?;
        ensure!(said.contains(&format!("{GAMES} unchanged")), "the import said: {said}");
        let (changed_s, said) = catalogue.runs(&["import", path(&dearer)?]).await?;
        ensure!(said.contains(&format!("{GAMES} changed")), "the import said: {said}");
        let out = folder.join("out.csv");
        let (exported_s, _) = catalogue.runs(&["export", "--to", path(&out)?]).await?;
        sir0.stop().await?;
        all.push(Imported {
            engine: engine.name(),
            bytes: text.len(),
            added_s,
            heard_s,
            indexed_s,
            unchanged_s,
            changed_s,
            exported_s,
            before_mb,
            most_mb,
            after_mb,
        });
    }
    Ok(all)
}

/// A product as a line of a file, with something added to its price.
fn line(number: usize, extra: f64) -> Result<Value> {
    let mut product = product(number)?;
    product["importKey"] = format!("game-{number}").into();
    product["price"] = (product["price"].as_f64().context("a price")? + extra).into();
    // Whole cents, also after the sum.
    let cents = product["price"].as_f64().map(|price| (price * 100.0).round());
    product["price"] = cents.map(|cents| cents / 100.0).into();
    Ok(product)
}

fn path(file: &Path) -> Result<&str> {
    file.to_str().context("a path of ours")
}

/// The command, and the store that it goes to.
struct Catalogue<'c> {
    installation: &'c Installation,
    at: SocketAddr,
    token: &'c Path,
}

impl Catalogue<'_> {
    /// Runs `sir0 catalogue`, and answers how long it took, and what it said.
    async fn runs(&self, words: &[&str]) -> Result<(f64, String)> {
        let url = format!("http://{}", self.at);
        let begun = Instant::now();
        let mut command = self.installation.command();
        command.arg("catalogue").args(words).args(["--url", &url]);
        command.arg("--token-file").arg(self.token).kill_on_drop(true);
        let output = command.output().await.context("could not start the program")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`sir0 catalogue` failed: {said}");
        let took = begun.elapsed().as_secs_f64();
        Ok((took, String::from_utf8_lossy(&output.stdout).into_owned()))
    }
}

/// Watches the store until it has heard of every game. It fails if it has to start over.
async fn watches(at: SocketAddr) -> Result<JoinHandle<Result<()>>> {
    let channel = Channel::from_shared(format!("http://{at}"))?.connect().await?;
    let mut client = GamesServiceClient::new(channel);
    let mut stream = client.watch_games(WatchGamesRequest::default()).await?.into_inner();
    Ok(tokio::spawn(async move {
        let mut heard = 0;
        while heard < GAMES {
            match stream.message().await?.context("the stream ended")?.update {
                Some(Update::Added(_)) => heard += 1,
                Some(Update::StartOver(_)) => bail!("the watcher had to start over"),
                _ => {}
            }
        }
        Ok(())
    }))
}

/// How many games there are, if the index answers.
async fn total(address: SocketAddr) -> Result<Option<usize>> {
    let answer = http1::get(address, "/api/games?pageSize=1").await?;
    let answer: Value = serde_json::from_slice(&answer.body).context("a list is JSON")?;
    Ok(answer["totalSize"].as_u64().map(usize::try_from).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_keys_and_prices_of_whole_cents() {
        for number in [0, 1, 29, 4_711] {
            let (line, dearer) =
                (line(number, 0.0).expect("a line"), line(number, 1.0).expect("a line"));
            assert_eq!(line["importKey"], format!("game-{number}"));
            assert_ne!(line["price"], dearer["price"]);
            assert!(dearer["price"].to_string().len() <= 6, "{dearer}");
        }
    }
}
