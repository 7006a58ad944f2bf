//! Starting a cluster.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::join_all;
use sir0_host::Service;
use sir0_server::{SERVICES, parts::Part};
use tokio::task::spawn_blocking;

use super::{
    Cluster, Envoy, Instance, Redis, Settling, Store,
    envoy::{Ports, Upstream},
    name::Name,
    secrets::Secrets,
    settings::{self, Places},
    settling::Feed,
    warden::Warden,
};
use crate::{address::Address, process};

/// Why a service is found by its name.
const LISTED: &str = "a service of the list";

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
        let places = places(folder.path(), &secrets, &redis, &planned);
        let settling = Settling::of(planned.iter().map(Planned::feed).collect());

        let program = self.program.clone().unwrap_or_else(process::program);
        let begin = |part: Part, number: usize, address: SocketAddr| {
            let name = format!("{}-{}", part.name(), number + 1);
            let settings = self.settings(part, address, &places);
            let own = folder.path().join(&name);
            // A call that does not pass the proxy also waits until every instance has heard of its change.
            let address = Address::of_many(address, settling.clone());
            Instance::begin(name, part, &program, settings, own, address, Arc::clone(&warden))
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
        let mut edge = begin(Part::Edge, 0, free_address());
        edge.is_ready().await;

        let address = self.listen.unwrap_or_else(free_address);
        let upstreams = planned.iter().map(|it| (it.service.name, it.addresses.clone()));
        let upstreams = upstreams.chain([(Part::Edge.name(), vec![edge.address()])]);
        let expected = upstream_counts(|service| self.count(service));
        let envoy = proxy(folder.path(), address, upstreams, &expected, warden).await;
        let identifying = SERVICES.iter().find(|service| service.identifying.is_some());
        let identifying = identifying.expect("a service identifies callers");
        let operators = self.settings(Part::Service(identifying), free_address(), &places);

        let (mut databases, mut names) = (BTreeMap::new(), BTreeMap::new());
        for Planned { service, database, name, .. } in planned {
            databases.insert(service.name, database);
            names.insert(service.name, name);
        }
        Cluster {
            envoy,
            accounts: instances.remove("accounts").expect(LISTED),
            storefronts: instances.remove("storefront").expect(LISTED),
            others: instances.into_values().flatten().collect(),
            edge,
            redis,
            accounts_db: databases.remove("accounts").expect(LISTED),
            storefront_db: databases.remove("storefront").expect(LISTED),
            other_dbs: databases.into_values().collect(),
            address: Address::of_many(address, settling.clone()),
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

/// Where instances find what the files of the containers name.
fn places(folder: &Path, secrets: &Secrets, redis: &Redis, planned: &[Planned]) -> Places {
    let of_all = [
        ("//redis:6379".to_owned(), format!("//127.0.0.1:{}", redis.port())),
        ("/run/secrets/".to_owned(), secrets.folder.display().to_string() + "/"),
        ("/media".to_owned(), folder.join("media").display().to_string()),
    ];
    planned.iter().flat_map(Planned::places).chain(of_all).collect()
}

/// Starts the proxy, and waits until it sees as many instances as expected.
async fn proxy(
    folder: &Path,
    front: SocketAddr,
    upstreams: impl Iterator<Item = (&'static str, Vec<SocketAddr>)>,
    expected: &[(String, usize)],
    warden: Arc<Warden>,
) -> Envoy {
    let upstreams: Vec<_> =
        upstreams.map(|(name, instances)| Upstream { name, instances }).collect();
    let ports = Ports { front, monitoring: free_address(), admin: free_address() };
    let mut envoy = Envoy::start(folder, ports, &upstreams, warden);
    envoy.sees(expected).await;
    envoy
}

/// How many instances the proxy is to see under each name that it has for them.
pub(super) fn upstream_counts(count: impl Fn(&Service) -> usize) -> Vec<(String, usize)> {
    let mut counts = vec![(Part::Edge.name().to_owned(), 1)];
    for service in SERVICES {
        counts.push((service.name.to_owned(), count(service)));
        if service.has_page("/ws") {
            counts.push((format!("{}-websocket", service.name), count(service)));
        }
    }
    counts
}

fn free_address() -> SocketAddr {
    let port = sir0_throwaway::free_port().expect("a free port");
    (Ipv4Addr::LOCALHOST, port).into()
}
