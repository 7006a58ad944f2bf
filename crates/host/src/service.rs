//! What a program knows of a service before it reads any setting.

use sir0_settings::{Misfit, Setting};
use sir0_storage::Migrations;
use sir0_transcoding::{Access, Call};

use crate::{Command, Configured};

/// A service, as a program knows it before it reads any setting.
#[derive(Debug)]
pub struct Service {
    /// Its name: the section of its settings, the part that runs it alone, and the name of its database file.
    pub name: &'static str,
    /// What it is for, in a line of a help page.
    pub about: &'static str,
    /// Its calls, a list for each package of the contract.
    pub packages: &'static [&'static [Call]],
    /// Its settings, in the order of the help page, a list for each crate that has some.
    pub settings: &'static [&'static [Setting]],
    /// The setting that says where it is, for parts that run apart from it.
    pub peer: Setting,
    /// Reads its section of the settings.
    pub read: fn(toml::Table) -> Result<Box<dyn Configured>, Misfit>,
    /// The steps of its tables.
    pub tables: &'static Migrations,
    /// The paths of its pages: what is no call of the contract. A star stands for the rest of a path.
    pub pages: &'static [&'static str],
    /// What a person at the terminal is told to try, each with a path behind the address of the port.
    pub hints: &'static [Hint],
    /// How it identifies callers, if that is its task.
    pub identifying: Option<Identifying>,
    /// Whether it can be filled for a demonstration.
    pub has_demo: bool,
    /// What an operator can do in its database at the command line.
    pub commands: &'static [Command],
    /// Says what its metrics mean.
    pub describe_metrics: fn(),
}

/// What a person at the terminal is told to try.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    /// What it is.
    pub what: &'static str,
    /// Its scheme, such as `http`.
    pub scheme: &'static str,
    /// Its path.
    pub path: &'static str,
}

/// Marks the service that identifies callers. Exactly one service of a program does.
#[derive(Clone, Copy, Debug)]
pub struct Identifying {
    /// Why a service that runs apart has to know where it is.
    pub reason: &'static str,
    /// What the secret of the peers is for, in the process of this service.
    pub secret: &'static str,
    /// What it is for in the process of another service.
    pub shown: &'static str,
}

impl Service {
    /// Its calls, in the order of the contract.
    pub fn calls(&self) -> impl Iterator<Item = &'static Call> {
        self.packages.iter().copied().flatten()
    }

    /// Its settings, in the order of the help page.
    pub fn settings(&self) -> impl Iterator<Item = &'static Setting> {
        self.settings.iter().copied().flatten()
    }

    /// Whether the call is one of its calls.
    #[must_use]
    pub fn answers(&self, call: &Call) -> bool {
        self.calls().any(|own| own.path == call.path)
    }

    /// Its gRPC services.
    #[must_use]
    pub fn grpc_services(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.calls().map(|call| call.service).collect();
        names.dedup();
        names
    }

    /// The gRPC service that tells other processes about its health.
    #[must_use]
    pub fn health(&self) -> &'static str {
        let public = self.calls().find(|call| call.access != Access::Peer);
        public.map_or("", |call| call.service)
    }

    /// The name of its embedded database, in the data folder and in a backup.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.db", self.name)
    }

    /// Whether it has this page.
    #[must_use]
    pub fn has_page(&self, path: &str) -> bool {
        self.pages.contains(&path)
    }
}

/// Reads the section of a service into its settings.
pub fn read<C: Configured + serde::de::DeserializeOwned>(
    section: toml::Table,
) -> Result<Box<dyn Configured>, Misfit> {
    let config: C = sir0_settings::section(section)?;
    config.check()?;
    Ok(Box::new(config))
}
