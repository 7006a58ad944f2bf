//! One process of a service, to be killed and started again.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use sir0_server::parts::Part;
use tokio::{
    process::Child,
    time::{sleep, timeout},
};

use super::warden::Warden;
use crate::{LONG, Person, address::Address, process};

/// One `sir0 serve PART`. It is killed when it is dropped.
pub struct Instance {
    name: String,
    part: Part,
    program: PathBuf,
    settings: Vec<(String, String)>,
    /// The folder of its log.
    folder: PathBuf,
    address: Address,
    child: Option<Child>,
    /// How much it had logged when it was started last.
    logged: usize,
    warden: Arc<Warden>,
}

impl Instance {
    /// Starts one. It is not ready yet.
    pub(super) fn begin(
        name: String,
        part: Part,
        program: &Path,
        settings: Vec<(String, String)>,
        folder: PathBuf,
        address: Address,
        warden: Arc<Warden>,
    ) -> Self {
        fs::create_dir_all(&folder).expect("a folder of ours");
        let program = program.to_owned();
        let mut instance =
            Self { name, part, program, settings, folder, address, child: None, logged: 0, warden };
        instance.launch();
        instance
    }

    /// What it is called: `storefront-2`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is reached past the proxy, the same as long as it lives.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address.now()
    }

    /// Someone who is not signed in, at this instance.
    #[must_use]
    pub fn visitor(&self) -> Person {
        Person::visitor(self.address.clone())
    }

    /// The same person, with the same token, at this instance.
    #[must_use]
    pub fn meets(&self, person: &Person) -> Person {
        person.at(self.address.clone())
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("it runs")
    }

    /// Its resident memory in bytes, where the system tells (Linux).
    #[must_use]
    pub fn rss(&self) -> Option<u64> {
        process::rss_of(self.pid())
    }

    /// What it logged since the cluster was started.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join(process::LOG)).unwrap_or_default()
    }

    /// Whether it runs.
    pub fn is_alive(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|it| it.try_wait().expect("it is a child of this process").is_none())
    }

    /// Kills it as a power cut would, without a moment to tidy up.
    pub async fn kill_9(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let id = child.id().expect("it runs");
        child.kill().await.expect("it runs");
        self.warden.ended(id);
    }

    /// Asks it to stop, as a supervisor would, and does not wait.
    pub async fn is_asked_to_stop(&self) {
        process::ask_to_stop(self.pid()).await;
    }

    /// Asks it to stop and waits until it has, which takes as long as it lingers for the proxy's sake.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.is_asked_to_stop().await;
        let id = self.pid();
        let mut child = self.child.take().expect("it runs");
        let ended = timeout(LONG, child.wait()).await.expect("it stops");
        self.warden.ended(id);
        ended.expect("it is a child")
    }

    /// Starts it again on the same port, once it has ended, and waits until it is ready. The proxy hears of it later.
    pub async fn starts_again(&mut self) {
        assert!(!self.is_alive(), "it ends before it is started again");
        self.launch();
        self.is_ready().await;
    }

    /// Gives an ended instance this address for its next start, as when a container gets another address.
    pub(super) fn moves_to(&mut self, address: SocketAddr) {
        assert!(!self.is_alive(), "it ends before it moves");
        self.settings.push(("SIR0_LISTEN".to_owned(), address.to_string()));
        self.address.moves_to(address);
    }

    fn launch(&mut self) {
        let log = File::options().create(true).append(true).open(self.folder.join(process::LOG));
        self.logged = self.log().len();
        let child = process::sir0(&self.program, &self.folder, &self.settings)
            .args(["serve", self.part.name()])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.expect("a folder of ours"))
            .spawn()
            .expect("the program starts");
        self.warden.started(child.id().expect("it was started just now"));
        self.child = Some(child);
    }

    /// Waits until it takes calls.
    pub(super) async fn is_ready(&mut self) {
        let ready = timeout(LONG, async {
            while self.log().get(self.logged..).and_then(process::told_address).is_none() {
                assert!(self.is_alive(), "{} ended; it said:\n{}", self.name, self.log());
                sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(ready.await.is_ok(), "{} is not ready; it said:\n{}", self.name, self.log());
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Tells the warden before the id may belong to another process. The process is killed when the child is dropped
        // next.
        if let Some(id) = self.child.as_ref().and_then(Child::id) {
            self.warden.ended(id);
        }
    }
}
