//! The whole platform as it is deployed, in processes of this machine: a database for each service, Redis, several
//! instances of each service and the proxy on the one public port, started from the very files the containers use.

mod envoy;
mod instance;
mod name;
mod redis;
mod settings;
mod settling;
mod store;
mod swap;
mod warden;

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::join_all;
use sir0_host::Service;
use sir0_kernel::Role;
use sir0_server::{SERVICES, parts::Part};
use sir0_tokens::SigningKey;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

pub(crate) use self::settling::Settling;
pub use self::{
    envoy::{ENVOY, Envoy},
    instance::Instance,
    redis::Redis,
    store::Store,
};
use self::{
    envoy::{Ports, Upstream},
    name::Name,
    settings::Places,
    settling::Feed,
    warden::Warden,
};
use crate::{Operator, Person, Tables, door::Door, process};

/// What a cluster is to consist of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many instances of accounts.
    pub accounts: usize,
    /// How many instances of the storefront.
    pub storefronts: usize,
    /// Where the proxy listens. Without it, on a free port of loopback.
    pub listen: Option<SocketAddr>,
    /// Whether each database has a separate server, which can be killed and writes as a server in service does.
    pub own_databases: bool,
    /// Whether passwords cost the least that is allowed.
    pub cheap_passwords: bool,
    /// The program. Without it, the one that was built beside this one.
    pub program: Option<PathBuf>,
    /// Settings besides those in the files of the containers, such as `("SIR0_LIMITS_LINGER", "0s")`.
    pub settings: Vec<(String, String)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            accounts: 2,
            storefronts: 3,
            listen: None,
            own_databases: false,
            cheap_passwords: true,
            program: None,
            settings: Vec::new(),
        }
    }
}

/// A running cluster. When it is dropped, everything it started is ended, also when the test panics.
pub struct Cluster {
    /// The proxy on the public port.
    pub envoy: Envoy,
    /// The instances of accounts.
    pub accounts: Vec<Instance>,
    /// The instances of the storefront.
    pub storefronts: Vec<Instance>,
    /// The instances of every other service.
    pub others: Vec<Vec<Instance>>,
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
    door: Door,
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

/// A service of a cluster that is being put together.
struct Planned {
    service: &'static Service,
    addresses: Vec<SocketAddr>,
    database: Store,
    name: Name,
}

impl Planned {
    /// How its containers name places, and the same places on this machine.
    fn places(&self) -> [(String, String); 2] {
        let name = self.service.name;
        [
            (format!("postgres://{name}@{name}-db:5432/{name}"), self.database.url()),
            (format!("//{name}:8080"), format!("//{}", self.name.address())),
        ]
    }

    fn feed(&self) -> Feed {
        Feed::new(self.service.name, &self.database.url(), self.addresses.clone())
    }
}

impl Plan {
    /// How many instances of a service.
    fn count(&self, service: &Service) -> usize {
        match service.name {
            "accounts" => self.accounts,
            "storefront" => self.storefronts,
            _ => 2,
        }
    }

    /// Starts the cluster. Returns when the proxy sees every instance as healthy.
    pub async fn starts(self) -> Cluster {
        let folder = tempfile::tempdir().expect("a folder for the cluster");
        let warden = Arc::new(Warden::start(folder.path()));
        let secrets = Secrets::make(folder.path());
        let (redis, planned) = self.servers(&secrets).await;

        let edge_at = free_address();
        let places: Places = planned
            .iter()
            .flat_map(Planned::places)
            .chain([
                ("//redis:6379".to_owned(), format!("//127.0.0.1:{}", redis.port())),
                ("/run/secrets/".to_owned(), secrets.folder.display().to_string() + "/"),
            ])
            .collect();
        let settling = Settling::of(planned.iter().map(Planned::feed).collect());

        let program = self.program.clone().unwrap_or_else(process::program);
        let begin = |part: Part, number: usize, address: SocketAddr| {
            let name = format!("{}-{}", part.name(), number + 1);
            let settings = self.settings(part, address, &places);
            let own = folder.path().join(&name);
            // A call that does not pass the proxy also waits until every instance has heard of its change.
            let door = Door::of_many(address, settling.clone());
            Instance::begin(name, part, &program, settings, own, door, Arc::clone(&warden))
        };
        let all = |it: &Planned| -> Vec<Instance> {
            let numbered = it.addresses.iter().enumerate();
            numbered.map(|(number, at)| begin(Part::Service(it.service), number, *at)).collect()
        };
        let mut instances: BTreeMap<_, _> =
            planned.iter().map(|it| (it.service.name, all(it))).collect();
        join_all(instances.values_mut().flatten().map(Instance::is_ready)).await;
        // Like its container, the edge waits for the others: otherwise it would tell for a while what it saw without
        // them.
        let mut edge = begin(Part::Edge, 0, edge_at);
        edge.is_ready().await;

        let address = self.listen.unwrap_or_else(free_address);
        let expected = upstream_counts(|service| self.count(service));
        let upstreams = planned.iter().map(|it| (it.service.name, it.addresses.clone()));
        let upstreams = upstreams.chain([(Part::Edge.name(), vec![edge_at])]);
        let upstreams: Vec<_> =
            upstreams.map(|(name, instances)| Upstream { name, instances }).collect();
        let ports = Ports { front: address, monitoring: free_address(), admin: free_address() };
        let mut envoy = Envoy::start(folder.path(), ports, &upstreams, warden);
        envoy.sees(&expected).await;
        let identifying = SERVICES.iter().find(|service| service.identifying.is_some());
        let identifying = identifying.expect("a service identifies callers");
        let operators = self.settings(Part::Service(identifying), free_address(), &places);

        let (mut databases, mut names) = (BTreeMap::new(), BTreeMap::new());
        for Planned { service, database, name, .. } in planned {
            databases.insert(service.name, database);
            names.insert(service.name, name);
        }
        const LISTED: &str = "a service of the list";
        Cluster {
            envoy,
            accounts: instances.remove("accounts").expect(LISTED),
            storefronts: instances.remove("storefront").expect(LISTED),
            others: instances.into_values().collect(),
            edge,
            redis,
            accounts_db: databases.remove("accounts").expect(LISTED),
            storefront_db: databases.remove("storefront").expect(LISTED),
            other_dbs: databases.into_values().collect(),
            door: Door::of_many(address, settling.clone()),
            program,
            operators,
            names,
            settling,
            folder,
        }
    }

    /// Starts the servers that keep data, all at once.
    async fn servers(&self, secrets: &Secrets) -> (Redis, Vec<Planned>) {
        const STARTED: &str = "what is missing was said above";
        let password = secrets.redis.clone();
        let redis = spawn_blocking(move || Redis::start(&password));
        let planned = SERVICES.iter().map(|service| async {
            let (own, password) = (self.own_databases, secrets.databases[service.name].clone());
            let name = service.name;
            let database =
                spawn_blocking(
                    move || {
                        if own { Store::own(name, &password) } else { Store::shared() }
                    },
                );
            let addresses: Vec<_> = (0..self.count(service)).map(|_| free_address()).collect();
            let name = Name::of(addresses.clone()).await;
            Planned { service, addresses, database: database.await.expect(STARTED), name }
        });
        let planned = join_all(planned).await;
        (redis.await.expect(STARTED), planned)
    }

    /// The settings of an instance.
    fn settings(&self, part: Part, address: SocketAddr, places: &Places) -> Vec<(String, String)> {
        let own = format!("{}.env", part.name());
        let mut settings = settings::of(&["common.env", &own], places);
        // Its folder is beside its log, and nothing is to be written into it.
        settings.retain(|(name, _)| name != "SIR0_DATA_DIR");
        settings.push(("SIR0_LISTEN".to_owned(), address.to_string()));
        settings.push(("SIR0_LIMITS_PROXIES".to_owned(), "127.0.0.0/8".to_owned()));
        if self.cheap_passwords {
            let cheap = process::CHEAP_HASHING;
            settings.extend(cheap.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        settings.extend(self.settings.iter().cloned());
        settings
    }
}

impl Cluster {
    /// The address of the cluster: the proxy.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
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
        services.chain(self.others.iter_mut().flatten()).chain([&mut self.edge])
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
        let services = self.accounts.iter_mut().chain(&mut self.storefronts);
        let services = services.chain(self.others.iter_mut().flatten());
        join_all(services.map(Instance::starts_again)).await;
        self.edge.starts_again().await;
        self.is_whole().await;
    }

    /// Waits until the proxy sees every instance as healthy.
    pub async fn is_whole(&mut self) {
        self.is_seen_as(self.accounts.len(), self.storefronts.len()).await;
    }

    /// Returns when every instance has heard of all changes so far.
    pub async fn settles(&self) {
        self.door.settles().await;
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
        self.door.settles().await;
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
        Person::visitor(self.door.clone())
    }

    /// Someone who registered and signed in.
    pub async fn player(&self, name: &str) -> Person {
        let visitor = self.visitor();
        visitor.registers(name).await;
        visitor.signs_in(name).await
    }

    /// A studio: an operator made its account, and it signed in.
    pub async fn publisher(&self, name: &str) -> Person {
        self.made_by_operator(name, Role::Publisher).await
    }

    /// An administrator: an operator made the account, and it signed in.
    pub async fn admin(&self, name: &str) -> Person {
        self.made_by_operator(name, Role::Admin).await
    }

    async fn made_by_operator(&self, name: &str, role: Role) -> Person {
        Operator::of(self).creates(name, role).await;
        self.visitor().signs_in(name).await
    }
}

/// The secrets that containers have in files below `/run/secrets`.
struct Secrets {
    folder: PathBuf,
    /// The password of each service's database.
    databases: BTreeMap<&'static str, String>,
    redis: String,
}

impl Secrets {
    const SIGNING_KEY: &str = "signing-key";

    fn folder(cluster: &Path) -> PathBuf {
        cluster.join("secrets")
    }

    fn make(cluster: &Path) -> Self {
        let folder = Self::folder(cluster);
        fs::create_dir(&folder).expect("a folder of ours");
        let random = |name: &str| {
            let secret = format!("{:016x}{:016x}", random(), random());
            fs::write(folder.join(name), &secret).expect("a folder of ours");
            secret
        };
        let databases = SERVICES
            .iter()
            .map(|service| (service.name, random(&format!("{}-db-password", service.name))))
            .collect();
        let redis = random("redis-password");
        random("peers-secret");
        SigningKey::open_or_create(&folder.join(Self::SIGNING_KEY)).expect("a folder of ours");
        Self { folder, databases, redis }
    }
}

/// How many instances the proxy is to see under each name that it has for them.
fn upstream_counts(count: impl Fn(&Service) -> usize) -> Vec<(String, usize)> {
    let mut counts = vec![(Part::Edge.name().to_owned(), 1)];
    for service in SERVICES {
        counts.push((service.name.to_owned(), count(service)));
        if service.has_page("/ws") {
            counts.push((format!("{}-websocket", service.name), count(service)));
        }
    }
    counts
}

/// A random number, from the seed that std makes for its hash maps.
fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

fn free_address() -> SocketAddr {
    let port = sir0_throwaway::free_port().expect("a free port");
    (Ipv4Addr::LOCALHOST, port).into()
}
