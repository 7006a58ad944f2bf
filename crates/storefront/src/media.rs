//! Where pictures are kept, and how many uploads come at a time.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Context;
use futures::TryStreamExt;
use sir0_host::{Finding, full};
use sir0_kernel::{PictureId, Timestamp, UserId};
use sir0_media::{Config, Encoder, Name, Shelf};
use sir0_storage as storage;

use crate::{StorefrontError, db::StorefrontDb};

/// How many names are read at a time when all are looked at.
const AT_A_TIME: u16 = 1000;
/// What to do where pictures have no place.
const NAME_ONE: &str = "name a bucket or a shared folder in `storefront.media`";
/// How many uploads of one person come at a time.
const OF_ONE: usize = 2;

/// Where pictures are kept, and what makes them. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    /// `None` where no setting names a place for them.
    kept: Option<Kept>,
    pub(crate) encoder: Encoder,
    coming: Arc<Coming>,
}

/// The folder or the bucket with the pictures of this database.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) shelf: Shelf,
    /// The word that is written there.
    pub(crate) mark: Arc<str>,
}

/// The uploads that come. Together they hold at most `most` × [`MOST_BYTES_OF_AN_UPLOAD`].
#[derive(Debug)]
struct Coming {
    most: usize,
    of: Mutex<HashMap<UserId, usize>>,
}

/// The place of an upload that comes, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    coming: Arc<Coming>,
    of: UserId,
}

impl Media {
    /// Opens the folder or the bucket of the settings. Refuses one that is not that of this database: another storefront
    /// would not find what this one writes there, and this one not what others wrote. Refuses to do without, if there are
    /// pictures.
    pub(crate) async fn open(
        config: &crate::Config,
        data_dir: &Path,
        db: &StorefrontDb,
        at: Timestamp,
    ) -> anyhow::Result<Self> {
        let kept = if config.keeps_pictures() {
            let shelf = Shelf::open(&config.media, data_dir)?;
            // Any word will do that nobody has twice.
            let fresh = PictureId::fresh(at).to_string();
            let mark = shelf.mark(&fresh).await.context("pictures cannot be kept")?;
            if !db.keeps_at(&mark).await? {
                return Err(Elsewhere(shelf.place()).into());
            }
            Some(Kept { shelf, mark: mark.into() })
        } else if db.needed_files(None, 1).await?.is_empty() {
            tracing::info!("no place is named for pictures, so that none can be uploaded");
            None
        } else {
            return Err(NoPlace.into());
        };
        let config = &config.media;
        let most = usize::from(config.jobs.max(1)) + usize::from(config.jobs_waiting);
        let coming = Arc::new(Coming { most, of: Mutex::default() });
        Ok(Self { kept, encoder: Encoder::new(config), coming })
    }

    /// Where pictures are kept.
    pub(crate) fn kept(&self) -> Result<&Kept, StorefrontError> {
        self.kept.as_ref().ok_or(StorefrontError::NoPlaceForPictures)
    }

    /// Takes the place of an upload for this person.
    pub(crate) fn place(&self, of: UserId) -> Result<Place, StorefrontError> {
        let mut coming = self.coming.of();
        let all: usize = coming.values().sum();
        let own = coming.entry(of).or_default();
        if all >= self.coming.most || *own >= OF_ONE {
            return Err(StorefrontError::MediaBusy);
        }
        *own += 1;
        Ok(Place { coming: Arc::clone(&self.coming), of })
    }
}

impl Coming {
    fn of(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut coming = self.coming.of();
        if let Some(own) = coming.get_mut(&self.of) {
            *own -= 1;
        }
        coming.retain(|_, own| *own > 0);
    }
}

/// Pictures of this database are kept elsewhere.
#[derive(Debug, thiserror::Error)]
#[error(
    "the pictures of this storefront are not at {0}: all storefronts of a platform need one bucket, or one folder on a \
     volume that they share; name it, or copy the pictures there together with the file `shelf`"
)]
pub(crate) struct Elsewhere(String);

/// Whether every file that a picture needs is there, for `sir0 doctor`. Changes nothing.
pub(crate) async fn missing(
    config: &crate::Config,
    data_dir: &Path,
    db: &StorefrontDb,
) -> storage::Result<Finding> {
    let is_needed = !db.needed_files(None, 1).await?.is_empty();
    if !config.keeps_pictures() {
        let none = "no place is named for them".to_owned();
        return Ok(if is_needed {
            Finding::Failing(none, NAME_ONE)
        } else {
            Finding::Well(format!("{none}, so that none can be uploaded"))
        });
    }
    let config = &config.media;
    if let Some(folder) = config.folder(data_dir).filter(|folder| !folder.exists()) {
        return Ok(if is_needed {
            Finding::Failing(
                format!("the folder {} is not there", folder.display()),
                "restore it from a backup, or name the folder or the bucket that has them",
            )
        } else {
            Finding::Well("none are kept yet".to_owned())
        });
    }
    let there = match there(config, data_dir).await {
        Ok(there) => there,
        Err(error) => {
            return Ok(Finding::Failing(
                full(&*error),
                "look at `storefront.media` in the settings",
            ));
        }
    };
    let (mut needed, mut missing, mut last) = (0, Vec::new(), None);
    loop {
        let names = db.needed_files(last, AT_A_TIME).await?;
        let Some(name) = names.last() else { break };
        last = Some(*name);
        needed += names.len();
        missing.extend(names.into_iter().filter(|name| !there.contains(name)));
    }
    Ok(match missing.first() {
        None => Finding::Well(format!("all {needed} files are there")),
        Some(first) => Finding::Failing(
            format!("{} of {needed} files are missing, {first} for one", missing.len()),
            "restore them from a backup, or upload the pictures again",
        ),
    })
}

async fn there(
    config: &Config,
    data_dir: &Path,
) -> Result<HashSet<Name>, Box<dyn std::error::Error>> {
    let shelf = Shelf::open(config, data_dir)?;
    let listed = shelf.list().map_ok(|listed| listed.name).try_collect();
    Ok(listed.await?)
}

/// There are pictures, and no setting says where.
#[derive(Debug, thiserror::Error)]
#[error(
    "this storefront has pictures: name the bucket that has them in `storefront.media.s3.bucket`, or the folder in \
     `storefront.media.folder`, on a volume that all storefronts share"
)]
pub(crate) struct NoPlace;
