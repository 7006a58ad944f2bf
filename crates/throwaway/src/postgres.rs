//! A `PostgreSQL` server to kill and to start again.

use std::{
    env,
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::NamedTempFile;

use crate::{
    home::{self, Home},
    port, programs,
    running::{self, Running},
};

const DATA: &str = "data";
/// How often a port that was free a moment ago may be taken.
const ATTEMPTS: usize = 5;
/// Nothing a suite writes has to survive a power cut, and its log of writes is to stay small.
const FORGETFUL: [(&str, &str); 5] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("min_wal_size", "32MB"),
    ("max_wal_size", "128MB"),
];

/// A separate `PostgreSQL` server on a free port of loopback, with a temporary folder. Its superuser is `postgres`, who
/// needs no password. Server and folder are gone when this is dropped.
pub struct Postgres {
    // Stands before its folder, because the first field is dropped first.
    running: Option<Running>,
    home: Home,
    programs: PathBuf,
    settings: Vec<String>,
    port: u16,
}

impl Postgres {
    /// For suites: what the server writes would not survive a power cut, which is quicker. On Linux it is in memory, if
    /// there is room.
    #[must_use]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|why| panic!("{why}"))
    }

    /// For drills that kill the server: it writes as a server in service does.
    #[must_use]
    pub fn start_durable() -> Self {
        Self::start_with(&[])
    }

    /// As [`Self::start_durable`], with these settings besides, such as `("max_connections", "20")`.
    #[must_use]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        Home::on_disk()
            .and_then(|home| Self::start_in(home, settings))
            .unwrap_or_else(|why| panic!("{why}"))
    }

    /// As [`Self::start`], for callers that can go on without a server. The error says what is missing.
    pub fn try_start() -> Result<Self, String> {
        Self::start_in(Home::in_memory()?, &FORGETFUL)
    }

    fn start_in(home: Home, settings: &[(&str, &str)]) -> Result<Self, String> {
        let settings = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let programs = programs::postgres()?;
        let mut server = Self { running: None, home, programs, settings, port: 0 };
        server.fill_folder()?;
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            server.port = port::free()?;
            outcome = server.launch();
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| server)
    }

    /// Where its files are. The log is `log.txt`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Its port, the same as long as it lives.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where this database is: `postgres://postgres@127.0.0.1:PORT/NAME`.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.server_url())
    }

    /// The same without a database, as `SIR0_TEST_POSTGRES` takes it.
    #[must_use]
    pub fn server_url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }

    /// Makes an empty database: UTF-8, sorted by code point.
    pub fn create_database(&self, name: &str) {
        create_database(&self.server_url(), name).unwrap_or_else(|why| panic!("{why}"));
    }

    /// Runs SQL, several statements as one transaction. Answers what was selected: a line for a row, `|` between
    /// columns.
    #[expect(clippy::must_use_candidate, reason = "most statements are run for what they do")]
    pub fn psql(&self, database: &str, sql: &str) -> String {
        psql(&self.url(database), sql).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Kills every process of it as a power cut would.
    pub fn kill_hard(&mut self) {
        let running = self.running.take().expect("it runs before it is killed");
        // A stopped server starts no process that would be missed here.
        running.signal("STOP");
        let mut ids = children(running.id());
        ids.push(running.id());
        running::signal("KILL", &ids);
    }

    /// Starts it again on the same port and the same folder. Returns when it has recovered.
    pub fn start_again(&mut self) {
        assert!(self.running.is_none(), "it is killed before it is started again");
        // A killed process may hold its memory for a moment yet, and the server does not wait for it.
        let mut outcome = self.launch();
        for _ in 1..ATTEMPTS {
            if outcome.is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
            outcome = self.launch();
        }
        outcome.unwrap_or_else(|why| panic!("{why}"));
    }

    fn launch(&mut self) -> Result<(), String> {
        let mut server = self.home.server(&self.programs.join("postgres"))?;
        let port = format!("port={}", self.port);
        let ours =
            ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=400"];
        server.args(["-D", DATA, "-c", &port]);
        for setting in ours.into_iter().chain(self.settings.iter().map(String::as_str)) {
            server.args(["-c", setting]);
        }
        // QUIT and not KILL: a server that is killed leaves a piece of shared memory behind.
        let mut running = Running::start(&mut server, "QUIT", self.home.path())?;
        let status = self.home.path().join(DATA).join("postmaster.pid");
        if !running.becomes(|running| is_ready(&status, running.id())) {
            return Err(format!("PostgreSQL did not start; it said:\n{}", self.home.log()));
        }
        self.running = Some(running);
        Ok(())
    }

    /// Unpacks what `initdb` once made, because `initdb` takes its time. An archive is one file: it is there or not,
    /// also for processes that start at the same time, and no cleaner of old files leaves half of it.
    fn fill_folder(&self) -> Result<(), String> {
        let version = home::run(home::plain(&self.programs.join("postgres")).arg("--version"))?;
        let version = version.split(' ').nth(2).unwrap_or("unknown");
        let name = format!("sir0-throwaway-postgresql-{version}-{}.tar", self.home.owner);
        let archive = env::temp_dir().join(name);
        match open_own(&archive, self.home.owner) {
            Some(archive) => self.unpack(archive),
            None => self.initialise_and_pack(&archive),
        }
    }

    fn unpack(&self, archive: File) -> Result<(), String> {
        let mut tar = self.home.command(Path::new("tar"));
        home::run(tar.args(["-x", "-f", "-"]).stdin(archive)).map(|_| ())
    }

    fn initialise_and_pack(&self, archive: &Path) -> Result<(), String> {
        let initialise = |locale| {
            let mut initdb = self.home.command(&self.programs.join("initdb"));
            initdb.args(["-D", DATA, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
            home::run(initdb.args(["--locale", locale]))
        };
        // Both sort by code point; only the first knows the capitals of all letters, but not every system has it.
        initialise("C.UTF-8").or_else(|_| initialise("C"))?;

        let unwritten = |error| format!("could not write {}: {error}", archive.display());
        let aside = NamedTempFile::new_in(env::temp_dir()).map_err(unwritten)?;
        let mut tar = self.home.command(Path::new("tar"));
        let out = aside.as_file().try_clone().map_err(unwritten)?;
        let packed = tar.args(["-c", "-f", "-", DATA]).stdout(Stdio::from(out)).status();
        let is_packed = packed.map_err(|error| format!("could not start tar: {error}"))?.success();
        if is_packed {
            // A file of another user may stand there; then the next process initialises too.
            let _ = aside.persist(archive);
        }
        Ok(())
    }
}

/// Opens the file if this user made it. The folder for temporary files is open to every user.
fn open_own(path: &Path, user: u32) -> Option<File> {
    let file = File::open(path).ok()?;
    (file.metadata().ok()?.uid() == user).then_some(file)
}

/// Whether the server of this id says that it takes connections. The file may be that of a server before it.
fn is_ready(status: &Path, id: u32) -> bool {
    fs::read_to_string(status).is_ok_and(|text| {
        let mut lines = text.lines().map(str::trim);
        lines.next() == Some(&id.to_string()) && lines.next_back() == Some("ready")
    })
}

/// The processes that this one started, where the system tells (Linux).
fn children(parent: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|process| {
            let id: u32 = process.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            // The name, in brackets, may hold anything; after it come the state and the parent.
            let (_, rest) = stat.rsplit_once(')')?;
            let its_parent: u32 = rest.split_whitespace().nth(1)?.parse().ok()?;
            (its_parent == parent).then_some(id)
        })
        .collect()
}

pub(crate) fn create_database(server: &str, name: &str) -> Result<(), String> {
    let url = format!("{server}/postgres");
    let sql = format!(r#"CREATE DATABASE "{name}" TEMPLATE template0"#);
    // The quicker strategy, above all for several at once. Before version 15 it was the only one, without a name.
    psql(&url, &format!("{sql} STRATEGY file_copy")).or_else(|_| psql(&url, &sql)).map(|_| ())
}

pub(crate) fn psql(url: &str, sql: &str) -> Result<String, String> {
    let mut psql = home::plain(&programs::psql()?);
    psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql]);
    home::run(&mut psql)
}
