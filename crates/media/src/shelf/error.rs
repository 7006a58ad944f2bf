//! Why a shelf cannot be opened, and why it has no answer.

use std::{io, path::PathBuf, time::Duration};

use crate::Name;

/// What a server of S3 calls a bucket that is missing. The names of pictures have no such word.
const NO_BUCKET: &str = "NoSuchBucket";

/// Why a shelf cannot be opened with these settings. No error repeats a key.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or used.
    #[error("the folder for pictures {} cannot be used", path.display())]
    Folder {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may reach the folder.
    #[error("others than its owner can reach the folder for pictures {path} (mode {mode:o}): run \
        `chmod 700 {path}`", path = path.display())]
    TooOpen {
        /// Where it is.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A bucket without a key.
    #[error(
        "the bucket for pictures needs `storefront.media.s3.access_key_id` and `storefront.media.s3.secret_access_key_file`"
    )]
    NoKey,
    /// The file of the key cannot be read, or is empty.
    #[error("the key of the bucket for pictures cannot be read from {}", path.display())]
    KeyFile {
        /// Where it is.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The endpoint would send pictures in the clear.
    #[error(
        "the endpoint of the bucket for pictures is no `https://`: say so, or `storefront.media.s3.allow_http = true` on a private network"
    )]
    PlainHttp,
    /// The settings make no sense together.
    #[error("the bucket for pictures cannot be used with these settings")]
    S3(#[source] object_store::Error),
}

/// Why a shelf has no answer, or a bad one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such picture.
    #[error("there is no picture {0}")]
    NotFound(Name),
    /// The range lies beyond the end of the picture.
    #[error("the picture {name} has {size} bytes, and none in this range")]
    OutOfRange {
        /// Its name.
        name: Name,
        /// How many bytes it has.
        size: u64,
    },
    /// The bytes are not those that the name was made of.
    #[error("the bytes of the picture {0} are not those of its name, restore it from a backup")]
    Corrupt(Name),
    /// Nothing was found out. Trying again may help.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why nothing was found out.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// It did not answer in time.
    #[error("where pictures are kept did not answer within {0:?}")]
    Silent(Duration),
    /// The key is not known, or may not do this.
    #[error("the bucket for pictures refuses, check its key and what that may do")]
    Denied(#[source] object_store::Error),
    /// There is no such bucket.
    #[error("the bucket for pictures is not there, make it or check its name")]
    NoBucket(#[source] object_store::Error),
    /// There is no connection, or the server failed.
    #[error("where pictures are kept cannot be reached")]
    Unreachable(#[source] object_store::Error),
    /// The folder cannot be read or written. The disk may be full.
    #[error("the folder for pictures cannot be used")]
    Folder(#[source] io::Error),
}

impl Error {
    /// What an error about one picture means.
    pub(super) fn of(name: Name, fault: object_store::Error) -> Self {
        match fault {
            // A server answers 404 for a bucket that is missing, too.
            object_store::Error::NotFound { .. } if !fault.to_string().contains(NO_BUCKET) => {
                Self::NotFound(name)
            }
            fault => Self::of_store(fault),
        }
    }

    /// What an error about all of them means.
    pub(super) fn of_store(fault: object_store::Error) -> Self {
        let answer = fault.to_string();
        let says = |words: &[&str]| words.iter().any(|words| answer.contains(words));
        // A list has no error for either, and the type that has status and body is private to `object_store`. So the text
        // is read: the status, and the body of the answer, which is all that tells a missing bucket.
        Self::Unavailable(if says(&["status code: 401", "status code: 403"]) {
            Unavailable::Denied(fault)
        } else if says(&[NO_BUCKET]) {
            Unavailable::NoBucket(fault)
        } else {
            Unavailable::Unreachable(fault)
        })
    }
}

impl From<io::Error> for Error {
    fn from(fault: io::Error) -> Self {
        Self::Unavailable(Unavailable::Folder(fault))
    }
}
