//! A change and its announcement: two statements of one unit of work.

use super::{Database, Statement, Tx, announce, event_table::announcing};
use crate::{Announcement, Result};

/// Runs a statement that was made with `announcing!()`, and answers whether it changed something. If it did not, nothing is
/// announced. Its own parameters begin with the fourth.
pub async fn change(
    tx: &mut Tx,
    sql: &'static str,
    announcement: &Announcement,
    bind: impl FnOnce(Statement) -> Statement,
) -> Result<bool> {
    let changed = bind(announcing(sql, announcement)).fetch_optional(&mut **tx).await?.is_some();
    if changed {
        announce(tx, announcement).await?;
    }
    Ok(changed)
}

impl Database {
    /// As [`change`], as a whole unit of work.
    pub async fn change(
        &self,
        sql: &'static str,
        announcement: &Announcement,
        bind: impl FnOnce(Statement) -> Statement,
    ) -> Result<bool> {
        let mut tx = self.write().await?;
        let changed = change(&mut tx, sql, announcement, bind).await?;
        if changed {
            tx.commit().await?;
        }
        Ok(changed)
    }
}
