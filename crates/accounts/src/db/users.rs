//! Accounts by id and by e-mail. Compiled once for each engine.

use sir0_kernel::{Role, Timestamp, UserId};
use sir0_storage as storage;

use super::engine::{self, At, Database, for_update};
use crate::{
    db::{Store, StoredUser, Taken, Tx},
    domain::{Email, User, Username},
};

storage::row! {
    /// An account as it lies in the table.
    UserRow of engine, user_columns!() {
        user_id: i64,
        username: String,
        email: String,
        role: String,
        created_at: At,
        password_hash: String,
    }
}

/// The database holds only what the rules accept. Anything else is damage and is reported as such.
fn stored_from(row: UserRow) -> storage::Result<StoredUser> {
    let user = User {
        id: UserId::from_row(row.user_id).map_err(storage::Error::corrupt)?,
        username: Username::parse(&row.username).map_err(storage::Error::corrupt)?,
        email: Email::parse(&row.email).map_err(storage::Error::corrupt)?,
        role: row.role.parse::<Role>().map_err(storage::Error::corrupt)?,
        created: row.created_at.0,
    };
    Ok(StoredUser { user, password_hash: row.password_hash })
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
    SELECT EXISTS (SELECT 1 FROM users WHERE username_key = $1 AND user_id <> $3),
           EXISTS (SELECT 1 FROM users WHERE email_key = $2 AND user_id <> $3)";

pub(crate) const ADD_USER: &str = "
    INSERT INTO users (username, username_key, email, email_key, password_hash, role, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
 RETURNING user_id";

pub(crate) const SAVE_USER: &str = "
    UPDATE users
       SET username = $1, username_key = $2, email = $3, email_key = $4, role = $5, updated_at = $6
     WHERE user_id = $7";

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
            .fetch_one(self.database.reader())
            .await?;
        Ok(Taken { username, email })
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
            .bind(username.key())
            .bind(email.as_str())
            .bind(email.key())
            .bind(password_hash)
            .bind(role.as_str())
            .bind(At(at))
            .fetch_one(&mut *self.tx)
            .await?;
        UserId::from_row(id).map_err(storage::Error::corrupt)
    }

    /// Writes a changed account back. [`storage::Error::Taken`] as above.
    pub(crate) async fn save_user(&mut self, user: &User, at: Timestamp) -> storage::Result<()> {
        sqlx::query(SAVE_USER)
            .bind(user.username.as_str())
            .bind(user.username.key())
            .bind(user.email.as_str())
            .bind(user.email.key())
            .bind(user.role.as_str())
            .bind(At(at))
            .bind(i64::from(user.id))
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
