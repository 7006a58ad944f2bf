//! The table of idempotency keys in one engine. Compiled once for each engine.

use sir0_kernel::Timestamp;

use super::{At, Database, TAKE_KEY, Tx};
use crate::{
    Result,
    once::{Asked, Claim, Hash, KNOWN_FOR, Kept, Lost},
};

/// How many keys are forgotten in one unit of work: others wait for it on SQLite.
const BATCH: i64 = 500;

const KEPT: &str = "
    SELECT request, answer
      FROM idempotency_keys
     WHERE key_hash = $1 AND made_at > $2";

/// A key that is too old to be known gives its row to the new one.
const KEEP: &str = "
    INSERT INTO idempotency_keys (key_hash, user_id, request, answer, made_at)
    VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (key_hash) DO UPDATE
       SET user_id = excluded.user_id, request = excluded.request, answer = excluded.answer,
           made_at = excluded.made_at
     WHERE idempotency_keys.made_at <= $6";

const FORGET_OLD: &str = "
    DELETE FROM idempotency_keys
     WHERE key_hash IN (
           SELECT key_hash FROM idempotency_keys WHERE made_at <= $1 ORDER BY made_at LIMIT $2)";

/// Only accounts that got keys lately can have too many since.
const RECENT: &str = "
    SELECT DISTINCT user_id
      FROM idempotency_keys
     WHERE made_at > $1";

const FORGET_TOO_MANY: &str = "
    DELETE FROM idempotency_keys
     WHERE key_hash IN (
           SELECT key_hash FROM idempotency_keys WHERE user_id = $1 ORDER BY made_at DESC LIMIT $2 OFFSET $3)";

impl Database {
    /// What a key did, if it is known at this time.
    pub async fn kept(&self, key: &Hash, now: Timestamp) -> Result<Option<Kept>> {
        let query = sqlx::query_as(KEPT).bind(key.as_slice()).bind(At(now.before(KNOWN_FOR)));
        let row: Option<(Vec<u8>, Option<Vec<u8>>)> = query.fetch_optional(self.reader()).await?;
        Ok(row.map(|(request, answer)| Kept { request, answer }))
    }

    /// Forgets keys that are too old to be known, and all but the latest `most` of each account that got one since then.
    pub async fn forget_keys(&self, now: Timestamp, since: Timestamp, most: i64) -> Result<()> {
        loop {
            let old = sqlx::query(FORGET_OLD).bind(At(now.before(KNOWN_FOR))).bind(BATCH);
            if self.forget(old).await? == 0 {
                break;
            }
        }
        let users = sqlx::query_scalar(RECENT).bind(At(since)).fetch_all(self.reader());
        let users: Vec<i64> = users.await?;
        for user in users {
            loop {
                let surplus = sqlx::query(FORGET_TOO_MANY).bind(user).bind(BATCH).bind(most);
                if self.forget(surplus).await? == 0 {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn forget(&self, statement: super::Statement) -> Result<u64> {
        self.unit(async |tx| Ok(statement.execute(&mut **tx).await?.rows_affected())).await
    }
}

/// Takes the key of a call for this unit of work. Fails if another call did its work before, and at once, too, while
/// another call does it.
pub async fn take_key(tx: &mut Tx, claim: &Claim) -> Result<()> {
    let Asked { key, at, .. } = claim.asked();
    let lock = i64::from_be_bytes(*key.first_chunk().expect("32 bytes"));
    let query = sqlx::query_as(TAKE_KEY).bind(key.as_slice()).bind(lock);
    let query = query.bind(At(at.before(KNOWN_FOR)));
    match query.fetch_one(&mut **tx).await? {
        (false, _) => Err(claim.lose(Lost::Running)),
        (true, true) => Err(claim.lose(Lost::Before)),
        (true, false) => Ok(()),
    }
}

/// Writes the key of a call and its answer, in the transaction of its change.
pub async fn keep_answer(tx: &mut Tx, claim: &Claim, answer: Vec<u8>) -> Result<()> {
    let Asked { key, user, request, at, hides_answer } = claim.asked();
    let answer = (!hides_answer).then_some(answer);
    let query = sqlx::query(KEEP).bind(key.as_slice()).bind(user).bind(request.as_slice());
    let query = query.bind(answer).bind(At(*at)).bind(At(at.before(KNOWN_FOR)));
    if query.execute(&mut **tx).await?.rows_affected() == 0 {
        // It was committed between the question for it and this moment.
        return Err(claim.lose(Lost::Before));
    }
    claim.keep();
    Ok(())
}
