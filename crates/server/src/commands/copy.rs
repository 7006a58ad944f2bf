//! `sir0 copy`: a service's data moved to another database, such as from the embedded engine to PostgreSQL.

use std::{fmt::Write, path::Path};

use anyhow::{Context, bail};
use sir0_host::Progress;
use sir0_storage::{
    DatabaseConfig, Location,
    copy::{self, Copied, copy_between},
};

use super::say;
use crate::{Config, SERVICES, cli::Route};

/// Copies everything in one database into another, empty one, and prints what was compared afterwards. The tables tell
/// which service the database belongs to.
pub async fn copy(config: &Config, route: &Route) -> anyhow::Result<()> {
    let source = place(config, &route.from, route.from_password_file.as_deref())?;
    let target = place(config, &route.to, route.to_password_file.as_deref())?;
    let whose = source.first_step().await.context("the source cannot be read")?;
    let Some(whose) = whose else { bail!("the source is no database of ours, or is not there") };
    let Some(service) = SERVICES.iter().find(|service| service.tables.first() == whose) else {
        bail!("the source belongs to no service of ours, it begins with `{whose}`")
    };
    let progress = Progress::of_rows(config.shows_progress());
    let mut tell = |it: copy::Progress<'_>| {
        progress.names(it.table);
        progress.is_at(it.done, it.all);
    };
    let copied = copy_between(&source, &target, service.tables, &mut tell).await;
    drop(progress);
    let copied = copied.context("nothing was copied")?;
    say(&report(&copied))?;
    Ok(())
}

fn place(config: &Config, url: &str, password_file: Option<&Path>) -> anyhow::Result<Location> {
    let asked = DatabaseConfig { url: Some(url), password_file, connections: 2 };
    Location::of(asked, Path::new(&config.data_dir), "").with_context(|| format!("`{}`", bare(url)))
}

/// A URL without what may be a password: the password of the user, and everything after a question mark.
pub(crate) fn bare(url: &str) -> String {
    let (url, rest) = url.split_once('?').map_or((url, ""), |(url, _)| (url, "?…"));
    let Some((whose, place)) = url.rsplit_once('@') else { return format!("{url}{rest}") };
    let (scheme, whose) = whose.split_once("://").unwrap_or(("", whose));
    let (user, hidden) = whose.split_once(':').map_or((whose, ""), |(user, _)| (user, ":…"));
    // A stray `@` or `/` may be part of a password.
    let is_name = user.chars().all(|one| one.is_alphanumeric() || "-_.".contains(one));
    let user = if is_name { user } else { "…" };
    format!("{scheme}://{user}{hidden}@{place}{rest}")
}

fn report(copied: &[Copied]) -> String {
    let mut text = String::from("copied, read back and compared:\n");
    for Copied { table, rows, checksum } in copied {
        writeln!(text, "  {table:<10} {rows:>10} rows  sha256 {checksum}").expect("a string grows");
    }
    text.push_str(
        "\nThe source is unchanged. Point the settings at the target before you serve again.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        for (url, shown) in [
            ("postgres://sir0:secret@db/games", "postgres://sir0:…@db/games"),
            ("postgres://sir0:se@cret@db/games", "postgres://sir0:…@db/games"),
            ("postgres://se@cret@db/games", "postgres://…@db/games"),
            ("postgres://db/games?user=sir0&password=secret", "postgres://db/games?…"),
            ("postgres://sir0@db/games", "postgres://sir0@db/games"),
            ("sqlite:data/games.db", "sqlite:data/games.db"),
        ] {
            assert_eq!(bare(url), shown);
        }
    }
}
