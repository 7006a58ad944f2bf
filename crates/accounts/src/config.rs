//! What an operator may tune about accounts, and how far.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use sir0_settings::{Kind, Setting};

use crate::{domain::Founders, hashing};

/// The settings of [`Config`].
pub(crate) const SETTINGS: &[Setting] = &[
    Setting::new(
        "accounts.database",
        "SIR0_ACCOUNTS_DATABASE_URL",
        Kind::Database,
        "where accounts are; unset, accounts.db in the data folder",
    ),
    Setting::new(
        "accounts.database_password_file",
        "SIR0_ACCOUNTS_DATABASE_PASSWORD_FILE",
        Kind::File,
        "holds the password for it, so that no variable does",
    ),
    Setting::new(
        "accounts.database_connections",
        "SIR0_ACCOUNTS_DATABASE_CONNECTIONS",
        Kind::Number,
        "the most connections one process has to it (PostgreSQL)",
    ),
    Setting::new(
        "accounts.signing_key",
        "SIR0_ACCOUNTS_SIGNING_KEY",
        Kind::File,
        "the key that signs access tokens; unset, made in the data folder",
    ),
    Setting::new(
        "accounts.issuer",
        "SIR0_ACCOUNTS_ISSUER",
        Kind::Name,
        "who signs access tokens (`iss`)",
    ),
    Setting::new(
        "accounts.audience",
        "SIR0_ACCOUNTS_AUDIENCE",
        Kind::Name,
        "whom access tokens are for (`aud`)",
    ),
    Setting::new(
        "accounts.session_lifetime",
        "SIR0_ACCOUNTS_SESSION_LIFETIME",
        Kind::Duration,
        "how long a sign-in lasts",
    ),
    Setting::new(
        "accounts.studios_founded_by",
        "SIR0_ACCOUNTS_STUDIOS_FOUNDED_BY",
        Kind::Name,
        "who may found a studio: `publishers`, `anyone` or `administrators`",
    ),
    Setting::new(
        "accounts.hashing.log_n",
        "SIR0_ACCOUNTS_HASHING_LOG_N",
        Kind::Number,
        "scrypt's cost of a password, as a power of two",
    ),
    Setting::new(
        "accounts.hashing.r",
        "SIR0_ACCOUNTS_HASHING_R",
        Kind::Number,
        "scrypt's block size",
    ),
    Setting::new("accounts.hashing.p", "SIR0_ACCOUNTS_HASHING_P", Kind::Number, "scrypt's rounds"),
    Setting::new(
        "accounts.hashing.memory_mib",
        "SIR0_ACCOUNTS_HASHING_MEMORY_MIB",
        Kind::Number,
        "memory for hashing at a time, in MiB",
    ),
    Setting::new(
        "accounts.hashing.queue",
        "SIR0_ACCOUNTS_HASHING_QUEUE",
        Kind::Number,
        "how many passwords may wait to be hashed",
    ),
    Setting::new(
        "accounts.hashing.patience",
        "SIR0_ACCOUNTS_HASHING_PATIENCE",
        Kind::Duration,
        "how long a password may wait",
    ),
];

/// The settings of accounts. Defaults suit a laptop.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A `sqlite:` path or a `postgres:` URL. No other service shares it. Without one, `accounts.db` in the data
    /// folder.
    pub database: Option<String>,
    /// The file with the password of the `postgres:` URL.
    pub database_password_file: Option<PathBuf>,
    /// How many connections one process has to PostgreSQL at most.
    pub database_connections: u32,
    /// The private key that tokens are signed with, in PEM. Without one, `signing-key.pem` in the data folder, made
    /// when missing. A file named here is never made.
    pub signing_key: Option<PathBuf>,
    /// The issuer of tokens: `iss`.
    pub issuer: String,
    /// The audience of tokens: `aud`.
    pub audience: String,
    /// How long a session lasts, and its token with it.
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
    /// Who may found a studio.
    pub studios_founded_by: Founders,
    /// What a password costs to hash.
    pub hashing: hashing::Config,
}

/// A setting that would make accounts unsafe or useless. Stops the start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` {problem}")]
pub struct InvalidConfig {
    /// The name of the setting, below the settings of accounts.
    pub key: &'static str,
    /// What is wrong with it, and what would be right.
    pub problem: &'static str,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: None,
            database_password_file: None,
            database_connections: 20,
            signing_key: None,
            issuer: "sir0".to_owned(),
            audience: "sir0".to_owned(),
            session_lifetime: Duration::from_hours(24),
            studios_founded_by: Founders::default(),
            hashing: hashing::Config::default(),
        }
    }
}

impl Config {
    const SHORTEST_SESSION: Duration = Duration::from_mins(1);
    const LONGEST_SESSION: Duration = Duration::from_hours(90 * 24);
    /// Keeps tokens far below the length at which verifiers stop reading.
    const MAX_NAME_BYTES: usize = 255;

    /// Refuses unsafe and useless settings before anything is opened.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        for (key, name) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if name.is_empty() || name.len() > Self::MAX_NAME_BYTES {
                return Err(InvalidConfig { key, problem: "must have 1 to 255 bytes" });
            }
        }
        if !(Self::SHORTEST_SESSION..=Self::LONGEST_SESSION).contains(&self.session_lifetime) {
            let problem = "must be between 1 minute and 90 days, such as `24h`";
            return Err(InvalidConfig { key: "session_lifetime", problem });
        }
        self.hashing.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Config {
        toml::from_str(text).expect("settings")
    }

    #[test]
    fn an_empty_file_means_the_defaults_and_the_defaults_are_good() {
        let config = read("");

        assert_eq!(config, Config::default());
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn settings_are_read_as_people_write_them() {
        let config = read(
            r#"
            session_lifetime = "90m"
            [hashing]
            log_n = 15
            p = 3
            patience = "250ms"
            "#,
        );

        assert_eq!(config.session_lifetime, Duration::from_mins(90));
        assert_eq!(config.hashing.patience, Duration::from_millis(250));
        assert_eq!((config.hashing.log_n, config.hashing.r, config.hashing.p), (15, 8, 3));
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        for text in ["isuer = 'x'", "[hashing]\nlogn = 17"] {
            let refused = toml::from_str::<Config>(text).expect_err("no such setting").to_string();

            assert!(refused.contains("isuer") || refused.contains("logn"), "{refused}");
        }
    }

    #[test]
    fn an_unsafe_or_useless_setting_is_named() {
        let too_short = Config { session_lifetime: Duration::ZERO, ..Config::default() };
        let too_long =
            Config { session_lifetime: Duration::from_hours(91 * 24), ..Config::default() };
        let nameless = Config { issuer: String::new(), ..Config::default() };
        let endless = Config { audience: "x".repeat(256), ..Config::default() };
        let weak = hashing::Config { log_n: 14, ..hashing::Config::default() };
        let weak = Config { hashing: weak, ..Config::default() };

        for (config, key) in [
            (too_short, "session_lifetime"),
            (too_long, "session_lifetime"),
            (nameless, "issuer"),
            (endless, "audience"),
            (weak, "hashing.log_n"),
        ] {
            assert_eq!(config.check().expect_err("refused").key, key);
        }
    }
}
