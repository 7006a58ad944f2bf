//! `sir0 backup`: the embedded databases and the keys, copied while they are in use.

use std::{fs, io, path::Path};

use anyhow::{Context, bail};
use sir0_host::KeyFile;
use sir0_host::Progress;
use sir0_storage::{Location, private, sqlite};

use super::say;
use crate::Config;

/// Copies what this data folder holds into an empty folder. A database on a server is copied with the server's own
/// tools; the command says so.
pub async fn backup(config: &Config, to: &Path) -> anyhow::Result<()> {
    let name = to.display();
    make_empty_folder(to).with_context(|| format!("`{name}` cannot hold a backup"))?;
    let mut places = Vec::new();
    for each in config.services.iter() {
        places.push((each.service(), each.location(&config.data_dir)?));
    }
    let size = |file: &Path| fs::metadata(file).map_or(0, |found| found.len());
    let sizes = places.iter().map(|(_, place)| match place {
        Location::Sqlite(file) => size(file),
        Location::Postgres(_) => 0,
    });
    let all = sizes.sum();
    let mut before = 0;
    for (service, place) in places {
        let name = service.name;
        match place {
            Location::Sqlite(from) => {
                let copy = to.join(service.file());
                let progress = Progress::of_bytes(config.shows_progress(), all);
                progress.names(name);
                let done =
                    progress.follows(sqlite::backup(&from, &copy), || before + size(&copy)).await;
                drop(progress);
                done.with_context(|| format!("the database of {name} cannot be copied"))?;
                before += size(&from);
                say(&format!("{name}: {}\n", copy.display()))?;
            }
            Location::Postgres(_) => say(&format!(
                "{name}: on PostgreSQL, not copied here; see docs/backup.md for `pg_dump`\n"
            ))?,
        }
    }
    for key in config.services.iter().flat_map(|each| each.key_files(&config.data_dir)) {
        let KeyFile { what, path, name, .. } = key;
        copy_private(&path, &to.join(name))
            .with_context(|| format!("the {what} `{}` cannot be copied", path.display()))?;
        say(&format!("{what}: {}\n", to.join(name).display()))?;
    }
    // After the databases: a file is there before a database says so.
    for (from, name) in config.services.iter().filter_map(|each| each.folder(&config.data_dir)) {
        let copy = to.join(name);
        let count = copy_folder(&from, &copy)
            .with_context(|| format!("the folder `{}` cannot be copied", from.display()))?;
        if count > 0 {
            say(&format!("{name}: {}, {count} files\n", copy.display()))?;
        }
    }
    Ok(())
}

/// Copies the files of a folder and of those in it, and answers with how many there were. What begins with a dot is on its
/// way, and no part of it.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<usize> {
    if !from.exists() {
        return Ok(0);
    }
    private::make_folder(to)?;
    let mut count = 0;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        if name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            count += copy_folder(&path, &to.join(name))?;
        } else if kind.is_file() {
            copy_private(&path, &to.join(name))?;
            count += 1;
        }
    }
    Ok(count)
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
