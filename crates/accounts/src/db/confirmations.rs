//! Approvals of one action. Compiled once for each engine.

use sir0_kernel::{SessionId, Timestamp};
use sir0_storage as storage;

use super::engine::{self, At};
use crate::{db::Tx, domain::Action};

pub(crate) const ADD_CONFIRMATION: &str = "
    INSERT INTO confirmations (token_hash, session_id, action, expires_at)
    VALUES ($1, $2, $3, $4)";

pub(crate) const USE_CONFIRMATION: &str = "
    DELETE FROM confirmations
     WHERE token_hash = $1 AND session_id = $2 AND action = $3 AND expires_at > $4
 RETURNING session_id";

pub(crate) const FORGET_CONFIRMATIONS: &str = "
    DELETE FROM confirmations
     WHERE expires_at <= $1";

impl Tx<engine::Tx> {
    /// Lets a session do this once.
    pub(crate) async fn add_confirmation(
        &mut self,
        hash: &[u8],
        session: SessionId,
        action: Action,
        expires: Timestamp,
    ) -> storage::Result<()> {
        let query = sqlx::query(ADD_CONFIRMATION).bind(hash).bind(session.to_string());
        query.bind(action.to_string()).bind(At(expires)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Uses an approval up. `false` when it is not good for this: it was used, it is late, or it approves something else.
    pub(crate) async fn use_confirmation(
        &mut self,
        hash: &[u8],
        session: SessionId,
        action: Action,
        now: Timestamp,
    ) -> storage::Result<bool> {
        let query = sqlx::query(USE_CONFIRMATION).bind(hash).bind(session.to_string());
        let query = query.bind(action.to_string()).bind(At(now));
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Forgets approvals that no one used in time.
    pub(crate) async fn forget_confirmations(&mut self, now: Timestamp) -> storage::Result<()> {
        sqlx::query(FORGET_CONFIRMATIONS).bind(At(now)).execute(&mut *self.tx).await?;
        Ok(())
    }
}
