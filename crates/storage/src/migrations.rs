//! Migrations travel inside the binary; the files stay where people review them, in `migrations/`.

use std::{collections::HashSet, time::Duration};

use sqlx::{
    SqlSafeStr,
    migrate::{Migrate, MigrateError, MigrationType},
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

/// A step, and whether a database has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: &'static str,
    /// Whether the database has it.
    pub state: StepState,
}

/// Whether a database has a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It had it before.
    Present,
    /// It has it now; it took this long.
    Applied(Duration),
    /// It has not.
    Missing,
}

/// Where sqlx keeps which steps were applied.
const TABLE: &str = "_sqlx_migrations";

/// Applies what is missing. One process at a time: the others wait and then find it done.
///
/// Steps that are not known are passed over: an older binary beside a newer one meets them, and they only ever add.
/// An error leaves the lock to the connection, which has to be closed.
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
    let mut steps = Vec::with_capacity(migrations.len());
    for migration in migrations {
        let Migration { version, name, .. } = *migration;
        let step = step(migration);
        let state = match present.iter().find(|applied| applied.version == version) {
            Some(applied) if applied.checksum != step.checksum => {
                return Err(MigrateError::VersionMismatch(version));
            }
            Some(_) => StepState::Present,
            None => StepState::Applied(connection.apply(TABLE, &step).await?),
        };
        steps.push(Step { version, name, state });
    }
    connection.unlock().await?;
    Ok(steps)
}

/// Tells what a database has and what it lacks, and changes nothing.
pub(crate) async fn inspect<C: Migrate>(
    migrations: &[Migration],
    connection: &mut C,
) -> Result<Vec<Step>, MigrateError> {
    // Before the first step not even the list is there.
    let present: HashSet<i64> = match connection.list_applied_migrations(TABLE).await {
        Ok(applied) => applied.into_iter().map(|applied| applied.version).collect(),
        Err(MigrateError::Execute(sqlx::Error::Database(_))) => HashSet::new(),
        Err(error) => return Err(error),
    };
    Ok(among(&present, migrations))
}

/// The steps of a database that has these.
pub(crate) fn among(present: &HashSet<i64>, migrations: &[Migration]) -> Vec<Step> {
    let state = |version| {
        if present.contains(&version) { StepState::Present } else { StepState::Missing }
    };
    let step = |&Migration { version, name, .. }: &Migration| Step {
        version,
        name,
        state: state(version),
    };
    migrations.iter().map(step).collect()
}

/// The name of the first step of a schema.
pub(crate) const FIRST_STEP: &str =
    "SELECT description FROM _sqlx_migrations ORDER BY version LIMIT 1";

fn step(migration: &Migration) -> sqlx::migrate::Migration {
    let Migration { version, name, sql } = *migration;
    let sql = sql.into_sql_str();
    sqlx::migrate::Migration::new(version, name.into(), MigrationType::Simple, sql, false)
}
