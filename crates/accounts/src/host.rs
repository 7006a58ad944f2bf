//! Accounts as a program runs it: what it is called, what it needs, and how it is opened, asked and closed.

mod admin;
mod key;
mod keys;
mod names;
mod password;
pub mod remote;
mod sealing;

use std::{path::Path, sync::Arc};

use sir0_contract_accounts::{
    self as contract, AccountsServiceDispatch, AccountsServiceKeyed, AdministrationServiceDispatch,
    AdministrationServiceKeyed, ApiTokensServiceDispatch, ApiTokensServiceKeyed,
    AuditServiceDispatch, GuardServiceDispatch, GuardServiceKeyed, SessionsServiceDispatch,
    SessionsServiceKeyed, StudiosServiceDispatch, StudiosServiceKeyed, accounts_service_server,
    administration_service_server, api_tokens_service_server, audit_service_server,
    guard_service_server, sessions_service_server, studios_service_server,
};
use sir0_contract_accounts_internal::{
    self as internal, FoundingServiceDispatch, TrustServiceDispatch, founding_service_server,
    trust_service_server,
};
use sir0_host::{
    Configured, Doors, Finding, FirstStep, Ground, Hosted, Identifying, KeyFile, Opened, Page,
    Service, serve,
};
use sir0_rpc::{Doorman, Founding, Peer, peer::Secret};
use sir0_settings::{Kind, Misfit, Setting};
use sir0_storage::{self as storage, Database, Location, Step};

use crate::{Accounts, Config, Trust, config::SETTINGS, db};

/// Accounts, as a program knows it.
pub static SERVICE: Service = Service {
    name: "accounts",
    about: "Who someone is and how they prove it",
    packages: &[contract::CALLS, internal::CALLS],
    settings: &[SETTINGS],
    peer: Setting::new(
        "peers.accounts",
        "SIR0_ACCOUNTS_URL",
        Kind::Peer,
        "where accounts is, for a storefront or an edge that runs apart",
    ),
    read: sir0_host::read::<Config>,
    tables: &db::MIGRATIONS,
    pages: &[KEY_SET],
    hints: &[],
    identifying: Some(Identifying {
        reason: "it tells which keys and sessions are good",
        secret: "a storefront shows what is in it to hear which keys and sessions are good",
        shown: "accounts answers only those who show what is in it",
    }),
    has_demo: false,
    commands: &[admin::COMMAND, keys::COMMAND],
    describe_metrics,
};

/// The page with the keys that verify tokens (RFC 7517).
const KEY_SET: &str = "/.well-known/jwks.json";

/// Takes over the keys in the database.
async fn trust(config: &Config, ground: &Ground, database: &Database) -> anyhow::Result<Trust> {
    let known = db::AccountsDb::of(database.clone()).signing_keys().await?;
    let has_sealed = known.0.iter().any(|key| key.private.is_some());
    let vault = sealing::open(config, &ground.data_dir, has_sealed)?;
    let file = key::look_at(config, &ground.data_dir)?;
    Ok(Trust::open(config, database, vault, file, ground.clock.now()).await?)
}

fn describe_metrics() {
    metrics::describe_counter!("sir0_logins_total", "Attempts to sign in, by how they ended");
    metrics::describe_counter!(
        "sir0_refreshes_total",
        "Refresh tokens that were shown, by how it ended"
    );
    metrics::describe_counter!(
        "sir0_refresh_tokens_replayed_total",
        "Refresh tokens that were shown after the next one had been used: their sessions were ended"
    );
    metrics::describe_counter!(
        "sir0_lanes_shut_total",
        "Times that an account was shut after wrong passwords in a row, by where they came from"
    );
    metrics::describe_gauge!(
        "sir0_trust_age_seconds",
        metrics::Unit::Seconds,
        "How long ago accounts said that nothing is missing of what it tells about sessions"
    );
}

#[tonic::async_trait]
impl Configured for Config {
    fn service(&self) -> &'static Service {
        &SERVICE
    }

    fn check(&self) -> Result<(), Misfit> {
        Self::check(self)
            .map_err(|fault| Misfit { path: fault.key.to_owned(), reason: fault.to_string() })
    }

    fn database(&self) -> storage::DatabaseConfig<'_> {
        storage::DatabaseConfig {
            url: self.database.as_deref(),
            password_file: self.database_password_file.as_deref(),
            connections: self.database_connections,
        }
    }

    fn key_files(&self, data_dir: &Path) -> Vec<KeyFile> {
        let signing = KeyFile {
            what: "signing key",
            path: key::path(self, data_dir),
            name: key::NAME,
            is_in_data_dir: self.signing_key.is_none(),
        };
        let has_signing = self.signing_key.is_some() || signing.path.exists();
        let sealing = sealing::path(self, data_dir).map(|path| KeyFile {
            what: "sealing key",
            path,
            name: sealing::NAME,
            is_in_data_dir: self.sealing_key.is_none(),
        });
        // Where there is a signing key, a version that sealed nothing may have been the last one to run.
        let sealing =
            sealing.filter(|key| !has_signing || !key.is_in_data_dir || key.path.exists());
        sealing.into_iter().chain(has_signing.then_some(signing)).collect()
    }

    fn examine(&self, data_dir: &Path) -> Vec<(&'static str, Finding)> {
        let file = key::examine(self, data_dir).map(|found| ("signing key", found));
        file.into_iter().chain([("sealing key", sealing::examine(self, data_dir))]).collect()
    }

    async fn migrate(&self, location: &Location) -> storage::Result<Vec<Step>> {
        let (db, steps) = db::AccountsDb::open(location).await?;
        let keyed = db.key_names().await;
        db.database().close().await;
        keyed.map(|_| steps)
    }

    async fn inspect(
        &self,
        location: &Location,
        data_dir: &Path,
    ) -> storage::Result<Vec<(&'static str, Finding)>> {
        // It has every step already, so that nothing is applied.
        let (db, _) = db::AccountsDb::open(location).await?;
        let sharing = db.sharing_a_name(names::LISTED).await;
        let keys = sealing::inspect(self, data_dir, &db).await;
        db.database().close().await;
        let names = names::examine(&sharing?).map(|found| ("names", found));
        Ok(names.into_iter().chain([("keys", keys?)]).collect())
    }

    async fn open(&self, ground: Ground, database: Database) -> anyhow::Result<Opened> {
        let trust = trust(self, &ground, &database).await?;
        let (verifier, ended) = (trust.verifier.clone(), trust.ended.clone());
        let mut doorman =
            Doorman::new(verifier, ended, Arc::clone(&ground.clock)).knowing(trust.studios.clone());
        if let Some(secret) = &ground.secret {
            doorman = doorman.admitting_peers(Arc::clone(secret));
        }
        let shared = ground.shared_with(doorman.clone());
        let accounts = Accounts::open(self, database, trust, shared).await?;
        let accounts = Arc::new(accounts);
        let founding: Arc<dyn Founding> = Arc::clone(&accounts) as _;
        Ok(Opened { hosted: accounts, doorman: Some(doorman.founding_by(founding)) })
    }

    fn follow(&self, peer: Peer, secret: Arc<Secret>, ground: &Ground) -> Option<Doorman> {
        Some(remote::follow(self, peer, secret, ground))
    }
}

#[tonic::async_trait]
impl Hosted for Accounts {
    fn serve(&self, doors: &mut Doors) {
        serve!(
            doors,
            accounts_service_server::AccountsServiceServer,
            AccountsServiceDispatch,
            self.clone(),
            AccountsServiceKeyed by self.keys.clone()
        );
        serve!(
            doors,
            administration_service_server::AdministrationServiceServer,
            AdministrationServiceDispatch,
            self.clone(),
            AdministrationServiceKeyed by self.keys.clone()
        );
        serve!(
            doors,
            api_tokens_service_server::ApiTokensServiceServer,
            ApiTokensServiceDispatch,
            self.clone(),
            ApiTokensServiceKeyed by self.keys.clone()
        );
        serve!(
            doors,
            sessions_service_server::SessionsServiceServer,
            SessionsServiceDispatch,
            self.clone(),
            SessionsServiceKeyed by self.keys.clone()
        );
        serve!(
            doors,
            guard_service_server::GuardServiceServer,
            GuardServiceDispatch,
            self.clone(),
            GuardServiceKeyed by self.keys.clone()
        );
        serve!(
            doors,
            studios_service_server::StudiosServiceServer,
            StudiosServiceDispatch,
            self.clone(),
            StudiosServiceKeyed by self.keys.clone()
        );
        serve!(doors, audit_service_server::AuditServiceServer, AuditServiceDispatch, self.clone());
        serve!(
            doors,
            founding_service_server::FoundingServiceServer,
            FoundingServiceDispatch,
            self.clone()
        );
        serve!(doors, trust_service_server::TrustServiceServer, TrustServiceDispatch, self.clone());
    }

    fn pages(&self) -> Vec<Page> {
        vec![Page {
            path: KEY_SET,
            content_type: "application/jwk-set+json",
            cache_control: "public, max-age=300",
            text: {
                let trust = self.trust.clone();
                Arc::new(move || trust.jwks())
            },
        }]
    }

    async fn check(&self) -> storage::Result<()> {
        Self::check(self).await
    }

    async fn first_step(&self) -> anyhow::Result<Option<FirstStep>> {
        let why = "Make yourself the administrator in the browser (once, within an hour):";
        Ok(self.setup_path().await?.map(|path| FirstStep { why, path }))
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}
