//! The services of this process: which are opened, from what, and what they share. Every call into a service that is
//! not a call of the contract stands here. An operator's commands open what they need themselves.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use sir0_accounts::{Accounts, Trust};
use sir0_kernel::{Clock, SystemClock};
use sir0_redis::Redis;
use sir0_rpc::{
    Doorman, Peer, Shared, TrustAge, Work,
    peer::{self, Secret},
};
use sir0_storage::{
    Place, Serving,
    private::{self, Reach},
};
use sir0_storefront::Storefront;
use sir0_tokens::{EndedSessions, Keys, Readers, SigningKey, Verifier};
use tokio_util::sync::CancellationToken;

use crate::{
    Config, Parts,
    afar::Afar,
    cli::Service,
    config::Peers,
    health::Patient,
    parts::Part,
    trust::{Hearsay, follow_accounts},
};

/// The services of this process, and what they share.
pub(crate) struct Services {
    pub(crate) accounts: Option<Accounts>,
    pub(crate) storefront: Option<Storefront>,
    /// The services that run elsewhere and whose health this process tells.
    afar: Vec<Afar>,
    /// Identifies callers. `None` in a process that identifies none.
    pub(crate) doorman: Option<Doorman>,
    redis: Option<Redis>,
    /// The public keys that verify tokens, in the process that makes tokens.
    pub(crate) jwks: Option<String>,
    pub(crate) work: Work,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stopping: CancellationToken,
    /// The right to serve the files of this process, for as long as it lives.
    serving: Vec<Serving>,
}

impl Services {
    /// Opens the services, once no other process serves their files.
    pub(crate) async fn open(config: &Config, parts: Parts) -> anyhow::Result<Self> {
        let mut services = Self {
            accounts: None,
            storefront: None,
            afar: Vec::new(),
            doorman: None,
            redis: None,
            jwks: None,
            work: Work::default(),
            clock: Arc::new(SystemClock),
            stopping: CancellationToken::new(),
            serving: Vec::new(),
        };
        if config.keeps_files(parts) {
            close_data_folder(config)?;
        }
        for (service, place, _) in each_place(config) {
            if parts.include(service.part()) {
                services.serving.extend(place?.serve().await?);
            }
        }
        if config.redis.url.is_some() && parts.alone() != Some(Part::Edge) {
            services.redis = Some(Redis::open(&config.redis).context("redis cannot be used")?);
        }
        match parts.alone() {
            None => {
                let shared = services.open_accounts(config).await?;
                services.open_storefront(config, shared).await?;
            }
            Some(Part::Accounts) => drop(services.open_accounts(config).await?),
            Some(Part::Storefront) => {
                let shared = services.trust_afar(config)?;
                services.open_storefront(config, shared).await?;
            }
            Some(Part::Edge) => services.afar = Afar::all(&config.peers)?,
        }
        Ok(services)
    }

    /// Opens accounts. Answers with what a service beside it trusts.
    async fn open_accounts(&mut self, config: &Config) -> anyhow::Result<Shared> {
        let key = signing_key(config)?;
        self.jwks = Some(key.jwks());
        let trust = Trust::new(key, &config.accounts);
        let (verifier, ended) = (trust.verifier.clone(), trust.ended.clone());
        let mut doorman = Doorman::new(verifier, ended, Arc::clone(&self.clock));
        if let Some(file) = &config.peers.secret_file {
            doorman = doorman.admitting_peers(Arc::new(Secret::read(file)?));
        }
        let shared = self.share(doorman);
        let opened =
            Accounts::open(&config.accounts, &config.data_dir, trust, shared.clone()).await?;
        self.accounts = Some(opened);
        Ok(shared)
    }

    async fn open_storefront(&mut self, config: &Config, shared: Shared) -> anyhow::Result<()> {
        let opened = Storefront::open(&config.storefront, &config.data_dir, shared).await?;
        self.storefront = Some(opened);
        Ok(())
    }

    /// Trusts the keys and refuses the sessions that accounts, in another process, names. Until accounts has named
    /// them, a caller is asked to try again.
    fn trust_afar(&mut self, config: &Config) -> anyhow::Result<Shared> {
        let Peers { accounts, secret_file, .. } = &config.peers;
        let accounts = accounts.as_deref().context("`peers.accounts` is not set")?;
        let secret_file = secret_file.as_deref().context("`peers.secret_file` is not set")?;
        let (keys, ended) = (Keys::unknown(), EndedSessions::default());
        let age = TrustAge::starting_now(TrustAge::GRACE);
        let verifier =
            Verifier::new(keys.clone(), &config.accounts.issuer, &config.accounts.audience);
        let doorman = Doorman::new(verifier, ended.clone(), Arc::clone(&self.clock))
            .told_by_another(age.clone());
        let peer = Peer::at(accounts, peer::Config::default())?;
        let secret = Secret::read(secret_file)?;
        let hearsay = Hearsay { keys, ended, age, clock: Arc::clone(&self.clock) };
        tokio::spawn(follow_accounts(peer, secret, hearsay, self.stopping.clone()));
        Ok(self.share(doorman))
    }

    fn share(&mut self, doorman: Doorman) -> Shared {
        self.doorman = Some(doorman.clone());
        Shared {
            doorman,
            work: self.work.clone(),
            clock: Arc::clone(&self.clock),
            stopping: self.stopping.clone(),
            redis: self.redis.clone(),
        }
    }

    /// All services that are asked for their health.
    pub(crate) fn patients(&self) -> Vec<Patient> {
        let here = [
            self.accounts.clone().map(Box::new).map(Patient::Accounts),
            self.storefront.clone().map(Box::new).map(Patient::Storefront),
        ];
        let afar = self.afar.iter().cloned().map(Patient::Afar);
        here.into_iter().flatten().chain(afar).collect()
    }

    /// Lets running work end, and closes the databases.
    pub(crate) async fn close(self) {
        self.stopping.cancel();
        self.work.ended().await;
        if let Some(accounts) = &self.accounts {
            accounts.close().await;
        }
        if let Some(storefront) = &self.storefront {
            storefront.close().await;
        }
    }
}

/// Each service with a database, where it is, and the name of its file in a backup.
pub(crate) fn places(config: &Config) -> sir0_storage::Result<[(Service, Place, &'static str); 2]> {
    let [(accounts, its, its_file), (storefront, other, other_file)] = each_place(config);
    Ok([(accounts, its?, its_file), (storefront, other?, other_file)])
}

/// As [`places`], but the settings of one service may be wrong while those of the other are right.
pub(crate) fn each_place(
    config: &Config,
) -> [(Service, sir0_storage::Result<Place>, &'static str); 2] {
    let Config { accounts, storefront, data_dir, .. } = config;
    [
        (Service::Accounts, accounts.place(data_dir), "accounts.db"),
        (Service::Storefront, storefront.place(data_dir), "storefront.db"),
    ]
}

/// Where the signing key is: where an operator says, or in the data folder.
pub(crate) fn signing_key_path(config: &Config) -> PathBuf {
    let given = config.accounts.signing_key.clone();
    given.unwrap_or_else(|| config.data_dir.join("signing-key.pem"))
}

/// The key an operator gave, or the one in the data folder, which is made on the first start.
fn signing_key(config: &Config) -> anyhow::Result<SigningKey> {
    Ok(match &config.accounts.signing_key {
        Some(path) => SigningKey::open(path)?,
        None => SigningKey::open_or_create_for(readers(config)?, &signing_key_path(config))?,
    })
}

/// Reads the key as [`Services`] does, under the same conditions, and makes none.
pub(crate) fn look_at_signing_key(config: &Config) -> anyhow::Result<SigningKey> {
    Ok(match &config.accounts.signing_key {
        Some(path) => SigningKey::open(path)?,
        None => SigningKey::open_for(readers(config)?, &signing_key_path(config))?,
    })
}

/// Which users may read the key in the data folder.
fn readers(config: &Config) -> Result<Readers, private::Error> {
    Ok(match private::judge_folder(&config.data_dir)? {
        Reach::Lent => Readers::Volume,
        _ => Readers::Owner,
    })
}

/// Makes the data folder if it is not there. Keys and hashes are in it, so it is closed to others, or refused.
pub(crate) fn close_data_folder(config: &Config) -> anyhow::Result<()> {
    private::close_folder(&config.data_dir).context("the data folder cannot be used")?;
    Ok(())
}
