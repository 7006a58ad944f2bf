//! A change and its announcement: two statements of one unit of work.

use super::{Database, Row, Tx, event_table::announcing};
use crate::{
    Announcement, Result,
    sqlite::{Query, announce},
};

/// Runs a statement that was made with `announcing!()`. `None` when it changed nothing, and then nothing is announced.
/// Its own parameters begin with the fourth.
pub async fn change<O>(
    tx: &mut Tx,
    sql: &'static str,
    announcement: &Announcement,
    bind: impl FnOnce(Query<O>) -> Query<O>,
) -> Result<Option<O>>
where
    O: for<'r> sqlx::FromRow<'r, Row> + Send + Unpin,
{
    let changed = bind(announcing(sql, announcement)).fetch_optional(&mut **tx).await?;
    if changed.is_some() {
        announce(tx, announcement).await?;
    }
    Ok(changed)
}

impl Database {
    /// As [`change`], as a whole unit of work.
    pub async fn change<O>(
        &self,
        sql: &'static str,
        announcement: &Announcement,
        bind: impl FnOnce(Query<O>) -> Query<O>,
    ) -> Result<Option<O>>
    where
        O: for<'r> sqlx::FromRow<'r, Row> + Send + Unpin,
    {
        let mut tx = self.write().await?;
        let changed = change(&mut tx, sql, announcement, bind).await?;
        if changed.is_some() {
            tx.commit().await?;
        }
        Ok(changed)
    }
}
