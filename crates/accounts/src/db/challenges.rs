//! Sign-ins that wait for a code. Compiled once for each engine.

use sir0_kernel::Timestamp;
use sir0_storage as storage;

use super::{
    engine::{self, At, Database},
    users::{UserRow, stored_from},
};
use crate::{
    db::{Store, StoredUser, Tx, Waiting},
    domain::{ChallengeToken, ClientId, DeviceName, Wanted},
};

storage::row! {
    /// A sign-in that waits for a code.
    WaitingRow of engine, waiting_columns!() {
        user_id: i64,
        password_hash: String,
        client_id: String,
        device_name: Option<String>,
        is_refreshable: i32,
    }
}

pub(crate) const ADD_CHALLENGE: &str = "
    INSERT INTO challenges
           (challenge_hash, user_id, password_hash, client_id, device_name, is_refreshable, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(crate) const CHALLENGE: &str = concat!(
    "
    SELECT ",
    waiting_columns!(),
    "
      FROM challenges
     WHERE challenge_hash = $1 AND attempts < $2 AND expires_at > $3"
);

pub(crate) const TRY_CHALLENGE: &str = "
    UPDATE challenges
       SET attempts = attempts + 1
     WHERE challenge_hash = $1 AND attempts < $2 AND expires_at > $3
 RETURNING user_id";

pub(crate) const USE_CHALLENGE: &str = "
    DELETE FROM challenges
     WHERE challenge_hash = $1
 RETURNING user_id";

pub(crate) const FORGET_CHALLENGES: &str = "
    DELETE FROM challenges
     WHERE expires_at <= $1";

impl Store<Database> {
    /// A sign-in that waits for a code, and may be tried once more.
    pub(crate) async fn challenge(
        &self,
        hash: &[u8],
        now: Timestamp,
    ) -> storage::Result<Option<Waiting>> {
        let query = sqlx::query_as(CHALLENGE).bind(hash).bind(ChallengeToken::MOST_CODES);
        let row: Option<WaitingRow> =
            query.bind(At(now)).fetch_optional(self.database.reader()).await?;
        let Some(row) = row else { return Ok(None) };
        let query = sqlx::query_as(super::users::USER).bind(row.user_id);
        let user: Option<UserRow> = query.fetch_optional(self.database.reader()).await?;
        let Some(stored) = user.map(stored_from).transpose()? else { return Ok(None) };
        // The password that was proved: with another one by now, no session begins.
        let proved = StoredUser { password_hash: row.password_hash, ..stored };
        let wanted = Wanted {
            client: ClientId::from_row(row.client_id),
            device: row.device_name.map(DeviceName::from_row),
            is_refreshable: row.is_refreshable != 0,
        };
        Ok(Some(Waiting { proved, wanted }))
    }
}

impl Tx<engine::Tx> {
    /// Has a sign-in wait for a code.
    pub(crate) async fn add_challenge(
        &mut self,
        hash: &[u8],
        Waiting { proved, wanted }: &Waiting,
        expires: Timestamp,
    ) -> storage::Result<()> {
        sqlx::query(ADD_CHALLENGE)
            .bind(hash)
            .bind(i64::from(proved.user.id))
            .bind(&proved.password_hash)
            .bind(wanted.client.as_str())
            .bind(wanted.device.as_ref().map(DeviceName::as_str))
            .bind(i32::from(wanted.is_refreshable))
            .bind(At(expires))
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Counts a code that is tried. `false` when there were too many, or the time is over.
    pub(crate) async fn try_challenge(
        &mut self,
        hash: &[u8],
        now: Timestamp,
    ) -> storage::Result<bool> {
        let query = sqlx::query(TRY_CHALLENGE).bind(hash).bind(ChallengeToken::MOST_CODES);
        Ok(query.bind(At(now)).fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Uses a challenge up. `false` when it was used.
    pub(crate) async fn use_challenge(&mut self, hash: &[u8]) -> storage::Result<bool> {
        let query = sqlx::query(USE_CHALLENGE).bind(hash);
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Forgets sign-ins that waited too long.
    pub(crate) async fn forget_challenges(&mut self, now: Timestamp) -> storage::Result<()> {
        sqlx::query(FORGET_CHALLENGES).bind(At(now)).execute(&mut *self.tx).await?;
        Ok(())
    }
}
