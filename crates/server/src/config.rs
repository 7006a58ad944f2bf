//! The configuration: defaults, then `sir0.toml`, then `SIR0_…` variables, then flags. A value that cannot be read
//! stops the program before it opens a port.

mod accounts;
mod environment;
mod error;
mod file;
mod limits;
mod peers;
mod proxies;
mod settings;

use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

pub use self::{
    error::{ConfigError, Origin},
    limits::Limits,
    peers::Peers,
    proxies::Proxies,
    settings::{Kind, SETTINGS, Setting},
};
use crate::cli::{Cli, Options};

/// Everything that can be tuned. The defaults suit a laptop with nothing installed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The one port: REST, gRPC, gRPC-Web, WebSocket and the docs page.
    pub listen: SocketAddr,
    /// Where `SQLite` files and signing keys are kept. Relative to the working directory; made when missing.
    #[serde(deserialize_with = "named_folder")]
    pub data_dir: PathBuf,
    /// What is logged, and in which form.
    pub log: sir0_telemetry::Config,
    /// Accounts.
    #[serde(serialize_with = "accounts::serialize")]
    pub accounts: sir0_accounts::Config,
    /// The storefront.
    pub storefront: sir0_storefront::Config,
    /// The Redis that helps several processes along.
    pub redis: sir0_redis::Config,
    /// Where the other parts are, when each runs in a separate process.
    pub peers: Peers,
    /// What a stranger may take.
    pub limits: Limits,
    /// Where traces go, and how many.
    pub traces: sir0_telemetry::traces::Config,
    /// Whether the person wants no colours. The variable is `NO_COLOR`, which belongs to no single program.
    #[serde(skip)]
    pub no_color: bool,
    /// Where the settings came from, for a command line that has to repeat them.
    #[serde(skip)]
    pub sources: Sources,
}

/// Where settings came from, besides the flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The file that was named.
    pub file: Option<PathBuf>,
    /// What the environment said: the name of a variable, and its value.
    pub variables: Vec<(&'static str, String)>,
    /// Whether anything says where the data folder is.
    pub names_data_dir: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("./data"),
            log: sir0_telemetry::Config::default(),
            accounts: sir0_accounts::Config::default(),
            storefront: sir0_storefront::Config::default(),
            redis: sir0_redis::Config::default(),
            peers: Peers::default(),
            limits: Limits::default(),
            traces: sir0_telemetry::traces::Config::default(),
            no_color: false,
            sources: Sources::default(),
        }
    }
}

impl Config {
    /// Reads the configuration of this process.
    pub fn load(cli: &Cli) -> Result<Self, ConfigError> {
        Self::read(&cli.options, std::env::vars_os())
    }

    /// Reads the configuration from the file and flags of these options and from this environment.
    pub fn read(
        options: &Options,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut given = match &options.config {
            Some(path) => file::read(path)?,
            None => file::read_if_there(file::USUAL)?,
        };
        let environment = environment::read(environment)?;
        let variables =
            environment.given.iter().map(|one| (one.setting.variable, one.written.clone()));
        let variables = variables.collect();
        given.extend(environment.given);
        given.extend(options.given()?);
        let names_data_dir = given.iter().any(|one| one.setting.key == "data_dir");
        let sources = Sources { file: options.config.clone(), variables, names_data_dir };

        let mut config = Self::from_given(&given)?;
        config.no_color = environment.no_color;
        config.sources = sources;
        Ok(config)
    }

    /// Lets a later value win, and blames a bad value on the place it came from.
    fn from_given(given: &[Given]) -> Result<Self, ConfigError> {
        let mut merged = toml::Table::new();
        for one in given {
            one.setting.place(&mut merged, one.value.clone());
        }
        let config: Self =
            serde_path_to_error::deserialize(toml::Value::Table(merged)).map_err(|fault| {
                let path = fault.path().to_string();
                blame(given, &path, fault.into_inner().message().trim())
            })?;
        config.accounts.check().map_err(|fault| {
            blame(given, &format!("accounts.{}", fault.key), &fault.to_string())
        })?;
        Ok(config)
    }

    /// Notes in the log when strangers may reach the port. Call it once logs have started.
    pub fn log_exposure(&self) {
        if self.is_exposed() {
            tracing::warn!(
                "listening beyond this machine without TLS: put a proxy that speaks TLS in front"
            );
        }
    }

    fn is_exposed(&self) -> bool {
        !self.listen.ip().to_canonical().is_loopback()
    }
}

/// A value someone gave, and where.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    setting: &'static Setting,
    value: toml::Value,
    written: String,
    origin: Origin,
}

impl Given {
    /// Reads a value from a place that knows only text.
    pub(crate) fn from_text(
        setting: &'static Setting,
        text: &str,
        origin: Origin,
    ) -> Result<Self, ConfigError> {
        let written = text.to_owned();
        let given = |value| Self { setting, value, written, origin };
        match setting.kind.value(text) {
            Ok(value) => Ok(given(value)),
            Err(reason) => Err(given(toml::Value::Boolean(false)).refused(reason)),
        }
    }

    fn refused(&self, reason: String) -> ConfigError {
        let value = match self.setting.kind {
            // The value may hold a password.
            Kind::Database | Kind::Redis => "…".to_owned(),
            Kind::Peer | Kind::Collector if self.written.contains('@') => "…".to_owned(),
            _ => error::legible(&self.written),
        };
        ConfigError::BadValue {
            key: self.setting.key,
            value,
            origin: self.origin.clone(),
            reason,
            wants: self.setting.kind.wants(),
        }
    }
}

/// Finds the value that broke a rule: the one at the path or, where a rule joins several settings, the last one given
/// in the same section.
fn blame(given: &[Given], path: &str, reason: &str) -> ConfigError {
    let reason = reason.to_owned();
    let beside = path.rsplit_once('.').map_or(path, |(section, _)| section);
    let culprit = [path, beside]
        .into_iter()
        .find_map(|path| given.iter().rfind(|one| one.setting.is_or_is_in(path)));
    match culprit {
        Some(culprit) => culprit.refused(reason),
        None => ConfigError::Impossible { reason },
    }
}

/// An empty path would scatter the files over the working directory.
fn named_folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    if path.as_os_str().is_empty() { Err(D::Error::custom("is empty")) } else { Ok(path) }
}

#[cfg(test)]
mod tests;
