//! Accounts by id and by e-mail. Compiled once for each engine.

use sir0_kernel::{Role, Timestamp, UserId};
use sir0_storage as storage;

use super::engine::{self, At, Database, for_update};
use crate::{
    db::{Store, StoredUser, Taken, Tx},
    domain::{Email, Locks, User, Username},
};

/// How many accounts get their name's key in one unit of work: others wait for it on SQLite.
const KEYS_BATCH: i64 = 100;

storage::row! {
    /// An account as it lies in the table.
    UserRow of engine, user_columns!() {
        user_id: i64,
        username: String,
        email: String,
        role: String,
        created_at: At,
        password_hash: String,
        factors: i32,
        disabled_at: Option<At>,
        new_password_at: Option<At>,
    }
}

/// The database holds only what the rules accept. Anything else is damage and is reported as such.
pub(super) fn stored_from(row: UserRow) -> storage::Result<StoredUser> {
    let user = User {
        id: UserId::from_row(row.user_id).map_err(storage::Error::corrupt)?,
        username: Username::from_row(row.username),
        email: Email::from_row(row.email),
        role: row.role.parse::<Role>().map_err(storage::Error::corrupt)?,
        created: row.created_at.0,
    };
    let locks = Locks {
        disabled: row.disabled_at.map(|At(since)| since),
        new_password: row.new_password_at.map(|At(since)| since),
    };
    Ok(StoredUser { user, password_hash: row.password_hash, factors: row.factors.into(), locks })
}

macro_rules! user {
    ($key:literal $(, $lock:expr)?) => {
        concat!(
            "
    SELECT ",
            user_columns!(),
            "
      FROM users
     WHERE ",
            $key,
            " = $1",
            $($lock)?
        )
    };
}

pub(crate) const USER: &str = user!("user_id");
pub(crate) const USER_FOR_CHANGE: &str = user!("user_id", for_update!());
pub(crate) const USER_BY_EMAIL: &str = user!("email_key");

pub(crate) const TAKEN: &str = "
    SELECT EXISTS (SELECT 1 FROM users WHERE name_key = $1 AND user_id <> $3)
        OR EXISTS (SELECT 1 FROM users WHERE username_key = $4 AND user_id <> $3),
           EXISTS (SELECT 1 FROM users WHERE email_key = $2 AND user_id <> $3)";

pub(crate) const ADD_USER: &str = "
    INSERT INTO users
           (username, username_key, email, email_key, password_hash, role, created_at, updated_at,
            name_key, name_key_version, name_key_of)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $1)
 RETURNING user_id";

// An account keeps its key, or stays without one, as long as it keeps its name.
pub(crate) const SAVE_USER: &str = "
    UPDATE users
       SET username = $1, username_key = $2, email = $3, email_key = $4, role = $5, updated_at = $6,
           name_key = CASE WHEN username = $1 THEN name_key ELSE $8 END,
           name_key_version = CASE WHEN username = $1 THEN name_key_version ELSE $9 END,
           name_key_of = CASE WHEN username = $1 THEN name_key_of ELSE $1 END
     WHERE user_id = $7";

/// Accounts without a key, or with one of other rules or of another name. The condition is the one of the index, and the
/// number is [`Username::KEY_VERSION`].
pub(crate) const TO_KEY: &str = "
    SELECT user_id, username
      FROM users
     WHERE user_id > $1
       AND (name_key IS NULL OR name_key_version <> 1 OR name_key_of IS DISTINCT FROM username)
  ORDER BY user_id
     LIMIT $2";

pub(crate) const HOLDER: &str = "
    SELECT user_id
      FROM users
     WHERE name_key = $1 AND user_id <> $2";

pub(crate) const SET_NAME_KEY: &str = "
    UPDATE users
       SET name_key = $1, name_key_version = $2, name_key_of = $3
     WHERE user_id = $4 AND username = $3
       AND (name_key IS DISTINCT FROM $1 OR name_key_version <> $2 OR name_key_of IS DISTINCT FROM $3)";

pub(crate) const LOSE_NAME_KEY: &str = "
    UPDATE users
       SET name_key = NULL
     WHERE user_id = $1";

/// Accounts whose name another one has under the rules of today.
pub(crate) const SHARING_A_NAME: &str = "
    SELECT user_id, username
      FROM users
     WHERE name_key IS NULL AND name_key_of = username
  ORDER BY user_id
     LIMIT $1";

pub(crate) const SET_PASSWORD: &str = "
    UPDATE users
       SET password_hash = $1, updated_at = $2
     WHERE user_id = $3";

pub(crate) const REFRESH_HASH: &str = "
    UPDATE users
       SET password_hash = $1
     WHERE user_id = $2 AND password_hash = $3";

impl Store<Database> {
    /// Reads an account.
    pub(crate) async fn user(&self, id: UserId) -> storage::Result<Option<User>> {
        let row =
            sqlx::query_as(USER).bind(i64::from(id)).fetch_optional(self.database.reader()).await?;
        Ok(row.map(stored_from).transpose()?.map(|stored| stored.user))
    }

    /// Reads the account that signs in with this e-mail.
    pub(crate) async fn user_by_email(&self, email: &Email) -> storage::Result<Option<StoredUser>> {
        let row = sqlx::query_as(USER_BY_EMAIL)
            .bind(email.key())
            .fetch_optional(self.database.reader())
            .await?;
        row.map(stored_from).transpose()
    }

    /// Which of these names another account has. `except` is the account that may have them.
    pub(crate) async fn taken(
        &self,
        username: &Username,
        email: &Email,
        except: Option<UserId>,
    ) -> storage::Result<Taken> {
        let (username, email) = sqlx::query_as(TAKEN)
            .bind(username.key())
            .bind(email.key())
            .bind(except.map_or(0, i64::from))
            .bind(username.key_before())
            .fetch_one(self.database.reader())
            .await?;
        Ok(Taken { username, email })
    }

    /// Makes the keys of names that an older version wrote, and answers how many accounts changed. Of two accounts with
    /// one name the older keeps it. Who lost a name gets it once it is free.
    pub(crate) async fn key_names(&self) -> storage::Result<u64> {
        let (mut after, mut changed) = (0, 0);
        loop {
            let query = sqlx::query_as(TO_KEY).bind(after).bind(KEYS_BATCH);
            let users: Vec<(i64, String)> = query.fetch_all(self.database.reader()).await?;
            let Some((last, _)) = users.last() else { return Ok(changed) };
            after = *last;

            let batch = self.database.unit(async |tx| {
                let mut changed = 0;
                for (id, name) in users {
                    changed += key_name(tx, id, Username::from_row(name)).await?;
                }
                Ok::<_, storage::Error>(changed)
            });
            changed += batch.await?;
        }
    }

    /// The accounts whose name an older account has too, under the rules of today, and no more than so many.
    pub(crate) async fn sharing_a_name(
        &self,
        most: i64,
    ) -> storage::Result<Vec<(UserId, Username)>> {
        let query = sqlx::query_as(SHARING_A_NAME).bind(most);
        let rows: Vec<(i64, String)> = query.fetch_all(self.database.reader()).await?;
        let shared = rows.into_iter().map(|(id, name)| {
            let id = UserId::from_row(id).map_err(storage::Error::corrupt)?;
            Ok((id, Username::from_row(name)))
        });
        shared.collect()
    }
}

impl Tx<engine::Tx> {
    /// Reads an account for a change. No other work changes it until this work ends.
    pub(crate) async fn user(&mut self, id: UserId) -> storage::Result<Option<User>> {
        let query = sqlx::query_as(USER_FOR_CHANGE).bind(i64::from(id));
        let row = query.fetch_optional(&mut *self.tx).await?;
        Ok(row.map(stored_from).transpose()?.map(|stored| stored.user))
    }

    /// Adds an account. [`storage::Error::Taken`] when another account has the name or the e-mail.
    pub(crate) async fn add_user(
        &mut self,
        username: &Username,
        email: &Email,
        password_hash: &str,
        role: Role,
        at: Timestamp,
    ) -> storage::Result<UserId> {
        let id = sqlx::query_scalar(ADD_USER)
            .bind(username.as_str())
            .bind(username.key_before())
            .bind(email.as_str())
            .bind(email.key())
            .bind(password_hash)
            .bind(role.as_str())
            .bind(At(at))
            .bind(username.key())
            .bind(Username::KEY_VERSION)
            .fetch_one(&mut *self.tx)
            .await?;
        UserId::from_row(id).map_err(storage::Error::corrupt)
    }

    /// Writes a changed account back. [`storage::Error::Taken`] as above.
    pub(crate) async fn save_user(&mut self, user: &User, at: Timestamp) -> storage::Result<()> {
        sqlx::query(SAVE_USER)
            .bind(user.username.as_str())
            .bind(user.username.key_before())
            .bind(user.email.as_str())
            .bind(user.email.key())
            .bind(user.role.as_str())
            .bind(At(at))
            .bind(i64::from(user.id))
            .bind(user.username.key())
            .bind(Username::KEY_VERSION)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Gives an account another password.
    pub(crate) async fn set_password(
        &mut self,
        id: UserId,
        hash: &str,
        at: Timestamp,
    ) -> storage::Result<()> {
        let query = sqlx::query(SET_PASSWORD).bind(hash).bind(At(at)).bind(i64::from(id));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Writes the same password hashed anew, unless it was changed meanwhile.
    pub(crate) async fn refresh_hash(
        &mut self,
        id: UserId,
        new: &str,
        old: &str,
    ) -> storage::Result<()> {
        let query = sqlx::query(REFRESH_HASH).bind(new).bind(i64::from(id)).bind(old);
        query.execute(&mut *self.tx).await?;
        Ok(())
    }
}

/// Makes the key of a name, unless the name changes meanwhile. An account that is younger loses it.
async fn key_name(tx: &mut engine::Tx, id: i64, name: Username) -> storage::Result<u64> {
    let key = name.key();
    let holder: Option<i64> =
        sqlx::query_scalar(HOLDER).bind(&key).bind(id).fetch_optional(&mut **tx).await?;
    if let Some(younger) = holder.filter(|holder| *holder > id) {
        sqlx::query(LOSE_NAME_KEY).bind(younger).execute(&mut **tx).await?;
    }
    let key = if holder.is_some_and(|holder| holder < id) { None } else { Some(key) };
    let query = sqlx::query(SET_NAME_KEY).bind(key).bind(Username::KEY_VERSION);
    let done = query.bind(name.as_str()).bind(id).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}
