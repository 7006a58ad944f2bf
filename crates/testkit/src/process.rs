//! The real program as a process of its own, for stories in which it is killed.

use std::{
    env,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use sir0_kernel::Role;
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{LONG, Person, door::Door, person};

const LOG: &str = "log.txt";
const WELCOME: &str = "welcome.txt";
/// Passwords cost the least that is allowed, as in [`crate::config`].
const CHEAP_HASHING: [(&str, &str); 3] = [
    ("SIR0_ACCOUNTS_HASHING_LOG_N", "15"),
    ("SIR0_ACCOUNTS_HASHING_R", "8"),
    ("SIR0_ACCOUNTS_HASHING_P", "3"),
];

/// A running `sir0`. Dropped, it is killed.
pub struct Process {
    child: Child,
    door: Door,
    settings: Vec<(String, String)>,
    folder: TempDir,
}

/// The real program on a free port of loopback, with an empty folder of its own, ready to answer.
pub async fn process() -> Process {
    process_with(&[]).await
}

/// The real program with these variables besides, such as `("SIR0_LIMITS_DRAIN", "1s")`.
pub async fn process_with(settings: &[(&str, &str)]) -> Process {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let set = CHEAP_HASHING.iter().chain(settings);
    let settings: Vec<_> =
        set.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (child, address) = start(folder.path(), &settings).await;
    Process { child, door: Door::at(address), settings, folder }
}

async fn start(folder: &Path, settings: &[(String, String)]) -> (Child, SocketAddr) {
    let said = |name| File::create(folder.join(name)).expect("a file in the folder of the test");
    let child = sir0(folder, settings)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(said(WELCOME))
        .stderr(said(LOG))
        .spawn()
        .expect("the program starts");
    let ready = timeout(LONG, async {
        loop {
            if let Some(address) = told_address(&folder.join(WELCOME)) {
                return address;
            }
            sleep(Duration::from_millis(5)).await;
        }
    });
    let Ok(address) = ready.await else {
        let log = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
        panic!("the program is not ready; it said:\n{log}");
    };
    (child, address)
}

/// The program with the folder and the settings of a test, and none of the machine's.
fn sir0(folder: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(program());
    command.current_dir(folder).kill_on_drop(true);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("SIR0_") {
            command.env_remove(name);
        }
    }
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command.env("SIR0_DATA_DIR", folder.join("data")).env("NO_COLOR", "1");
    command
}

/// The program that was built beside the test: `target/<profile>/sir0`, where the test is in `target/<profile>/deps`.
fn program() -> PathBuf {
    let test = env::current_exe().expect("a test knows where it is");
    let name = format!("sir0{}", env::consts::EXE_SUFFIX);
    let program = test.ancestors().nth(2).expect("a test is in a folder of a folder").join(name);
    assert!(
        program.is_file(),
        "{} is missing: `cargo build -p sir0-server` first, or run the tests of the whole workspace",
        program.display()
    );
    program
}

/// The address the program tells when it is ready.
fn told_address(welcome: &Path) -> Option<SocketAddr> {
    let told = fs::read_to_string(welcome).ok()?;
    let (_, rest) = told.split_once("http://")?;
    let (address, _) = rest.split_once('/')?;
    address.parse().ok()
}

impl Process {
    /// Where it is reached now.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Where its databases and its key are.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What it logged since it was started last.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).expect("it was started with a log")
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Its resident memory in bytes, where the system tells (Linux).
    #[must_use]
    pub fn rss(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kibibytes * 1024)
    }

    /// Whether it runs still.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("it is a child of this process").is_none()
    }

    /// Kills it as a power cut would, without a moment to tidy up.
    pub async fn kill_9(&mut self) {
        self.child.kill().await.expect("it runs");
    }

    /// Asks it to stop, as a supervisor would, and does not wait.
    pub async fn is_asked_to_stop(&self) {
        let asked = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().await;
        assert!(asked.expect("`kill` is there").success(), "it runs");
    }

    /// Asks it to stop and waits until it has.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.is_asked_to_stop().await;
        timeout(LONG, self.child.wait()).await.expect("it stops").expect("it is a child")
    }

    /// Starts it again on the same folder, once it has ended. People find it at its new port.
    pub async fn starts_again(&mut self) {
        assert!(!self.is_alive(), "it ends before it is started again");
        let (child, address) = start(self.folder.path(), &self.settings).await;
        self.child = child;
        self.door.moves_to(address);
    }

    /// Runs `sir0 admin …` beside it, with this on standard input.
    pub async fn operator(&self, arguments: &[&str], input: &str) -> String {
        let mut child = sir0(self.folder.path(), &self.settings)
            .arg("admin")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("a piped stream is there once");
        stdin.write_all(format!("{input}\n").as_bytes()).await.expect("it reads");
        drop(stdin);
        let output = timeout(LONG, child.wait_with_output()).await.expect("it ends");
        let output = output.expect("it is a child");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`sir0 admin {}` says: {said}", arguments.join(" "));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Someone who is not signed in.
    #[must_use]
    pub fn visitor(&self) -> Person {
        Person::visitor(self.door.clone())
    }

    /// Someone who registered and signed in.
    pub async fn player(&self, name: &str) -> Person {
        let visitor = self.visitor();
        visitor.registers(name).await;
        visitor.signs_in(name).await
    }

    /// A studio: an operator made its account, and it signed in.
    pub async fn publisher(&self, name: &str) -> Person {
        self.made_by_operator(name, Role::Publisher).await
    }

    /// An administrator: an operator made the account, and it signed in.
    pub async fn admin(&self, name: &str) -> Person {
        self.made_by_operator(name, Role::Admin).await
    }

    async fn made_by_operator(&self, name: &str, role: Role) -> Person {
        let email = person::email_of(name);
        let create = ["create", "--email", &email, "--username", name, "--role", role.as_str()];
        self.operator(&create, person::PASSWORD).await;
        self.visitor().signs_in(name).await
    }
}
