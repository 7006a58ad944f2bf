//! The catalogue in bulk: a product as a line of a file, and what an imported line makes of the store.
//!
//! 1. [`Reader`] cuts the bytes of a file into lines, whatever pieces they come in, and [`Writer`] writes them.
//! 2. [`Record`] is a line as it stands there; [`Row`] is one whose every field is good.
//! 3. [`Placed`] says what the row makes of the product that it names.

mod cells;
mod csv;
mod lines;
mod placed;
mod reader;
mod record;
mod row;
mod told;
mod writer;

pub use placed::{Named, Outdated, Placed, Step, WITHDRAWN};
pub use reader::{BadFile, BadLine, Found, Reader};
pub use record::Record;
pub use row::{ImportKey, InvalidImportKey, Reference, Row};
pub use told::{Counts, Told};
pub use writer::Writer;

/// How many bytes a line may have. A description of 4000 characters, each written as two escapes of JSON, has 48,000.
pub const MOST_BYTES: usize = 64 * 1024;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Cells with commas between them, as RFC 4180 says; the first line names the columns.
    Csv,
    /// An object of JSON on each line.
    Ndjson,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Csv, Self::Ndjson];

    /// As callers name it, and as the ending of a file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// The media type of such a file.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    /// The format of this name. `None` if no format has it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// The format of files of this media type, whatever its parameters. `None` if no format has it.
    #[must_use]
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/csv" => Some(Self::Csv),
            "application/x-ndjson" | "application/jsonl" | "application/jsonlines" => {
                Some(Self::Ndjson)
            }
            _ => None,
        }
    }
}
