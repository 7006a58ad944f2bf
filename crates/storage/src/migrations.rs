//! Migrations travel inside the binary; the files stay where people review them, in `migrations/`.

use sqlx::{
    SqlSafeStr,
    migrate::{MigrationType, Migrator},
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

pub(crate) fn migrator(migrations: &[Migration]) -> Migrator {
    let steps = migrations.iter().map(|step| {
        let sql = step.sql.into_sql_str();
        sqlx::migrate::Migration::new(
            step.version,
            step.name.into(),
            MigrationType::Simple,
            sql,
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(steps.collect());
    // An older binary beside a newer one meets steps it does not know; they only ever add.
    migrator.set_ignore_missing(true);
    migrator
}
