//! Pictures of products: judged by what they hold, encoded anew, and kept under the hash of their bytes.
//!
//! An upload becomes pictures in three steps:
//! 1. [`Kind`]: what the bytes are, by how they begin. No file name and no declared type is asked.
//! 2. [`Encoder`]: bounds before anything is decoded; then pixels, without the metadata around them, in three widths and
//!    two formats. Its refusals are [`Refused`].
//! 3. [`Shelf`]: the encoded bytes under a [`Name`] made of their hash, in a folder or in a bucket of S3.
//!
//! The rules follow the OWASP File Upload Cheat Sheet: an allow list of types, the content and not the declared type is
//! judged, the picture is written anew, the name is made here, and sizes are bounded.

mod config;
mod decode;
mod encode;
mod encoder;
mod kind;
mod name;
mod purpose;
mod refused;
mod scale;
mod shelf;
mod strip;

pub use config::{Config, S3, SETTINGS};
pub use decode::{MOST_PIXELS, MOST_SIDE};
pub use encode::{Colour, Picture, Pictures};
pub use encoder::{EncodeError, Encoder, MOST_BYTES_OF_A_JOB, MOST_BYTES_OF_AN_UPLOAD};
pub use kind::{Foreign, Kind};
pub use name::{Format, Name};
pub use purpose::{Purpose, UnknownPurpose};
pub use refused::Refused;
pub use shelf::{Error, Listed, OpenError, Piece, Put, Shelf, Unavailable};
