//! A change and its announcement in one statement, which is one question to the server.

use super::{Database, Row, Tx, event_table::announcing};
use crate::{Announcement, Result, postgres::Query};

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
    Ok(bind(announcing(sql, announcement)).fetch_optional(&mut **tx).await?)
}

impl Database {
    /// As [`change`], as a unit of work of one statement.
    pub async fn change<O>(
        &self,
        sql: &'static str,
        announcement: &Announcement,
        bind: impl FnOnce(Query<O>) -> Query<O>,
    ) -> Result<Option<O>>
    where
        O: for<'r> sqlx::FromRow<'r, Row> + Send + Unpin,
    {
        Ok(bind(announcing(sql, announcement)).fetch_optional(&self.writers).await?)
    }
}
