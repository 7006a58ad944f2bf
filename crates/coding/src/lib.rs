//! Content codings: which one a caller accepts, and bytes into them and out of them.
//!
//! 1. [`Accepted`] reads what a caller accepts.
//! 2. [`Coding::encode`] makes an answer smaller. [`Asset`] is a file that was made smaller when the program was built.
//! 3. [`Decoder`] reads what a caller made smaller, a piece at a time: a kilobyte may say that it is a gigabyte.

mod accepted;
mod asset;
mod decoder;
mod encode;
pub mod grpc;
mod weight;

pub use accepted::Accepted;
pub use asset::{Asset, write_asset};
pub use decoder::{Broken, Decoder};
pub use encode::Effort;
pub use weight::weight;

/// The least that is worth a coding, in bytes. Shorter answers fit in a packet anyway.
pub const LEAST: usize = 1024;

/// A way to write the same bytes as fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
    /// gzip (RFC 1952).
    Gzip,
}

impl Coding {
    /// All of them, the one that makes the fewest bytes first.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// Its name in HTTP and in gRPC.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What tells the tag of an answer in this coding from the tag of the plain answer.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Zstd => "-zst",
            Self::Gzip => "-gz",
        }
    }

    /// The coding of this name, in any case. `x-gzip` is an old name of gzip (RFC 9110, 8.4.1.3).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let is_x_gzip = name.eq_ignore_ascii_case("x-gzip");
        let named = Self::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name()));
        named.or(is_x_gzip.then_some(Self::Gzip))
    }

    const fn place(self) -> usize {
        self as usize
    }
}
