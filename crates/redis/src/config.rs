//! Where Redis is, and how long it is waited for.

use std::{fmt, fs, path::PathBuf, time::Duration};

use redis::{Client, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use serde::{Deserialize, Serialize};
use sir0_kernel::read_secret;

use sir0_settings::{Kind, Setting};

use crate::OpenError;

/// The settings of [`Config`].
pub const SETTINGS: &[Setting] = &[
    Setting::new(
        "redis.url",
        "SIR0_REDIS_URL",
        Kind::Redis,
        "rings between processes and shares their caches; unset, neither",
    ),
    Setting::new(
        "redis.password_file",
        "SIR0_REDIS_PASSWORD_FILE",
        Kind::File,
        "holds the password for it, so that no variable does",
    ),
    Setting::new(
        "redis.patience",
        "SIR0_REDIS_PATIENCE",
        Kind::Duration,
        "how long a call waits for it before it goes on without",
    ),
];

/// Where Redis is, and how long it is waited for.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `redis://host:6379`, or `redis+unix:///path` for a socket. Without it, there is no Redis. TLS (`rediss://`) is
    /// not supported.
    pub url: Option<String>,
    /// The file that holds the password and nothing else. Wins over a password in the URL.
    pub password_file: Option<PathBuf>,
    /// How long a call waits for an answer before it goes on without.
    #[serde(with = "humantime_serde")]
    pub patience: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { url: None, password_file: None, patience: Duration::from_millis(25) }
    }
}

/// Leaves the URL out, because it may hold a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("url", &self.url.as_ref().map(|_| "…"))
            .field("password_file", &self.password_file)
            .field("patience", &self.patience)
            .finish()
    }
}

impl Config {
    /// Refuses a Redis that no connection could be made to. Opens none.
    pub fn check(&self) -> Result<(), OpenError> {
        if self.url.is_none() { Ok(()) } else { self.client().map(drop) }
    }

    /// Everything needed to connect. Opens no connection.
    pub(crate) fn client(&self) -> Result<Client, OpenError> {
        let url = self.url.as_deref().ok_or(OpenError::NoUrl)?;
        if url.starts_with("rediss:") || url.starts_with("valkeys:") {
            return Err(OpenError::Tls);
        }
        let info = url.into_connection_info().map_err(OpenError::UnreadableUrl)?;
        // Redis tells of messages and of a lost connection unasked, which takes the third version.
        let mut login = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        if let Some(password) = self.password()? {
            login = login.set_password(password);
        }
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        let info: ConnectionInfo = info.set_redis_settings(login).set_tcp_settings(tcp);
        Client::open(info).map_err(OpenError::UnreadableUrl)
    }

    fn password(&self) -> Result<Option<String>, OpenError> {
        let Some(path) = &self.password_file else { return Ok(None) };
        let password = fs::File::open(path)
            .and_then(read_secret)
            .map_err(|source| OpenError::PasswordFile { path: path.clone(), source })?;
        match password.trim() {
            "" => Err(OpenError::EmptyPasswordFile { path: path.clone() }),
            password => Ok(Some(password.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn at(url: &str) -> Config {
        Config { url: Some(url.to_owned()), ..Config::default() }
    }

    #[test]
    fn nothing_set_means_no_redis_and_25_milliseconds() {
        let config: Config = toml::from_str("").expect("settings");

        assert_eq!(config, Config::default());
        assert_eq!(config.patience, Duration::from_millis(25));
        assert!(matches!(config.client(), Err(OpenError::NoUrl)));
    }

    #[test]
    fn a_misspelt_setting_is_named() {
        let refused = toml::from_str::<Config>("pasword_file = 'x'").expect_err("no such setting");

        assert!(refused.to_string().contains("pasword_file"), "{refused}");
    }

    #[test]
    fn a_url_that_cannot_be_read_is_an_error_that_does_not_repeat_it() {
        for url in ["", "localhost:6379", "http://:hush@localhost", "redis://:hush@localhost:port"]
        {
            let refused = at(url).client().expect_err("no such URL");

            assert!(matches!(refused, OpenError::UnreadableUrl(_)), "{url}: {refused:?}");
            assert!(!format!("{refused} {refused:?}").contains("hush"), "{refused:?}");
        }
    }

    #[test]
    fn what_could_never_be_connected_to_is_refused_before_anything_is_opened() {
        assert!(Config::default().check().is_ok());
        assert!(at("redis://localhost").check().is_ok());
        assert!(at("localhost").check().is_err());
    }

    #[test]
    fn tls_is_refused_by_name() {
        assert!(matches!(at("rediss://localhost").client(), Err(OpenError::Tls)));
    }

    #[test]
    fn the_password_is_what_the_file_holds_without_the_line_break() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(b"  open sesame\n").expect("written");
        let path = Some(file.path().to_owned());

        let client = Config { password_file: path, ..at("redis://:other@localhost") }.client();

        let client = client.expect("a password");
        let login = client.get_connection_info().redis_settings();
        assert_eq!(login.password(), Some("open sesame"));
    }

    #[test]
    fn a_missing_or_empty_password_file_is_an_error_that_names_it() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let missing = Some(file.path().with_extension("missing"));
        let empty = Some(file.path().to_owned());

        let missing = Config { password_file: missing, ..at("redis://localhost") }.client();
        let empty = Config { password_file: empty, ..at("redis://localhost") }.client();

        let missing = missing.expect_err("no such file");
        let empty = empty.expect_err("an empty file");
        assert!(missing.to_string().contains(".missing"), "{missing}");
        assert!(matches!(empty, OpenError::EmptyPasswordFile { .. }), "{empty:?}");
    }

    #[test]
    fn what_is_printed_for_developers_holds_no_password() {
        let config = at("redis://:hush@localhost");

        let printed = format!("{config:?} {:?}", config.client().expect("a URL"));

        assert!(!printed.contains("hush"), "{printed}");
    }
}
