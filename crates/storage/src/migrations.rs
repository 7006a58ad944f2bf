//! Migrations travel inside the binary; the files stay where people review them, in `migrations/`.

use std::time::Duration;

use sqlx::{
    SqlSafeStr,
    migrate::{AppliedMigration, Migrate, MigrateError, MigrationType},
};

/// One step of a schema: a file `NNNN_name.sql` of `migrations/<service>/<engine>/`.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The number the file name begins with.
    pub version: i64,
    /// The rest of the file name.
    pub name: &'static str,
    /// What the file holds.
    pub sql: &'static str,
}

/// The schema of a service, step by step, on each engine.
#[derive(Clone, Copy, Debug)]
pub struct Migrations {
    /// On the embedded engine.
    pub sqlite: &'static [Migration],
    /// On PostgreSQL.
    pub postgres: &'static [Migration],
}

impl Migrations {
    /// The name of the first step, by which a database tells whose it is.
    #[must_use]
    pub fn first(&self) -> &'static str {
        self.sqlite.first().map_or("", |step| step.name)
    }
}

/// A step, and whether a database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub version: i64,
    /// Its name. Empty for a step of a newer version.
    pub name: &'static str,
    /// Whether the database has it.
    pub state: StepState,
}

/// Whether a database has a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// The database had the step before.
    Present,
    /// The step was applied now, and took this long.
    Applied(Duration),
    /// The database lacks the step.
    Missing,
    /// A newer version applied the step. This version does not know it.
    Newer,
}

impl Step {
    /// Warns in the log, in one line, when a newer version changed the database of this service. The service runs all
    /// the same: an old and a new version run side by side while one replaces the other, and steps only ever add.
    pub fn tell_of_newer(service: &str, steps: &[Self]) {
        let newer = Self::newer(steps);
        if !newer.is_empty() {
            tracing::warn!(
                "the {service} database was made by a newer version: step {} of its tables is unknown here",
                newer.join(", ")
            );
        }
    }

    /// The numbers of the steps that only a newer version knows.
    #[must_use]
    pub fn newer(steps: &[Self]) -> Vec<String> {
        let newer = steps.iter().filter(|step| step.state == StepState::Newer);
        newer.map(|step| step.version.to_string()).collect()
    }
}

/// Where sqlx keeps which steps were applied.
const TABLE: &str = "_sqlx_migrations";

/// Applies the missing steps, in one process at a time. The other processes wait, and then find the steps applied.
///
/// Unknown steps are passed over: an older binary finds them beside a newer one, and they only ever add. After an error
/// the connection still holds the lock, so it has to be closed.
pub(crate) async fn apply<C: Migrate>(
    migrations: &[Migration],
    connection: &mut C,
) -> Result<Vec<Step>, MigrateError> {
    connection.lock().await?;
    connection.ensure_migrations_table(TABLE).await?;
    if let Some(version) = connection.dirty_version(TABLE).await? {
        return Err(MigrateError::Dirty(version));
    }
    let present = connection.list_applied_migrations(TABLE).await?;
    let mut steps = compare(migrations, &present)?;
    for (migration, found) in migrations.iter().zip(&mut steps) {
        if found.state == StepState::Missing {
            found.state = StepState::Applied(connection.apply(TABLE, &step(migration)).await?);
        }
    }
    connection.unlock().await?;
    Ok(steps)
}

/// Tells what a database has and what it lacks, and changes nothing. Fails where [`apply`] would.
pub(crate) async fn inspect<C: Migrate>(
    migrations: &[Migration],
    connection: &mut C,
) -> Result<Vec<Step>, MigrateError> {
    let present = match connection.list_applied_migrations(TABLE).await {
        // Before the first step not even the list is there.
        Err(MigrateError::Execute(error)) if is_no_table(&error) => Vec::new(),
        present => {
            let present = present?;
            if let Some(version) = connection.dirty_version(TABLE).await? {
                return Err(MigrateError::Dirty(version));
            }
            present
        }
    };
    compare(migrations, &present)
}

/// Compares the steps of a database with ours. Ours come first in the answer. A step that was changed after it was
/// applied is an error: the tables are not what the statements expect.
pub(crate) fn compare(
    migrations: &[Migration],
    present: &[AppliedMigration],
) -> Result<Vec<Step>, MigrateError> {
    let ours = migrations.iter().map(|migration| {
        let Migration { version, name, .. } = *migration;
        let state = match present.iter().find(|applied| applied.version == version) {
            Some(applied) if applied.checksum != step(migration).checksum => {
                return Err(MigrateError::VersionMismatch(version));
            }
            Some(_) => StepState::Present,
            None => StepState::Missing,
        };
        Ok(Step { version, name, state })
    });
    let is_ours = |version| migrations.iter().any(|migration| migration.version == version);
    let newer = present.iter().filter(|applied| !is_ours(applied.version));
    let newer = newer
        .map(|applied| Ok(Step { version: applied.version, name: "", state: StepState::Newer }));
    ours.chain(newer).collect()
}

/// Whether a statement failed because its table is not there.
pub(crate) fn is_no_table(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.code().as_deref() == Some("42P01") || error.message().starts_with("no such table")
    })
}

/// The name of the first step of a schema.
pub(crate) const FIRST_STEP: &str =
    "SELECT description FROM _sqlx_migrations ORDER BY version LIMIT 1";

fn step(migration: &Migration) -> sqlx::migrate::Migration {
    let Migration { version, name, sql } = *migration;
    let sql = sql.into_sql_str();
    sqlx::migrate::Migration::new(version, name.into(), MigrationType::Simple, sql, false)
}
