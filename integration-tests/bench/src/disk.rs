//! What a change writes on `SQLite`: bytes of the log, and calls.
//!
//! Every commit appends its pages to the file `-wal`, so the file grows by exactly what changes write, as long as it
//! does not begin anew; it does after 1,000 pages. So the server is started again before each turn, which leaves the log
//! empty, and a turn is short. Whether the log began anew stands in its header, which changes then.
//!
//! The calls are counted by Linux for the whole process, and answers are among them. The same requests with the same
//! prices make the same answers and change nothing, so what they write is taken off.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use hyper::Method;

use crate::{
    cli::Plan,
    http1,
    load::changes::{Changes, Length},
    sir0::{self, Installation, Sir0},
    writes::CLIENTS,
    written::Written,
};

pub(crate) const GAMES: usize = 1_000;
pub(crate) const DESCRIPTION: usize = 280;
/// How many changes a turn has: enough for a mean, few enough for the log.
pub(crate) const CHANGES: usize = 64;

/// What a change writes when it is alone, and beside others.
pub(crate) struct Disk {
    pub(crate) alone: Costs,
    pub(crate) together: Costs,
}

/// The store that is changed, between two starts of its server.
struct Store {
    installation: Installation,
    authorization: String,
    /// How many there were.
    changes: u64,
}

/// What a change costs, each turn.
#[derive(Default)]
pub(crate) struct Costs {
    pub(crate) log_bytes: Vec<f64>,
    pub(crate) pages: Vec<f64>,
    /// Calls that write, and their bytes; none where the system does not tell.
    pub(crate) calls: Vec<f64>,
    pub(crate) call_bytes: Vec<f64>,
}

/// Makes the games, then takes the turns.
pub(crate) async fn measure(plan: &Plan, folder: &Path) -> Result<Disk> {
    println!("measuring what a change writes");
    let installation = Installation::new(&plan.sir0, &folder.join("disk"))?;
    installation.create_publisher().await?;
    let sir0 = Sir0::start(&installation, &[]).await?;
    let authorization = sir0::sign_in(sir0.address).await?;
    fill(&sir0, &authorization).await?;
    sir0.stop().await?;

    let mut disk = Disk { alone: Costs::default(), together: Costs::default() };
    let mut store = Store { installation, authorization, changes: 0 };
    for _ in 0..plan.rounds {
        disk.alone.turn(&mut store, 1).await?;
        disk.together.turn(&mut store, CLIENTS).await?;
    }
    Ok(disk)
}

async fn fill(sir0: &Sir0, authorization: &str) -> Result<()> {
    // Words of a store page, and no two games alike.
    let page =
        "Carry the last lantern over a drowned coast and learn what its keepers left unsaid. ";
    let clients = (0..CLIENTS).map(async |first| -> Result<()> {
        let mut connection = http1::Connection::open_as(sir0.address, authorization).await?;
        for number in (first..GAMES).step_by(CLIENTS) {
            let begin = format!("Story {number}. ");
            let description: String =
                begin.chars().chain(page.chars().cycle()).take(DESCRIPTION).collect();
            let game = serde_json::json!({
                "title": format!("Lantern coast {number}"),
                "genre": "Adventure",
                "price": 9.99,
                "description": description.trim_end(),
            });
            let body = game.to_string().into();
            let answer = connection.send(Method::POST, "/api/games", body).await?;
            ensure!(answer.status == 201, "POST /api/games answered {}", answer.status);
        }
        Ok(())
    });
    try_join_all(clients).await.map(drop)
}

impl Costs {
    async fn turn(&mut self, store: &mut Store, clients: usize) -> Result<()> {
        let sir0 = Sir0::start(&store.installation, &[]).await?;
        let authorization = store.authorization.clone();
        let changes = Changes::go_on(sir0.address, authorization, store.changes).await?;
        let each = CHANGES / clients;
        // A first change, so that the log has its header.
        changes.make(1, Length::Requests(1)).await?;
        let file = store.installation.data().join("storefront.db-wal");

        let before = Log::read(&file)?;
        let ours =
            counted(&sir0, async || changes.make(clients, Length::Requests(each)).await.map(drop));
        let ours = ours.await?;
        let after = Log::read(&file)?;
        let theirs = counted(&sir0, || changes.repeat(clients, each)).await?;
        sir0.stop().await?;
        store.changes = changes.made();

        let grown = before.grown_to(&after)?;
        self.log_bytes.push(each_of(grown));
        self.pages.push(each_of(grown / after.frame));
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            self.calls.push(each_of(ours.calls) - each_of(theirs.calls));
            self.call_bytes.push(each_of(ours.bytes) - each_of(theirs.bytes));
        }
        Ok(())
    }
}

/// What the server wrote meanwhile.
async fn counted(sir0: &Sir0, work: impl AsyncFnOnce() -> Result<()>) -> Result<Option<Written>> {
    let before = sir0.process.written();
    work().await?;
    let after = sir0.process.written();
    Ok(before.zip(after).map(|(before, after)| after.since(before)))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53 bytes")]
fn each_of(sum: u64) -> f64 {
    sum as f64 / CHANGES as f64
}

/// The file to which commits are appended, as it was at one moment.
struct Log {
    header: [u8; Self::HEADER],
    length: u64,
    /// Bytes of a page with what stands before it.
    frame: u64,
}

impl Log {
    const HEADER: usize = 32;
    const BEFORE_PAGE: u64 = 24;

    fn read(file: &Path) -> Result<Self> {
        let bytes = fs::read(file).context("could not read the log of SQLite")?;
        Self::of(&bytes)
    }

    fn of(bytes: &[u8]) -> Result<Self> {
        let header = *bytes.first_chunk().context("the log of SQLite has no header")?;
        let page: [u8; 4] = *header[8..].first_chunk().context("a header has 32 bytes")?;
        let frame = u64::from(u32::from_be_bytes(page)) + Self::BEFORE_PAGE;
        Ok(Self { header, length: bytes.len() as u64, frame })
    }

    fn grown_to(&self, later: &Self) -> Result<u64> {
        ensure!(self.header == later.header, "the log of SQLite began anew in a turn");
        later.length.checked_sub(self.length).context("the log of SQLite became shorter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(salt: u8, pages: usize) -> Log {
        let mut bytes = vec![0; 32];
        bytes[8..12].copy_from_slice(&4_096_u32.to_be_bytes());
        bytes[16] = salt;
        bytes.resize(32 + pages * (4_096 + 24), 0);
        Log::of(&bytes).expect("a header")
    }

    #[test]
    fn the_log_grows_by_whole_pages() {
        let grown = log(7, 3).grown_to(&log(7, 13)).expect("the same log");

        assert_eq!(grown / log(7, 13).frame, 10);
    }

    #[test]
    fn a_log_that_began_anew_is_not_compared() {
        assert!(log(7, 3).grown_to(&log(8, 13)).is_err());
        assert!(log(7, 3).grown_to(&log(7, 2)).is_err());
        assert!(Log::of(&[0; 31]).is_err());
    }
}
