//! Where the other parts are when each runs in a separate process, and which settings such a process needs.

use std::path::PathBuf;

use http::Uri;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use sir0_storage::Place;

use super::{Config, ConfigError, SETTINGS};
use crate::parts::{Part, Parts};

/// Where the other parts are. The settings are unused when all parts run in one process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Peers {
    /// Where accounts is, for the storefront and the edge.
    #[serde(deserialize_with = "origin")]
    pub accounts: Option<String>,
    /// Where the storefront is, for the edge.
    #[serde(deserialize_with = "origin")]
    pub storefront: Option<String>,
    /// The file with the secret that services show each other on calls that are theirs alone.
    pub secret_file: Option<PathBuf>,
}

impl Config {
    /// Refuses to run a part that could not do its work with these settings.
    pub(crate) fn suffices_for(&self, parts: Parts) -> Result<(), ConfigError> {
        let Some(part) = parts.alone() else { return Ok(()) };
        let Peers { accounts, storefront, secret_file } = &self.peers;
        let needs: &[(bool, &str, &str)] = match part {
            Part::Accounts => &[(
                secret_file.is_some(),
                "peers.secret_file",
                "a storefront shows what is in it to hear which keys and sessions are good",
            )],
            Part::Storefront => &[
                (accounts.is_some(), "peers.accounts", "it tells which keys and sessions are good"),
                (
                    secret_file.is_some(),
                    "peers.secret_file",
                    "accounts answers only those who show what is in it",
                ),
            ],
            Part::Edge => &[
                (accounts.is_some(), "peers.accounts", "the status of the platform includes it"),
                (
                    storefront.is_some(),
                    "peers.storefront",
                    "the status of the platform includes it",
                ),
            ],
        };
        match needs.iter().find(|(is_given, ..)| !is_given) {
            None => Ok(()),
            Some((_, key, reason)) => {
                let setting = SETTINGS.iter().find(|setting| setting.key == *key);
                let setting = setting.expect("a test asks for each of them");
                Err(ConfigError::Lacking {
                    part: part.name(),
                    key: setting.key,
                    variable: setting.variable,
                    reason,
                })
            }
        }
    }

    /// Notes in the log when a part keeps its tables in a file: a second process of its kind would have other tables.
    /// Call it once logs have started.
    pub fn log_solitude(&self, parts: Parts) {
        let Some(part) = parts.alone() else { return };
        if self.keeps_tables_in_a_file(part) {
            tracing::info!(
                "{} keeps its tables in a file of this machine: it has to be the only process of its kind",
                part.name()
            );
        }
    }

    /// Whether these parts keep anything in a file, so that the data folder is needed.
    pub(crate) fn keeps_files(&self, parts: Parts) -> bool {
        let keeps = |part| parts.include(part) && self.keeps_tables_in_a_file(part);
        keeps(Part::Accounts)
            || keeps(Part::Storefront)
            || parts.include(Part::Accounts) && self.accounts.signing_key.is_none()
    }

    /// Whether the part keeps its tables in a file.
    pub(crate) fn keeps_tables_in_a_file(&self, part: Part) -> bool {
        let database = match part {
            Part::Accounts => &self.accounts.database,
            Part::Storefront => &self.storefront.database,
            Part::Edge => return false,
        };
        database.as_ref().is_none_or(|url| !Place::is_postgres(url))
    }
}

/// `http://host:port`, and nothing behind it.
fn origin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let uri: Uri = text.parse().map_err(D::Error::custom)?;
    if uri.scheme_str() != Some("http") {
        return Err(D::Error::custom(
            "must begin with `http://`, parts speak in clear on a network of their own",
        ));
    }
    let is_bare = uri.path_and_query().is_none_or(|rest| rest.as_str() == "/");
    let names_someone = uri.authority().is_some_and(|it| it.as_str().contains('@'));
    if !is_bare || names_someone || uri.host().is_none_or(str::is_empty) {
        return Err(D::Error::custom("must be a host and a port, and nothing else"));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(peers: Peers, part: Part) -> String {
        let config = Config { peers, ..Config::default() };
        let refused = config.suffices_for(Parts::only(part)).expect_err("something is missing");
        refused.to_string()
    }

    #[test]
    fn a_part_that_lacks_something_says_what_and_how_to_give_it() {
        let accounts = Some("http://accounts:8080".to_owned());
        let half = Peers { accounts, ..Peers::default() };

        for (peers, part, named) in [
            (Peers::default(), Part::Accounts, "SIR0_PEERS_SECRET_FILE"),
            (Peers::default(), Part::Storefront, "SIR0_ACCOUNTS_URL"),
            (half.clone(), Part::Storefront, "SIR0_PEERS_SECRET_FILE"),
            (Peers::default(), Part::Edge, "SIR0_ACCOUNTS_URL"),
            (half, Part::Edge, "SIR0_STOREFRONT_URL"),
        ] {
            let story = lacking(peers, part);

            let command = format!("`sir0 serve {}`", part.name());
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
        config.accounts.database = Some("postgres://sir0@accounts-db/accounts".to_owned());

        assert!(config.keeps_files(Parts::ALL));
        assert!(config.keeps_files(Parts::only(Part::Accounts)), "its signing key");
        assert!(config.keeps_files(Parts::only(Part::Storefront)));
        config.accounts.signing_key = Some("/run/secrets/signing-key".into());
        assert!(!config.keeps_files(Parts::only(Part::Accounts)));
        assert!(!config.keeps_files(Parts::only(Part::Edge)));
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
            config.storefront.database = Some(url.to_owned());
            assert_eq!(config.keeps_tables_in_a_file(Part::Storefront), is_file, "{url}");
        }
    }
}
