//! Accounts: read, made and changed.

use sir0_contract_accounts::calls::accounts_service as calls;
use sir0_kernel::{Role, Timestamp, UserId};
use sir0_rpc::{Caller, acted, request_id};
use sir0_storage::{self as storage, once::Answer};

use super::{
    Accounts,
    audit::{done_by, happened, record},
    guard::At,
    passwords::Asked,
    sessions::{announce, ended_by},
};
use crate::{
    AccountsError,
    db::{AccountsDb, Taken},
    domain::{
        Details, DetailsChange, Email, Kind, Place, ProfileChange, Register, UpdateUser, User,
        Username, is_fresh,
    },
};

impl Accounts {
    /// Reads an account.
    pub(crate) async fn user(&self, id: UserId) -> Result<User, AccountsError> {
        self.db.user(id).await?.ok_or(AccountsError::UserNotFound(id))
    }

    /// What the owner of an account told.
    pub(crate) async fn details(&self, id: UserId) -> Result<Details, AccountsError> {
        Ok(self.db.details(id).await?)
    }

    /// Makes an account.
    pub(crate) async fn add_user(
        &self,
        register: Register,
        role: Role,
    ) -> Result<UserId, AccountsError> {
        let Register { username, email, password, setup } = register;
        let (role, setup) = match setup {
            Some(setup) => (Role::Admin, Some(setup.hash())),
            None => (role, None),
        };
        self.guard.pass(calls::REGISTER, At::NoOne, None).await?;
        let attempt = self.hasher.attempts().to_register(request_id::client(), &email);
        let turn = self.hasher.turn(attempt).await?;
        // These checks before the hashing only spare work. The unit of work decides.
        if let Some(link) = &setup
            && !self.db.is_setup(link, self.shared.clock.now()).await?
        {
            return Err(AccountsError::SetupRefused);
        }
        refuse_taken(self.db.taken(&username, &email, None).await?)?;
        let hash = turn.hash(password).await?;
        let home = self.home(&email, request_id::client());
        let new = NewUser { username, email, hash, role, setup, home };
        let inserting = insert_user(self.db.clone(), new, self.shared.clock.now());
        let added = self.shared.tasks.to_completion(inserting).await?;
        self.feed.ring();
        Ok(added)
    }

    /// Changes the profile of an account, its password, or both.
    pub(crate) async fn change_user<A: Answer + Send + 'static>(
        &self,
        by: Caller,
        UpdateUser { id, change, details, password, proof }: UpdateUser,
        answer: impl Fn() -> A + Send + Sync + 'static,
    ) -> Result<A, AccountsError> {
        // Terms are accepted by the owner alone.
        if details.terms.is_some() && by.user != id {
            return Err(AccountsError::NotYours);
        }
        if password.is_some() && by.user != id {
            return Err(AccountsError::UseReset);
        }
        let is_proved = proof.is_some();
        if let Some(proof) = proof {
            self.must_prove(calls::UPDATE_USER, by, proof, Asked::Password).await?;
        }
        let hash = match password {
            Some(password) => {
                self.guard.pass(calls::UPDATE_USER, At::User(by.user), None).await?;
                let attempt = self.hasher.attempts().to_change(request_id::client());
                Some(self.hasher.turn(attempt).await?.hash(password).await?)
            }
            None => None,
        };
        let saving = self.clone().save_change((by, is_proved), id, (change, details), hash, answer);
        self.shared.tasks.to_completion(saving).await
    }

    async fn save_change<A: Answer>(
        self,
        (by, is_proved): (Caller, bool),
        id: UserId,
        (change, details): (ProfileChange, DetailsChange),
        hash: Option<String>,
        answer: impl Fn() -> A,
    ) -> Result<A, AccountsError> {
        let at = self.shared.clock.now();
        let mut wanted = None;
        let saving = self.db.once(
            |_| answer(),
            async |tx| {
                let mut user = tx.user(id).await?.ok_or(AccountsError::UserNotFound(id))?;
                let mut changed = user.change(change);
                if !changed.is_empty() {
                    let user = wanted.insert(user);
                    tx.save_user(user, at).await?;
                }
                let mut told = tx.details(id).await?;
                let more = told.change(details, at);
                if !more.is_empty() {
                    tx.save_details(id, &told).await?;
                    changed.extend(more);
                }
                if let Some(hash) = &hash {
                    tx.set_password(id, hash, at).await?;
                    tx.drop_reset(id).await?;
                }
                let mut ended = Vec::new();
                if hash.is_some() || changed.contains(&"email") {
                    if !is_proved && !is_fresh(by.signed_in, at) && tx.count_factors(id).await? > 0
                    {
                        return Err(AccountsError::ProofRequired);
                    }
                    tx.forget_devices_of(id).await?;
                    // Who knew the old ones is signed out everywhere else. The session that made the change stays,
                    // and so do machines: their owner sees in the list of API tokens what there is to revoke.
                    ended = tx.end_sign_ins_of(id, Some(by.session), at).await?;
                }
                announce(tx, &ended, at).await?;
                let kinds = changed.iter().filter_map(|field| kind_of(field));
                for kind in kinds.chain(hash.is_some().then_some(Kind::PASSWORD_CHANGED)) {
                    record(tx, done_by(&by, kind, at).about(id)).await?;
                }
                if !ended.is_empty() {
                    record(tx, ended_by(&by, id, &ended, at)).await?;
                }
                Ok((changed, ended))
            },
        );
        let (answer, (changed, ended)) = match (saving.await, wanted) {
            (Err(AccountsError::Database(storage::Error::Taken(cause))), Some(user)) => {
                refuse_taken(self.db.taken(&user.username, &user.email, Some(id)).await?)?;
                return Err(storage::Error::Taken(cause).into());
            }
            (saved, _) => saved?,
        };
        self.ended(&ended);
        let changed: Vec<_> = changed.into_iter().chain(hash.map(|_| "password")).collect();
        if !changed.is_empty() {
            let fields = changed.join(", ");
            acted!(
                by.role,
                { user.id = %by.user, account.id = %id, fields },
                "the account of user {id} was changed"
            );
        }
        Ok(answer)
    }
}

/// What a change to a field of an account is called.
fn kind_of(field: &str) -> Option<Kind> {
    match field {
        "username" => Some(Kind::USERNAME_CHANGED),
        "email" => Some(Kind::EMAIL_CHANGED),
        _ => None,
    }
}

/// An account that is to be.
pub(crate) struct NewUser {
    pub(crate) username: Username,
    pub(crate) email: Email,
    /// Of the password.
    pub(crate) hash: String,
    pub(crate) role: Role,
    /// The hash of the link that is used up with it.
    pub(crate) setup: Option<Vec<u8>>,
    /// The address that it is made from.
    pub(crate) home: Option<Place>,
}

/// Writes a new account, unless another account has its name or its e-mail, or its link is not good.
pub(crate) async fn insert_user(
    db: AccountsDb,
    new: NewUser,
    at: Timestamp,
) -> Result<UserId, AccountsError> {
    let NewUser { username, email, hash, role, setup, home } = new;
    let inserting = db.unit(async |tx| {
        if let Some(link) = &setup
            && !tx.use_setup(link, at).await?
        {
            return Err(AccountsError::SetupRefused);
        }
        let id = tx.add_user(&username, &email, &hash, role, at).await?;
        if let Some(home) = &home {
            tx.know_lane(home, at).await?;
        }
        record(tx, happened(Kind::ACCOUNT_ADDED, at).about(id).with(&role)).await?;
        if setup.is_some() {
            record(tx, happened(Kind::SETUP_USED, at).about(id)).await?;
        }
        Ok(id)
    });
    match inserting.await {
        Ok(id) => {
            acted!(role, { user.id = %id, role = %role }, "user {id} was added as {role}");
            Ok(id)
        }
        Err(AccountsError::Database(storage::Error::Taken(cause))) => {
            refuse_taken(db.taken(&username, &email, None).await?)?;
            // The name or the e-mail was taken, and became free before this look at the table.
            Err(storage::Error::Taken(cause).into())
        }
        Err(error) => Err(error),
    }
}

/// Refuses when another account has one of the two names.
pub(crate) fn refuse_taken(taken: Taken) -> Result<(), AccountsError> {
    match taken {
        Taken { username: true, .. } => Err(AccountsError::UsernameTaken),
        Taken { email: true, .. } => Err(AccountsError::EmailTaken),
        Taken { username: false, email: false } => Ok(()),
    }
}
