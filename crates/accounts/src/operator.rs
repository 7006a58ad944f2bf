//! The work of an operator on accounts at the command line. It happens directly in the database, beside a server or
//! without one.
//!
//! Nothing runs in the background here and no key is needed. A server hears of what was done from the table of events.

use std::{path::Path, sync::Arc};

use sir0_kernel::{Clock, Role, Timestamp, UserId};
use sir0_rpc::acted;
use sir0_storage::{self as storage, Place, Step};

use crate::{
    AccountsError, Config, OpenError,
    convert::Register,
    db::{AccountsDb, AccountsTx, Taken},
    domain::{Email, User, Username},
    events::SessionEnded,
    hashing::Hasher,
};

/// Accounts in the hands of an operator.
pub struct Operator {
    db: AccountsDb,
    hasher: Hasher,
    clock: Arc<dyn Clock>,
    place: Place,
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
        let place = config.place(data_dir)?;
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
        let Register { username, email, password } = Register::parse(username, email, password)?;
        refuse_taken(self.db.taken(&username, &email, None).await.map_err(AccountsError::from)?)?;
        let attempt = self.hasher.attempts().to_register(None, &email);
        let turn = self.hasher.turn(attempt).await.map_err(AccountsError::from)?;
        let hash = turn.hash(password).await.map_err(AccountsError::from)?;
        let (db, at) = (self.db.clone(), self.clock.now());
        Ok(insert_user(db, username, email, hash, role, at).await?)
    }

    /// Gives an account another role, and answers whether it had another. Its sessions end. A server hears of it at its
    /// next look at the table.
    pub async fn grant(&self, email: &str, role: Role) -> Result<(UserId, bool), GrantError> {
        let email = Email::parse(email)?;
        let found = self.db.user_by_email(&email).await.map_err(AccountsError::from)?;
        let id = found.ok_or(GrantError::NoSuchAccount)?.user.id;
        let changed = change_role(&self.db, id, role, self.clock.now()).await?;
        Ok((id, changed.is_some()))
    }

    /// Closes the database.
    pub async fn close(self) {
        self.db.database().close().await;
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

/// Why an operator could not give a role.
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

/// Writes a new account, unless another account has its name or its e-mail.
pub(crate) async fn insert_user(
    db: AccountsDb,
    username: Username,
    email: Email,
    hash: String,
    role: Role,
    at: Timestamp,
) -> Result<UserId, AccountsError> {
    let mut tx = db.begin().await?;
    match tx.add_user(&username, &email, &hash, role, at).await {
        Ok(id) => {
            tx.commit().await?;
            acted!(role, { user.id = %id, role = %role }, "user {id} was added as {role}");
            Ok(id)
        }
        Err(storage::Error::Taken(cause)) => {
            drop(tx);
            refuse_taken(db.taken(&username, &email, None).await?)?;
            // The name or the e-mail was taken, and became free before this look at the table.
            Err(storage::Error::Taken(cause).into())
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes another role and ends every session, because tokens carry the role. Answers with the sessions that ended;
/// `None` when the account has the role already.
pub(crate) async fn change_role(
    db: &AccountsDb,
    id: UserId,
    role: Role,
    at: Timestamp,
) -> Result<Option<Vec<SessionEnded>>, AccountsError> {
    let mut tx = db.begin().await?;
    let user = tx.user(id).await?.ok_or(AccountsError::UserNotFound(id))?;
    if user.role == role {
        return Ok(None);
    }
    tx.save_user(&User { role, ..user }, at).await?;
    let ended = tx.end_sessions_of(id, None, at).await?;
    announce_and_commit(tx, &ended, at).await?;
    acted!(Role::Admin, { user.id = %id, role = %role }, "an operator made user {id} {role}");
    Ok(Some(ended))
}

/// Commits the end of sessions, with the events that tell of it.
pub(crate) async fn announce_and_commit(
    mut tx: AccountsTx,
    ended: &[SessionEnded],
    at: Timestamp,
) -> Result<(), AccountsError> {
    for event in ended {
        tx.announce(event, at).await?;
    }
    Ok(tx.commit().await?)
}

/// Refuses when another account has one of the two names.
pub(crate) fn refuse_taken(taken: Taken) -> Result<(), AccountsError> {
    match taken {
        Taken { username: true, .. } => Err(AccountsError::UsernameTaken),
        Taken { email: true, .. } => Err(AccountsError::EmailTaken),
        Taken { username: false, email: false } => Ok(()),
    }
}
