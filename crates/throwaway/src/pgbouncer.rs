//! A `PgBouncer` between a test and its database.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
};

use crate::{Database, home::Home, port, programs, running::Running};

/// How often a port that was free a moment ago may be taken.
const ATTEMPTS: usize = 5;

/// What a pooler lends to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lends {
    /// A session, until the client leaves.
    Sessions,
    /// A session for each transaction.
    Transactions,
}

/// A separate `PgBouncer` on a free port of loopback, as Debian configures it except for where its database is and what
/// it lends. It is gone when dropped.
pub struct PgBouncer {
    // Stands before its folder, because the first field is dropped first.
    _running: Running,
    _home: Home,
    url: String,
}

impl PgBouncer {
    /// Starts one in front of this database, and waits until it takes connections.
    #[must_use]
    pub fn before(database: &Database, lends: Lends) -> Self {
        let mut outcome = Err(String::new());
        for _ in 0..ATTEMPTS {
            outcome = Self::try_before(database, lends);
            if outcome.is_ok() {
                break;
            }
        }
        outcome.unwrap_or_else(|why| panic!("{why}"))
    }

    fn try_before(database: &Database, lends: Lends) -> Result<Self, String> {
        const FILE: &str = "pgbouncer.ini";
        let home = Home::on_disk()?;
        let port = port::free()?;
        let (server, name) = database.url().rsplit_once('/').ok_or("a URL ends with a name")?;
        let (_, server_port) = server.rsplit_once(':').ok_or("a server has a port")?;
        let mode = match lends {
            Lends::Sessions => "session",
            Lends::Transactions => "transaction",
        };
        let file = format!(
            "[databases]\n{name} = host=127.0.0.1 port={server_port} user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = {mode}\n"
        );
        fs::write(home.path().join(FILE), file)
            .map_err(|error| format!("no settings for PgBouncer: {error}"))?;
        let mut server = home.server(&programs::pgbouncer()?)?;
        let mut running = Running::start(server.arg(FILE), "QUIT", home.path())?;
        if !running.becomes(|_| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return Err(format!("PgBouncer did not start; it said:\n{}", home.log()));
        }
        let url = format!("postgres://postgres@127.0.0.1:{port}/{name}");
        Ok(Self { _running: running, _home: home, url })
    }

    /// Where clients of the pooler find the database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}
