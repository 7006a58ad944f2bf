//! How things are kept: the database, its migrations, units of work, and the table of events.
//!
//! Two engines, [`sqlite`] and [`postgres`], with the same names inside: services compile the SQL of their `db` rooms
//! against one and the other. Nothing above those rooms knows which engine runs.

pub mod copy;
mod database;
mod error;
mod events;
mod migrations;
mod place;
pub mod postgres;
pub mod private;
mod serving;
pub mod sqlite;

pub use database::Database;
pub use error::{Error, Result};
pub use events::{AFTER, BOUNDS, Bounds, EventRow, KEPT, PRUNE, Position};
pub use migrations::{Migration, Step, StepState};
pub use place::{Asked, Exam, Place};
pub use serving::Serving;

/// A span for one database operation. It is made only inside a call that is traced. It holds no values.
#[must_use]
pub fn span(engine: &'static str, operation: &'static str) -> tracing::Span {
    tracing::info_span!(target: "sir0::trace::sql", "sql", otel.kind = "client", otel.name = operation,
        db.system.name = engine, db.operation.name = operation)
}
