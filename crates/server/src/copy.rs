//! `sir0 copy`: a service's data moved to another database, such as from the embedded engine to PostgreSQL.

use std::{fmt::Write, path::Path};

use anyhow::{Context, bail};
use sir0_accounts::Accounts;
use sir0_storage::{Asked, Place, copy::Copied};
use sir0_storefront::Storefront;

use crate::Config;

/// Copies everything in one database into another, empty one, and prints what was compared afterwards. Whose database
/// it is, its tables tell.
pub async fn copy(config: &Config, from: &str, to: &str) -> anyhow::Result<()> {
    let source = place(config, from)?;
    let target = place(config, to)?;
    let whose = source.first_step().await.context("the source cannot be read")?;
    let copied = match whose.as_deref() {
        Some("accounts") => Accounts::copy(&source, &target).await,
        Some("games") => Storefront::copy(&source, &target).await,
        Some(other) => bail!("the source belongs to no service of ours, it begins with `{other}`"),
        None => bail!("the source is no database of ours, or is not there"),
    };
    let copied = copied.context("nothing was copied")?;
    say(&report(&copied));
    Ok(())
}

fn place(config: &Config, url: &str) -> anyhow::Result<Place> {
    let asked = Asked { url: Some(url), password_file: None, connections: 2 };
    Place::of(asked, Path::new(&config.data_dir), "").with_context(|| format!("`{}`", bare(url)))
}

/// A URL without what may be a password.
fn bare(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => format!("{scheme}://…@{place}"),
        _ => url.to_owned(),
    }
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

#[expect(clippy::print_stdout, reason = "this is the program speaking to its user")]
fn say(text: &str) {
    print!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        assert_eq!(bare("postgres://sir0:secret@db/games"), "postgres://…@db/games");
        assert_eq!(bare("sqlite:data/games.db"), "sqlite:data/games.db");
    }
}
