//! A whole platform, put together as this run of the stories wants it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use sir0_accounts::Accounts;
use sir0_server::{Config, Platform, cli::Options};
use sir0_tokens::SigningKey;
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use crate::{
    Cluster, LONG, Operator, Person, Tables, Topology,
    address::Address,
    cluster::small_cluster,
    person::people,
    tables::{self, Databases},
    topology,
};

/// A platform that serves. It stops when it is dropped.
pub struct Running(Setup);

enum Setup {
    Here(Box<Here>),
    Cluster(Box<Cluster>),
}

/// A platform in the process of the test.
struct Here {
    config: Config,
    address: Address,
    serving: Serving,
    databases: Option<Databases>,
    folder: TempDir,
}

struct Serving {
    accounts: Accounts,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

/// A platform on a free port of loopback, with nothing in it. It runs in the process of the test, on files or on
/// `PostgreSQL`, or as a whole cluster behind its proxy, as [`topology`] says.
pub async fn platform() -> Running {
    match topology() {
        Topology::Cluster => Running(Setup::Cluster(Box::new(small_cluster().await))),
        Topology::Files | Topology::Postgres => platform_with(|_| ()).await,
    }
}

/// A platform in the process of the test, with other settings than [`config`] has. Its folder, its databases and its
/// port are chosen afterwards.
pub async fn platform_with(set: impl FnOnce(&mut Config)) -> Running {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let databases = (topology() == Topology::Postgres).then(Databases::fresh);
    let mut config = config_of(databases.as_ref().map(Databases::variables).unwrap_or_default());
    set(&mut config);
    config.data_dir = folder.path().to_owned();
    let storefront: &mut sir0_storefront::Config = config.services.get_mut();
    storefront.media.folder.get_or_insert_with(|| folder.path().join("media"));
    config.listen = ([127, 0, 0, 1], 0).into();
    // A version from before left it there, and a story may sign with it.
    SigningKey::open_or_create(&key_in(folder.path())).expect("a folder of ours");
    let (address, serving) = serve(&config).await;
    Running(Setup::Here(Box::new(Here {
        config,
        address: Address::at(address),
        serving,
        databases,
        folder,
    })))
}

/// The settings of a test: the defaults, but for passwords, which cost the least that is allowed.
#[must_use]
pub fn config() -> Config {
    config_of(Vec::new())
}

/// The settings of a test, with these variables.
fn config_of(variables: Vec<(String, String)>) -> Config {
    let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
    let config = Config::read(&Options::default(), variables);
    let mut config = config.expect("the variables of a test are good");
    let accounts: &mut sir0_accounts::Config = config.services.get_mut();
    let hashing = &mut accounts.hashing;
    (hashing.log_n, hashing.r, hashing.p) = (15, 8, 3);
    config
}

async fn serve(config: &Config) -> (SocketAddr, Serving) {
    let platform = Platform::open(config.clone()).await.expect("a platform opens");
    let address = platform.address();
    let accounts = platform.service::<Accounts>().cloned().expect("a whole platform has accounts");
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(platform.serve_until(async move {
        // A dropped sender means the same as a message.
        let _ = stopped.await;
    }));
    (address, Serving { accounts, stop, ended })
}

fn key_in(folder: &Path) -> PathBuf {
    folder.join("signing-key.pem")
}

impl Serving {
    async fn end(self) {
        // The receiver is gone already when serving panicked. Awaiting the task shows the panic.
        let _ = self.stop.send(());
        timeout(LONG, self.ended).await.expect("a platform stops").expect("without a panic");
    }
}

impl Here {
    fn tables(&self) -> Tables {
        tables::of_the_storefront(self.databases.as_ref(), self.folder.path())
    }

    async fn restart_after(self, meanwhile: impl AsyncFnOnce(&Tables)) -> Self {
        let tables = self.tables();
        let Self { config, address, serving, databases, folder } = self;
        serving.end().await;
        meanwhile(&tables).await;
        let (moved_to, serving) = serve(&config).await;
        address.moves_to(moved_to);
        Self { config, address, serving, databases, folder }
    }
}

impl Running {
    /// Where it is reached now.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match &self.0 {
            Setup::Here(here) => here.address.now(),
            Setup::Cluster(cluster) => cluster.address(),
        }
    }

    /// Where the storefront's tables are.
    #[must_use]
    pub fn storefront_tables(&self) -> Tables {
        match &self.0 {
            Setup::Here(here) => here.tables(),
            Setup::Cluster(cluster) => cluster.storefront_tables(),
        }
    }

    /// The first key that tokens are signed with.
    #[must_use]
    pub fn signing_key(&self) -> PathBuf {
        match &self.0 {
            Setup::Here(here) => key_in(here.folder.path()),
            Setup::Cluster(cluster) => cluster.signing_key(),
        }
    }

    /// An operator of it: what `sir0 admin` does.
    #[must_use]
    pub fn operator(&self) -> Operator<'_> {
        match &self.0 {
            Setup::Here(here) => Operator::here(&here.serving.accounts),
            Setup::Cluster(cluster) => Operator::of(cluster),
        }
    }

    /// Lets it end in order and starts it again. People also find it at a new address.
    #[must_use]
    pub async fn restart(self) -> Self {
        self.restart_after(async |_| ()).await
    }

    /// As [`Self::restart`], with something done to the storefront's tables in between.
    #[must_use]
    pub async fn restart_after(self, meanwhile: impl AsyncFnOnce(&Tables)) -> Self {
        Self(match self.0 {
            Setup::Here(here) => Setup::Here(Box::new(here.restart_after(meanwhile).await)),
            Setup::Cluster(mut cluster) => {
                cluster.stops().await;
                meanwhile(&cluster.storefront_tables()).await;
                // The cluster was not told of the change to its tables, so its cache is emptied.
                let _ = cluster.redis.cli(&["FLUSHALL"]);
                cluster.starts_again().await;
                Setup::Cluster(cluster)
            }
        })
    }

    /// Someone who is not signed in.
    #[must_use]
    pub fn visitor(&self) -> Person {
        match &self.0 {
            Setup::Here(here) => Person::visitor(here.address.clone()),
            Setup::Cluster(cluster) => cluster.visitor(),
        }
    }
}

people!(Running, |it| it.visitor(), it.operator());
