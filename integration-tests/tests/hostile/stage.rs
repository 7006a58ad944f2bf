//! The program as an operator set it up, and what is expected of it whatever happens.

use std::{fs, time::Duration};

use sir0_contract::storefront::CreateGameRequest;
use sir0_testkit::{Person, Process, process};

/// How long any refusal may take. It takes milliseconds; the rest is for two busy cores and a debug build.
pub(crate) const QUICK: Duration = Duration::from_secs(1);
/// The most bytes of a refusal: no client gets back much more than it sent.
pub(crate) const SMALL: usize = 64 * 1024;

/// The real program with these settings in its `sir0.toml`.
pub(crate) async fn process_with(settings: &str) -> Process {
    let mut process = process().await;
    process.kill_9().await;
    let folder = process.data_dir();
    let folder = folder.parent().expect("the data folder is in the folder it was started in");
    fs::write(folder.join("sir0.toml"), settings).expect("a folder of ours");
    process.starts_again().await;
    process
}

/// How much a process may grow while people register and much that is wrong is asked of it. On a busy machine it grew by 33, 40 and
/// 41 MiB, each in one test of many. A registration brings 6 MiB, the tables that judge passwords; what the rest is, is not known.
pub(crate) const BESIDE_OTHERS_MIB: u64 = 48;

/// A process that may be mistreated, and must not mind.
pub(crate) struct Unshaken {
    pub(crate) process: Process,
    pid: u32,
    rss: u64,
}

impl Unshaken {
    pub(crate) fn new(process: Process) -> Self {
        let (pid, rss) = (process.pid(), process.rss().unwrap_or_default());
        Self { process, pid, rss }
    }

    /// It is the same process, it answers, it took no more memory than this, and no fault is in its log.
    pub(crate) async fn is_unshaken(&mut self, most_growth_mib: u64) {
        assert!(self.process.is_alive(), "it fell over:\n{}", self.process.log());
        assert_eq!(self.process.pid(), self.pid);
        let status = self.process.visitor().rest().get("/api/status").await;
        assert_eq!(status.json["status"], "OK");
        let grown = self.grown_mib();
        assert!(grown <= most_growth_mib, "it grew by {grown} MiB");
        let log = self.process.log();
        for fault in ["panicked", "ERROR", "a call failed"] {
            assert!(!log.contains(fault), "its log has a fault:\n{log}");
        }
    }

    /// By how much its resident memory grew since the beginning, where the system tells.
    pub(crate) fn grown_mib(&self) -> u64 {
        let now = self.process.rss().unwrap_or_default();
        now.saturating_sub(self.rss) >> 20
    }

    /// Memory is counted from here on.
    pub(crate) fn counts_from_now(&mut self) {
        self.rss = self.process.rss().unwrap_or_default();
    }
}

/// A game as gRPC takes it.
pub(crate) fn a_game(title: &str) -> CreateGameRequest {
    CreateGameRequest {
        title: title.to_owned(),
        genre: "Puzzle".to_owned(),
        price: Some(19.99),
        description: "Light finds a way.".to_owned(),
        request_id: None,
        ..Default::default()
    }
}

/// Adds a game and answers with its id.
pub(crate) async fn adds(studio: &Person, title: &str) -> i32 {
    let added = studio.games().create_game(a_game(title)).await.expect("a good game");
    added.into_inner().game_id
}
