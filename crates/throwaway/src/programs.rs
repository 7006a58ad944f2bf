//! Where the programs of `PostgreSQL` and Redis are.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Whether this machine has the server and the tools that [`Postgres`](crate::Postgres) starts.
#[must_use]
pub fn has_postgres() -> bool {
    postgres_folder().is_some()
}

/// Whether this machine has the server and the tool that [`Redis`](crate::Redis) starts.
#[must_use]
pub fn has_redis() -> bool {
    ["redis-server", "redis-cli"].into_iter().all(|program| in_path(program).is_some())
}

/// Whether this machine has the pooler that [`PgBouncer`](crate::PgBouncer) starts.
#[must_use]
pub fn has_pgbouncer() -> bool {
    pgbouncer().is_ok()
}

/// Debian keeps `pgbouncer` among the programs of the system, which are not in everyone's `PATH`.
pub(crate) fn pgbouncer() -> Result<PathBuf, String> {
    let of_the_system = PathBuf::from("/usr/sbin/pgbouncer");
    in_path("pgbouncer").or_else(|| of_the_system.is_file().then_some(of_the_system)).ok_or_else(
        || "PgBouncer is not installed: on Debian, `apt-get install pgbouncer`".to_owned(),
    )
}

/// The folder with `postgres`, `initdb`, `psql` and the other programs of `PostgreSQL`. The error says what is missing.
pub fn postgres() -> Result<PathBuf, String> {
    postgres_folder().ok_or_else(|| {
        "PostgreSQL's server is not installed: on Debian, `apt-get install postgresql`".to_owned()
    })
}

/// `psql`, also where only clients are installed.
pub(crate) fn psql() -> Result<PathBuf, String> {
    // Debian's `psql` in `PATH` is a script that finds this one and takes much longer to start.
    postgres_folder().map(|folder| folder.join("psql")).or_else(|| in_path("psql")).ok_or_else(
        || "psql is not installed: on Debian, `apt-get install postgresql-client`".to_owned(),
    )
}

/// A program of Redis.
pub(crate) fn redis(program: &str) -> Result<PathBuf, String> {
    in_path(program).ok_or_else(|| {
        format!("{program} is not installed: on Debian, `apt-get install redis-server`")
    })
}

fn postgres_folder() -> Option<PathBuf> {
    let linked = in_path("postgres").and_then(|program| fs::canonicalize(program).ok());
    let in_path = linked.and_then(|program| program.parent().map(Path::to_owned));
    in_path
        .filter(|folder| is_complete(folder))
        .or_else(newest_of_debian)
        .or_else(|| told_by_pg_config().filter(|folder| is_complete(folder)))
}

/// Debian keeps the server out of `PATH`, since it lets several versions stand side by side.
fn newest_of_debian() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    versions
        .filter_map(|version| {
            let number: u32 = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .filter(|(_, folder)| is_complete(folder))
        .max()
        .map(|(_, folder)| folder)
}

fn told_by_pg_config() -> Option<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(String::from_utf8(told.stdout).ok()?.trim().into())
}

fn is_complete(folder: &Path) -> bool {
    ["postgres", "initdb", "psql"].into_iter().all(|program| folder.join(program).is_file())
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|program| program.is_file())
}
