//! The key that signs tokens: where it is, who may read it, and what is to be said about it.

use std::path::{Path, PathBuf};

use sir0_host::Finding;
use sir0_storage::private::{self, Reach};
use sir0_tokens::{KeyError, Readers, SigningKey};

use crate::Config;

/// Its name in the data folder and in a backup.
pub(super) const NAME: &str = "signing-key.pem";

/// Where it is: where an operator says, or in the data folder.
pub(super) fn path(config: &Config, data_dir: &Path) -> PathBuf {
    config.signing_key.clone().unwrap_or_else(|| data_dir.join(NAME))
}

/// The key an operator gave, or the one in the data folder, which is made on the first start.
pub(super) fn open(config: &Config, data_dir: &Path) -> anyhow::Result<SigningKey> {
    Ok(match &config.signing_key {
        Some(path) => SigningKey::open(path)?,
        None => SigningKey::open_or_create_for(readers(data_dir)?, &path(config, data_dir))?,
    })
}

/// Reads the key as [`open`] does, under the same conditions, and makes none.
fn look_at(config: &Config, data_dir: &Path) -> anyhow::Result<SigningKey> {
    Ok(match &config.signing_key {
        Some(path) => SigningKey::open(path)?,
        None => SigningKey::open_for(readers(data_dir)?, &path(config, data_dir))?,
    })
}

/// Which users may read the key in the data folder.
fn readers(data_dir: &Path) -> Result<Readers, private::Error> {
    Ok(match private::judge_folder(data_dir)? {
        Reach::Lent => Readers::Volume,
        _ => Readers::Owner,
    })
}

/// What is to be said about the key.
pub(super) fn examine(config: &Config, data_dir: &Path) -> Finding {
    let name = path(config, data_dir).display().to_string();
    let is_given = config.signing_key.is_some();
    if !is_given && !data_dir.exists() {
        return not_yet(&name);
    }
    match look_at(config, data_dir) {
        Ok(key) => Finding::Well(format!("{name} is key {}", key.kid())),
        Err(error) => match error.downcast_ref::<KeyError>() {
            Some(KeyError::Missing { .. }) if is_given => Finding::Failing(
                format!("{name} is not there"),
                "make it with `openssl genpkey -algorithm ed25519`; all instances share it",
            ),
            Some(KeyError::Missing { .. }) => not_yet(&name),
            _ => Finding::Failing(format!("{error:#}"), "accounts does not start without it"),
        },
    }
}

fn not_yet(name: &str) -> Finding {
    Finding::Doubtful(
        format!("{name} is not there yet"),
        "the first `sir0 serve` makes it; several instances need one they share",
    )
}
