//! The keys that sign tokens, and other sealed secrets. Compiled once for each engine.

use std::time::Duration;

use sir0_kernel::Timestamp;
use sir0_storage as storage;
use sir0_tokens::TOKEN_TYPE;

use super::engine::{self, At, Database};
use crate::{
    db::{Store, Tx},
    domain::{SignerRow, SigningKeys},
};

storage::row! {
    /// A signing key.
    KeyRow of engine, key_columns!() {
        kid: String,
        generation: i64,
        public_key: Vec<u8>,
        private_key: Option<Vec<u8>>,
        made_at: At,
        starts_at: At,
        token_life: i64,
        refused_at: Option<At>,
    }
}

impl TryFrom<KeyRow> for SignerRow {
    type Error = storage::Error;

    fn try_from(row: KeyRow) -> storage::Result<Self> {
        let public = <[u8; 32]>::try_from(row.public_key.as_slice());
        Ok(Self {
            kid: row.kid,
            generation: row.generation,
            public: public.map_err(storage::Error::corrupt)?,
            private: row.private_key,
            made: row.made_at.0,
            signs_from: row.starts_at.0,
            token_life: Duration::from_micros(row.token_life.unsigned_abs()),
            refused_from: row.refused_at.map(|At(from)| from),
        })
    }
}

pub(crate) const SIGNING_KEYS: &str = concat!(
    "
    SELECT ",
    key_columns!(),
    "
      FROM signing_keys
     WHERE signs = $1
  ORDER BY generation"
);

// Who read the same keys has the same generation to give away, and only one can have it.
pub(crate) const ADD_SIGNING_KEY: &str = "
    INSERT INTO signing_keys
           (kid, signs, generation, public_key, private_key, made_at, starts_at, token_life)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8
     WHERE $3 = 1 + (SELECT COALESCE(MAX(generation), 0) FROM signing_keys WHERE signs = $2)
        ON CONFLICT DO NOTHING
 RETURNING kid";

pub(crate) const REFUSE_SIGNING_KEYS: &str = "
    UPDATE signing_keys
       SET refused_at = $1
     WHERE signs = $2 AND generation < $3 AND (refused_at IS NULL OR refused_at > $1)";

pub(crate) const RAISE_TOKEN_LIFE: &str = "
    UPDATE signing_keys
       SET token_life = $1
     WHERE signs = $2 AND generation >= $3 AND token_life < $1";

pub(crate) const DROP_PRIVATE_KEY: &str = "
    UPDATE signing_keys
       SET private_key = NULL, refused_at = $1
     WHERE kid = $2 AND private_key IS NOT NULL";

pub(crate) const RESEAL_SIGNING_KEY: &str = "
    UPDATE signing_keys
       SET private_key = $1
     WHERE kid = $2 AND private_key = $3";

pub(crate) const SECRET: &str = "
    SELECT sealed
      FROM sealed_secrets
     WHERE name = $1";

pub(crate) const ADD_SECRET: &str = "
    INSERT INTO sealed_secrets (name, sealed)
    VALUES ($1, $2)
        ON CONFLICT (name) DO NOTHING";

pub(crate) const RESEAL_SECRET: &str = "
    UPDATE sealed_secrets
       SET sealed = $1
     WHERE name = $2 AND sealed = $3";

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Store<Database> {
    /// The keys that sign access tokens, the first one first.
    pub(crate) async fn signing_keys(&self) -> storage::Result<SigningKeys> {
        let query = sqlx::query_as(SIGNING_KEYS).bind(TOKEN_TYPE);
        let rows: Vec<KeyRow> = query.fetch_all(self.database.reader()).await?;
        let rows: storage::Result<_> = rows.into_iter().map(SignerRow::try_from).collect();
        Ok(SigningKeys(rows?))
    }

    /// The secret of this name, sealed.
    pub(crate) async fn secret(&self, name: &str) -> storage::Result<Option<Vec<u8>>> {
        let query = sqlx::query_scalar(SECRET).bind(name);
        Ok(query.fetch_optional(self.database.reader()).await?)
    }
}

impl Tx<engine::Tx> {
    /// Adds the key behind the last one. `false` when another one has its generation, or when it is there already.
    pub(crate) async fn add_signing_key(&mut self, key: &SignerRow) -> storage::Result<bool> {
        let added: Option<String> = sqlx::query_scalar(ADD_SIGNING_KEY)
            .bind(&key.kid)
            .bind(TOKEN_TYPE)
            .bind(key.generation)
            .bind(key.public.as_slice())
            .bind(key.private.as_deref())
            .bind(At(key.made))
            .bind(At(key.signs_from))
            .bind(micros(key.token_life))
            .fetch_optional(&mut *self.tx)
            .await?;
        Ok(added.is_some())
    }

    /// Refuses the tokens of all keys before this generation, from this moment on.
    pub(crate) async fn refuse_signing_keys(
        &mut self,
        before: i64,
        from: Timestamp,
    ) -> storage::Result<()> {
        let query = sqlx::query(REFUSE_SIGNING_KEYS).bind(At(from)).bind(TOKEN_TYPE).bind(before);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Remembers that the keys from this generation on sign tokens that live for so long.
    pub(crate) async fn raise_token_life(
        &mut self,
        from: i64,
        life: Duration,
    ) -> storage::Result<()> {
        let query = sqlx::query(RAISE_TOKEN_LIFE).bind(micros(life)).bind(TOKEN_TYPE).bind(from);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Forgets the private key of a key that is over, and since when its tokens are refused, if they are.
    pub(crate) async fn drop_private_key(
        &mut self,
        kid: &str,
        refused_from: Option<Timestamp>,
    ) -> storage::Result<()> {
        let query = sqlx::query(DROP_PRIVATE_KEY).bind(refused_from.map(At)).bind(kid);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Writes a private key that was sealed anew, unless it was changed since.
    pub(crate) async fn reseal_signing_key(
        &mut self,
        kid: &str,
        before: &[u8],
        sealed: &[u8],
    ) -> storage::Result<()> {
        let query = sqlx::query(RESEAL_SIGNING_KEY).bind(sealed).bind(kid).bind(before);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Keeps a secret under this name, unless there is one.
    pub(crate) async fn add_secret(&mut self, name: &str, sealed: &[u8]) -> storage::Result<()> {
        sqlx::query(ADD_SECRET).bind(name).bind(sealed).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Writes a secret that was sealed anew or takes the place of the one before, unless that was changed since.
    pub(crate) async fn reseal_secret(
        &mut self,
        name: &str,
        before: &[u8],
        sealed: &[u8],
    ) -> storage::Result<()> {
        let query = sqlx::query(RESEAL_SECRET).bind(sealed).bind(name).bind(before);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }
}
