//! The real program as a separate process, for stories in which it is killed.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Output, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{
    LONG, Operator, Person, Tables, Topology,
    address::Address,
    person::people,
    tables::{self, Databases},
    topology,
};

pub(crate) const LOG: &str = "log.txt";
/// The file for what the program prints on standard output.
const SAID: &str = "said.txt";
/// Passwords cost the least that is allowed, as in [`crate::config`].
pub(crate) const CHEAP_HASHING: [(&str, &str); 3] = [
    ("SIR0_ACCOUNTS_HASHING_LOG_N", "15"),
    ("SIR0_ACCOUNTS_HASHING_R", "8"),
    ("SIR0_ACCOUNTS_HASHING_P", "3"),
];

/// A running `sir0`. It is killed when it is dropped.
pub struct Process {
    child: Child,
    address: Address,
    settings: Vec<(String, String)>,
    databases: Option<Databases>,
    folder: TempDir,
}

/// The real program on a free port of loopback, with a separate empty folder, ready to answer.
pub async fn process() -> Process {
    process_with(&[]).await
}

/// The real program with these variables besides, such as `("SIR0_LIMITS_DRAIN", "1s")`.
pub async fn process_with(settings: &[(&str, &str)]) -> Process {
    process_in(tempfile::tempdir().expect("a folder for the test"), settings).await
}

/// The real program on a data folder in which a version from before left the key that it signed with. Also answers where
/// the key is.
pub async fn process_after_upgrade() -> (Process, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let data = folder.path().join("data");
    fs::DirBuilder::new().mode(0o700).create(&data).expect("a folder of ours");
    let key = data.join("signing-key.pem");
    sir0_tokens::SigningKey::open_or_create(&key).expect("a folder of ours");
    (process_in(folder, &[]).await, key)
}

async fn process_in(folder: TempDir, settings: &[(&str, &str)]) -> Process {
    let databases = (topology() == Topology::Postgres).then(Databases::fresh);
    let set = CHEAP_HASHING.iter().chain(settings);
    let set = set.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let media = databases.as_ref().map(|_| {
        (
            "SIR0_STOREFRONT_MEDIA_FOLDER".to_owned(),
            folder.path().join("media").display().to_string(),
        )
    });
    // What a story asks for comes last, and counts.
    let variables = databases.iter().flat_map(Databases::variables);
    let settings: Vec<_> = variables.chain(media).chain(set).collect();
    let (child, address) = start(folder.path(), &settings, &[]).await;
    Process { child, address: Address::at(address), settings, databases, folder }
}

/// Starts the program, by way of these words if there are any.
async fn start(folder: &Path, settings: &[(String, String)], by: &[&str]) -> (Child, SocketAddr) {
    let file = |name| File::create(folder.join(name)).expect("a file in the folder of the test");
    let program = program();
    let mut words = by.iter().copied().map(OsStr::new).chain([program.as_os_str()]);
    let first = words.next().expect("at least the program");
    let child = sir0(Path::new(first), folder, settings)
        .args(words)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(file(SAID))
        .stderr(file(LOG))
        .spawn()
        .expect("the program starts");
    let ready = timeout(LONG, async {
        loop {
            let log = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
            if let Some(address) = told_address(&log) {
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
pub(crate) fn sir0(program: &Path, folder: &Path, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).kill_on_drop(true);
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("SIR0_") {
            command.env_remove(name);
        }
    }
    command.env("SIR0_DATA_DIR", folder.join("data")).env("NO_COLOR", "1");
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// The program that was built beside this one: `target/<profile>/sir0`. Tests are in `target/<profile>/deps`.
pub(crate) fn program() -> PathBuf {
    let this = env::current_exe().expect("a program knows where it is");
    let name = format!("sir0{}", env::consts::EXE_SUFFIX);
    let folder = this.parent().expect("a program is in a folder");
    let folder = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    let program = folder.expect("`deps` is in a folder").join(name);
    assert!(
        program.is_file(),
        "{} is missing: `cargo build -p sir0` first, or run the tests of the whole workspace",
        program.display()
    );
    program
}

/// The address in the last line of the log, in either format, that says the program is ready.
pub(crate) fn told_address(log: &str) -> Option<SocketAddr> {
    let ready = log
        .lines()
        .rev()
        .find(|line| line.contains(" ready address=") || line.contains("\"message\":\"ready\""))?;
    let before = ["address=", "\"address\":\""];
    let rest = before.iter().find_map(|before| ready.split_once(before))?.1;
    rest.split([' ', '"']).next()?.parse().ok()
}

/// The resident memory that a process took, in bytes, where the system tells (Linux). Pages of its program are not in it: how
/// many of them are mapped is for the system to say, and newer ones map many at a time.
#[must_use]
pub fn rss_of(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

/// Asks a process to stop, as a supervisor would. Not every system has a program `kill`, but every shell knows it.
pub(crate) async fn ask_to_stop(pid: u32) {
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -TERM \"$1\"", "sh", &pid.to_string()]);
    let asked = kill.status().await;
    assert!(asked.expect("there is a shell").success(), "it runs");
}

/// Runs `sir0 admin …` with these settings and with this on standard input. Answers with what it printed.
pub(crate) async fn administer(
    program: &Path,
    folder: &Path,
    settings: &[(String, String)],
    arguments: &[&str],
    input: &str,
) -> String {
    let mut child = sir0(program, folder, settings)
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

impl Process {
    /// Where it is reached now.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address.now()
    }

    /// Where its key is, and its databases if they are files.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What it logged since it was started last.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).expect("it was started with a log")
    }

    /// What it printed on standard output since it was started last.
    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(self.folder.path().join(SAID)).expect("it was started with a file")
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The resident memory that it took, in bytes, where the system tells (Linux).
    #[must_use]
    pub fn rss(&self) -> Option<u64> {
        rss_of(self.pid())
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("it is a child of this process").is_none()
    }

    /// Kills it as a power cut would, without a moment to tidy up.
    pub async fn kill_9(&mut self) {
        self.child.kill().await.expect("it runs");
    }

    /// Asks it to stop, as a supervisor would, and does not wait.
    pub async fn is_asked_to_stop(&self) {
        ask_to_stop(self.pid()).await;
    }

    /// Asks it to stop and waits until it has.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.is_asked_to_stop().await;
        timeout(LONG, self.child.wait()).await.expect("it stops").expect("it is a child")
    }

    /// Starts it again on the same folder, once it has ended. People find it at its new port.
    pub async fn starts_again(&mut self) {
        assert!(!self.is_alive(), "it ends before it is started again");
        let (child, address) = start(self.folder.path(), &self.settings, &[]).await;
        self.child = child;
        self.address.moves_to(address);
    }

    /// Starts it again as [`Self::starts_again`] does, on a disk with so much room, which has a copy of what was in its
    /// folder. Answers with where others find that disk.
    #[cfg(target_os = "linux")]
    pub async fn starts_again_on_a_disk_of(&mut self, mebibytes: usize) -> PathBuf {
        use std::os::unix::fs::MetadataExt;

        const MOUNT: &str = "cp -a data before && mount -t tmpfs -o mode=700,size=\"$1\" none data \
             && cp -a before/. data && shift && exec \"$@\"";
        assert!(!self.is_alive(), "it ends before it is started again");
        // Only root may mount. Others are root in a namespace of users.
        let is_root = self.folder.path().metadata().is_ok_and(|it| it.uid() == 0);
        let users: &[&str] = if is_root { &[] } else { &["--user", "--map-root-user"] };
        let size = format!("{mebibytes}m");
        let by = [&["unshare", "--mount"], users, &["sh", "-c", MOUNT, "sh", &size]].concat();
        let (child, address) = start(self.folder.path(), &self.settings, &by).await;
        self.child = child;
        self.address.moves_to(address);
        let data = self.data_dir();
        let root = format!("/proc/{}/root", self.pid());
        Path::new(&root).join(data.strip_prefix("/").expect("the folder has a whole path"))
    }

    /// Starts it again as [`Self::starts_again`] does, with these variables besides.
    pub async fn starts_again_with(&mut self, settings: &[(&str, &str)]) {
        let set = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.settings.extend(set);
        self.starts_again().await;
    }

    /// Runs `sir0` once with these arguments, beside it or while it is stopped, in the same folder and with the same
    /// settings. Answers with what it printed, and how it ended.
    pub async fn runs(&self, arguments: &[&str]) -> Output {
        let mut command = sir0(&program(), self.folder.path(), &self.settings);
        let output = timeout(LONG, command.args(arguments).stdin(Stdio::null()).output()).await;
        output.expect("it ends").expect("the program starts")
    }

    /// Runs `sir0` as [`Self::runs`] does, but its output has no reader, as behind `| head`.
    pub async fn runs_unheard(&self, arguments: &[&str]) -> Output {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = sir0(&program(), self.folder.path(), &self.settings);
        command.args(arguments).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        timeout(LONG, child.wait_with_output()).await.expect("it ends").expect("it is a child")
    }

    /// An operator of it.
    #[must_use]
    pub const fn operators(&self) -> Operator<'_> {
        Operator::beside(self)
    }

    /// Runs `sir0 admin …` beside it, with this on standard input.
    pub async fn operator(&self, arguments: &[&str], input: &str) -> String {
        administer(&program(), self.folder.path(), &self.settings, arguments, input).await
    }

    /// Where the storefront's tables are.
    #[must_use]
    pub fn storefront_tables(&self) -> Tables {
        tables::of_the_storefront(self.databases.as_ref(), &self.data_dir())
    }

    /// Where the tables of accounts are.
    #[must_use]
    pub fn accounts_tables(&self) -> Tables {
        tables::of("accounts", self.databases.as_ref(), &self.data_dir())
    }

    /// Someone who is not signed in.
    #[must_use]
    pub fn visitor(&self) -> Person {
        Person::visitor(self.address.clone())
    }
}

people!(Process, |it| it.visitor(), it.operators());
