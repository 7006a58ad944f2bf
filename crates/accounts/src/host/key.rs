//! The file of a signing key from a version that kept the key there. The first start takes the key over into the database.

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

/// The key an operator gave, or the one in the data folder, if there is one.
pub(super) fn look_at(config: &Config, data_dir: &Path) -> anyhow::Result<Option<SigningKey>> {
    let path = path(config, data_dir);
    if config.signing_key.is_some() {
        return Ok(Some(SigningKey::open(&path)?));
    }
    // Without any file of ours there may be no data folder to judge.
    if !path.try_exists().unwrap_or(true) {
        return Ok(None);
    }
    match SigningKey::open_for(readers(data_dir)?, &path) {
        Err(KeyError::Missing { .. }) => Ok(None),
        opened => Ok(Some(opened?)),
    }
}

/// Which users may read a key in the data folder.
pub(super) fn readers(data_dir: &Path) -> Result<Readers, private::Error> {
    Ok(match private::judge_folder(data_dir)? {
        Reach::Lent => Readers::Volume,
        _ => Readers::Owner,
    })
}

/// What is to be said about the file. Nothing if there is none and none is named.
pub(super) fn examine(config: &Config, data_dir: &Path) -> Option<Finding> {
    let path = path(config, data_dir);
    if config.signing_key.is_none() && !path.exists() {
        return None;
    }
    let name = path.display();
    Some(match look_at(config, data_dir) {
        Ok(Some(key)) => Finding::Well(format!("{name} is key {}", key.kid())),
        Ok(None) => return None,
        Err(error) => Finding::Failing(
            format!("{error:#}"),
            "accounts does not start with it; once its key is in `sir0 keys list`, the file is needed no more",
        ),
    })
}
