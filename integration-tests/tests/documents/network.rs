//! The addresses that the pages name: port 8080 of this machine, `accounts-db`, `redis`. They are free in a network
//! that the test has to itself, whatever else runs on the machine.

use std::{env, fs, io::Write as _, path::Path, process::Command};

use sir0_throwaway::free_port;
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};

/// Set inside the separate network: the file that is written once the story was told to its end.
const PROOF: &str = "DOCUMENTS_PROOF";
/// The names of the hosts in that network, besides the usual one.
const HOSTS: &str = "127.0.0.1 localhost accounts-db storefront-db redis\n";
/// `$1` is the file of hosts, the rest is what is run.
const SET_UP: &str = r#"ip link set lo up && mount --bind "$1" /etc/hosts && shift && "$@""#;
const OWN: [&str; 6] = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/// Where a page's addresses lead.
pub(crate) struct Network {
    /// What is written on the pages, and what is read instead. Empty where the network is separate.
    instead: Vec<(String, String)>,
    is_own: bool,
    /// The port of the platform.
    pub(crate) door: u16,
}

/// Tells a story in a separate network with a separate process table: every process of the story ends with it. Where
/// the machine makes none, the story is told on free ports, and the test prints what it reads instead of the page's
/// addresses.
///
/// `name` is the name of the test, with its modules.
pub(crate) fn alone(name: &str, story: impl AsyncFnOnce(Network)) {
    let run = |network| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(story(network));
    };
    if let Some(proof) = env::var_os(PROOF) {
        run(Network { instead: Vec::new(), is_own: true, door: 8080 });
        fs::write(proof, "told").expect("a temporary file");
        return;
    }
    let hosts = file(HOSTS);
    let tried = inside(hosts.path(), Path::new("true")).output();
    if !tried.as_ref().is_ok_and(|tried| tried.status.success()) {
        println!("this machine makes no network of its own: {tried:?}");
        return run(Network::shared());
    }
    let proof = file("");
    let this = env::current_exe().expect("a program knows where it is");
    let mut again = inside(hosts.path(), &this);
    again.args(["--exact", name, "--nocapture"]).env(PROOF, proof.path());
    let ended = again.status().expect("it was tried");
    assert!(ended.success(), "the story ended badly: {ended}");
    let told = fs::read_to_string(proof.path()).expect("a temporary file");
    assert_eq!(told, "told", "there is no test `{name}`");
}

fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("a temporary file");
    file
}

/// A program with a separate network, a separate process table and a separate table of mounts.
fn inside(hosts: &Path, program: &Path) -> Command {
    let id = |which| {
        let told = Command::new("id").arg(which).output().expect("every system has `id`");
        String::from_utf8_lossy(&told.stdout).trim().to_owned()
    };
    let (user, group) = (id("-u"), id("-g"));
    let mut command = Command::new("unshare");
    if user == "0" {
        command.args(OWN).args(["sh", "-c", SET_UP, "sh"]).arg(hosts);
    } else {
        // Only root may make networks. So the program is root in a namespace of users until the network is there. Then
        // it is the user again, since PostgreSQL refuses to run as root.
        command.args(["--user", "--map-root-user"]).args(OWN);
        command.args(["sh", "-c", SET_UP, "sh"]).arg(hosts).args(["unshare", "--user"]);
        command.args([format!("--map-user={user}"), format!("--map-group={group}")]);
    }
    command.arg(program);
    command
}

impl Network {
    fn shared() -> Self {
        let door = free_port().expect("a free port");
        let instead = vec![("127.0.0.1:8080".to_owned(), format!("127.0.0.1:{door}"))];
        Self { instead, is_own: false, door }
    }

    /// Leads clients from the address on the pages to the server on this port. What the pages write, such as
    /// `@accounts-db` in a URL, ends where the port would begin.
    pub(crate) async fn leads(&mut self, written: &[&str], usual: u16, port: u16) {
        if self.is_own {
            forward(usual, port).await;
            return;
        }
        for written in written {
            let begin = written.trim_end_matches(|end: char| end.is_alphanumeric() || end == '-');
            self.instead.push(((*written).to_owned(), format!("{begin}127.0.0.1:{port}")));
        }
    }

    /// A line as it is run here. In a separate network it is run as it stands.
    pub(crate) fn reads(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (written, instead) in &self.instead {
            if line.contains(written) {
                println!("  (`{written}` is read as `{instead}`)");
                line = line.replace(written, instead);
            }
        }
        line
    }
}

/// Passes on what comes to one port to another one.
async fn forward(from: u16, to: u16) {
    let listener = TcpListener::bind(("127.0.0.1", from)).await.expect("nobody else is here");
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
                tokio::io::copy_bidirectional(&mut caller, &mut server).await
            });
        }
    });
}
