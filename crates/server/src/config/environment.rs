//! The environment: every `SIR0_…` variable is a setting or a mistake.

use std::ffi::OsString;

use super::{
    Given,
    error::{ConfigError, Origin},
    settings::{self, SETTINGS},
};

/// What all our variables begin with.
pub(super) const PREFIX: &str = "SIR0_";

/// What the environment says.
pub(super) struct Environment {
    pub(super) given: Vec<Given>,
    /// <https://no-color.org>: the variable is set and not empty.
    pub(super) no_color: bool,
}

pub(super) fn read(
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
        let origin = Origin::Variable(super::error::legible(&name));
        let Some(setting) = settings::of_variable(&name) else {
            let known = SETTINGS.iter().map(|setting| &setting.variable);
            return Err(ConfigError::unknown(&name, origin, known));
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
