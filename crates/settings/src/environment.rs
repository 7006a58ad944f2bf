//! The environment: every `SIR0_…` variable is a setting or a mistake.

use std::ffi::OsString;

use crate::{ConfigError, Given, Origin, Table, error::legible};

/// What all our variables begin with.
pub(crate) const PREFIX: &str = "SIR0_";

/// What the environment says.
#[derive(Debug)]
pub struct Environment {
    /// The settings, in the order of the variables.
    pub given: Vec<Given>,
    /// <https://no-color.org>: the variable is set and not empty.
    pub no_color: bool,
}

/// Reads the settings among these variables.
pub fn read(
    table: &Table,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Environment, ConfigError> {
    let mut environment = Environment { given: Vec::new(), no_color: false };
    for (name, value) in variables {
        if name == "NO_COLOR" {
            environment.no_color = !value.is_empty();
        }
        let name = name.to_string_lossy();
        if !name.starts_with(PREFIX) {
            continue;
        }
        let origin = Origin::Variable(legible(&name));
        let Some(setting) = table.of_variable(&name) else {
            let nearest = table.nearest_variable(&name);
            return Err(ConfigError::Unknown { name: legible(&name), origin, nearest });
        };
        // A byte that is not text becomes U+FFFD, which could only be part of a wrong file name or password.
        let text = value.to_string_lossy();
        let given = Given::from_text(setting, &text, origin)?;
        if value.to_str().is_none() {
            return Err(given.refused("is not UTF-8".to_owned()));
        }
        environment.given.push(given);
    }
    Ok(environment)
}
