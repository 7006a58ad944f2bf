//! The services of this process: which are opened, from what, and what they share. An operator's commands open what they
//! need themselves.

use std::{any::Any, sync::Arc};

use anyhow::Context;
use futures::future::join_all;
use sir0_host::{Ground, Hosted, Service};
use sir0_kernel::SystemClock;
use sir0_redis::Redis;
use sir0_rpc::{
    Doorman, Peer, Tasks,
    peer::{self, Secret},
};
use sir0_storage::{Serving, private};
use tokio_util::sync::CancellationToken;

use crate::{Config, Parts, parts::Part, remote_health::RemoteHealth};

/// The services of this process, and what they share.
pub(crate) struct Services {
    pub(crate) here: Vec<(&'static Service, Arc<dyn Hosted>)>,
    /// The services that run elsewhere and whose health this process tells.
    pub(crate) remote: Vec<RemoteHealth>,
    pub(crate) ground: Ground,
    /// The right to serve the files of this process, for as long as it lives.
    _serving: Vec<Serving>,
}

impl Services {
    /// Opens the services, once no other process serves their files.
    pub(crate) async fn open(config: &Config, parts: Parts) -> anyhow::Result<Self> {
        if config.keeps_files(parts) {
            close_data_folder(config)?;
        }
        let mut serving = Vec::new();
        for service in config.services.of(parts) {
            serving.extend(service.location(&config.data_dir)?.serve().await?);
        }
        let mut ground = ground(config, parts)?;
        let connecting = config.services.of(parts).map(|service| service.connect(&config.data_dir));
        // All to the end, also when one fails: none is cut off within a step of its tables.
        let databases = join_all(connecting).await;
        let mut here = Vec::new();
        for (service, database) in config.services.of(parts).zip(databases) {
            let name = service.service().name;
            let database =
                database.with_context(|| format!("the {name} database cannot be opened"))?;
            let opened = service.open(ground.clone(), database).await?;
            ground.doorman = opened.doorman.or(ground.doorman);
            here.push((service.service(), opened.hosted));
        }
        let remote = match parts.alone() {
            Some(Part::Edge) => RemoteHealth::all(&config.peers)?,
            _ => Vec::new(),
        };
        Ok(Self { here, remote, ground, _serving: serving })
    }

    /// Identifies callers. `None` in a process that identifies none.
    pub(crate) const fn doorman(&self) -> Option<&Doorman> {
        self.ground.doorman.as_ref()
    }

    /// The service of this type, if it is in this process.
    pub(crate) fn get<S: Hosted>(&self) -> Option<&S> {
        let mut here = self.here.iter().map(|(_, hosted)| &**hosted as &dyn Any);
        here.find_map(<dyn Any>::downcast_ref)
    }

    /// Lets running work end, and closes the databases.
    pub(crate) async fn close(self) {
        self.ground.stopping.cancel();
        self.ground.tasks.ended().await;
        for (_, hosted) in &self.here {
            hosted.close().await;
        }
    }
}

/// What the services of this process share.
fn ground(config: &Config, parts: Parts) -> anyhow::Result<Ground> {
    let mut ground = Ground {
        data_dir: config.data_dir.clone(),
        tasks: Tasks::default(),
        clock: Arc::new(SystemClock),
        stopping: CancellationToken::new(),
        redis: None,
        secret: None,
        doorman: None,
        calls: config.limits.calls_per_account().map(Arc::new),
    };
    if parts.alone() == Some(Part::Edge) {
        return Ok(ground);
    }
    if config.redis.url.is_some() {
        ground.redis = Some(Redis::open(&config.redis).context("redis cannot be used")?);
    }
    if let Some(file) = &config.peers.secret_file {
        ground.secret = Some(Arc::new(Secret::read(file)?));
    }
    if !parts.services().any(|service| service.identifying.is_some()) {
        ground.doorman = Some(remote_doorman(config, &ground)?);
    }
    Ok(ground)
}

/// Identifies callers by what the service that does so, in another process, tells.
fn remote_doorman(config: &Config, ground: &Ground) -> anyhow::Result<Doorman> {
    let identifying = config.services.iter().find(|it| it.service().identifying.is_some());
    let identifying = identifying.context("no service identifies callers")?;
    let service = identifying.service();
    let url =
        config.peers.url(service).with_context(|| format!("`{}` is not set", service.peer.key))?;
    let secret = ground.secret.clone().context("`peers.secret_file` is not set")?;
    let peer = Peer::at(url, peer::Config::default())?;
    let doorman = identifying.follow(peer, secret, ground);
    doorman.context("the service that identifies callers cannot be followed")
}

/// Makes the data folder if it is not there. Keys and hashes are in it, so it is closed to others, or refused.
pub(crate) fn close_data_folder(config: &Config) -> anyhow::Result<()> {
    private::close_folder(&config.data_dir).context("the data folder cannot be used")?;
    Ok(())
}
