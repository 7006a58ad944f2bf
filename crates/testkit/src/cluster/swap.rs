//! Swaps addresses: a container engine gives the address of a container that is gone to the next one that starts.

use futures::future::join;

use super::{Cluster, Instance, plan::upstream_counts};

impl Cluster {
    /// Kills these instances of accounts and of the storefront, and starts each where the other one was. The names that
    /// lead to them know of it. The proxy takes each address for what it was, until it finds out.
    pub async fn swaps(&mut self, accounts: usize, storefront: usize) {
        let (accounts, storefront) =
            (&mut self.accounts[accounts], &mut self.storefronts[storefront]);
        join(accounts.kill_9(), storefront.kill_9()).await;

        let (was_accounts, was_storefront) = (accounts.address(), storefront.address());
        for (name, from, to) in [
            ("accounts", was_accounts, was_storefront),
            ("storefront", was_storefront, was_accounts),
        ] {
            self.names[name].moved(from, to);
            self.settling.moved(name, from, to);
        }

        accounts.moves_to(was_storefront);
        storefront.moves_to(was_accounts);
        join(Instance::starts_again(accounts), Instance::starts_again(storefront)).await;
    }

    /// Waits until the proxy sees this many instances of each service as healthy, where it believes them to be.
    pub async fn is_seen_as(&mut self, accounts: usize, storefronts: usize) {
        let expected = upstream_counts(|service| match service.name {
            "accounts" => accounts,
            "storefront" => storefronts,
            _ => 2,
        });
        self.envoy.sees(&expected).await;
    }
}
