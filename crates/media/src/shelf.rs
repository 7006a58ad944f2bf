//! Where encoded pictures lie: objects that never change, in a folder or in a bucket of S3.
//!
//! A name is the hash of its bytes, so there is nothing to overwrite and nothing to lock: writers of the same name write
//! the same bytes. Each call ends within the patience of the settings.

mod error;
mod folder;
mod s3;

use std::{ops::Range, path::Path, sync::Arc, time::Duration};

use aws_lc_rs::digest::{self, SHA256};
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use object_store::{GetOptions, GetResult, ObjectStore, ObjectStoreExt, PutMode, PutOptions, path};

pub use error::{Error, OpenError, Unavailable};
use folder::Folder;

use crate::{Config, Name};

/// What holds the word that tells a shelf from others. No picture has such a name.
const MARK: &str = "shelf";

/// Where encoded pictures lie. Clones are the same shelf.
#[derive(Clone, Debug)]
pub struct Shelf {
    store: Arc<dyn ObjectStore>,
    /// The folder, if it is one. It is written to without `object_store`, which makes files that others may read.
    folder: Option<Folder>,
    patience: Duration,
}

/// What [`Shelf::put`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The bytes are new.
    New,
    /// The name was there already. Nothing was written.
    Known,
}

/// A picture or a part of it, on its way.
pub struct Piece {
    /// How many bytes the whole picture has.
    pub size: u64,
    /// Which of them come.
    pub range: Range<u64>,
    /// They, in order. An error is the last item.
    pub bytes: BoxStream<'static, Result<Bytes, Error>>,
}

/// A picture in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: Name,
    /// How many bytes it has.
    pub size: u64,
}

impl Shelf {
    /// Opens the bucket of the settings, or else the folder, which is made if it is missing. Asks no server anything.
    pub fn open(config: &Config, data_folder: &Path) -> Result<Self, OpenError> {
        let patience = config.patience;
        let Some(at) = config.folder(data_folder) else {
            let store = Arc::new(s3::open(&config.s3, patience)?);
            return Ok(Self { store, folder: None, patience });
        };
        let (folder, store) = Folder::open(&at)?;
        Ok(Self { store: Arc::new(store), folder: Some(folder), patience })
    }

    /// Keeps these bytes under their name. Once it answers they are on the disk, or the bucket has them.
    ///
    /// Repeating it is harmless, and so is a process that is killed meanwhile: there is no name without all of its bytes.
    /// Bytes that the name is not of are refused as [`Error::Corrupt`].
    pub async fn put(&self, name: Name, bytes: Bytes) -> Result<Put, Error> {
        if Name::of(&bytes, name.format()) != name {
            return Err(Error::Corrupt(name));
        }
        self.in_time(async {
            match &self.folder {
                Some(folder) => folder.put(name, bytes).await,
                None => s3::put(&*self.store, name, bytes).await,
            }
        })
        .await
    }

    /// The bytes of a picture, or those of a range: what is beyond the end is left out, as RFC 9110, section 14.1.2, has
    /// it. A range that begins there, or that is empty, is [`Error::OutOfRange`].
    ///
    /// The bytes are not held against the hash; see [`Self::check`].
    pub async fn get(&self, name: Name, range: Option<Range<u64>>) -> Result<Piece, Error> {
        let found = self.in_time(self.ask_for(name, range)).await?;
        let (size, range) = (found.meta.size, found.range.clone());
        let bytes = found.into_stream().map_err(move |fault| Error::of(name, fault));
        Ok(Piece { size, range, bytes: self.piece_by_piece(bytes.boxed()) })
    }

    async fn ask_for(&self, name: Name, range: Option<Range<u64>>) -> Result<GetResult, Error> {
        let at = at(name);
        let Some(range) = range else {
            return self.store.get(&at).await.map_err(|fault| Error::of(name, fault));
        };
        let is_empty = range.is_empty();
        let asked = GetOptions::new().with_range(Some(range.clone()));
        let fault = match self.store.get_opts(&at, asked).await {
            Ok(found) if !is_empty => return Ok(found),
            fault => fault.err(),
        };
        // Each store has another word for a range that is beyond the end, so the size tells.
        let size = self.store.head(&at).await.map_err(|fault| Error::of(name, fault))?.size;
        match fault {
            Some(fault) if !is_empty && range.start < size => Err(Error::of(name, fault)),
            _ => Err(Error::OutOfRange { name, size }),
        }
    }

    /// How many bytes a picture has.
    pub async fn size(&self, name: Name) -> Result<u64, Error> {
        let at = at(name);
        let head = async { self.store.head(&at).await.map_err(|fault| Error::of(name, fault)) };
        Ok(self.in_time(head).await?.size)
    }

    /// Takes a picture away. One that is not there is taken away already.
    pub async fn delete(&self, name: Name) -> Result<(), Error> {
        let at = at(name);
        let deleted = async {
            match self.store.delete(&at).await.map_err(|fault| Error::of(name, fault)) {
                Err(Error::NotFound(_)) => Ok(()),
                deleted => deleted,
            }
        };
        self.in_time(deleted).await
    }

    /// Every picture, in no promised order, as it is read; what is written meanwhile may be in it. Anything else that
    /// lies there is left out.
    pub fn list(&self) -> BoxStream<'static, Result<Listed, Error>> {
        let all = self.store.list(None).map_err(Error::of_store);
        let named = all.try_filter_map(|object| async move {
            let name = Name::parse(object.location.as_ref());
            Ok(name.map(|name| Listed { name, size: object.size }))
        });
        self.piece_by_piece(named.boxed())
    }

    /// Reads a picture to its end, and tells as [`Error::Corrupt`] if its bytes are not those of its name.
    pub async fn check(&self, name: Name) -> Result<(), Error> {
        let mut bytes = self.get(name, None).await?.bytes;
        let mut hash = digest::Context::new(&SHA256);
        while let Some(piece) = bytes.try_next().await? {
            hash.update(&piece);
        }
        if name.has_hash(hash.finish().as_ref()) { Ok(()) } else { Err(Error::Corrupt(name)) }
    }

    /// The word that tells this shelf from others: the one that was written here before, or else this one, which is written
    /// now. Of two who write at once, one is first.
    pub async fn mark(&self, fresh: &str) -> Result<String, Error> {
        let fresh = fresh.to_owned();
        self.in_time(async {
            if let Some(folder) = &self.folder {
                return folder.mark(fresh).await;
            }
            let at = path::Path::from(MARK);
            let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            match self.store.put_opts(&at, fresh.clone().into(), create).await {
                Ok(_) => return Ok(fresh),
                Err(object_store::Error::AlreadyExists { .. }) => {}
                Err(fault) => return Err(Error::of_store(fault)),
            }
            let found = self.store.get(&at).await.map_err(Error::of_store)?;
            let word = found.bytes().await.map_err(Error::of_store)?;
            Ok(String::from_utf8_lossy(&word).trim().to_owned())
        })
        .await
    }

    /// Where it is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        self.folder.as_ref().map_or_else(|| self.store.to_string(), Folder::place)
    }

    /// Whether it can be reached: the folder is there, or the bucket is there and lets this key list it.
    pub async fn reach(&self) -> Result<(), Error> {
        self.in_time(async {
            if let Some(folder) = &self.folder {
                return folder.reach().await;
            }
            // A bucket that is missing answers a question for an object as if only that were missing.
            let nothing = path::Path::from("no-picture-begins-so");
            let first = self.store.list(Some(&nothing)).try_next().await;
            first.map(drop).map_err(Error::of_store)
        })
        .await
    }

    async fn in_time<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::time::timeout(self.patience, call)
            .await
            .map_err(|_elapsed| Error::Unavailable(Unavailable::Silent(self.patience)))?
    }

    /// A stream whose every item comes in time. It ends with the first error.
    fn piece_by_piece<T: Send + 'static>(
        &self,
        pieces: BoxStream<'static, Result<T, Error>>,
    ) -> BoxStream<'static, Result<T, Error>> {
        stream::unfold(Some((self.clone(), pieces)), |open| async {
            let (on, mut pieces) = open?;
            match on.in_time(pieces.try_next()).await.transpose()? {
                Ok(piece) => Some((Ok(piece), Some((on, pieces)))),
                Err(fault) => Some((Err(fault), None)),
            }
        })
        .boxed()
    }
}

/// Where a picture lies.
fn at(name: Name) -> path::Path {
    path::Path::from(name.to_string())
}
