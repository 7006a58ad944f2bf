//! A database file from outside: closed to others, looked at, copied.

use std::{
    ffi::OsString,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::PATIENCE;
use crate::{
    Error, Examination, Migration, Result, Step,
    migrations::{self, FIRST_STEP, compare, is_no_table},
    private::{self, Reach},
};

/// The files that SQLite keeps beside a database while it is in use, and that a killed process leaves. SQLite makes
/// them with the mode of the database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Makes the file for its owner alone if it is missing, and closes it and its journals to others if they are there.
pub(super) fn keep_private(file: &Path) -> Result<()> {
    match private::new_file(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => drop(made.map_err(|cause| Error::File { file: file.to_owned(), cause })?),
    }
    for path in with_journals(file) {
        private::close_file(&path)?;
    }
    Ok(())
}

/// Lists the file and its journals that not only their owner can reach, each with its [`Reach`].
pub(crate) fn judge(file: &Path) -> Result<Vec<(PathBuf, Reach)>> {
    let mut found = Vec::new();
    for path in with_journals(file) {
        match private::judge_file(&path)? {
            Reach::Private => {}
            reach => found.push((path, reach)),
        }
    }
    Ok(found)
}

fn with_journals(file: &Path) -> impl Iterator<Item = PathBuf> {
    let beside = BESIDE.into_iter().map(move |suffix| {
        let mut name = OsString::from(file);
        name.push(suffix);
        PathBuf::from(name)
    });
    std::iter::once(file.to_owned()).chain(beside)
}

/// Tells which steps the file has, without changing it or making it.
pub(super) async fn inspect(file: &Path, migrations: &[Migration]) -> Result<Vec<Step>> {
    if !file.exists() {
        return Ok(compare(migrations, &[])?);
    }
    let mut connection = read_only(file).await?;
    Ok(migrations::inspect(migrations, &mut connection).await?)
}

/// The name of the first step of its schema, if it has one.
pub(crate) async fn first_step(file: &Path) -> Result<Option<String>> {
    if !file.exists() {
        return Ok(None);
    }
    let mut connection = read_only(file).await?;
    match sqlx::query_scalar(FIRST_STEP).fetch_optional(&mut connection).await {
        Err(error) if is_no_table(&error) => Ok(None),
        found => Ok(found?),
    }
}

/// Looks at a file as a doctor does, from its first page to its last, and changes nothing.
pub(crate) async fn examine(file: &Path) -> Result<Examination> {
    let started = tokio::time::Instant::now();
    let mut connection = read_only(file).await?;
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await?;
    let took = started.elapsed();
    let faults: String =
        sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut connection).await?;
    if faults != "ok" {
        return Err(Error::Damaged(sqlx::Error::Decode(faults.into())));
    }
    let is_writable = File::options().append(true).open(file).is_ok();
    let engine = format!("SQLite {version}");
    Ok(Examination { engine, took, clock: None, is_writable, connections: None })
}

async fn read_only(file: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    Ok(SqliteConnection::connect_with(&options).await?)
}

/// Writes a copy of a database as it is at one moment, also while it is in use, and makes sure that it is whole. The
/// copy is one file that needs no log beside it. Only its owner can reach it.
pub async fn backup(file: &Path, to: &Path) -> Result<()> {
    let failed = |cause| Error::File { file: to.to_owned(), cause };
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(PATIENCE);
    let mut connection = SqliteConnection::connect_with(&options.create_if_missing(false)).await?;
    // Fails if the target is there. SQLite fills the new empty file, which keeps its mode.
    let copy_file = private::new_file(to).map_err(failed)?;
    let copy = to.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO $1").bind(copy).execute(&mut connection).await?;
    examine(to).await?;
    copy_file.sync_all().map_err(failed)?;
    Ok(())
}
