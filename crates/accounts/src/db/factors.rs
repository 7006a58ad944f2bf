//! Second factors and recovery codes. Compiled once for each engine. Each one-time thing is consumed by one guarded statement.
//!
//! Who changes the factors of an account holds its row first, and a sign-in shares the row before it uses a code up. So
//! neither waits for the other in a circle.

use sir0_kernel::{FactorId, Timestamp, UserId};
use sir0_storage as storage;

use super::engine::{self, At, Database};
use crate::{
    db::{Store, Tx},
    domain::{Factor, FactorName, SealedFactor},
};

storage::row! {
    /// A factor without its secret.
    FactorRow of engine, factor_columns!() {
        factor_id: String,
        name: String,
        created_at: At,
        confirmed_at: Option<At>,
    }
}

storage::row! {
    /// A factor with its sealed secret.
    SealedRow of engine, sealed_columns!() { factor_id: String, secret: Vec<u8> }
}

fn factor_from(row: FactorRow) -> storage::Result<Factor> {
    Ok(Factor {
        id: FactorId::parse(&row.factor_id).map_err(storage::Error::corrupt)?,
        name: FactorName::from_row(row.name),
        is_confirmed: row.confirmed_at.is_some(),
        created: row.created_at.0,
    })
}

fn sealed_from(SealedRow { factor_id, secret }: SealedRow) -> storage::Result<SealedFactor> {
    Ok(SealedFactor { id: FactorId::parse(&factor_id).map_err(storage::Error::corrupt)?, secret })
}

pub(crate) const FACTORS_OF_USER: &str = concat!(
    "
    SELECT ",
    factor_columns!(),
    "
      FROM factors
     WHERE user_id = $1 AND (confirmed_at IS NOT NULL OR created_at > $2)
  ORDER BY factor_id"
);

pub(crate) const GUARDING_FACTORS: &str = concat!(
    "
    SELECT ",
    sealed_columns!(),
    "
      FROM factors
     WHERE user_id = $1 AND confirmed_at IS NOT NULL
  ORDER BY factor_id"
);

pub(crate) const WAITING_FACTOR: &str = concat!(
    "
    SELECT ",
    sealed_columns!(),
    "
      FROM factors
     WHERE factor_id = $1 AND user_id = $2 AND confirmed_at IS NULL AND created_at > $3"
);

pub(crate) const COUNT_RECOVERY_CODES: &str = "
    SELECT COUNT(*)
      FROM recovery_codes
     WHERE user_id = $1";

/// Those that do not begin as all does that the sealing key of today seals.
pub(crate) const FACTORS_TO_RESEAL: &str = concat!(
    "
    SELECT ",
    sealed_columns!(),
    "
      FROM factors
     WHERE factor_id > $1 AND SUBSTR(secret, 1, $3) <> $2
  ORDER BY factor_id
     LIMIT $4"
);

pub(crate) const COUNT_FACTORS: &str = "
    SELECT factors
      FROM users
     WHERE user_id = $1";

pub(crate) const COUNT_ALL_FACTORS: &str = "
    SELECT COUNT(*)
      FROM factors
     WHERE user_id = $1 AND (confirmed_at IS NOT NULL OR created_at > $2)";

pub(crate) const ADD_FACTOR: &str = "
    INSERT INTO factors (factor_id, user_id, kind, name, secret, created_at)
    VALUES ($1, $2, 'totp', $3, $4, $5)";

pub(crate) const CONFIRM_FACTOR: &str = "
    UPDATE factors
       SET confirmed_at = $1, used_step = $2
     WHERE factor_id = $3 AND user_id = $4 AND confirmed_at IS NULL AND created_at > $5
 RETURNING factor_id";

pub(crate) const REMOVE_FACTOR: &str = "
    DELETE FROM factors
     WHERE factor_id = $1 AND user_id = $2
 RETURNING factor_id";

pub(crate) const REMOVE_FACTORS_OF_USER: &str = "
    DELETE FROM factors
     WHERE user_id = $1";

pub(crate) const RECOUNT_FACTORS: &str = "
    UPDATE users
       SET factors = (SELECT COUNT(*) FROM factors WHERE user_id = $1 AND confirmed_at IS NOT NULL)
     WHERE user_id = $1
 RETURNING factors";

pub(crate) const USE_STEP: &str = "
    UPDATE factors
       SET used_step = $1
     WHERE factor_id = $2 AND user_id = $3 AND confirmed_at IS NOT NULL AND (used_step IS NULL OR used_step < $1)
 RETURNING factor_id";

pub(crate) const ADD_RECOVERY_CODE: &str = "
    INSERT INTO recovery_codes (user_id, code_hash)
    VALUES ($1, $2)";

pub(crate) const USE_RECOVERY_CODE: &str = "
    DELETE FROM recovery_codes
     WHERE user_id = $1 AND code_hash = $2
 RETURNING user_id";

pub(crate) const FORGET_RECOVERY_CODES: &str = "
    DELETE FROM recovery_codes
     WHERE user_id = $1";

pub(crate) const RESEAL_FACTOR: &str = "
    UPDATE factors
       SET secret = $1
     WHERE factor_id = $2 AND secret = $3";

pub(crate) const FORGET_FACTORS: &str = "
    DELETE FROM factors
     WHERE confirmed_at IS NULL AND created_at <= $1";

impl Store<Database> {
    /// The factors of an account that guard it or were made after this, the oldest first.
    pub(crate) async fn factors_of(
        &self,
        user: UserId,
        since: Timestamp,
    ) -> storage::Result<Vec<Factor>> {
        let query = sqlx::query_as(FACTORS_OF_USER).bind(i64::from(user)).bind(At(since));
        let rows: Vec<FactorRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(factor_from).collect()
    }

    /// The factors that guard an account, with their secrets.
    pub(crate) async fn guarding_factors(
        &self,
        user: UserId,
    ) -> storage::Result<Vec<SealedFactor>> {
        let query = sqlx::query_as(GUARDING_FACTORS).bind(i64::from(user));
        let rows: Vec<SealedRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(sealed_from).collect()
    }

    /// A factor of an account that was made after this and waits for its first code.
    pub(crate) async fn waiting_factor(
        &self,
        id: FactorId,
        user: UserId,
        since: Timestamp,
    ) -> storage::Result<Option<SealedFactor>> {
        let query = sqlx::query_as(WAITING_FACTOR).bind(id.to_string());
        let query = query.bind(i64::from(user)).bind(At(since));
        let row: Option<SealedRow> = query.fetch_optional(self.database.reader()).await?;
        row.map(sealed_from).transpose()
    }

    /// How many recovery codes of an account were not used.
    pub(crate) async fn count_recovery_codes(&self, user: UserId) -> storage::Result<i64> {
        let query = sqlx::query_scalar(COUNT_RECOVERY_CODES).bind(i64::from(user));
        Ok(query.fetch_one(self.database.reader()).await?)
    }

    /// Factors that another key seals than this one, behind this one.
    pub(crate) async fn factors_to_reseal(
        &self,
        behind: Option<FactorId>,
        front: &[u8],
        most: i64,
    ) -> storage::Result<Vec<SealedFactor>> {
        let behind = behind.map(|factor| factor.to_string()).unwrap_or_default();
        let length = i32::try_from(front.len()).unwrap_or(i32::MAX);
        let query = sqlx::query_as(FACTORS_TO_RESEAL).bind(behind).bind(front).bind(length);
        let query = query.bind(most);
        let rows: Vec<SealedRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(sealed_from).collect()
    }
}

impl Tx<engine::Tx> {
    /// How many factors guard an account.
    pub(crate) async fn count_factors(&mut self, user: UserId) -> storage::Result<i64> {
        let query = sqlx::query_scalar(COUNT_FACTORS).bind(i64::from(user));
        let found: Option<i32> = query.fetch_optional(&mut *self.tx).await?;
        Ok(found.unwrap_or_default().into())
    }

    /// How many factors of an account guard it or were made after this.
    pub(crate) async fn count_all_factors(
        &mut self,
        user: UserId,
        since: Timestamp,
    ) -> storage::Result<i64> {
        let query = sqlx::query_scalar(COUNT_ALL_FACTORS).bind(i64::from(user)).bind(At(since));
        Ok(query.fetch_one(&mut *self.tx).await?)
    }

    /// Adds a factor that waits for its first code.
    pub(crate) async fn add_factor(
        &mut self,
        user: UserId,
        factor: &Factor,
        sealed: &[u8],
    ) -> storage::Result<()> {
        let Factor { id, name, created, .. } = factor;
        let query = sqlx::query(ADD_FACTOR).bind(id.to_string()).bind(i64::from(user));
        let query = query.bind(name.as_str()).bind(sealed).bind(At(*created));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Turns a factor on by a code of this step. `false` when it is on already, was made before this, or is not there.
    pub(crate) async fn confirm_factor(
        &mut self,
        id: FactorId,
        user: UserId,
        step: i64,
        since: Timestamp,
        at: Timestamp,
    ) -> storage::Result<bool> {
        let query = sqlx::query(CONFIRM_FACTOR).bind(At(at)).bind(step).bind(id.to_string());
        let query = query.bind(i64::from(user)).bind(At(since));
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Removes a factor. `false` when the account has none of this id.
    pub(crate) async fn remove_factor(
        &mut self,
        id: FactorId,
        user: UserId,
    ) -> storage::Result<bool> {
        let query = sqlx::query(REMOVE_FACTOR).bind(id.to_string()).bind(i64::from(user));
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Removes all factors of an account.
    pub(crate) async fn remove_factors_of(&mut self, user: UserId) -> storage::Result<()> {
        sqlx::query(REMOVE_FACTORS_OF_USER).bind(i64::from(user)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Notes beside the password of an account how many factors guard it, and answers that. Who changes factors does this
    /// in the same transaction, and holds the row of the account from the start.
    pub(crate) async fn recount_factors(&mut self, user: UserId) -> storage::Result<i64> {
        let query = sqlx::query_scalar(RECOUNT_FACTORS).bind(i64::from(user));
        let guarding: i32 = query.fetch_one(&mut *self.tx).await?;
        Ok(guarding.into())
    }

    /// Uses the code of a step up, and those of all steps before. `false` when it was used.
    pub(crate) async fn use_step(
        &mut self,
        user: UserId,
        factor: FactorId,
        step: i64,
    ) -> storage::Result<bool> {
        let query = sqlx::query(USE_STEP).bind(step).bind(factor.to_string());
        let query = query.bind(i64::from(user));
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Adds recovery codes with these hashes.
    pub(crate) async fn add_recovery_codes(
        &mut self,
        user: UserId,
        hashes: &[Vec<u8>],
    ) -> storage::Result<()> {
        for hash in hashes {
            let query = sqlx::query(ADD_RECOVERY_CODE).bind(i64::from(user)).bind(hash);
            query.execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Uses a recovery code up. `false` when it was used, or is none of the account.
    pub(crate) async fn use_recovery_code(
        &mut self,
        user: UserId,
        hash: &[u8],
    ) -> storage::Result<bool> {
        let query = sqlx::query(USE_RECOVERY_CODE).bind(i64::from(user)).bind(hash);
        Ok(query.fetch_optional(&mut *self.tx).await?.is_some())
    }

    /// Forgets the recovery codes of an account.
    pub(crate) async fn forget_recovery_codes(&mut self, user: UserId) -> storage::Result<()> {
        sqlx::query(FORGET_RECOVERY_CODES).bind(i64::from(user)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Puts a secret that was sealed anew in the place of what was sealed before.
    pub(crate) async fn reseal_factor(
        &mut self,
        id: FactorId,
        before: &[u8],
        sealed: &[u8],
    ) -> storage::Result<()> {
        let query = sqlx::query(RESEAL_FACTOR).bind(sealed).bind(id.to_string()).bind(before);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Forgets factors that waited for their first code since before this.
    pub(crate) async fn forget_factors(&mut self, made_before: Timestamp) -> storage::Result<()> {
        sqlx::query(FORGET_FACTORS).bind(At(made_before)).execute(&mut *self.tx).await?;
        Ok(())
    }
}
