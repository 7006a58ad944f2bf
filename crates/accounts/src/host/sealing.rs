//! The keys that seal the secrets in the database: where they are, who may read them, and what is to be said about them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use sir0_host::{Finding, full};
use sir0_storage as storage;
use sir0_tokens::{KeyError, Readers, SigningKey, Vault};

use super::key;
use crate::{
    Config,
    db::AccountsDb,
    work::{codes::closed_factors, keys::open_private},
};

/// Its name in the data folder and in a backup.
pub(super) const NAME: &str = "sealing-key";
/// What the sealing key is derived for from a signing key that an operator gave.
const DERIVED_FOR: &[u8] = b"sealing key";

/// Where it is: where an operator says, or in the data folder. `None` where an operator gave only a signing key, as for a
/// version that sealed nothing. All instances share that file, and the sealing key is derived from it.
pub(super) fn path(config: &Config, data_dir: &Path) -> Option<PathBuf> {
    match (&config.sealing_key, &config.signing_key) {
        (Some(given), _) => Some(given.clone()),
        (None, Some(_)) => None,
        (None, None) => Some(data_dir.join(NAME)),
    }
}

/// The keys an operator gave, or those in the data folder. One is made if nothing has been sealed yet: what is sealed does
/// not open with a new key.
pub(super) fn open(config: &Config, data_dir: &Path, has_sealed: bool) -> anyhow::Result<Vault> {
    let derived = derived(config)?;
    let Some(path) = path(config, data_dir) else {
        let vault = derived.as_deref().and_then(|secret| Vault::with(secret));
        return vault.context("no sealing key");
    };
    let opened = if config.sealing_key.is_some() {
        Vault::open_for(Readers::Group, &path)
    } else if has_sealed {
        Vault::open_for(key::readers(data_dir)?, &path)
    } else {
        Vault::open_or_create_for(key::readers(data_dir)?, &path)
    };
    let is_lost = has_sealed && matches!(opened, Err(KeyError::Missing { .. }));
    let opened = if is_lost { opened.context(LOST)? } else { opened? };
    // What was sealed before an operator gave a sealing key opens as long as the signing key is given too.
    Ok(match derived {
        Some(derived) => opened.opening_also(&derived),
        None => opened,
    })
}

const LOST: &str = "the accounts database holds secrets that are sealed: put the sealing key back, from a backup or from \
                    another instance; if it is lost, `sir0 keys rotate --now --sealing-key-lost` begins anew, and all access tokens are refused";

fn derived(config: &Config) -> Result<Option<impl std::ops::Deref<Target = Vec<u8>>>, KeyError> {
    let given = config.signing_key.as_deref().map(SigningKey::open).transpose()?;
    Ok(given.map(|key| key.secret_for(DERIVED_FOR)))
}

/// What is to be said about the keys.
pub(super) fn examine(config: &Config, data_dir: &Path) -> Finding {
    let Some(path) = path(config, data_dir) else {
        return Finding::Doubtful(
            "derived from the signing key, because none is given".to_owned(),
            "make one with `openssl rand -hex 32`, give it to all instances as `accounts.sealing_key`",
        );
    };
    let name = path.display().to_string();
    if config.sealing_key.is_none() && !path.exists() {
        return Finding::Doubtful(
            format!("{name} is not there yet"),
            "the first `sir0 serve` makes it; several instances need one they share",
        );
    }
    match open(config, data_dir, true) {
        Ok(vault) => Finding::Well(format!("{name} seals with key {}", vault.sealing())),
        Err(error) => Finding::Failing(format!("{error:#}"), "accounts does not start without it"),
    }
}

/// What is to be said about the secrets in the database, with these keys.
pub(super) async fn inspect(
    config: &Config,
    data_dir: &Path,
    db: &AccountsDb,
) -> storage::Result<Finding> {
    let known = db.signing_keys().await?;
    let sealed =
        || known.0.iter().filter(|key| key.private.is_some() && key.refused_from.is_none());
    if sealed().next().is_none() {
        return Ok(Finding::Well("none yet, the first start makes one".to_owned()));
    }
    let vault = match open(config, data_dir, true) {
        Ok(vault) => vault,
        Err(error) => return Ok(Finding::Failing(format!("{error:#}"), CURE)),
    };
    let closed = sealed().find_map(|key| open_private(&vault, key).err());
    let factors = closed_factors(db, &vault).await?;
    Ok(match closed {
        Some(error) => Finding::Failing(full(&error), CURE),
        None if factors > 0 => Finding::Doubtful(
            format!("{factors} second factors are sealed under a key that is not here"),
            "put that sealing key back; until then recovery codes open those accounts, see docs/backup.md",
        ),
        None => Finding::Well(format!("{} that sign or will sign", sealed().count())),
    })
}

const CURE: &str = "accounts does not start without the sealing key, see docs/backup.md";
