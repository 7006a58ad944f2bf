//! Accounts as administrators find and lock them. Compiled once for each engine.

use sir0_kernel::{Role, Timestamp, UserId};
use sir0_storage as storage;

use super::{
    engine::{self, At, Database, for_update},
    users::{USER, USER_FOR_CHANGE, UserRow, stored_from, user_columns},
};
use crate::{
    db::{Store, Tx},
    domain::{Access, Account, Administrator, Email, Locks, Search},
};

fn account_from(row: UserRow) -> storage::Result<Account> {
    let stored = stored_from(row)?;
    Ok(Account { user: stored.user, locks: stored.locks })
}

// A change by an administrator holds the account together with all administrators, in this one order. So of two administrators
// who take each other away at the same moment the second one sees what the first one did, and no two wait for each other.
pub(crate) const HOLD_WITH_ADMINISTRATORS: &str = concat!(
    "
    SELECT ",
    user_columns!(),
    "
      FROM users
     WHERE user_id = $1 OR (role = 'admin' AND disabled_at IS NULL)
  ORDER BY user_id",
    for_update!()
);

macro_rules! found {
    ($more:literal) => {
        concat!(
            "
    SELECT ",
            user_columns!(),
            "
      FROM users
     WHERE user_id > $1 AND (role = $2 OR $2 = '') AND ((disabled_at IS NOT NULL) = $3 OR $3 IS NULL)",
            $more,
            "
  ORDER BY user_id
     LIMIT $4"
        )
    };
}

pub(crate) const FOUND: &str = found!("");
pub(crate) const FOUND_BY_NAME: &str = found!(" AND username_key >= $5 AND username_key < $6");
pub(crate) const FOUND_BY_EMAIL: &str =
    found!(" AND username_key >= $5 AND username_key < $6 AND email_key = $7");

pub(crate) const ACCESS_OF: &str = "
    SELECT (SELECT COUNT(*) FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2),
           (SELECT COUNT(*) FROM factors WHERE user_id = $1 AND confirmed_at IS NOT NULL),
           (SELECT COUNT(*) FROM trusted_devices WHERE user_id = $1 AND expires_at > $2),
           (SELECT COUNT(*) FROM api_tokens WHERE user_id = $1 AND expires_at > $2)";

pub(crate) const SET_LOCKS: &str = "
    UPDATE users
       SET disabled_at = $1, new_password_at = $2, updated_at = $3
     WHERE user_id = $4";

pub(crate) const REVOKE_ALL_INVITATIONS_BY: &str = "
    DELETE FROM studio_invitations
     WHERE invited_by = $1";

pub(crate) const REVOKE_INVITATIONS_OF_NO_OWNER: &str = "
    DELETE FROM studio_invitations
     WHERE invited_by = $1
       AND NOT EXISTS (SELECT 1 FROM studio_members
                        WHERE studio_members.studio_id = studio_invitations.studio_id
                          AND user_id = $1 AND role = 'owner')";

impl Store<Database> {
    /// Reads an account as administrators see it.
    pub(crate) async fn account(&self, id: UserId) -> storage::Result<Option<Account>> {
        let query = sqlx::query_as(USER).bind(i64::from(id));
        query.fetch_optional(self.database.reader()).await?.map(account_from).transpose()
    }

    /// A page of the accounts that were looked for, by id, behind this one.
    pub(crate) async fn found(
        &self,
        search: &Search,
        behind: Option<UserId>,
        most: i64,
    ) -> storage::Result<Vec<Account>> {
        let statement = match search {
            Search { email: Some(_), .. } => FOUND_BY_EMAIL,
            Search { username: Some(_), .. } => FOUND_BY_NAME,
            Search { email: None, username: None, .. } => FOUND,
        };
        let mut query = sqlx::query_as(statement)
            .bind(behind.map_or(0, i64::from))
            .bind(search.role.map_or("", Role::as_str))
            .bind(search.disabled)
            .bind(most);
        if statement != FOUND {
            let from = search.username.as_deref().unwrap_or_default();
            // The last character sorts behind every one that a name has.
            query = query.bind(from.to_owned()).bind(format!("{from}{}", char::MAX));
        }
        if let Some(email) = &search.email {
            query = query.bind(Email::key(email));
        }
        let rows: Vec<UserRow> = query.fetch_all(self.database.reader()).await?;
        rows.into_iter().map(account_from).collect()
    }

    /// Counts what opens and guards an account.
    pub(crate) async fn access_of(&self, user: UserId, now: Timestamp) -> storage::Result<Access> {
        let query = sqlx::query_as(ACCESS_OF).bind(i64::from(user)).bind(At(now));
        let (sessions, factors, devices, api_tokens) =
            query.fetch_one(self.database.reader()).await?;
        Ok(Access { sessions, factors, devices, api_tokens })
    }
}

impl Tx<engine::Tx> {
    /// Reads an account, and the administrators whose accounts are enabled. No other work changes any of them until this work
    /// ends.
    pub(crate) async fn hold_with_administrators(
        &mut self,
        id: UserId,
    ) -> storage::Result<(Option<Account>, Vec<Administrator>)> {
        let query = sqlx::query_as(HOLD_WITH_ADMINISTRATORS).bind(i64::from(id));
        let rows: Vec<UserRow> = query.fetch_all(&mut *self.tx).await?;
        let accounts = rows.into_iter().map(account_from).collect::<storage::Result<Vec<_>>>()?;
        let administrators = accounts.iter().filter_map(Account::administrator).collect();
        let account = accounts.into_iter().find(|account| account.user.id == id);
        Ok((account, administrators))
    }

    /// Reads an account as administrators see it, for a change. No other work changes it until this work ends.
    pub(crate) async fn account(&mut self, id: UserId) -> storage::Result<Option<Account>> {
        let query = sqlx::query_as(USER_FOR_CHANGE).bind(i64::from(id));
        query.fetch_optional(&mut *self.tx).await?.map(account_from).transpose()
    }

    /// Locks an account, or takes its locks away.
    pub(crate) async fn set_locks(
        &mut self,
        id: UserId,
        Locks { disabled, new_password }: Locks,
        at: Timestamp,
    ) -> storage::Result<()> {
        let query = sqlx::query(SET_LOCKS).bind(disabled.map(At)).bind(new_password.map(At));
        query.bind(At(at)).bind(i64::from(id)).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Makes every invitation worthless that this account made.
    pub(crate) async fn revoke_all_invitations_by(&mut self, user: UserId) -> storage::Result<()> {
        let query = sqlx::query(REVOKE_ALL_INVITATIONS_BY).bind(i64::from(user));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Makes the invitations worthless that this account made for studios of which it is no owner.
    pub(crate) async fn revoke_invitations_of_no_owner(
        &mut self,
        user: UserId,
    ) -> storage::Result<()> {
        let query = sqlx::query(REVOKE_INVITATIONS_OF_NO_OWNER).bind(i64::from(user));
        query.execute(&mut *self.tx).await?;
        Ok(())
    }
}
