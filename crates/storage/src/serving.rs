//! One process at a time serves the tables of a file.
//!
//! SQLite itself lets several write in turns, and what one of them remembers of the tables (ended sessions, games) is
//! then as old as its last look. So a server holds a lock as long as it lives. The kernel lets go of it when the process
//! ends, however it ends. Commands that work beside a server take no such lock.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::{Error, Result, private};

/// A doctor looks at the lock for a moment, and a server that stops lets go of it a moment later.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(50);

/// The right to serve a file. Dropped, another process may have it.
#[derive(Debug)]
pub struct Serving {
    _lock: File,
}

impl Serving {
    /// Takes the right to serve this database file, which may not be there yet.
    pub(crate) async fn of(database: &Path) -> Result<Self> {
        let failed = |cause| Error::File { file: database.to_owned(), cause };
        let path = lock_of(database).map_err(failed)?;
        let mut lock = private::open_or_new_file(&path)?;
        let until = Instant::now() + PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(PAUSE).await,
                Err(TryLockError::WouldBlock) => {
                    let process = who_holds(&mut lock);
                    return Err(Error::Served { file: database.to_owned(), process });
                }
                Err(TryLockError::Error(cause)) => return Err(failed(cause)),
            }
        }
        lock.set_len(0).map_err(failed)?;
        writeln!(lock, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _lock: lock })
    }
}

/// The process that serves this database file now, if any does: its id, where it wrote one.
pub(crate) fn server_of(database: &Path) -> io::Result<Option<String>> {
    let mut lock = match File::open(lock_of(database)?) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        lock => lock?,
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(who_holds(&mut lock))),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The lock beside the file itself, whatever way leads to it.
fn lock_of(database: &Path) -> io::Result<PathBuf> {
    let file = match fs::canonicalize(database) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = fs::canonicalize(private::folder_of(database))?;
            folder.join(database.file_name().unwrap_or_default())
        }
        file => file?,
    };
    let mut name = OsString::from(file);
    name.push(".lock");
    Ok(name.into())
}

fn who_holds(lock: &mut File) -> String {
    let mut text = String::new();
    match lock.take(32).read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}
