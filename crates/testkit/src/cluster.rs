//! The whole platform as it is deployed, in processes of this machine: a database for each service, Redis, several
//! instances of each service and the proxy on the one public port, started from the very files the containers use.

mod envoy;
mod instance;
mod name;
mod plan;
mod redis;
mod secrets;
mod settings;
mod settling;
mod store;
mod swap;
mod warden;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use futures::future::join_all;
use tempfile::TempDir;

pub(crate) use self::settling::Settling;
pub use self::{
    envoy::{ENVOY, Envoy},
    instance::Instance,
    plan::Plan,
    redis::Redis,
    store::Store,
};
use self::{name::Name, secrets::Secrets};
use crate::{Operator, Person, Tables, address::Address, person::people, process};

/// A running cluster. When it is dropped, everything it started is ended, also when the test panics.
pub struct Cluster {
    /// The proxy on the public port.
    pub envoy: Envoy,
    /// The instances of accounts.
    pub accounts: Vec<Instance>,
    /// The instances of the storefront.
    pub storefronts: Vec<Instance>,
    /// The instances of every other service.
    pub others: Vec<Instance>,
    /// The instance that has the docs page and the status of the others.
    pub edge: Instance,
    /// The Redis that rings between instances and shares their caches.
    pub redis: Redis,
    /// The database of accounts.
    pub accounts_db: Store,
    /// The database of the storefront.
    pub storefront_db: Store,
    /// The database of every other service.
    pub other_dbs: Vec<Store>,
    address: Address,
    program: PathBuf,
    /// The settings of an operator.
    operators: Vec<(String, String)>,
    /// The names that lead to the services.
    names: BTreeMap<&'static str, Name>,
    settling: Settling,
    folder: TempDir,
}

/// Two instances of accounts, three of the storefront and one edge behind Envoy, on free ports of loopback, with empty
/// databases, ready to answer.
pub async fn cluster() -> Cluster {
    Plan::default().starts().await
}

/// As [`cluster`], with two of each service: enough for a story in which nothing dies.
pub(crate) async fn small_cluster() -> Cluster {
    Plan { storefronts: 2, ..Plan::default() }.starts().await
}

impl Cluster {
    /// The address of the cluster: the proxy.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address.now()
    }

    /// The folder with the logs and secrets of all processes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The key that tokens are signed with.
    #[must_use]
    pub fn signing_key(&self) -> PathBuf {
        Secrets::folder(self.folder.path()).join(Secrets::SIGNING_KEY)
    }

    /// Where the storefront's tables are.
    #[must_use]
    pub fn storefront_tables(&self) -> Tables {
        Tables::Server(self.storefront_db.url())
    }

    /// Every instance of every service.
    pub fn instances(&mut self) -> impl Iterator<Item = &mut Instance> {
        let services = self.accounts.iter_mut().chain(&mut self.storefronts);
        services.chain(&mut self.others).chain([&mut self.edge])
    }

    /// Lets every running instance end in order, all at once.
    pub async fn stops(&mut self) {
        let running: Vec<_> = self
            .instances()
            .filter_map(|instance| instance.is_alive().then_some(instance))
            .collect();
        for ended in join_all(running.into_iter().map(Instance::terminate)).await {
            assert!(ended.success(), "an instance ended badly: {ended}");
        }
    }

    /// Starts every instance again at the same address, and waits until the proxy sees it as healthy.
    pub async fn starts_again(&mut self) {
        // The documented order: the others ask accounts for keys when they start.
        join_all(self.accounts.iter_mut().map(Instance::starts_again)).await;
        let others = self.storefronts.iter_mut().chain(&mut self.others);
        join_all(others.map(Instance::starts_again)).await;
        self.edge.starts_again().await;
        self.is_whole().await;
    }

    /// Waits until the proxy sees every instance as healthy.
    pub async fn is_whole(&mut self) {
        self.is_seen_as(self.accounts.len(), self.storefronts.len()).await;
    }

    /// Returns when every instance has heard of all changes so far.
    pub async fn settles(&self) {
        self.address.settles().await;
    }

    /// Runs `sir0 admin …` as an operator does, with this on standard input.
    pub async fn operator(&self, arguments: &[&str], input: &str) -> String {
        let said = process::administer(
            &self.program,
            self.folder.path(),
            &self.operators,
            arguments,
            input,
        )
        .await;
        self.address.settles().await;
        said
    }

    /// What a person types before `admin …` to be an operator: the variables and the program.
    #[must_use]
    pub fn operators_command(&self) -> String {
        let settings = self.operators.iter().filter(|(name, _)| name.contains("ACCOUNTS"));
        let mut words: Vec<_> = settings.map(|(name, value)| format!("{name}={value}")).collect();
        words.push(self.program.display().to_string());
        words.join(" ")
    }

    /// Someone who is not signed in.
    #[must_use]
    pub fn visitor(&self) -> Person {
        Person::visitor(self.address.clone())
    }
}

people!(Cluster, |it| it.visitor(), Operator::of(it));
