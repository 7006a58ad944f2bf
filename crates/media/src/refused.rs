//! Why an upload is no picture for us.

use crate::{Foreign, Kind, MOST_BYTES_OF_AN_UPLOAD, MOST_PIXELS, MOST_SIDE};

/// Why an upload is no picture for us. Each reason lies in the bytes: the same upload is refused again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There are no bytes.
    #[error("the upload is empty, send a JPEG, PNG, WebP or GIF")]
    Empty,
    /// There are more bytes than an upload may have.
    #[error("the upload has {bytes} bytes, the most is {MOST_BYTES_OF_AN_UPLOAD}")]
    TooManyBytes {
        /// How many there are.
        bytes: usize,
    },
    /// The bytes begin like nothing that is read.
    #[error("the upload is {}, send a JPEG, PNG, WebP or GIF", .0.as_str())]
    Foreign(Foreign),
    /// The file ends before its picture does.
    #[error("the {0:?} ends before its picture does, upload it again")]
    Truncated(Kind),
    /// The file breaks the rules of its format, or uses a part of it that is not read.
    #[error("the {0:?} cannot be read, save it anew with another program")]
    Broken(Kind),
    /// A side is longer than is read, or there are more pixels than are read.
    #[error(
        "the picture is {width} × {height}, the most is {MOST_SIDE} on a side and {MOST_PIXELS} in all"
    )]
    TooLarge {
        /// Pixels from left to right.
        width: u32,
        /// Pixels from top to bottom.
        height: u32,
    },
    /// Decoded, the picture would take more memory than one job has.
    #[error("the picture takes too much memory, save it with 8 bits for each colour")]
    TooDeep,
    /// The picture is much wider or much higher than its purpose.
    #[error(
        "a picture of {width} × {height} is too narrow or too wide here, it would be cut or lost"
    )]
    Proportions {
        /// Pixels from left to right, as the picture is shown.
        width: u32,
        /// Pixels from top to bottom, as the picture is shown.
        height: u32,
    },
}
