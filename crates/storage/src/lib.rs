//! How things are kept: the database, its migrations, units of work, and the table of events.
//!
//! Services write SQL in their `db` rooms against what is opened here; nothing above knows which engine runs.

mod error;
mod events;
mod migrations;
mod place;
pub mod sqlite;

pub use error::{Error, Result};
pub use events::{AFTER, ANNOUNCE, BOUNDS, Bounds, EventRow, KEPT, PRUNE, Position};
pub use migrations::Migration;
pub use place::file_of;
