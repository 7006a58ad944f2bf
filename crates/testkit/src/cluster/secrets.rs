//! The secrets of a cluster, in files as its containers have them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use sir0_server::SERVICES;
use sir0_tokens::{Readers, SigningKey, Vault};

/// The secrets that containers have in files below `/run/secrets`.
pub(super) struct Secrets {
    pub(super) folder: PathBuf,
    /// The password of each service's database.
    pub(super) databases: BTreeMap<&'static str, String>,
    pub(super) redis: String,
}

impl Secrets {
    pub(super) const SIGNING_KEY: &str = "signing-key";

    pub(super) fn folder(cluster: &Path) -> PathBuf {
        cluster.join("secrets")
    }

    pub(super) fn make(cluster: &Path) -> Self {
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
        let sealing = folder.join("sealing-key");
        Vault::open_or_create_for(Readers::Owner, &sealing).expect("a folder of ours");
        SigningKey::open_or_create(&folder.join(Self::SIGNING_KEY)).expect("a folder of ours");
        Self { folder, databases, redis }
    }
}

/// A random number, from the seed that std makes for its hash maps.
fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
