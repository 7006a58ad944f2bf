//! A whole platform in the process of the test.

use std::{net::SocketAddr, path::Path};

use sir0_accounts::Accounts;
use sir0_kernel::Role;
use sir0_server::{Config, Platform};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

use crate::{LONG, Person, door::Door, person};

/// A platform that serves. Dropped, it stops.
pub struct Running {
    config: Config,
    door: Door,
    serving: Serving,
    folder: TempDir,
}

struct Serving {
    accounts: Accounts,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

/// A platform on a free port of loopback, with an empty folder of its own.
pub async fn platform() -> Running {
    platform_with(|_| ()).await
}

/// A platform with other settings than [`config`] has. Its folder and port are chosen afterwards.
pub async fn platform_with(set: impl FnOnce(&mut Config)) -> Running {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut config = config();
    set(&mut config);
    config.data_dir = folder.path().to_owned();
    config.listen = ([127, 0, 0, 1], 0).into();
    let (address, serving) = serve(&config).await;
    Running { config, door: Door::at(address), serving, folder }
}

/// The settings of a test: the defaults, but for passwords, which cost the least that is allowed.
#[must_use]
pub fn config() -> Config {
    let mut config = Config::default();
    let hashing = &mut config.accounts.hashing;
    (hashing.log_n, hashing.r, hashing.p) = (15, 8, 3);
    config
}

async fn serve(config: &Config) -> (SocketAddr, Serving) {
    let platform = Platform::open(config.clone()).await.expect("a platform opens");
    let address = platform.address();
    let accounts = platform.accounts().clone();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(platform.serve_until(async move {
        // A sender that is dropped means the same as a word.
        let _ = stopped.await;
    }));
    (address, Serving { accounts, stop, ended })
}

impl Serving {
    async fn end(self) {
        // Gone already when serving panicked; awaiting it says so.
        let _ = self.stop.send(());
        timeout(LONG, self.ended).await.expect("a platform stops").expect("without a panic");
    }
}

impl Running {
    /// Where it is reached now.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Where its databases and its key are.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.folder.path()
    }

    /// Accounts as an operator has them: what `sir0 admin` does.
    #[must_use]
    pub fn operator(&self) -> &Accounts {
        &self.serving.accounts
    }

    /// Lets it end in order. Its folder goes with what is returned.
    pub async fn stop(self) -> TempDir {
        self.serving.end().await;
        self.folder
    }

    /// Lets it end in order and opens the same folder again. People find it at its new port.
    #[must_use]
    pub async fn restart(self) -> Self {
        self.restart_after(async |_| ()).await
    }

    /// As [`Self::restart`], with something done to the folder in between.
    #[must_use]
    pub async fn restart_after(self, meanwhile: impl AsyncFnOnce(&Path)) -> Self {
        let Self { config, door, serving, folder } = self;
        serving.end().await;
        meanwhile(folder.path()).await;
        let (address, serving) = serve(&config).await;
        door.moves_to(address);
        Self { config, door, serving, folder }
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
        let made =
            self.operator().create(name, &person::email_of(name), person::PASSWORD, role).await;
        made.expect("a name that is free and good");
        self.visitor().signs_in(name).await
    }
}
