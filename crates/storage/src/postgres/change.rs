//! A change and its announcement in one statement, which is one question to the server.

use super::{Database, Statement, Tx, event_table::announcing};
use crate::{Announcement, Result};

/// Runs a statement that was made with `announcing!()`, and answers whether it changed something. If it did not, nothing is
/// announced. Its own parameters begin with the fourth.
pub async fn change(
    tx: &mut Tx,
    sql: &'static str,
    announcement: &Announcement,
    bind: impl FnOnce(Statement) -> Statement,
) -> Result<bool> {
    Ok(bind(announcing(sql, announcement)).fetch_optional(&mut **tx).await?.is_some())
}

impl Database {
    /// As [`change`], as a unit of work of one statement.
    pub async fn change(
        &self,
        sql: &'static str,
        announcement: &Announcement,
        bind: impl FnOnce(Statement) -> Statement,
    ) -> Result<bool> {
        Ok(bind(announcing(sql, announcement)).fetch_optional(&self.writers).await?.is_some())
    }
}
