//! The files of an installation: whether they can be written, and whether other users reach them.

use std::{fs, io, path::Path};

use sir0_storage::{
    Place,
    private::{self, Reach},
};
use sir0_tokens::KeyError;

use super::{Finding, full};
use crate::{Config, services};

const SERVE_CLOSES: &str =
    "`sir0 serve` closes it to others; if anyone may have read it, replace what is secret in it";

/// The folder everything is in.
pub(super) fn data_folder(folder: &Path) -> Finding {
    let name = folder.display();
    if !folder.exists() {
        return Finding::Doubtful(format!("{name} is not there yet"), "`sir0 serve` makes it");
    }
    // Only a try tells: owners, read-only mounts and full disks all refuse in their own way.
    if let Err(error) = visit(folder) {
        return Finding::Ill(
            format!("{name} cannot be written: {error}"),
            "check its owner, whether it is mounted read-only, and `df`",
        );
    }
    match private::judge_folder(folder) {
        Ok(Reach::Private) => Finding::Well(format!("{name} can be written")),
        Ok(Reach::Lent) => {
            Finding::Well(format!("{name} can be written, also by the group it is lent to"))
        }
        Ok(Reach::Mendable { mode, .. }) => Finding::Doubtful(
            format!("{name} has mode {mode:o}, so other users of this machine can enter it"),
            SERVE_CLOSES,
        ),
        Ok(Reach::Open(refused)) => Finding::Ill(full(&refused), "`sir0 serve` does not start"),
        Err(error) => Finding::Ill(full(&error), "check its owner"),
    }
}

fn visit(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    drop(private::new_file(&path)?);
    fs::remove_file(path)
}

/// The key, as `sir0 serve` reads it.
pub(super) fn signing_key(config: &Config) -> Finding {
    let name = services::signing_key_path(config).display().to_string();
    let is_given = config.accounts.signing_key.is_some();
    if !is_given && !config.data_dir.exists() {
        return not_yet(&name);
    }
    match services::look_at_signing_key(config) {
        Ok(key) => Finding::Well(format!("{name} is key {}", key.kid())),
        Err(error) => match error.downcast_ref::<KeyError>() {
            Some(KeyError::Missing { .. }) if is_given => Finding::Ill(
                format!("{name} is not there"),
                "make it with `openssl genpkey -algorithm ed25519`; all instances share it",
            ),
            Some(KeyError::Missing { .. }) => not_yet(&name),
            _ => Finding::Ill(format!("{error:#}"), "accounts does not start without it"),
        },
    }
}

fn not_yet(name: &str) -> Finding {
    Finding::Doubtful(
        format!("{name} is not there yet"),
        "the first `sir0 serve` makes it; several instances need one they share",
    )
}

/// Whether other users can reach the files of a database. `None` when they cannot.
pub(super) fn of_database(place: &Place) -> Option<Finding> {
    let found = match place.judge() {
        Ok(found) => found,
        Err(error) => return Some(Finding::Ill(full(&error), error.cure())),
    };
    let mut mendable = Vec::new();
    for (path, reach) in found {
        match reach {
            Reach::Private | Reach::Lent => {}
            Reach::Mendable { mode, .. } => mendable.push(format!("{} ({mode:o})", path.display())),
            Reach::Open(refused) => {
                return Some(Finding::Ill(full(&refused), "`sir0 serve` does not start"));
            }
        }
    }
    let open = mendable.join(", ");
    (!mendable.is_empty()).then(|| {
        Finding::Doubtful(format!("other users of this machine can reach {open}"), SERVE_CLOSES)
    })
}
