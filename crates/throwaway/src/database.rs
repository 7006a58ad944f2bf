//! An empty database for one test.

use std::{
    env,
    process::Command,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::{
    Postgres, port,
    postgres::{create_database, psql},
    programs,
};

/// The variable that names the server which tests share, as a URL without a database. `cargo xtask test` sets it.
pub const SHARED_SERVER: &str = "SIR0_TEST_POSTGRES";

/// The server of this process, as long as one of its databases is in use.
static OWN: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());

/// An empty database that no other test knows. It is removed when this is dropped, even while clients are connected.
pub struct Database {
    url: String,
    server: Server,
    name: String,
}

enum Server {
    Shared(String),
    Own(Arc<Postgres>),
}

/// A database on the server that [`SHARED_SERVER`] names, else on one that this process starts for its tests.
#[must_use]
pub fn database() -> Database {
    let server = env::var_os(SHARED_SERVER).map_or_else(
        || Server::Own(own_server()),
        |url| Server::Shared(url.to_string_lossy().trim_end_matches('/').to_owned()),
    );
    let name = format!("test_{:016x}", port::random());
    create_database(&server.url(), &name).unwrap_or_else(|why| panic!("{why}"));
    Database { url: format!("{}/{name}", server.url()), server, name }
}

fn own_server() -> Arc<Postgres> {
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    own.upgrade().unwrap_or_else(|| {
        let started = Arc::new(Postgres::start());
        *own = Arc::downgrade(&started);
        started
    })
}

impl Database {
    /// Where it is, with its name.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs SQL, several statements as one transaction. Answers what was selected: a line for a row, `|` between
    /// columns.
    #[expect(clippy::must_use_candidate, reason = "most statements are run for what they do")]
    pub fn psql(&self, sql: &str) -> String {
        psql(&self.url, sql).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Dumps it and restores the dump into another one, as an operator would.
    pub fn pours_into(&self, other: &Self) {
        let folder = programs::postgres().unwrap_or_else(|why| panic!("{why}"));
        let dump = tempfile::NamedTempFile::new().expect("a place for temporary files");
        let file = dump.path().to_str().expect("UTF-8");
        let (from, to) = (format!("--dbname={}", self.url), format!("--dbname={}", other.url));
        for (program, arguments) in [
            ("pg_dump", ["--format=custom", &format!("--file={file}"), &from]),
            ("pg_restore", ["--exit-on-error", &to, file]),
        ] {
            let ended = Command::new(folder.join(program)).args(arguments).status();
            assert!(ended.is_ok_and(|status| status.success()), "{program} does not work");
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Server::Own(server) = &self.server
            && Arc::strong_count(server) == 1
        {
            return; // The whole server goes with it.
        }
        let sql = format!(r#"DROP DATABASE IF EXISTS "{}" WITH (FORCE)"#, self.name);
        // Its server may be gone, and the database with it.
        let _ = psql(&format!("{}/postgres", self.server.url()), &sql);
    }
}

impl Server {
    fn url(&self) -> String {
        match self {
            Self::Shared(url) => url.clone(),
            Self::Own(server) => server.server_url(),
        }
    }
}
