//! The work of an operator on accounts at the command line. It happens directly in the database, beside a server or
//! without one.
//!
//! Nothing runs in the background here. A server hears of what was done from the tables.

mod administration;
mod keys;

use std::{path::Path, sync::Arc};

use sir0_host::Configured;
use sir0_kernel::{Clock, Role, Timestamp, UserId};
use sir0_storage::{self as storage, Location, Step};

use crate::{
    Accounts, AccountsError, Config, OpenError,
    convert::accounts::new_account,
    db::AccountsDb,
    domain::{Email, Measure, Register},
    hashing::Hasher,
    work::{
        accounts::{NewUser, insert_user, refuse_taken},
        administration::change_account,
        setup::offer_setup,
    },
};

pub(crate) use administration::Done;

/// Accounts in the hands of an operator.
pub struct Operator {
    db: AccountsDb,
    hasher: Hasher,
    clock: Arc<dyn Clock>,
    place: Location,
}

impl Operator {
    /// Opens the database that these settings name. It has to hold accounts already: an operator who is in another
    /// folder, or left out a setting, would otherwise change a database that no server uses.
    pub async fn open(
        config: &Config,
        data_dir: &Path,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        config.check()?;
        let hasher = Hasher::new(&config.hashing)?;
        let place = config.location(data_dir)?;
        match place.first_step().await?.as_deref() {
            Some("accounts") => {}
            Some(_) => return Err(OpenError::Another(place.to_string())),
            None => return Err(OpenError::Missing(place.to_string())),
        }
        let (db, steps) = AccountsDb::open(&place).await?;
        Step::tell_of_newer("accounts", &steps);
        Ok(Self { db, hasher, clock, place })
    }

    /// Where the accounts are, without a password.
    #[must_use]
    pub fn place(&self) -> String {
        self.place.to_string()
    }

    /// Makes an account directly. The first administrator is made this way.
    pub async fn create(
        &self,
        username: &str,
        email: &str,
        password: &str,
        role: Role,
    ) -> Result<UserId, CreateError> {
        let Register { username, email, password, .. } =
            new_account(username, email, password, None)?;
        refuse_taken(self.db.taken(&username, &email, None).await.map_err(AccountsError::from)?)?;
        let attempt = self.hasher.attempts().to_register(None, &email);
        let turn = self.hasher.turn(attempt).await.map_err(AccountsError::from)?;
        let hash = turn.hash(password).await.map_err(AccountsError::from)?;
        let (db, at) = (self.db.clone(), self.clock.now());
        let new = NewUser { username, email, hash, role, setup: None, home: None };
        Ok(insert_user(db, new, at).await?)
    }

    /// Gives an account another role, and answers whether it had another. Its sessions end. A server hears of it at its
    /// next look at the table.
    pub async fn grant(&self, email: &str, role: Role) -> Result<(UserId, bool), GrantError> {
        let id = id_of(&self.db, email).await?;
        let measure = Measure::SetRole(role);
        let (changed, _) = change_account(&self.db, id, measure, self.clock.now()).await?;
        Ok((id, changed))
    }

    /// Makes the link of the first administrator: the path of a page, with a secret in its fragment that works once and
    /// for an hour. An earlier link works no more. `None` when there is an administrator.
    pub async fn setup_path(&self) -> storage::Result<Option<String>> {
        setup_path(&self.db, self.clock.now()).await
    }

    /// Closes the database.
    pub async fn close(self) {
        self.db.database().close().await;
    }
}

/// The account with this e-mail.
async fn id_of(db: &AccountsDb, email: &str) -> Result<UserId, GrantError> {
    let email = Email::parse(email)?;
    let found = db.user_by_email(&email).await.map_err(AccountsError::from)?;
    Ok(found.ok_or(GrantError::NoSuchAccount)?.user.id)
}

/// A browser never sends what stands behind `#`: no log and no proxy sees it.
async fn setup_path(db: &AccountsDb, now: Timestamp) -> storage::Result<Option<String>> {
    let token = offer_setup(db, now).await?;
    Ok(token.map(|token| format!("/#setup={}", token.as_str())))
}

impl Accounts {
    /// Makes the link of the first administrator, as [`Operator::setup_path`] does.
    pub async fn setup_path(&self) -> storage::Result<Option<String>> {
        setup_path(&self.db, self.shared.clock.now()).await
    }

    /// Makes an account directly, in a server that runs. The first administrator is made this way.
    pub async fn create(
        &self,
        username: &str,
        email: &str,
        password: &str,
        role: Role,
    ) -> Result<UserId, CreateError> {
        let register = new_account(username, email, password, None)?;
        Ok(self.add_user(register, role).await?)
    }

    /// Gives an account another role. Its sessions end, so that the next token tells the new role. An account that has
    /// the role already keeps its sessions. Answers whether it had another role.
    pub async fn grant(&self, email: &str, role: Role) -> Result<(UserId, bool), GrantError> {
        let id = id_of(&self.db, email).await?;
        let changed = self.shared.tasks.to_completion(self.clone().set_role(id, role)).await?;
        Ok((id, changed))
    }

    async fn set_role(self, id: UserId, role: Role) -> Result<bool, AccountsError> {
        let at = self.shared.clock.now();
        let (changed, ended) = change_account(&self.db, id, Measure::SetRole(role), at).await?;
        self.ended(&ended);
        Ok(changed)
    }
}

/// Why an operator could not make an account.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// A field of the account is bad.
    #[error(transparent)]
    Invalid(#[from] sir0_rpc::InvalidFields),
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] AccountsError),
}

/// Why an operator could not change an account.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The text is no e-mail.
    #[error("the email {0}")]
    Email(#[from] crate::domain::InvalidEmail),
    /// No account has this e-mail.
    #[error("no account has this email, register it first or use `sir0 admin create`")]
    NoSuchAccount,
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] AccountsError),
}
