//! What happens to the containers while calls go on.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use super::story::{DEPLOYMENT, Story};

const LONG: Duration = Duration::from_mins(1);

impl Story<'_> {
    /// Kills one of three instances, and starts it again.
    pub(super) fn kills_a_storefront(&mut self) -> Result<()> {
        let engine = self.topology.engine;
        engine.docker(["kill", "sir0-storefront-2"])?;
        sleep(Duration::from_secs(4));
        engine.docker(["start", "sir0-storefront-2"])?;
        self.is_seen("storefront", 3)
    }

    /// Ends one instance of each service and starts both so that each gets the address of the other: the lowest free
    /// address goes to the first one that starts.
    pub(super) fn swaps_addresses(&mut self) -> Result<()> {
        let (accounts, storefront) = ("sir0-accounts-1", "sir0-storefront-1");
        let address = |name| -> Result<std::net::Ipv4Addr> {
            self.topology.address(name)?.parse().context("an address")
        };
        let before = (address(accounts)?, address(storefront)?);
        let first_then =
            if before.0 < before.1 { [storefront, accounts] } else { [accounts, storefront] };
        self.topology.engine.docker(["kill", accounts, storefront])?;
        self.topology.engine.docker(["start", first_then[0], first_then[1]])?;
        let after = (address(accounts)?, address(storefront)?);
        ensure!(after == (before.1, before.0), "the addresses were {before:?} and are {after:?}");
        // Until then the proxy may believe the old addresses.
        sleep(Duration::from_secs(5));
        self.is_seen("storefront", 3)?;
        self.is_seen("storefront-websocket", 3)?;
        self.is_seen("accounts", 2)?;
        // What is wrong from now on would stay wrong.
        sleep(Duration::from_secs(5));
        Ok(())
    }

    /// The next version is pulled and rolled out by the documented lines, and no instance gets lost by it.
    pub(super) fn upgrades(&mut self) -> Result<()> {
        let before = self.topology.of("storefront")?;
        self.checkout.moves_on()?;
        self.runs(DEPLOYMENT, "git pull")?;
        self.counts(3)?;
        for service in ["accounts", "storefront", "edge"] {
            for container in self.topology.of(service)? {
                ensure!(!before.contains(&container), "{service} is the one from before");
                let label = "{{index .Config.Labels \"org.opencontainers.image.version\"}}";
                let version = self.topology.inspect(&container, label)?;
                ensure!(version == "next", "{service} is of version {version:?}");
            }
        }
        self.is_seen("accounts", 2)?;
        self.is_seen("storefront", 3)?;
        self.is_seen("edge", 1)
    }

    /// Takes everything down and up again. The data is there again.
    pub(super) fn goes_down_and_comes_back(&self, game: &str) -> Result<()> {
        self.topology.compose(&["down"])?;
        let left = self.topology.engine.docker(["ps", "--quiet"])?;
        ensure!(left.is_empty(), "something still runs: {left}");
        self.topology.compose(&["up", "--detach", "--wait"])?;
        self.counts(3)?;
        let found = self.topology.asks(&[], game)?;
        ensure!(found.contains("Harbours"), "{game} is not there any more: {found}");
        Ok(())
    }

    /// Waits until the proxy knows this many instances of a service, and sees all of them as healthy.
    fn is_seen(&self, service: &str, count: usize) -> Result<()> {
        let begun = Instant::now();
        loop {
            let seen = self.topology.seen(service)?;
            if seen == (count, count) {
                return Ok(());
            }
            if begun.elapsed() > LONG {
                bail!("of {count} {service} the proxy takes {} of {} for well", seen.0, seen.1);
            }
            sleep(Duration::from_millis(250));
        }
    }
}
