//! The files of an installation: whether they can be written, and whether other users reach them.

use std::{fs, io, path::Path};

use sir0_host::{Finding, full};
use sir0_storage::{
    Location,
    private::{self, Reach},
};

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
        return Finding::Failing(
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
        Ok(Reach::Open(refused)) => Finding::Failing(full(&refused), "`sir0 serve` does not start"),
        Err(error) => Finding::Failing(full(&error), "check its owner"),
    }
}

fn visit(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    drop(private::new_file(&path)?);
    fs::remove_file(path)
}

/// Whether other users can reach the files of a database. `None` when they cannot.
pub(super) fn of_database(place: &Location) -> Option<Finding> {
    let found = match place.judge() {
        Ok(found) => found,
        Err(error) => return Some(Finding::Failing(full(&error), error.cure())),
    };
    let mut mendable = Vec::new();
    for (path, reach) in found {
        match reach {
            Reach::Private | Reach::Lent => {}
            Reach::Mendable { mode, .. } => mendable.push(format!("{} ({mode:o})", path.display())),
            Reach::Open(refused) => {
                return Some(Finding::Failing(full(&refused), "`sir0 serve` does not start"));
            }
        }
    }
    let open = mendable.join(", ");
    (!mendable.is_empty()).then(|| {
        Finding::Doubtful(format!("other users of this machine can reach {open}"), SERVE_CLOSES)
    })
}
