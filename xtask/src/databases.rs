//! `PostgreSQL` and Redis for tests: installed where that is possible, and one `PostgreSQL` for the whole run.

use std::process::Command;

use anyhow::Result;

/// A `PostgreSQL` server that all tests of a run share. It is gone when this is dropped.
pub(crate) struct Shared {
    #[cfg(unix)]
    server: sir0_throwaway::Postgres,
}

#[cfg(unix)]
impl Shared {
    /// Starts it, after installing what tests start for themselves.
    pub(crate) fn start() -> Result<Self> {
        need()?;
        let server = sir0_throwaway::Postgres::try_start().map_err(anyhow::Error::msg)?;
        Ok(Self { server })
    }

    /// Lets tests know where it is.
    pub(crate) fn tell(&self, tests: &mut Command) {
        tests.env(sir0_throwaway::SHARED_SERVER, self.server.server_url());
    }
}

/// Installs what is started from here and by tests.
#[cfg(unix)]
pub(crate) fn need() -> Result<()> {
    let wanted = [
        ("postgresql", sir0_throwaway::has_postgres()),
        ("redis-server", sir0_throwaway::has_redis()),
        ("pgbouncer", sir0_throwaway::has_pgbouncer()),
    ];
    let missing: Vec<&str> =
        wanted.into_iter().filter(|(_, is_there)| !is_there).map(|(package, _)| package).collect();
    if missing.is_empty() { Ok(()) } else { crate::provision::servers(&missing) }
}

/// Installs the server whose changes are measured. Without it the bench says that it is missing.
#[cfg(unix)]
pub(crate) fn postgres_if_possible() {
    if !sir0_throwaway::has_postgres()
        && let Err(failure) = crate::provision::servers(&["postgresql"])
    {
        println!("{failure:#}; going on without PostgreSQL");
    }
}

#[cfg(not(unix))]
pub(crate) fn postgres_if_possible() {}

#[cfg(not(unix))]
pub(crate) fn need() -> Result<()> {
    anyhow::bail!("PostgreSQL, PgBouncer and Redis can be started on Unix only")
}

#[cfg(not(unix))]
impl Shared {
    pub(crate) fn start() -> Result<Self> {
        anyhow::bail!("tests can start PostgreSQL and Redis on Unix only")
    }

    pub(crate) fn tell(&self, _tests: &mut Command) {}
}
