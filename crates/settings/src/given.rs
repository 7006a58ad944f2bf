//! The values that were given, and where each was written.

use serde::de::DeserializeOwned;

use crate::{ConfigError, Kind, Origin, Setting, error::legible};

/// A value someone gave, and where.
#[derive(Clone, Debug)]
pub struct Given {
    pub(crate) setting: &'static Setting,
    pub(crate) value: toml::Value,
    pub(crate) written: String,
    pub(crate) origin: Origin,
}

impl Given {
    /// Reads a value from a place that knows only text.
    pub fn from_text(
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

    /// The setting that was given.
    #[must_use]
    pub const fn setting(&self) -> &'static Setting {
        self.setting
    }

    /// The value as it was written.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Where it was written.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn refused(&self, reason: String) -> ConfigError {
        let value = match self.setting.kind {
            // The value may hold a password.
            Kind::Database | Kind::Redis => "…".to_owned(),
            Kind::Peer | Kind::Collector if self.written.contains('@') => "…".to_owned(),
            _ => legible(&self.written),
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

/// Takes out the value that broke a rule: the one at the path or, where a rule joins several settings, the last one given
/// in the same section. An error says that there is none.
pub fn take_blamed(
    given: &mut Vec<Given>,
    path: &str,
    reason: String,
) -> Result<ConfigError, ConfigError> {
    let beside = path.rsplit_once('.').map_or(path, |(section, _)| section);
    let culprit = [path, beside]
        .into_iter()
        .find_map(|path| given.iter().rposition(|one| one.setting.is_or_is_in(path)));
    match culprit {
        Some(culprit) => Ok(given.remove(culprit).refused(reason)),
        None => Err(ConfigError::Impossible { reason }),
    }
}

/// Lets a later value win.
#[must_use]
pub fn merged(given: &[Given]) -> toml::Table {
    let mut merged = toml::Table::new();
    for one in given {
        one.setting.place(&mut merged, one.value.clone());
    }
    merged
}

/// A value that breaks a rule of its section.
#[derive(Debug)]
pub struct Misfit {
    /// The path of the value below its section.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads a section from what was given.
pub fn section<T: DeserializeOwned>(values: toml::Table) -> Result<T, Misfit> {
    serde_path_to_error::deserialize(toml::Value::Table(values)).map_err(|fault| Misfit {
        path: fault.path().to_string(),
        reason: fault.into_inner().message().trim().to_owned(),
    })
}
