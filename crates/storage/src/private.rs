//! Keeps files private on this machine: only their owner may reach them, whatever the umask.
//!
//! The data folder holds password hashes and keys. New files and folders are made for their owner alone. Old ones are
//! judged: each is private, or lent to a group by an operator, or is closed, or is refused. A server and a doctor use
//! the same judgement.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

mod system;

use system::{has_other_names, is_of_its_group, is_of_its_owner, is_ours, mode, set_mode};

/// What everyone but the owner may do: the mode bits of the group and of others.
const BEYOND_OWNER: u32 = 0o077;
/// What neither the owner nor the group may do.
const BEYOND_GROUP: u32 = 0o017;
/// How Kubernetes lends a volume to the group of a pod (`fsGroup`): the group may do all, and new files belong to it.
const LENT: u32 = 0o2070;
/// Others may make files here, but not move or remove those of someone else, as in `/tmp`.
const STICKY: u32 = 0o1000;

/// How far a file or a folder can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only by its owner, as far as the system tells.
    Private,
    /// By its group too: an operator lent the volume to it.
    Lent,
    /// By others too. This program closes it at its start.
    Mendable {
        /// The mode it has.
        mode: u32,
        /// The mode it is given.
        right: u32,
    },
    /// By others too. An operator has to close it.
    Open(TooOpen),
}

/// Something that others can reach and that is not ours to close.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` has mode {mode:o}, so others than its owner can reach it, and it {why}: {cure}",
    path = path.display())]
pub struct TooOpen {
    /// Where it is.
    pub path: PathBuf,
    /// The mode it has.
    pub mode: u32,
    /// Why it was left as it is.
    pub why: &'static str,
    /// What an operator can do.
    pub cure: String,
}

/// Why something is not private.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Others can reach it, and this program may not close it.
    #[error(transparent)]
    TooOpen(#[from] TooOpen),
    /// The system refuses.
    #[error("`{}` cannot be used", path.display())]
    Unusable {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

impl Error {
    fn of(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |cause| Self::Unusable { path: path.to_owned(), cause }
    }
}

/// Makes a folder that only its owner may enter, and the folders above it. A folder that is there already stays as it
/// is.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// Makes a file that only its owner may read. Fails if there is anything of that name.
pub fn new_file(path: &Path) -> io::Result<File> {
    owners_alone().create_new(true).open(path)
}

/// Opens a file of ours for writing, for its owner alone, and makes it if it is missing. Does not follow a link that
/// another user may have put there.
pub(crate) fn open_or_new_file(path: &Path) -> Result<File, Error> {
    close_file(path)?;
    let mut options = owners_alone();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NOFOLLOW.bits().cast_signed(),
    );
    options.create(true).truncate(false).read(true).open(path).map_err(Error::of(path))
}

fn owners_alone() -> OpenOptions {
    let mut options = File::options();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes the folder if it is missing, and closes it to others, or refuses it. Answers with its [`Reach`] now.
pub fn close_folder(path: &Path) -> Result<Reach, Error> {
    make_folder(path).map_err(Error::of(path))?;
    close(path, judge_folder(path)?)
}

/// Closes a file to others, or refuses it. A missing file is private.
pub fn close_file(path: &Path) -> Result<Reach, Error> {
    close(path, judge_file(path)?)
}

fn close(path: &Path, reach: Reach) -> Result<Reach, Error> {
    match reach {
        Reach::Open(refused) => Err(refused.into()),
        Reach::Mendable { mode, right } => {
            set_mode(path, right).map_err(Error::of(path))?;
            tracing::warn!(
                path = %path.display(),
                "other users of this machine could reach a file or folder of the platform (mode {mode:o}); \
                 it is closed to them now (mode {right:o})"
            );
            Ok(if right & BEYOND_OWNER == 0 { Reach::Private } else { Reach::Lent })
        }
        reach => Ok(reach),
    }
}

/// Answers with the [`Reach`] of this folder. Changes nothing.
pub fn judge_folder(path: &Path) -> Result<Reach, Error> {
    let folder = fs::metadata(path).map_err(Error::of(path))?;
    let mode = mode(&folder);
    if mode & BEYOND_OWNER == 0 {
        return Ok(Reach::Private);
    }
    let is_lent = mode & LENT == LENT;
    let right = mode & !(if is_lent { 0o007 } else { BEYOND_OWNER });
    if is_lent && (mode == right || !is_ours(&folder)) {
        // Others may list the files of a volume that is lent to us. The modes of the files keep others out of them.
        return Ok(Reach::Lent);
    }
    let another = "name a folder for nothing else (`--data-dir`)";
    let (why, cure) = if !is_ours(&folder) {
        ("belongs to another user", format!("{another}, or give it to the user that runs sir0"))
    } else if mode & STICKY != 0 {
        ("is a folder for everyone", another.to_owned())
    } else if has_folders_for_others(path, &folder).map_err(Error::of(path))? {
        let close = format!("or run `chmod {right:o} {}` if it is one", path.display());
        ("holds folders that may be for others", format!("{another}, {close}"))
    } else {
        return Ok(Reach::Mendable { mode, right });
    };
    Ok(Reach::Open(TooOpen { path: path.to_owned(), mode, why, cure }))
}

/// Answers with the [`Reach`] of this file. Changes nothing. A missing file is private.
pub fn judge_file(path: &Path) -> Result<Reach, Error> {
    // Looks at the name itself, because a link may lead to a file of any user.
    let named = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Reach::Private),
        named => named.map_err(Error::of(path))?,
    };
    let is_link = named.is_symlink();
    let file = match is_link.then(|| fs::metadata(path)) {
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(Reach::Private),
        Some(led_to) => led_to.map_err(Error::of(path))?,
        None => named,
    };
    let mode = mode(&file);
    if mode & BEYOND_OWNER == 0 {
        return Ok(Reach::Private);
    }
    let folder = fs::metadata(folder_of(path)).map_err(Error::of(path))?;
    let is_lent = system::mode(&folder) & LENT == LENT;
    let beyond =
        if is_lent && is_of_its_group(&file, &folder) { BEYOND_GROUP } else { BEYOND_OWNER };
    let right = mode & !beyond;
    if mode == right {
        return Ok(Reach::Lent);
    }
    let why = if is_link {
        "is reached through a link"
    } else if !is_ours(&file) || !is_of_its_owner(&file, &folder) {
        "belongs to another user"
    } else if !file.is_file() || has_other_names(&file) {
        "is no file, or has another name too"
    } else {
        return Ok(Reach::Mendable { mode, right });
    };
    let cure = format!("see that it is yours alone, then run `chmod {right:o} {}`", path.display());
    Ok(Reach::Open(TooOpen { path: path.to_owned(), mode, why, cure }))
}

/// The folder a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or_else(|| Path::new("."))
}

/// Whether the folder holds folders that others than its owner may use. The `lost+found` of a file system does not
/// count, nor does a folder that is private already, such as the one with pictures.
fn has_folders_for_others(path: &Path, folder: &fs::Metadata) -> io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() && entry.file_name() != "lost+found" {
            let inner = entry.metadata()?;
            let is_private = mode(&inner) & BEYOND_OWNER == 0;
            if !(is_private && is_ours(&inner) && is_of_its_owner(&inner, folder)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
