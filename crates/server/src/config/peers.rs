//! Where the other parts are when each runs in a separate process, and which settings such a process needs.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor},
};
use sir0_host::{Configured, Service};
use sir0_kernel::Origin;
use sir0_settings::{Kind, Setting};

use super::{Config, ConfigError};
use crate::{
    SERVICES,
    parts::{Part, Parts},
};

/// The settings of [`Peers`] besides the one of each service.
pub(super) const SETTINGS: &[Setting] = &[SECRET_FILE];

const SECRET_FILE: Setting = Setting::new(
    "peers.secret_file",
    "SIR0_PEERS_SECRET_FILE",
    Kind::File,
    "holds what services that run apart show each other",
);

/// Where the other parts are. The settings are unused when all parts run in one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Peers {
    /// Where each service is, by its name.
    #[serde(flatten)]
    urls: BTreeMap<&'static str, Option<String>>,
    /// The file with the secret that services show each other on calls that are theirs alone.
    pub secret_file: Option<PathBuf>,
}

impl Default for Peers {
    fn default() -> Self {
        let urls = SERVICES.iter().map(|service| (service.name, None)).collect();
        Self { urls, secret_file: None }
    }
}

impl Peers {
    /// Where a service is, if a setting says so.
    #[must_use]
    pub fn url(&self, service: &Service) -> Option<&str> {
        self.urls.get(service.name)?.as_deref()
    }

    /// Says where a service is.
    pub fn set_url(&mut self, service: &'static Service, url: String) {
        self.urls.insert(service.name, Some(url));
    }
}

impl<'de> Deserialize<'de> for Peers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PeersVisitor)
    }
}

struct PeersVisitor;

impl<'de> Visitor<'de> for PeersVisitor {
    type Value = Peers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("where the services are")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Peers, M::Error> {
        let mut peers = Peers::default();
        while let Some(key) = map.next_key::<String>()? {
            if SECRET_FILE.key.strip_prefix("peers.") == Some(&key) {
                peers.secret_file = map.next_value()?;
            } else if let Some(url) = peers.urls.get_mut(&*key) {
                *url = Some(map.next_value::<HttpOrigin>()?.0);
            } else {
                return Err(M::Error::custom("no service has this name"));
            }
        }
        Ok(peers)
    }
}

impl Config {
    /// Refuses to run a part that could not do its work with these settings.
    pub(crate) fn suffices_for(&self, parts: Parts) -> Result<(), ConfigError> {
        self.lacking(parts).next().map_or(Ok(()), Err)
    }

    /// Everything that a part which is to run by itself would need and is not given.
    pub(crate) fn lacking(&self, parts: Parts) -> impl Iterator<Item = ConfigError> {
        let needs =
            parts.alone().map(|part| self.needs(part).into_iter().map(move |need| (part, need)));
        let lacking = needs.into_iter().flatten().filter(|(_, need)| !need.is_given);
        lacking.map(|(part, Need { setting, reason, .. })| {
            let (key, variable) = (setting.key, setting.variable);
            ConfigError::Lacking { part: part.name(), key, variable, reason }
        })
    }

    /// What a part needs to run apart from the others.
    fn needs(&self, part: Part) -> Vec<Need> {
        let Peers { secret_file, .. } = &self.peers;
        let secret = |reason| Need::new(SECRET_FILE, secret_file.is_some(), reason);
        let url = |service: &'static Service, reason| {
            Need::new(service.peer, self.peers.url(service).is_some(), reason)
        };
        let identifying = SERVICES.iter().find_map(|it| Some((*it, it.identifying?)));
        match (part, identifying) {
            (Part::Edge, _) => {
                let each = SERVICES.iter();
                each.map(|service| url(service, "the status of the platform includes it")).collect()
            }
            (Part::Service(service), Some((_, it))) if service.identifying.is_some() => {
                vec![secret(it.secret)]
            }
            (Part::Service(_), Some((service, it))) => {
                vec![url(service, it.reason), secret(it.shown)]
            }
            (Part::Service(_), None) => Vec::new(),
        }
    }

    /// Notes in the log when a part keeps its tables in a file: a second process of its kind would have other tables.
    /// Call it once logs have started.
    pub fn log_solitude(&self, parts: Parts) {
        let Some(part) = parts.alone() else { return };
        if self.services.of(parts).any(Configured::keeps_tables_in_a_file) {
            tracing::info!(
                "{} keeps its tables in a file of this machine: it has to be the only process of its kind",
                part.name()
            );
        }
    }

    /// Whether these parts keep anything in a file, so that the data folder is needed.
    pub(crate) fn keeps_files(&self, parts: Parts) -> bool {
        self.services.of(parts).any(|service| {
            let mut keys = service.key_files(&self.data_dir).into_iter();
            service.keeps_tables_in_a_file() || keys.any(|key| key.is_in_data_dir)
        })
    }
}

/// A setting that a part needs, and what for.
struct Need {
    setting: Setting,
    is_given: bool,
    reason: &'static str,
}

impl Need {
    const fn new(setting: Setting, is_given: bool, reason: &'static str) -> Self {
        Self { setting, is_given, reason }
    }
}

/// `http://host:port`, and nothing behind it.
struct HttpOrigin(String);

impl<'de> Deserialize<'de> for HttpOrigin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Origin::parse(&text).map_err(D::Error::custom)?;
        Ok(Self(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(peers: Peers, part: &str) -> String {
        let config = Config { peers, ..Config::default() };
        let refused = config
            .suffices_for(Parts::only(part.parse().expect("a part")))
            .expect_err("something is missing");
        refused.to_string()
    }

    #[test]
    fn a_part_that_lacks_something_says_what_and_how_to_give_it() {
        let mut half = Peers::default();
        half.set_url(SERVICES[0], "http://accounts:8080".to_owned());

        for (peers, part, named) in [
            (Peers::default(), "accounts", "SIR0_PEERS_SECRET_FILE"),
            (Peers::default(), "storefront", "SIR0_ACCOUNTS_URL"),
            (half.clone(), "storefront", "SIR0_PEERS_SECRET_FILE"),
            (Peers::default(), "edge", "SIR0_ACCOUNTS_URL"),
            (half, "edge", "SIR0_STOREFRONT_URL"),
        ] {
            let story = lacking(peers, part);

            let command = format!("`sir0 serve {part}`");
            assert!(story.contains(named) && story.contains(&command), "{story}");
        }
    }

    #[test]
    fn the_whole_platform_needs_to_be_told_nothing() {
        assert!(Config::default().suffices_for(Parts::ALL).is_ok());
    }

    #[test]
    fn a_part_that_keeps_everything_elsewhere_makes_no_folder() {
        let mut config = Config::default();
        let only = |part: &str| Parts::only(part.parse().expect("a part"));
        let accounts: &mut sir0_accounts::Config = config.services.get_mut();
        accounts.database = Some("postgres://sir0@accounts-db/accounts".to_owned());

        assert!(config.keeps_files(Parts::ALL));
        assert!(config.keeps_files(only("accounts")), "its signing key");
        assert!(config.keeps_files(only("storefront")));
        let accounts: &mut sir0_accounts::Config = config.services.get_mut();
        accounts.signing_key = Some("/run/secrets/signing-key".into());
        assert!(!config.keeps_files(only("accounts")));
        assert!(!config.keeps_files(only("edge")));
    }

    #[test]
    fn a_file_named_after_a_server_is_a_file() {
        let mut config = Config::default();

        for (url, is_file) in [
            ("postgres.db", true),
            ("sqlite:postgres.db", true),
            ("postgres://sir0@db/games", false),
            ("postgresql://sir0@db/games", false),
        ] {
            let storefront: &mut sir0_storefront::Config = config.services.get_mut();
            storefront.database = Some(url.to_owned());
            assert_eq!(storefront.keeps_tables_in_a_file(), is_file, "{url}");
        }
    }
}
