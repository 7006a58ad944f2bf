//! The link that makes the first administrator. Compiled once for each engine.

use sir0_kernel::Timestamp;
use sir0_storage as storage;

use super::engine::{self, At, Database};
use crate::db::{Store, Tx};

macro_rules! has_administrator {
    () => {
        "EXISTS (SELECT 1 FROM users WHERE role = 'admin')"
    };
}

pub(crate) const HAS_ADMINISTRATOR: &str = concat!("SELECT ", has_administrator!());

pub(crate) const OFFER_SETUP: &str = concat!(
    "
    INSERT INTO setup_link (only_row, token_hash, expires_at)
    SELECT 1, $1, $2
     WHERE NOT ",
    has_administrator!(),
    "
        ON CONFLICT (only_row) DO UPDATE
       SET token_hash = excluded.token_hash, expires_at = excluded.expires_at
 RETURNING only_row"
);

pub(crate) const IS_SETUP: &str = concat!(
    "
    SELECT EXISTS (SELECT 1 FROM setup_link WHERE token_hash = $1 AND expires_at > $2)
       AND NOT ",
    has_administrator!()
);

pub(crate) const USE_SETUP: &str = concat!(
    "
    DELETE FROM setup_link
     WHERE token_hash = $1 AND expires_at > $2 AND NOT ",
    has_administrator!(),
    "
 RETURNING only_row"
);

impl Store<Database> {
    /// Whether there is an administrator.
    pub(crate) async fn has_administrator(&self) -> storage::Result<bool> {
        Ok(sqlx::query_scalar(HAS_ADMINISTRATOR).fetch_one(self.database.reader()).await?)
    }

    /// Whether a link with this hash would make an administrator now.
    pub(crate) async fn is_setup(&self, hash: &[u8], now: Timestamp) -> storage::Result<bool> {
        let query = sqlx::query_scalar(IS_SETUP).bind(hash).bind(At(now));
        Ok(query.fetch_one(self.database.reader()).await?)
    }
}

impl Tx<engine::Tx> {
    /// Makes a link with this hash good, and any other one worthless. `false` when there is an administrator.
    pub(crate) async fn offer_setup(
        &mut self,
        hash: &[u8],
        expires: Timestamp,
    ) -> storage::Result<bool> {
        let query = sqlx::query(OFFER_SETUP).bind(hash).bind(At(expires));
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Uses the link with this hash up. `false` when it is not good: someone used it, it is late, another one took its
    /// place, or there is an administrator.
    pub(crate) async fn use_setup(&mut self, hash: &[u8], now: Timestamp) -> storage::Result<bool> {
        let query = sqlx::query(USE_SETUP).bind(hash).bind(At(now));
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }
}
