//! How accounts begins and ends.

use std::sync::Arc;

use aws_lc_rs::hmac;
use sir0_feed::Feed;
use sir0_rpc::{Keys, Seal, Shared};
use sir0_storage::{self as storage, Database};

use super::{Accounts, Trust, failures::Failures, guard::Guard, lanes::Lanes};
use crate::{Config, InvalidConfig, db::AccountsDb, domain::LaneNames, hashing::Hasher};

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
    /// Learns from its database which sessions ended and who is in which studio, and begins to follow how that changes.
    pub async fn open(
        config: &Config,
        database: Database,
        trust: Trust,
        shared: Shared,
    ) -> Result<Self, OpenError> {
        config.check()?;
        let settings = config;
        let (hasher, founders) = (Hasher::new(&config.hashing)?, config.studios_founded_by);
        let db = AccountsDb::of(database);
        let names = LaneNames::under(&db.database().sealing_key().await?);
        let guard = Arc::new(Guard::new(&config.sign_in, names.clone(), shared.redis.as_ref()));
        let lanes = Arc::new(Lanes::new(names, config.sign_in.rules()));
        let (redis, clock) = (shared.redis.clone(), shared.clock.clone());
        let config = sir0_feed::Config::default();
        let feed = Feed::open("accounts", db.database(), redis, clock, config).await?;
        let keys = Keys::open(&shared, db.database(), &trust.pepper);
        let seal = Seal::new(&db.database().sealing_key().await?);
        let refreshing = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &trust.refreshing));
        let (lifetimes, events_kept) = (settings.lifetimes(), settings.events_kept());
        let accounts = Self {
            db,
            feed,
            hasher,
            lanes,
            guard,
            failures: Arc::new(Failures::default()),
            events_kept,
            founders,
            trust,
            keys,
            seal,
            lifetimes,
            issuer: settings.issuer.as_str().into(),
            refreshing,
            shared,
        };

        // The position is read first, then the table. A session that ends in between is learnt twice, never missed.
        let follower = accounts.feed.follow(accounts.feed.head());
        accounts.learn_ended_sessions().await?;
        accounts.learn_studios().await?;
        tokio::spawn(accounts.clone().follow_events(follower));
        tokio::spawn(accounts.clone().keep_tidy());
        tokio::spawn(accounts.clone().keep_keys_fresh());
        tokio::spawn(accounts.clone().keep_names_keyed());
        tokio::spawn(accounts.clone().seal_factors_anew());
        tokio::spawn(accounts.clone().keep_telling_refused());
        Ok(accounts)
    }

    /// Whether it works: its database can be read and written.
    pub async fn check(&self) -> storage::Result<()> {
        let database = self.db.database();
        sir0_rpc::pool_gauges("accounts", database.connections());
        database.check().await
    }

    /// Tells of attempts that were refused last, ends what runs in the background and closes the database.
    pub async fn close(&self) {
        self.tell_refused().await;
        self.feed.stop();
        self.db.database().close().await;
    }
}
