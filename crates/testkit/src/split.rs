//! The platform with each part apart, as in a separate process: each has its own port, its own settings and its own
//! folder, and finds the others by their addresses. No proxy stands in front.

use std::{collections::BTreeMap, fs, net::SocketAddr};

use sir0_accounts::Accounts;
use sir0_server::{Config, Parts, Platform, SERVICES, parts::Part};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use crate::{LONG, Operator, Person, address::Address, config, person::people};

/// Accounts, storefront and edge, each by itself. They stop when they are dropped.
pub struct Split {
    /// The part that has accounts.
    pub accounts: SplitPart,
    /// The part that has games.
    pub storefront: SplitPart,
    /// Every other service, by its name.
    pub others: BTreeMap<&'static str, SplitPart>,
    /// The part that has the status of both.
    pub edge: SplitPart,
    _folder: TempDir,
}

/// One part that runs by itself, or may be started again.
pub struct SplitPart {
    part: Part,
    config: Config,
    address: Address,
    serving: Option<Serving>,
}

struct Serving {
    accounts: Option<Accounts>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

/// All parts, on free ports of loopback, each with a separate folder.
pub async fn split() -> Split {
    split_with(|_| ()).await
}

/// All parts, with other settings than [`config`] has.
pub async fn split_with(set: impl FnOnce(&mut Config)) -> Split {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let secret = folder.path().join("peers-secret");
    fs::write(&secret, "what-only-the-services-know").expect("a file in the folder of the test");

    let mut config = config();
    set(&mut config);
    config.listen = ([127, 0, 0, 1], 0).into();
    config.peers.secret_file = Some(secret);
    let of = |part: Part, mut config: Config| {
        config.data_dir = folder.path().join(part.name());
        SplitPart::starts(part, config)
    };
    let mut services = BTreeMap::new();
    // A service is told where those are that began before it, and the edge where all are.
    for service in SERVICES {
        let begun = of(Part::Service(service), config.clone()).await;
        config.peers.set_url(service, begun.url());
        services.insert(service.name, begun);
    }
    let edge = of(Part::Edge, config).await;
    let mut named = |name| services.remove(name).expect("a service of the list");
    let (accounts, storefront) = (named("accounts"), named("storefront"));
    Split { accounts, storefront, others: services, edge, _folder: folder }
}

people!(Split, |it| it.accounts.visitor(), Operator::here(it.accounts.operator()));

impl SplitPart {
    async fn starts(part: Part, config: Config) -> Self {
        let (address, serving) = serve(part, config.clone()).await;
        Self { part, config, address: Address::at(address), serving: Some(serving) }
    }

    /// Where it is reached.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address.now()
    }

    fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Accounts as an operator has them: what `sir0 admin` does.
    #[must_use]
    pub fn operator(&self) -> &Accounts {
        let accounts = self.serving.as_ref().and_then(|serving| serving.accounts.as_ref());
        accounts.expect("the part that has accounts, running")
    }

    /// Someone who is not signed in, at this part.
    #[must_use]
    pub fn visitor(&self) -> Person {
        Person::visitor(self.address.clone())
    }

    /// The same person, with the same token, at this part.
    #[must_use]
    pub fn meets(&self, person: &Person) -> Person {
        person.at(self.address.clone())
    }

    /// Lets it end in order.
    pub async fn stops(&mut self) {
        let serving = self.serving.take().expect("it runs");
        // The receiver is gone already when serving panicked. Awaiting the task shows the panic.
        let _ = serving.stop.send(());
        timeout(LONG, serving.ended).await.expect("it stops").expect("without a panic");
    }

    /// Starts it again at the same address: the others know no other.
    pub async fn starts_again(&mut self) {
        assert!(self.serving.is_none(), "it ends before it is started again");
        self.config.listen = self.address();
        self.serving = Some(serve(self.part, self.config.clone()).await.1);
    }
}

async fn serve(part: Part, config: Config) -> (SocketAddr, Serving) {
    let platform = Platform::open_parts(config, Parts::only(part)).await.expect("a part opens");
    let (address, accounts) = (platform.address(), platform.service::<Accounts>().cloned());
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(platform.serve_until(async move {
        // A dropped sender means the same as a message.
        let _ = stopped.await;
    }));
    (address, Serving { accounts, stop, ended })
}
