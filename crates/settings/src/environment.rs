//! The environment: every `SIR0_…` variable is a setting or a mistake.

use std::ffi::{OsStr, OsString};

use crate::{ConfigError, Given, Origin, Setting, Table, error::legible};

/// What all our variables begin with.
pub(crate) const PREFIX: &str = "SIR0_";

/// What the environment says.
#[derive(Debug)]
pub struct Environment {
    /// The settings, in the order of the variables.
    pub given: Vec<Given>,
    /// What is wrong with the others.
    pub faults: Vec<ConfigError>,
    /// <https://no-color.org>: the variable is set and not empty.
    pub no_color: bool,
}

/// Reads the settings among these variables.
pub fn read(
    table: &Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Environment {
    let mut environment = Environment { given: vec![], faults: vec![], no_color: false };
    for (name, value) in variables {
        if name == "NO_COLOR" {
            environment.no_color = !value.is_empty();
        }
        let name = name.to_string_lossy();
        if !name.starts_with(PREFIX) {
            continue;
        }
        let origin = Origin::Variable(legible(&name));
        let read = if let Some(setting) = table.of_variable(&name) {
            given(setting, &value, origin)
        } else {
            let nearest = table.nearest_variable(&name);
            Err(ConfigError::Unknown { name: legible(&name), origin, nearest })
        };
        match read {
            Ok(given) => environment.given.push(given),
            Err(fault) => environment.faults.push(fault),
        }
    }
    environment
}

fn given(setting: &'static Setting, value: &OsStr, origin: Origin) -> Result<Given, ConfigError> {
    // A byte that is not text becomes U+FFFD, which could only be part of a wrong file name or password.
    let given = Given::from_text(setting, &value.to_string_lossy(), origin)?;
    if value.to_str().is_none() {
        return Err(given.refused("is not UTF-8".to_owned()));
    }
    Ok(given)
}
