//! What the calls do: each a unit of work, begun by the doorway or by an operator.

use std::{path::Path, sync::Arc, time::Duration};

use sir0_feed::{Feed, Heard};
use sir0_kernel::{Role, SessionId, UserId};
use sir0_rpc::{Caller, Shared, acted};
use sir0_storage::{
    self as storage, Place, Step,
    copy::{Copied, CopyError},
};
use sir0_tokens::{AccessToken, Claims, EndedSessions, Mint, SigningKey, Verifier};

use crate::{
    AccountsError, Config, InvalidConfig,
    convert::{Login, Register},
    db::{AccountsDb, Stored, Taken},
    domain::{Email, Password, ProfileChange, User, Username},
    events::SessionEnded,
    hashing::Hasher,
};

const HOUSEKEEPING: Duration = Duration::from_mins(10);
/// How long a session is remembered after it expired.
const REMEMBERED: Duration = Duration::from_hours(24);

/// Who can sign tokens, who can check them, and which are over. Made before the services, which share it.
#[derive(Clone)]
pub struct Trust {
    mint: Arc<Mint>,
    /// Checks tokens.
    pub verifier: Verifier,
    /// Knows which sessions ended.
    pub ended: EndedSessions,
}

impl Trust {
    /// Signs with this key, as these settings say. No session has ended yet; [`Accounts::open`] learns which have.
    #[must_use]
    pub fn new(key: SigningKey, config: &Config) -> Self {
        let Config { issuer, audience, session_lifetime, .. } = config;
        let verifier = Verifier::new(key.key_set(), issuer, audience);
        let mint = Mint::new(key, issuer.clone(), audience.clone(), *session_lifetime);
        Self { mint: Arc::new(mint), verifier, ended: EndedSessions::default() }
    }
}

/// The accounts service. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    db: AccountsDb,
    feed: Feed<SessionEnded>,
    hasher: Hasher,
    trust: Trust,
    shared: Shared,
}

/// Why accounts cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting is out of bounds.
    #[error(transparent)]
    Config(#[from] InvalidConfig),
    /// The database cannot be opened.
    #[error("the accounts database cannot be opened")]
    Database(#[from] storage::Error),
}

impl Accounts {
    /// Opens the database, learns which sessions ended, and begins to follow which end.
    pub async fn open(
        config: &Config,
        data_dir: &Path,
        trust: Trust,
        shared: Shared,
    ) -> Result<Self, OpenError> {
        config.check()?;
        let hasher = Hasher::new(&config.hashing)?;
        let (db, _steps) = AccountsDb::open(&config.place(data_dir)?).await?;
        let redis = shared.redis.clone();
        let feed =
            Feed::open("accounts", db.database(), redis, sir0_feed::Config::default()).await?;
        let accounts = Self { db, feed, hasher, trust, shared };

        // The position first, then the table: a session that ends in between is learnt twice, never missed.
        let follower = accounts.feed.follow(accounts.feed.head());
        accounts.learn_ended_sessions().await?;
        tokio::spawn(accounts.clone().follow_ended_sessions(follower));
        tokio::spawn(accounts.clone().keep_house());
        Ok(accounts)
    }

    /// Brings the schema up to date, and tells what was applied.
    pub async fn migrate(config: &Config, data_dir: &Path) -> storage::Result<Vec<Step>> {
        let (db, steps) = AccountsDb::open(&config.place(data_dir)?).await?;
        db.database().close().await;
        Ok(steps)
    }

    /// Tells which steps the schema has, and changes nothing.
    pub async fn inspect(config: &Config, data_dir: &Path) -> storage::Result<Vec<Step>> {
        AccountsDb::inspect(&config.place(data_dir)?).await
    }

    /// Copies a database of accounts into an empty one, and proves that everything arrived.
    pub async fn copy(from: &Place, to: &Place) -> Result<Vec<Copied>, CopyError> {
        AccountsDb::copy(from, to).await
    }

    /// Whether it works: its database can be read and written.
    pub async fn check(&self) -> storage::Result<()> {
        let database = self.db.database();
        sir0_rpc::pool_gauges("accounts", database.connections());
        database.check().await
    }

    /// Ends what runs in the background and closes the database.
    pub async fn close(&self) {
        self.feed.stop();
        self.db.database().close().await;
    }

    pub(crate) const fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) const fn verifier(&self) -> &Verifier {
        &self.trust.verifier
    }

    /// The keys to verify tokens with, as other services read them.
    pub(crate) fn jwks(&self) -> String {
        self.trust.mint.key().jwks()
    }

    pub(crate) const fn db(&self) -> &AccountsDb {
        &self.db
    }

    pub(crate) const fn feed(&self) -> &Feed<SessionEnded> {
        &self.feed
    }

    /// Makes an account straight away: how the first administrator comes to be.
    pub async fn create(
        &self,
        username: &str,
        email: &str,
        password: &str,
        role: Role,
    ) -> Result<UserId, CreateError> {
        let register = Register::parse(username, email, password)?;
        Ok(self.add_user(register, role).await?)
    }

    /// Gives an account another role. Its sessions end, so that the next token tells the new one. An account that has
    /// the role already keeps its sessions; answers whether it had another.
    pub async fn grant(&self, email: &str, role: Role) -> Result<(UserId, bool), GrantError> {
        let email = Email::parse(email)?;
        let found = self.db.user_by_email(&email).await.map_err(AccountsError::from)?;
        let id = found.ok_or(GrantError::NoSuchAccount)?.user.id;
        let changed = self.shared.work.to_the_end(self.clone().set_role(id, role)).await?;
        Ok((id, changed))
    }

    pub(crate) async fn user(&self, id: UserId) -> Result<User, AccountsError> {
        self.db.user(id).await?.ok_or(AccountsError::UserNotFound(id))
    }

    pub(crate) async fn add_user(
        &self,
        register: Register,
        role: Role,
    ) -> Result<UserId, AccountsError> {
        let Register { username, email, password } = register;
        // Asked before hashing, to spare the work, and decided by the insert.
        refuse_taken(self.db.taken(&username, &email, None).await?)?;
        let hash = self.hasher.hash(password).await?;
        let accounts = self.clone();
        self.shared.work.to_the_end(accounts.insert_user(username, email, hash, role)).await
    }

    async fn insert_user(
        self,
        username: Username,
        email: Email,
        hash: String,
        role: Role,
    ) -> Result<UserId, AccountsError> {
        let mut tx = self.db.begin().await?;
        match tx.add_user(&username, &email, &hash, role, self.shared.clock.now()).await {
            Ok(id) => {
                tx.commit().await?;
                acted!(role, { user.id = %id, role = %role }, "user {id} was added as {role}");
                Ok(id)
            }
            Err(storage::Error::Taken(cause)) => {
                drop(tx);
                refuse_taken(self.db.taken(&username, &email, None).await?)?;
                // Taken, and free again before we could ask by whom.
                Err(storage::Error::Taken(cause).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn sign_in(
        &self,
        login: Login,
    ) -> Result<(UserId, AccessToken), AccountsError> {
        let Login { email, password } = login;
        let stored = self.db.user_by_email(&email).await?;
        let hash = stored.as_ref().map(|stored| stored.password_hash.as_str());
        let verdict = self.hasher.verify(password.clone(), hash).await?;

        let Some(stored) = stored.filter(|_| verdict.matches) else {
            return Err(AccountsError::InvalidCredentials);
        };
        let outdated = verdict.outdated.then_some(password);
        let accounts = self.clone();
        self.shared.work.to_the_end(accounts.begin_session(stored, outdated)).await
    }

    async fn begin_session(
        self,
        stored: Stored,
        outdated: Option<Password>,
    ) -> Result<(UserId, AccessToken), AccountsError> {
        let now = self.shared.clock.now();
        let user = &stored.user;
        let session = SessionId::fresh(now);
        let token = self.trust.mint.mint(user.id, user.role, session, now);

        let mut tx = self.db.begin().await?;
        if !tx.begin_session(session, &stored, now, token.expires).await? {
            return Err(AccountsError::InvalidCredentials);
        }
        tx.commit().await?;
        acted!(user.role, { user.id = %user.id }, "user {} signed in", user.id);

        if let Some(password) = outdated {
            self.hash_anew(user.id, password, &stored.password_hash).await;
        }
        Ok((user.id, token))
    }

    /// Brings an old hash up to today's cost. The person is signed in either way, so a failure waits for next time.
    async fn hash_anew(&self, id: UserId, password: Password, old: &str) {
        let Ok(hash) = self.hasher.hash(password).await else { return };
        let renewed = async {
            let mut tx = self.db.begin().await?;
            tx.refresh_hash(id, &hash, old).await?;
            tx.commit().await
        };
        if let Err(error) = renewed.await {
            tracing::warn!(user.id = %id, error = &error as &dyn std::error::Error, "a hash could not be renewed");
        }
    }

    pub(crate) async fn end_session(&self, claims: Claims) -> Result<(), AccountsError> {
        let Claims { user: id, role, session, .. } = claims;
        let accounts = self.clone();
        let ending = async move {
            let at = accounts.shared.clock.now();
            let mut tx = accounts.db.begin().await?;
            let ended = tx.end_session(session, at).await?;
            accounts.announce_and_commit(tx, ended.as_slice()).await?;
            if ended.is_some() {
                acted!(role, { user.id = %id }, "user {id} signed out");
            }
            Ok(())
        };
        self.shared.work.to_the_end(ending).await
    }

    pub(crate) async fn change_user(
        &self,
        id: UserId,
        change: ProfileChange,
        password: Option<Password>,
        by: Caller,
    ) -> Result<(), AccountsError> {
        let hash = match password {
            Some(password) => Some(self.hasher.hash(password).await?),
            None => None,
        };
        let accounts = self.clone();
        self.shared.work.to_the_end(accounts.save_change(id, change, hash, by)).await
    }

    async fn save_change(
        self,
        id: UserId,
        change: ProfileChange,
        hash: Option<String>,
        by: Caller,
    ) -> Result<(), AccountsError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let mut user = tx.user(id).await?.ok_or(AccountsError::UserNotFound(id))?;
        let changed = user.change(change);
        if !changed.is_empty() {
            match tx.save_user(&user, at).await {
                Err(storage::Error::Taken(cause)) => {
                    drop(tx);
                    refuse_taken(self.db.taken(&user.username, &user.email, Some(id)).await?)?;
                    return Err(storage::Error::Taken(cause).into());
                }
                saved => saved?,
            }
        }
        let mut ended = Vec::new();
        if let Some(hash) = &hash {
            tx.set_password(id, hash, at).await?;
            // Whoever knew the old password is signed out; the person who changed it is not.
            ended = tx.end_sessions_of(id, Some(by.session), at).await?;
        }
        self.announce_and_commit(tx, &ended).await?;
        let changed: Vec<_> = changed.into_iter().chain(hash.map(|_| "password")).collect();
        if !changed.is_empty() {
            let fields = changed.join(", ");
            acted!(
                by.role,
                { user.id = %by.user, account.id = %id, fields },
                "the account of user {id} was changed"
            );
        }
        Ok(())
    }

    async fn set_role(self, id: UserId, role: Role) -> Result<bool, AccountsError> {
        let at = self.shared.clock.now();
        let mut tx = self.db.begin().await?;
        let user = tx.user(id).await?.ok_or(AccountsError::UserNotFound(id))?;
        if user.role == role {
            return Ok(false);
        }
        tx.save_user(&User { role, ..user }, at).await?;
        let ended = tx.end_sessions_of(id, None, at).await?;
        self.announce_and_commit(tx, &ended).await?;
        acted!(Role::Admin, { user.id = %id, role = %role }, "an operator made user {id} {role}");
        Ok(true)
    }

    /// Commits the end of sessions and refuses their tokens from here on: in this process at once, in others as soon
    /// as they hear of it.
    async fn announce_and_commit(
        &self,
        mut tx: crate::db::AccountsTx,
        ended: &[SessionEnded],
    ) -> Result<(), AccountsError> {
        let at = self.shared.clock.now();
        for event in ended {
            tx.announce(event, at).await?;
        }
        tx.commit().await?;
        for event in ended {
            self.trust.ended.end(event.session, event.expires);
        }
        self.feed.ring();
        Ok(())
    }

    async fn learn_ended_sessions(&self) -> storage::Result<()> {
        for event in self.db.ended_sessions(self.shared.clock.now()).await? {
            self.trust.ended.end(event.session, event.expires);
        }
        Ok(())
    }

    async fn follow_ended_sessions(self, mut follower: sir0_feed::Follower<SessionEnded>) {
        loop {
            let heard = tokio::select! {
                heard = follower.next() => heard,
                () = self.shared.stopping.cancelled() => return,
            };
            let learnt = match heard {
                Ok(Heard::Event(event)) => {
                    self.trust.ended.end(event.session, event.expires);
                    Ok(())
                }
                Ok(Heard::Lost) => self.learn_ended_sessions().await,
                Err(error) => Err(error),
            };
            if let Err(error) = learnt {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "ended sessions could not be read, trying again"
                );
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }

    async fn keep_house(self) {
        let mut every = tokio::time::interval(HOUSEKEEPING);
        loop {
            tokio::select! {
                _ = every.tick() => {}
                () = self.shared.stopping.cancelled() => return,
            }
            let now = self.shared.clock.now();
            self.trust.ended.forget_expired(now);
            let forgotten = async {
                let mut tx = self.db.begin().await?;
                tx.forget_sessions(now.before(REMEMBERED)).await?;
                tx.commit().await
            };
            if let Err(error) = forgotten.await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "old sessions could not be forgotten"
                );
            }
        }
    }
}

/// Why an operator could not make an account.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Something about it is not right.
    #[error(transparent)]
    Invalid(#[from] sir0_rpc::InvalidFields),
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] AccountsError),
}

/// Why an operator could not give a role.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// What was given is no e-mail.
    #[error("the email {0}")]
    Email(#[from] crate::domain::InvalidEmail),
    /// Nobody signs in with it.
    #[error("no account has this email, register it first or use `sir0 admin create`")]
    NoSuchAccount,
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] AccountsError),
}

fn refuse_taken(taken: Taken) -> Result<(), AccountsError> {
    match taken {
        Taken { username: true, .. } => Err(AccountsError::UsernameTaken),
        Taken { email: true, .. } => Err(AccountsError::EmailTaken),
        Taken { username: false, email: false } => Ok(()),
    }
}
