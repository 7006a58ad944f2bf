//! Modes and owners, as far as the system has them.

#[cfg(unix)]
pub(super) use with_modes::*;
#[cfg(not(unix))]
pub(super) use without_modes::*;

#[cfg(unix)]
mod with_modes {
    use std::{
        fs::{self, Metadata},
        io,
        os::unix::fs::{MetadataExt, PermissionsExt},
        path::Path,
    };

    /// Its permission bits.
    pub(in super::super) fn mode(of: &Metadata) -> u32 {
        of.permissions().mode() & 0o7777
    }

    /// Changes its permission bits.
    pub(in super::super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    }

    /// Whether its mode is ours to change.
    pub(in super::super) fn is_ours(of: &Metadata) -> bool {
        let us = rustix::process::geteuid();
        us.is_root() || of.uid() == us.as_raw()
    }

    /// Whether the file belongs to root or to the owner of its folder. Checked only for root, which may change every
    /// mode. True for every other user.
    pub(in super::super) fn is_of_its_owner(file: &Metadata, folder: &Metadata) -> bool {
        !rustix::process::geteuid().is_root() || file.uid() == 0 || file.uid() == folder.uid()
    }

    /// Whether the file belongs to the group of its folder.
    pub(in super::super) fn is_of_its_group(file: &Metadata, folder: &Metadata) -> bool {
        file.gid() == folder.gid()
    }

    /// Whether another name leads to the same file.
    pub(in super::super) fn has_other_names(file: &Metadata) -> bool {
        file.nlink() > 1
    }
}

/// Other systems have no file modes. The folder decides how far a file can be reached.
#[cfg(not(unix))]
mod without_modes {
    use std::{fs::Metadata, io, path::Path};

    pub(in super::super) fn mode(_: &Metadata) -> u32 {
        0
    }

    pub(in super::super) fn set_mode(_: &Path, _: u32) -> io::Result<()> {
        Ok(())
    }

    pub(in super::super) fn is_ours(_: &Metadata) -> bool {
        true
    }

    pub(in super::super) fn is_of_its_owner(_: &Metadata, _: &Metadata) -> bool {
        true
    }

    pub(in super::super) fn is_of_its_group(_: &Metadata, _: &Metadata) -> bool {
        true
    }

    pub(in super::super) fn has_other_names(_: &Metadata) -> bool {
        false
    }
}
