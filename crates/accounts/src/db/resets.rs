//! The link that sets a new password. Compiled once for each engine.

use sir0_kernel::{Timestamp, UserId};
use sir0_storage as storage;

use super::engine::{self, At, Database};
use crate::db::{Store, Tx};

pub(crate) const RESET_OF: &str = "
    SELECT user_id
      FROM resets
     WHERE secret_hash = $1 AND expires_at > $2";

pub(crate) const OFFER_RESET: &str = "
    INSERT INTO resets (user_id, secret_hash, created_by, expires_at, removes_factors)
    VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (user_id) DO UPDATE
       SET secret_hash = excluded.secret_hash, created_by = excluded.created_by, expires_at = excluded.expires_at,
           removes_factors = excluded.removes_factors";

pub(crate) const USE_RESET: &str = "
    DELETE FROM resets
     WHERE secret_hash = $1 AND expires_at > $2
 RETURNING removes_factors";

pub(crate) const SET_NEW_PASSWORD: &str = "
    UPDATE users
       SET password_hash = $1, updated_at = $2, new_password_at = NULL
     WHERE user_id = $3";

pub(crate) const DROP_RESET: &str = "
    DELETE FROM resets
     WHERE user_id = $1";

pub(crate) const DROP_RESETS_BY: &str = "
    DELETE FROM resets
     WHERE created_by = $1";

pub(crate) const FORGET_RESETS: &str = "
    DELETE FROM resets
     WHERE expires_at <= $1";

impl Store<Database> {
    /// The account whose password a link with this hash would set now.
    pub(crate) async fn reset_of(
        &self,
        hash: &[u8],
        now: Timestamp,
    ) -> storage::Result<Option<UserId>> {
        let query = sqlx::query_scalar(RESET_OF).bind(hash).bind(At(now));
        let user: Option<i64> = query.fetch_optional(self.database.reader()).await?;
        user.map(|id| UserId::from_row(id).map_err(storage::Error::corrupt)).transpose()
    }
}

impl Tx<engine::Tx> {
    /// Makes a link with this hash good for an account, and any other one of it worthless. It may remove the second factors
    /// of the account, too.
    pub(crate) async fn offer_reset(
        &mut self,
        user: UserId,
        hash: &[u8],
        by: Option<UserId>,
        expires: Timestamp,
        removes_factors: bool,
    ) -> storage::Result<()> {
        let query = sqlx::query(OFFER_RESET).bind(i64::from(user)).bind(hash);
        let query =
            query.bind(by.map(i64::from)).bind(At(expires)).bind(i32::from(removes_factors));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Uses the link with this hash up, and answers whether it removes the factors of the account. `None` when it is not
    /// good: someone used it, it is late, or another one took its place.
    pub(crate) async fn use_reset(
        &mut self,
        hash: &[u8],
        now: Timestamp,
    ) -> storage::Result<Option<bool>> {
        let query = sqlx::query_scalar(USE_RESET).bind(hash).bind(At(now));
        let removes_factors: Option<i32> = query.fetch_optional(&mut *self.tx).await?;
        Ok(removes_factors.map(|number| number != 0))
    }

    /// Gives an account the new password that it needs.
    pub(crate) async fn set_new_password(
        &mut self,
        id: UserId,
        hash: &str,
        at: Timestamp,
    ) -> storage::Result<()> {
        let query = sqlx::query(SET_NEW_PASSWORD).bind(hash).bind(At(at)).bind(i64::from(id));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Makes the link of an account worthless, if there is one.
    pub(crate) async fn drop_reset(&mut self, user: UserId) -> storage::Result<()> {
        sqlx::query(DROP_RESET).bind(i64::from(user)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Makes the links worthless that this administrator made.
    pub(crate) async fn drop_resets_by(&mut self, user: UserId) -> storage::Result<()> {
        sqlx::query(DROP_RESETS_BY).bind(i64::from(user)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Forgets links that no one used in time.
    pub(crate) async fn forget_resets(&mut self, now: Timestamp) -> storage::Result<()> {
        sqlx::query(FORGET_RESETS).bind(At(now)).execute(&mut *self.tx).await?;
        Ok(())
    }
}
