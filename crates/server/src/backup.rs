//! `sir0 backup`: the embedded databases and the signing key, copied while they are in use.

use std::{fs, io, path::Path};

use anyhow::{Context, bail};
use sir0_storage::{Place, private, sqlite};

use crate::{Config, say::say, services};

/// Copies what this data folder holds into an empty folder. A database on a server is copied with the server's own
/// tools; the command says so.
pub async fn backup(config: &Config, to: &Path) -> anyhow::Result<()> {
    let name = to.display();
    make_empty_folder(to).with_context(|| format!("`{name}` cannot hold a backup"))?;
    for (service, place, file) in services::places(config)? {
        let service = service.name();
        match place {
            Place::Sqlite(from) => {
                sqlite::backup(&from, &to.join(file))
                    .await
                    .with_context(|| format!("the database of {service} cannot be copied"))?;
                say(&format!("{service}: {}\n", to.join(file).display()))?;
            }
            Place::Postgres(_) => say(&format!(
                "{service}: on PostgreSQL, not copied here; see docs/backup.md for `pg_dump`\n"
            ))?,
        }
    }
    let key = services::signing_key_path(config);
    copy_private(&key, &to.join("signing-key.pem"))
        .with_context(|| format!("the signing key `{}` cannot be copied", key.display()))?;
    say(&format!("signing key: {}\n", to.join("signing-key.pem").display()))?;
    Ok(())
}

fn make_empty_folder(path: &Path) -> anyhow::Result<()> {
    private::make_folder(path)?;
    if fs::read_dir(path)?.next().is_some() {
        bail!("it is not empty");
    }
    Ok(())
}

/// The key lets its reader sign in as anyone, so the copy is as private as the key.
fn copy_private(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = fs::File::open(from)?;
    let mut copy = private::new_file(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()
}
