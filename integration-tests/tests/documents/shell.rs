//! The terminals of a reader: one in which lines are pasted one after another, and one in which a server runs.

use std::{
    env,
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use sir0_testkit::LONG;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{sleep, timeout},
};

use crate::{network::Network, page::root, stand_ins};

/// The longest that a block may take: pages wait for seconds, and the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(1);
/// A command that fails ends the shell, also inside a pipe or a substitution, and is named. Descriptor 9 is a keyboard
/// without input: some programs would read what stands behind their line.
const STRICT: &str = r#"
set -eE -o pipefail
mkfifo "$ANSWERS.keyboard" && exec 9<>"$ANSWERS.keyboard"
trap 'echo "failed: $BASH_COMMAND"' ERR
exec 2>&1
"#;
const DONE: &str = "\u{1e}done";

/// The program that was built beside this one: `cargo build -p sir0` first.
pub(crate) fn program() -> PathBuf {
    let this = env::current_exe().expect("a program knows where it is");
    let folder = this.parent().and_then(Path::parent).expect("tests are in `deps`");
    let program = folder.join("sir0");
    assert!(program.is_file(), "build it first: `cargo build -p sir0`");
    program
}

/// The folder in which a reader works, with a home and programs. As in a clone, `docs` is there.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    /// Where the platform listens.
    door: u16,
}

impl Desk {
    pub(crate) fn new(network: &Network) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        for name in ["home", "programs", "here"] {
            fs::create_dir(folder.path().join(name)).expect("an empty folder");
        }
        stand_ins::put_into(&folder.path().join("programs"));
        let docs = folder.path().join("here/docs");
        symlink(root().join("docs"), docs).expect("an empty folder");
        Self { folder, door: network.door }
    }

    /// The folder in which commands are run.
    pub(crate) fn here(&self) -> PathBuf {
        self.folder.path().join("here")
    }

    /// Where `curl` leaves its answers.
    fn answers(&self) -> PathBuf {
        self.folder.path().join("answers")
    }

    /// Takes what `curl` was answered since.
    pub(crate) fn take_answers(&self) -> String {
        let answers = fs::read_to_string(self.answers()).unwrap_or_default();
        let _ = fs::remove_file(self.answers());
        answers
    }

    /// A shell that was just opened: it knows nothing of the machine but its programs.
    fn bash(&self) -> Command {
        let mut path = self.folder.path().join("programs").into_os_string();
        path.push(":");
        path.push(env::var_os("PATH").expect("a machine has a PATH"));
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc"]).kill_on_drop(true).current_dir(self.here());
        bash.env_clear()
            .env("PATH", path)
            .env("HOME", self.folder.path().join("home"))
            .env("ANSWERS", self.answers())
            .envs([("LANG", "C.UTF-8"), ("TERM", "dumb"), ("USER", "reader")]);
        if self.door != 8080 {
            bash.env("SIR0_LISTEN", format!("127.0.0.1:{}", self.door));
        }
        bash
    }
}

/// A shell in which variables live on from one block to the next.
pub(crate) struct Shell {
    child: Child,
    stdin: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
    block: PathBuf,
}

impl Shell {
    pub(crate) async fn open(desk: &Desk) -> Self {
        let mut bash = desk.bash();
        bash.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = bash.spawn().expect("there is a bash");
        let mut stdin = child.stdin.take().expect("a piped stream is there once");
        let said = child.stdout.take().expect("a piped stream is there once");
        stdin.write_all(STRICT.as_bytes()).await.expect("bash reads");
        let block = desk.folder.path().join("block");
        Self { child, stdin, said: BufReader::new(said).lines(), block }
    }

    /// Pastes a block, and returns what it printed; `Err` if one of its lines failed.
    pub(crate) async fn paste(&mut self, block: &str) -> Result<String, String> {
        fs::write(&self.block, block).expect("a file");
        let typed = format!(". '{}' <&9\nprintf '\\n{DONE}\\n'\n", self.block.display());
        self.stdin.write_all(typed.as_bytes()).await.expect("bash reads");
        let mut said = String::new();
        let listen = async {
            while let Some(line) = self.said.next_line().await.expect("it writes UTF-8") {
                if line == DONE {
                    return true;
                }
                said.push_str(&line);
                said.push('\n');
            }
            false
        };
        match timeout(PATIENCE, listen).await {
            Ok(true) => Ok(said),
            Ok(false) => Err(format!("{said}{:?}", self.child.wait().await)),
            Err(_) => Err(format!("{said}does not end")),
        }
    }
}

/// A terminal in which a server runs.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Types a line that does not end, and waits until the platform answers.
    pub(crate) async fn start(desk: &Desk, line: &str) -> Self {
        let log = desk.folder.path().join("server.txt");
        let said = File::create(&log).and_then(|said| Ok((said.try_clone()?, said)));
        let (out, err) = said.expect("a file");
        let mut bash = desk.bash();
        bash.args(["-c", line]).process_group(0).stdin(Stdio::null()).stdout(out).stderr(err);
        let mut server = Self { child: bash.spawn().expect("there is a bash"), log };
        let status = format!("http://127.0.0.1:{}/api/status", desk.door);
        let answers = async {
            while !reqwest::get(&status).await.is_ok_and(|answer| answer.status().is_success()) {
                let ended = server.child.try_wait().expect("it is a child of this process");
                assert!(ended.is_none(), "`{line}` ended:\n{}", server.log());
                sleep(Duration::from_millis(20)).await;
            }
        };
        let answers = timeout(LONG, answers).await;
        assert!(answers.is_ok(), "`{line}` does not answer:\n{}", server.log());
        server
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ctrl-C.
    pub(crate) async fn stop(mut self) {
        let group = self.child.id().expect("it runs");
        let mut kill = Command::new("bash");
        kill.args(["-c", &format!("kill -INT -- -{group}")]);
        assert!(kill.status().await.is_ok_and(|status| status.success()), "it runs");
        let ended = timeout(LONG, self.child.wait()).await;
        assert!(ended.is_ok(), "Ctrl-C does not end it:\n{}", self.log());
    }
}
