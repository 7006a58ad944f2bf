//! Files that hold a secret key: made once, kept to those who may read them, never replaced.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::error::Unspecified;
use sir0_kernel::read_secret;
use zeroize::Zeroizing;

/// What a key file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// An Ed25519 key in PKCS#8 PEM form.
    SigningKey,
    /// Keys that seal secrets, a line for each.
    SealingKeys,
}

impl Holds {
    const fn name(self) -> &'static str {
        match self {
            Self::SigningKey => "signing key",
            Self::SealingKeys => "sealing key",
        }
    }

    const fn form(self) -> &'static str {
        match self {
            Self::SigningKey => "no Ed25519 key in PKCS#8 PEM form",
            Self::SealingKeys => {
                "no sealing keys, which are 64 hexadecimal digits on a line for each"
            }
        }
    }

    const fn made_by(self) -> &'static str {
        match self {
            Self::SigningKey => "openssl genpkey -algorithm ed25519",
            Self::SealingKeys => "openssl rand -hex 32",
        }
    }

    const fn when_read(self) -> &'static str {
        match self {
            Self::SigningKey => "run `sir0 keys rotate --now`, which ends all access tokens",
            Self::SealingKeys => "put a new key in front of it and run `sir0 keys rotate --now`",
        }
    }
}

/// Why there is no key in a file. Each reason keeps the program from starting.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is there and cannot be read.
    #[error("the {what} {path} cannot be read, check who owns it", what = what.name(), path = path.display())]
    Unreadable {
        /// What it is to hold.
        what: Holds,
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder takes no new file.
    #[error("the {what} {path} cannot be written, check that its folder is there and writable",
        what = what.name(), path = path.display())]
    Unwritable {
        /// What it is to hold.
        what: Holds,
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An operator named a file that is not there.
    #[error("there is no {what} {path}: put it there, such as one made by `{by}`",
        what = what.name(), path = path.display(), by = what.made_by())]
    Missing {
        /// What it is to hold.
        what: Holds,
        /// Where it should be.
        path: PathBuf,
    },
    /// Others may reach the file. A person who can read the key can sign in as anyone.
    #[error("the {what} {path} has mode {mode:o}, so others than {readers} can reach it: run \
        `chmod {right:o} {path}`; if anyone may have read it, {cure}",
        what = what.name(), path = path.display(), readers = readers.as_str(), right = readers.most(),
        cure = what.when_read())]
    TooOpen {
        /// What it holds.
        what: Holds,
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Who may read it.
        readers: Readers,
    },
    /// A file is there and holds something else.
    #[error("{path} holds {form}: restore it from a backup", path = path.display(), form = what.form())]
    NotAKey {
        /// What it is to hold.
        what: Holds,
        /// The key file.
        path: PathBuf,
    },
    /// The system gave no random numbers.
    #[error("no key could be made, the system gives no random numbers")]
    NoRandomness(#[source] Unspecified),
}

/// Who may read a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Only its owner.
    Owner,
    /// Its owner and its group.
    Group,
    /// Its owner and the group that its volume is lent to. Kubernetes (`fsGroup`) lets such a group write too.
    Volume,
}

impl Readers {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "its owner",
            Self::Group => "its owner and readers in its group",
            Self::Volume => "its owner and the group of its volume",
        }
    }

    /// The most that the file may permit.
    const fn most(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Group => 0o640,
            Self::Volume => 0o660,
        }
    }
}

/// Reads what a file holds that these readers may read.
pub(crate) fn read<T>(
    what: Holds,
    readers: Readers,
    path: &Path,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, KeyError> {
    let unreadable = |source| KeyError::Unreadable { what, path: path.to_owned(), source };
    let not_a_key = || KeyError::NotAKey { what, path: path.to_owned() };
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing { what, path: path.to_owned() },
        _ => unreadable(source),
    })?;
    // The open file is checked, not the path, so no other file can be swapped in between.
    if let Some(mode) = reaches_further(&file, readers).map_err(unreadable)? {
        return Err(KeyError::TooOpen { what, path: path.to_owned(), mode, readers });
    }
    let text = read_secret(file).map_err(|source| match source.kind() {
        io::ErrorKind::InvalidData => not_a_key(),
        _ => unreadable(source),
    })?;
    parse(&text).ok_or_else(not_a_key)
}

/// As [`read`], and makes the file first if it is missing. Any number of processes may do this at the same moment: they
/// all end with the same key.
pub(crate) fn read_or_make<T>(
    what: Holds,
    readers: Readers,
    path: &Path,
    parse: impl Fn(&str) -> Option<T>,
    make: impl FnOnce() -> Result<Zeroizing<String>, Unspecified>,
) -> Result<T, KeyError> {
    match read(what, readers, path, &parse) {
        Err(KeyError::Missing { .. }) => {
            let text = make().map_err(KeyError::NoRandomness)?;
            publish(path, text.as_bytes()).map_err(|source| KeyError::Unwritable {
                what,
                path: path.to_owned(),
                source,
            })?;
            read(what, readers, path, parse)
        }
        read => read,
    }
}

/// Puts a file there whole, unless another process was faster. Then the other file stays.
fn publish(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));

    // Temporary files are made with mode 0600, so the key is never open to others, not even for a
    // moment.
    let mut file = tempfile::Builder::new().prefix(".key-").tempfile_in(folder)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => sync_folder(folder),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(failed) => Err(failed.error),
    }
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

/// The mode of a file that others may reach too. The owner's own permissions do not matter here.
#[cfg(unix)]
fn reaches_further(file: &File, readers: Readers) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;

    let mode = file.metadata()?.permissions().mode() & 0o7777;
    Ok((mode & 0o077 & !readers.most() != 0).then_some(mode))
}

/// On other systems a file has no mode. The folder decides who may read it.
#[cfg(not(unix))]
fn reaches_further(_: &File, _: Readers) -> io::Result<Option<u32>> {
    Ok(None)
}
