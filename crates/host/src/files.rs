//! Files that lie behind a path of the port, such as `/media/…`. A file never changes, so it may be kept for ever.

use std::{fmt, ops::Range, pin::Pin};

use bytes::Bytes;
use futures::Stream;
use sir0_transcoding::Tag;
use tonic::Status;

/// The bytes of a file or of a part of it, in order. An error is the last item. What ends before all bytes came was cut off.
pub type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, Status>> + Send>>;

/// The files of a service.
#[tonic::async_trait]
pub trait Files: Send + Sync {
    /// What their paths begin with, such as `/media/`. The pages of the service have it with a star behind it.
    fn below(&self) -> &'static str;

    /// Reads the name of a file: the rest of a path, as the request has it. `None` for what is no name. A name has one
    /// spelling, and it reaches nothing but its file.
    fn parse(&self, name: &str) -> Option<FileName>;

    /// Begins to read a file, or these bytes of it. A range is not empty.
    ///
    /// Fails with `NOT_FOUND` for a file that is not there, and with `UNAVAILABLE` while nothing can be found out.
    async fn open(&self, name: &FileName, range: Option<Range<u64>>) -> Result<OpenFile, Status>;
}

/// The name of a file, and the tag of its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct FileName {
    text: Box<str>,
    tag: Tag,
}

impl FileName {
    /// A name that is written like this, for bytes that have this tag.
    #[must_use]
    pub fn new(text: &str, tag: Tag) -> Self {
        Self { text: text.into(), tag }
    }

    /// As it is written, behind the beginning of the path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The tag of its bytes.
    #[must_use]
    pub const fn tag(&self) -> &Tag {
        &self.tag
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileName({})", self.text)
    }
}

/// A file that is being read.
pub struct OpenFile {
    /// How many bytes the whole file has.
    pub size: u64,
    /// Its media type, such as `image/webp`.
    pub media_type: String,
    /// The bytes that were asked for.
    pub bytes: Pieces,
}
