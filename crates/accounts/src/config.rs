//! What an operator may tune about accounts, and how far.

mod sign_in;

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use sir0_settings::{Kind, Setting};

pub use self::sign_in::SignIn;
use crate::{
    domain::{Founders, Lifetimes, Rotation, SigningKeys},
    hashing,
};

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
        "a key that signed access tokens before; taken over at the first start",
    ),
    Setting::new(
        "accounts.sealing_key",
        "SIR0_ACCOUNTS_SEALING_KEY",
        Kind::File,
        "the keys that seal secrets in the database; unset, made in the data folder",
    ),
    Setting::new(
        "accounts.key_rotation",
        "SIR0_ACCOUNTS_KEY_ROTATION",
        Kind::Duration,
        "how long a key signs access tokens; `0s` for as long as nobody changes it",
    ),
    Setting::new(
        "accounts.key_notice",
        "SIR0_ACCOUNTS_KEY_NOTICE",
        Kind::Duration,
        "how long a key is published before it signs",
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
        "how long a sign-in without refresh tokens lasts",
    ),
    Setting::new(
        "accounts.access_token_lifetime",
        "SIR0_ACCOUNTS_ACCESS_TOKEN_LIFETIME",
        Kind::Duration,
        "how long an access token is good that a refresh token renews",
    ),
    Setting::new(
        "accounts.idle_lifetime",
        "SIR0_ACCOUNTS_IDLE_LIFETIME",
        Kind::Duration,
        "how long a sign-in with refresh tokens lasts without a refresh",
    ),
    Setting::new(
        "accounts.longest_session",
        "SIR0_ACCOUNTS_LONGEST_SESSION",
        Kind::Duration,
        "how long a sign-in lasts however often it is refreshed",
    ),
    Setting::new(
        "accounts.studios_founded_by",
        "SIR0_ACCOUNTS_STUDIOS_FOUNDED_BY",
        Kind::Name,
        "who may found a studio: `publishers`, `anyone` or `administrators`",
    ),
    Setting::new(
        "accounts.security_events_kept",
        "SIR0_ACCOUNTS_SECURITY_EVENTS_KEPT",
        Kind::Duration,
        "how long it is known what happened to accounts; `0s` for ever",
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
    Setting::new(
        "accounts.sign_in.most_failures",
        "SIR0_ACCOUNTS_SIGN_IN_MOST_FAILURES",
        Kind::Number,
        "how many wrong passwords in a row shut an account for where they came from",
    ),
    Setting::new(
        "accounts.sign_in.shut_for",
        "SIR0_ACCOUNTS_SIGN_IN_SHUT_FOR",
        Kind::Duration,
        "how long it is shut",
    ),
    Setting::new(
        "accounts.sign_in.attempts_per_address",
        "SIR0_ACCOUNTS_SIGN_IN_ATTEMPTS_PER_ADDRESS",
        Kind::Number,
        "passwords and other secrets that an address may try in a minute, 0 for no limit",
    ),
    Setting::new(
        "accounts.sign_in.attempts_per_account",
        "SIR0_ACCOUNTS_SIGN_IN_ATTEMPTS_PER_ACCOUNT",
        Kind::Number,
        "those that are tried at an account in a minute, 0 for no limit",
    ),
    Setting::new(
        "accounts.sign_in.attempts_per_device",
        "SIR0_ACCOUNTS_SIGN_IN_ATTEMPTS_PER_DEVICE",
        Kind::Number,
        "those that a trusted device may try in a minute, 0 for no limit",
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
    /// A private key that tokens were signed with before keys lay in the database, in PEM. Without one,
    /// `signing-key.pem` in the data folder, if it is there. The first start takes it over as the first key.
    pub signing_key: Option<PathBuf>,
    /// The keys that seal the secrets in the database. Without one, `sealing-key` in the data folder, made when missing. A
    /// file named here is never made.
    pub sealing_key: Option<PathBuf>,
    /// How long a key signs before the next one does. Zero leaves it to `sir0 keys rotate`.
    #[serde(with = "humantime_serde")]
    pub key_rotation: Duration,
    /// How long a key is published before it signs, and how much longer than its last token it is believed. A
    /// service elsewhere that verifies tokens may keep the published keys for so long.
    #[serde(with = "humantime_serde")]
    pub key_notice: Duration,
    /// The issuer of tokens: `iss`.
    pub issuer: String,
    /// The audience of tokens: `aud`.
    pub audience: String,
    /// How long a session without refresh tokens lasts, and its token with it.
    #[serde(with = "humantime_serde")]
    pub session_lifetime: Duration,
    /// How long an access token is good in a session that has refresh tokens.
    #[serde(with = "humantime_serde")]
    pub access_token_lifetime: Duration,
    /// How long a session that has refresh tokens lasts without a refresh.
    #[serde(with = "humantime_serde")]
    pub idle_lifetime: Duration,
    /// How long a session that has refresh tokens lasts, however often it is refreshed.
    #[serde(with = "humantime_serde")]
    pub longest_session: Duration,
    /// Who may found a studio.
    pub studios_founded_by: Founders,
    /// How long it is known what happened to accounts. Zero keeps it for ever.
    #[serde(with = "humantime_serde")]
    pub security_events_kept: Duration,
    /// What a password costs to hash.
    pub hashing: hashing::Config,
    /// How many wrong passwords in a row an account takes.
    pub sign_in: SignIn,
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
            sealing_key: None,
            key_rotation: Duration::from_hours(30 * 24),
            key_notice: Duration::from_hours(1),
            issuer: "sir0".to_owned(),
            audience: "sir0".to_owned(),
            session_lifetime: Duration::from_hours(24),
            access_token_lifetime: Duration::from_mins(10),
            idle_lifetime: Duration::from_hours(30 * 24),
            longest_session: Duration::from_hours(90 * 24),
            studios_founded_by: Founders::default(),
            security_events_kept: EVENTS_KEPT,
            hashing: hashing::Config::default(),
            sign_in: SignIn::default(),
        }
    }
}

/// How long security events are kept: a stolen account may be found out months later.
const EVENTS_KEPT: Duration = Duration::from_hours(365 * 24);

impl Config {
    const SHORTEST_SESSION: Duration = Duration::from_mins(1);
    const LONGEST_SESSION: Duration = Duration::from_hours(90 * 24);
    const SHORTEST_TOKEN: Duration = Duration::from_secs(10);
    const LONGEST_TOKEN: Duration = Duration::from_hours(1);
    const SHORTEST_ROTATION: Duration = Duration::from_mins(1);
    const LONGEST_ROTATION: Duration = Duration::from_hours(10 * 365 * 24);
    const SHORTEST_KEPT: Duration = Duration::from_hours(24);
    /// Keeps tokens far below the length at which verifiers stop reading.
    const MAX_NAME_BYTES: usize = 255;

    /// How signing keys follow each other.
    pub(crate) fn rotation(&self) -> Rotation {
        Rotation {
            every: self.key_rotation,
            notice: self.key_notice,
            token_life: self.session_lifetime.max(self.access_token_lifetime),
        }
    }

    /// Refuses unsafe and useless settings before anything is opened.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        for (key, name) in [("issuer", &self.issuer), ("audience", &self.audience)] {
            if name.is_empty() || name.len() > Self::MAX_NAME_BYTES {
                return Err(InvalidConfig { key, problem: "must have 1 to 255 bytes" });
            }
        }
        for (key, lifetime) in [
            ("session_lifetime", self.session_lifetime),
            ("idle_lifetime", self.idle_lifetime),
            ("longest_session", self.longest_session),
        ] {
            if !(Self::SHORTEST_SESSION..=Self::LONGEST_SESSION).contains(&lifetime) {
                let problem = "must be between 1 minute and 90 days, such as `24h`";
                return Err(InvalidConfig { key, problem });
            }
        }
        if !(Self::SHORTEST_TOKEN..=Self::LONGEST_TOKEN).contains(&self.access_token_lifetime) {
            let problem = "must be between 10 seconds and 1 hour, such as `10m`";
            return Err(InvalidConfig { key: "access_token_lifetime", problem });
        }
        let rotation = Self::SHORTEST_ROTATION..=Self::LONGEST_ROTATION;
        if !self.key_rotation.is_zero() && !rotation.contains(&self.key_rotation) {
            let problem = "must be `0s`, or between 1 minute and 10 years, such as `30d`";
            return Err(InvalidConfig { key: "key_rotation", problem });
        }
        if self.key_notice < SigningKeys::HEARD_EVERYWHERE {
            let problem =
                "must be 15 seconds at least: so long it takes until every instance knows a key";
            return Err(InvalidConfig { key: "key_notice", problem });
        }
        if !self.key_rotation.is_zero() && self.key_notice > self.key_rotation / 2 {
            let problem = "must be at most half of `key_rotation`";
            return Err(InvalidConfig { key: "key_notice", problem });
        }
        let most = u32::try_from(SigningKeys::MOST).unwrap_or(u32::MAX);
        let believed = self.session_lifetime.saturating_add(2 * self.key_notice);
        if !self.key_rotation.is_zero() && believed > self.key_rotation.saturating_mul(most / 2) {
            let problem = "must be longer for tokens that live so long: more than 50 keys would be good at a time";
            return Err(InvalidConfig { key: "key_rotation", problem });
        }
        let kept = Self::SHORTEST_KEPT..=Self::LONGEST_ROTATION;
        if !self.security_events_kept.is_zero() && !kept.contains(&self.security_events_kept) {
            let problem = "must be `0s`, or between 1 day and 10 years, such as `365d`";
            return Err(InvalidConfig { key: "security_events_kept", problem });
        }
        self.sign_in.check()?;
        self.hashing.check()
    }

    /// How long events are kept. `None` for ever.
    pub(crate) fn events_kept(&self) -> Option<Duration> {
        Some(self.security_events_kept).filter(|kept| !kept.is_zero())
    }

    /// How long sessions and their tokens last.
    pub(crate) const fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            session: self.session_lifetime,
            token: self.access_token_lifetime,
            idle: self.idle_lifetime,
            whole: self.longest_session,
        }
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
        let long_token =
            Config { access_token_lifetime: Duration::from_hours(2), ..Config::default() };
        let no_idling = Config { idle_lifetime: Duration::from_secs(1), ..Config::default() };
        let nameless = Config { issuer: String::new(), ..Config::default() };
        let endless = Config { audience: "x".repeat(256), ..Config::default() };
        let hasty = Config { key_rotation: Duration::from_secs(59), ..Config::default() };
        let many = Config {
            key_rotation: Duration::from_mins(20),
            key_notice: Duration::from_mins(1),
            ..Config::default()
        };
        let eternal = Config { key_notice: Duration::from_hours(16 * 24), ..Config::default() };
        let sudden = Config { key_notice: Duration::from_secs(14), ..Config::default() };
        let weak = hashing::Config { log_n: 14, ..hashing::Config::default() };
        let weak = Config { hashing: weak, ..Config::default() };
        let with = |sign_in| Config { sign_in, ..Config::default() };
        let endless_guessing = with(SignIn { most_failures: 101, ..SignIn::default() });
        let strict = with(SignIn { most_failures: 9, ..SignIn::default() });
        let forgetful =
            Config { security_events_kept: Duration::from_hours(1), ..Config::default() };
        let shut_for_ever = with(SignIn { shut_for: Duration::MAX, ..SignIn::default() });

        for (config, key) in [
            (too_short, "session_lifetime"),
            (too_long, "session_lifetime"),
            (long_token, "access_token_lifetime"),
            (no_idling, "idle_lifetime"),
            (forgetful, "security_events_kept"),
            (nameless, "issuer"),
            (endless, "audience"),
            (hasty, "key_rotation"),
            (many, "key_rotation"),
            (eternal, "key_notice"),
            (sudden, "key_notice"),
            (weak, "hashing.log_n"),
            (endless_guessing, "sign_in.most_failures"),
            (strict, "sign_in.most_failures"),
            (shut_for_ever, "sign_in.shut_for"),
        ] {
            assert_eq!(config.check().expect_err("refused").key, key);
        }
    }
}
