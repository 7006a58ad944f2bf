//! What the calls do: each a unit of work, begun by the doorway or by an operator.

use std::{path::Path, sync::Arc, time::Duration};

use sir0_feed::{Feed, Follower, Heard};
use sir0_kernel::{Role, SessionId, UserId};
use sir0_rpc::{Caller, Shared, acted, request_id};
use sir0_storage::{
    self as storage, Place, Step,
    copy::{Copied, CopyError},
};
use sir0_tokens::{AccessToken, Claims, EndedSessions, Mint, SigningKey, Verifier};

use crate::{
    AccountsError, Config, InvalidConfig,
    convert::{Login, Register},
    db::{AccountsDb, AccountsTx, Stored},
    domain::{Email, Password, ProfileChange, User},
    events::{AccountsEvent, SessionEnded},
    hashing::Hasher,
    operator::{
        CreateError, GrantError, announce_and_commit, change_role, insert_user, refuse_taken,
    },
};

const HOUSEKEEPING: Duration = Duration::from_mins(10);
/// How long a session is remembered after it expired.
const REMEMBERED: Duration = Duration::from_hours(24);

/// Signs tokens, checks them, and knows which sessions are over. Made before the services, which share it.
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
    feed: Feed<AccountsEvent>,
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
    /// The database that an operator opens holds no accounts.
    #[error(
        "there are no accounts in {0}: the first start of `sir0 serve` makes them there, and so does `sir0 \
        migrate`; if the server keeps them elsewhere, say so with its `--config`, `--data-dir` and variables"
    )]
    Missing(String),
    /// The tables are another service's.
    #[error("{0} is the database of another service")]
    Another(String),
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
        let (db, steps) = AccountsDb::open(&config.place(data_dir)?).await?;
        Step::tell_of_newer("accounts", &steps);
        let redis = shared.redis.clone();
        let feed =
            Feed::open("accounts", db.database(), redis, sir0_feed::Config::default()).await?;
        let accounts = Self { db, feed, hasher, trust, shared };

        // The position is read first, then the table. A session that ends in between is learnt twice, never missed.
        let follower = accounts.feed.follow(accounts.feed.head());
        accounts.learn_ended_sessions().await?;
        tokio::spawn(accounts.clone().follow_ended_sessions(follower));
        tokio::spawn(accounts.clone().keep_house());
        Ok(accounts)
    }

    /// Brings the schema up to date, and tells what was applied.
    pub async fn migrate(config: &Config, data_dir: &Path) -> storage::Result<Vec<Step>> {
        AccountsDb::migrate(&config.place(data_dir)?).await
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

    pub(crate) const fn feed(&self) -> &Feed<AccountsEvent> {
        &self.feed
    }

    /// Makes an account directly. The first administrator is made this way.
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

    /// Gives an account another role. Its sessions end, so that the next token tells the new role. An account that has
    /// the role already keeps its sessions. Answers whether it had another role.
    pub async fn grant(&self, email: &str, role: Role) -> Result<(UserId, bool), GrantError> {
        let email = Email::parse(email)?;
        let found = self.db.user_by_email(&email).await.map_err(AccountsError::from)?;
        let id = found.ok_or(GrantError::NoSuchAccount)?.user.id;
        let changed = self.shared.tasks.to_completion(self.clone().set_role(id, role)).await?;
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
        let attempt = self.hasher.attempts().to_register(request_id::client(), &email);
        let turn = self.hasher.turn(attempt).await?;
        // This check before the hashing only spares work. The insert decides.
        refuse_taken(self.db.taken(&username, &email, None).await?)?;
        let hash = turn.hash(password).await?;
        let inserting =
            insert_user(self.db.clone(), username, email, hash, role, self.shared.clock.now());
        self.shared.tasks.to_completion(inserting).await
    }

    pub(crate) async fn sign_in(
        &self,
        login: Login,
    ) -> Result<(UserId, AccessToken), AccountsError> {
        let Login { email, password } = login;
        let attempt = self.hasher.attempts().to_sign_in(request_id::client(), &email);
        let turn = self.hasher.turn(attempt).await?;
        // The database is asked only now that the turn has come, so a flood asks it no more often than it may hash.
        let stored = self.db.user_by_email(&email).await?;
        let hash = stored.as_ref().map(|stored| stored.password_hash.as_str());
        let verdict = turn.verify(password.clone(), hash).await?;

        let Some(stored) = stored.filter(|_| verdict.matches) else {
            return Err(AccountsError::InvalidCredentials);
        };
        let outdated = verdict.outdated.then_some(password);
        let accounts = self.clone();
        self.shared.tasks.to_completion(accounts.begin_session(stored, outdated)).await
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

    /// Brings an old hash up to today's cost. The person is signed in either way and waits for the answer, so at a busy
    /// moment or after a failure the old hash stays until the next sign-in.
    async fn hash_anew(&self, id: UserId, password: Password, old: &str) {
        let attempt = self.hasher.attempts().to_change(request_id::client());
        let Some(turn) = self.hasher.turn_now(attempt) else { return };
        let Ok(hash) = turn.hash(password).await else { return };
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
        self.shared.tasks.to_completion(ending).await
    }

    pub(crate) async fn change_user(
        &self,
        id: UserId,
        change: ProfileChange,
        password: Option<Password>,
        by: Caller,
    ) -> Result<(), AccountsError> {
        let hash = match password {
            Some(password) => {
                let attempt = self.hasher.attempts().to_change(request_id::client());
                Some(self.hasher.turn(attempt).await?.hash(password).await?)
            }
            None => None,
        };
        let accounts = self.clone();
        self.shared.tasks.to_completion(accounts.save_change(id, change, hash, by)).await
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
            // Every other session of the account ends. The session that changed the password stays.
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
        let changed = change_role(&self.db, id, role, self.shared.clock.now()).await?;
        if let Some(ended) = &changed {
            self.end(ended);
        }
        Ok(changed.is_some())
    }

    /// Commits the end of sessions and refuses their tokens from here on: in this process at once, in others as soon
    /// as they hear of it.
    async fn announce_and_commit(
        &self,
        tx: AccountsTx,
        ended: &[SessionEnded],
    ) -> Result<(), AccountsError> {
        announce_and_commit(tx, ended, self.shared.clock.now()).await?;
        self.end(ended);
        Ok(())
    }

    /// Refuses the tokens of sessions whose end is committed.
    fn end(&self, ended: &[SessionEnded]) {
        for event in ended {
            self.trust.ended.end(event.session, event.expires);
        }
        self.feed.ring();
    }

    async fn learn_ended_sessions(&self) -> storage::Result<()> {
        for event in self.db.ended_sessions(self.shared.clock.now()).await? {
            self.trust.ended.end(event.session, event.expires);
        }
        Ok(())
    }

    async fn follow_ended_sessions(self, mut follower: Follower<AccountsEvent>) {
        let stopping = &self.shared.stopping;
        while let Some(heard) = stopping.run_until_cancelled(follower.next()).await {
            let learnt = match heard {
                Ok(Heard::Event(event)) => {
                    let AccountsEvent::SessionEnded(SessionEnded { session, expires }) = *event;
                    self.trust.ended.end(session, expires);
                    Ok(())
                }
                Ok(Heard::Unread) => Ok(()),
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
        while self.shared.stopping.run_until_cancelled(every.tick()).await.is_some() {
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
