//! A change and its announcement: several statements of SQL, which are sent and run as one.

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
    // All of the rows are asked for, because each part of the statement has to run.
    let changed = bind(announcing(sql, announcement)).fetch_all(&mut **tx).await?;
    Ok(!changed.is_empty())
}

impl Database {
    /// As [`change`], as a whole unit of work.
    pub async fn change(
        &self,
        sql: &'static str,
        announcement: &Announcement,
        bind: impl FnOnce(Statement) -> Statement,
    ) -> Result<bool> {
        self.writer.change(bind(announcing(sql, announcement))).await
    }
}
