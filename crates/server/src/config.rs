//! The configuration: defaults, then `sir0.toml`, then `SIR0_…` variables, then flags. A value that cannot be read
//! stops the program before it opens a port.

mod faults;
mod peers;
mod services;

use std::{collections::BTreeMap, ffi::OsString, net::SocketAddr, path::PathBuf, sync::LazyLock};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use sir0_port::{Limits, PublicUrl};
use sir0_settings::{
    Given, Kind, Misfit, Origin, Setting, Table, environment, file, merged, section, take_blamed,
};

pub use self::{faults::Faults, peers::Peers, services::ServiceConfigs};
use crate::{SERVICES, cli::Options, commands::from_here};
pub use sir0_settings::ConfigError;

/// The file that is read when it is there and no other is named.
const USUAL: &str = "sir0.toml";

/// The settings that belong to no section.
const PROCESS: &[Setting] = &[
    Setting::new("listen", "SIR0_LISTEN", Kind::Address, "the one port everything is on")
        .with_flag("--listen"),
    Setting::new(
        "public_url",
        "SIR0_PUBLIC_URL",
        Kind::Url,
        "where clients reach it, for /openapi.json; by default as each request tells",
    ),
    Setting::new("data_dir", "SIR0_DATA_DIR", Kind::Folder, "where databases and keys are kept")
        .with_flag("--data-dir"),
];

/// Every setting, in the order of the help page.
#[must_use]
pub fn settings() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let services = SERVICES.iter().flat_map(|service| service.settings());
        let peers = SERVICES.iter().map(|service| &service.peer);
        let sections = PROCESS.iter().chain(sir0_telemetry::SETTINGS).chain(services);
        let sections = sections.chain(sir0_redis::SETTINGS).chain(peers).chain(peers::SETTINGS);
        Table::of(sections.chain(sir0_port::SETTINGS).chain(sir0_telemetry::traces::SETTINGS))
    });
    &TABLE
}

/// Everything that can be tuned. The defaults suit a laptop with nothing installed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The one port: REST, gRPC, gRPC-Web, WebSocket and the docs page.
    pub listen: SocketAddr,
    /// Where clients reach the port. `None` tells each of them the address that it used.
    pub public_url: Option<PublicUrl>,
    /// Where `SQLite` files and signing keys are kept. Relative to the working directory; made when missing.
    #[serde(deserialize_with = "named_folder")]
    pub data_dir: PathBuf,
    /// What is logged, and in which form.
    pub log: sir0_telemetry::Config,
    /// The services, each in the section of its name.
    #[serde(skip)]
    pub services: ServiceConfigs,
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
    /// Where each setting was written that was given, by its key: the place that counted.
    pub origins: BTreeMap<&'static str, Origin>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            data_dir: PathBuf::from("./data"),
            log: sir0_telemetry::Config::default(),
            services: ServiceConfigs::default(),
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
    /// Where browsers reach a process that listens there, as far as it is known here. Without a slash at its end.
    pub(crate) fn address_for_browsers(&self, listen: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.as_str().to_owned(),
            // A server that listens everywhere is reached on this machine. Elsewhere only its operator knows its names.
            None => format!("http://{}", from_here(listen)),
        }
    }

    /// Whether commands may say on standard error how far they have come: a log that a machine reads has nothing else between
    /// its lines.
    pub(crate) fn shows_progress(&self) -> bool {
        matches!(self.log.format, sir0_telemetry::Format::Text)
    }

    /// Reads the configuration of this process.
    pub fn load(options: &Options) -> Result<Self, Faults> {
        Self::read(options, std::env::vars_os())
    }

    /// Reads the configuration from the file and flags of these options and from this environment. An error has every
    /// fault of all three.
    pub fn read(
        options: &Options,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Faults> {
        let file::Content { mut given, mut faults } = match &options.config {
            Some(path) => file::read(settings(), path),
            None => file::read_if_there(settings(), USUAL),
        };
        let environment = environment::read(settings(), environment);
        faults.extend(environment.faults);
        let variables = environment.given.iter();
        let variables =
            variables.map(|one| (one.setting().variable, one.written().to_owned())).collect();
        given.extend(environment.given);
        for flag in options.given() {
            match flag {
                Ok(flag) => given.push(flag),
                Err(fault) => faults.push(fault),
            }
        }
        let origins = given.iter().map(|one| (one.setting().key, one.origin().clone())).collect();
        let sources = Sources { file: options.config.clone(), variables, origins };

        let config = Self::from_given(given, &mut faults);
        let config = Faults::none_or(faults, config)?;
        Ok(Self { no_color: environment.no_color, sources, ..config })
    }

    /// Reads every section, and blames a bad value on the place it came from. A value that is bad counts as not given for
    /// those that are left. `None` when what is left is bad and no value is to blame.
    fn from_given(mut given: Vec<Given>, faults: &mut Vec<ConfigError>) -> Option<Self> {
        loop {
            let Misfit { path, reason } = match Self::from_values(merged(&given)) {
                Ok(config) => return Some(config),
                Err(misfit) => misfit,
            };
            match take_blamed(&mut given, &path, reason) {
                Ok(fault) => faults.push(fault),
                Err(fault) => {
                    faults.push(fault);
                    return None;
                }
            }
        }
    }

    fn from_values(mut values: toml::Table) -> Result<Self, Misfit> {
        let services = ServiceConfigs::taken_from(&mut values)?;
        let config = section(values)?;
        Ok(Self { services, ..config })
    }

    /// The settings as a page and a test read them.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(self).expect("settings are plain values");
        for service in self.services.iter() {
            json[service.service().name] = service.to_json();
        }
        json
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

/// An empty path would scatter the files over the working directory.
fn named_folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    if path.as_os_str().is_empty() { Err(D::Error::custom("is empty")) } else { Ok(path) }
}

#[cfg(test)]
mod tests;
