//! A folder of pictures, written so that each is whole, private and on the disk before anyone hears of it.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use tokio::task;

use super::{Error, MARK, OpenError, Put};
use crate::Name;

/// Where a picture is written before it has its name. Nothing here is part of the shelf.
const ARRIVING: &str = ".arriving";
/// What is as old as this arrives no more: its process was killed.
const LEFT_BEHIND: Duration = Duration::from_hours(1);

#[derive(Clone, Debug)]
pub(super) struct Folder(Arc<Path>);

impl Folder {
    /// Makes the folder if it is missing, and takes away what a killed process left.
    pub(super) fn open(path: &Path) -> Result<(Self, LocalFileSystem), OpenError> {
        let unusable = |source| OpenError::Folder { path: path.to_owned(), source };
        make_private(&path.join(ARRIVING), true).map_err(unusable)?;
        if let Some(mode) = reaches_further(path).map_err(unusable)? {
            return Err(OpenError::TooOpen { path: path.to_owned(), mode });
        }
        sweep(&path.join(ARRIVING)).map_err(unusable)?;
        let store = LocalFileSystem::new_with_prefix(path).map_err(OpenError::S3)?;
        Ok((Self(path.into()), store))
    }

    pub(super) async fn put(&self, name: Name, bytes: Bytes) -> Result<Put, Error> {
        let top = Arc::clone(&self.0);
        blocking(move || put(&top, name, &bytes)).await
    }

    pub(super) async fn mark(&self, fresh: String) -> Result<String, Error> {
        let top = Arc::clone(&self.0);
        blocking(move || mark(&top, fresh)).await
    }

    pub(super) fn place(&self) -> String {
        self.0.display().to_string()
    }

    pub(super) async fn reach(&self) -> Result<(), Error> {
        let top = Arc::clone(&self.0);
        blocking(move || fs::read_dir(top).map(drop)).await
    }
}

/// Does what waits for a disk on a thread for that. A caller that stops waiting does not stop it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = task::spawn_blocking(work).await.map_err(io::Error::other)?;
    Ok(done?)
}

fn put(top: &Path, name: Name, bytes: &[u8]) -> io::Result<Put> {
    let path = top.join(name.to_string());
    let folder = path.parent().expect("a name has a folder");
    if path.try_exists()? {
        // Who wrote it may not have come to this yet, and may never.
        sync_folder(folder)?;
        sync_folder(top)?;
        return Ok(Put::Known);
    }
    // Temporary files have mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(top.join(ARRIVING))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    make_private(folder, false)?;
    let put = match file.persist_noclobber(&path) {
        Ok(_) => Put::New,
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Put::Known,
        Err(failed) => return Err(failed.error),
    };
    sync_folder(folder)?;
    sync_folder(top)?;
    Ok(put)
}

fn mark(top: &Path, fresh: String) -> io::Result<String> {
    let path = top.join(MARK);
    let mut file = tempfile::NamedTempFile::new_in(top.join(ARRIVING))?;
    file.write_all(fresh.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(&path) {
        Ok(_) => {
            sync_folder(top)?;
            Ok(fresh)
        }
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(fs::read_to_string(path)?.trim().to_owned())
        }
        Err(failed) => Err(failed.error),
    }
}

/// Makes a folder for its owner alone, with the folders above it if asked. One that is there stays as it is.
fn make_private(path: &Path, with_those_above: bool) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(with_those_above);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    match folder.create(path) {
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Takes away files that are too old to be on their way. Other processes may write here.
fn sweep(arriving: &Path) -> io::Result<()> {
    for entry in fs::read_dir(arriving)? {
        let path: PathBuf = entry?.path();
        let age = fs::metadata(&path).and_then(|file| file.modified()).map(|at| at.elapsed());
        if matches!(age, Ok(Ok(age)) if age > LEFT_BEHIND) {
            // Another process may sweep too.
            fs::remove_file(path).ok();
        }
    }
    Ok(())
}

/// The mode of a folder that others may reach. The group may, if an operator lent it the volume as Kubernetes does
/// (`fsGroup`): then new files belong to the group, and each is for its owner alone.
#[cfg(unix)]
fn reaches_further(path: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;

    let mode = fs::metadata(path)?.permissions().mode() & 0o7777;
    let beyond = if mode & 0o2070 == 0o2070 { 0o007 } else { 0o077 };
    Ok((mode & beyond != 0).then_some(mode))
}

/// On other systems a folder has no mode.
#[cfg(not(unix))]
fn reaches_further(_: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

/// Makes the new name in the folder survive a power cut, not only the bytes of the file.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
