//! How things are kept: the database, its migrations, units of work, and the table of events.
//!
//! Two engines, [`sqlite`] and [`postgres`], with the same names inside: services compile the SQL of their `db` rooms
//! against one and the other. Nothing above those rooms knows which engine runs.

pub mod copy;
mod database;
mod dialect;
mod error;
mod events;
mod location;
mod migrations;
pub mod once;
mod outcome;
pub mod postgres;
pub mod private;
mod room;
mod serving;
pub mod sqlite;

pub use database::Database;
pub use error::{Error, Result};
pub use events::{AFTER, Announcement, BOUNDS, Bounds, EventRow, KEPT, Numbered, PRUNE, Position};
pub use location::{DatabaseConfig, Examination, Location};
pub use migrations::{Migration, Migrations, Step, StepState};
pub use outcome::Outcome;
pub use serving::Serving;

use std::time::Instant;

use tracing::{Instrument, Span, instrument::Instrumented};

/// Runs one database operation in a span, which is made only inside a call that is traced. It holds no values.
pub fn traced<F: Future>(
    engine: &'static str,
    operation: &'static str,
    call: F,
) -> Instrumented<F> {
    call.instrument(span(engine, operation))
}

/// The span of an operation, apart from [`traced`], which is compiled anew for each of hundreds of operations.
fn span(engine: &'static str, operation: &'static str) -> Span {
    tracing::info_span!(target: "sir0::trace::sql", "sql", otel.kind = "client",
        otel.name = operation, db.system.name = engine, db.operation.name = operation)
}

/// Begins a unit of work of a service, and counts how long that took.
pub async fn count_wait<W>(
    engine: &'static str,
    service: &'static str,
    begin: impl Future<Output = Result<W>>,
) -> Result<W> {
    let asked = Instant::now();
    let work = traced(engine, "begin", begin).await?;
    metrics::histogram!("sir0_pool_wait_seconds", "service" => service)
        .record(asked.elapsed().as_secs_f64());
    Ok(work)
}
