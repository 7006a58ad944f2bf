//! Why there is no configuration: everything that is wrong, and the first of it for whom one is enough.

use std::{error::Error, fmt};

use super::ConfigError;

/// Everything that is wrong with the settings. There is at least one fault.
#[derive(Debug)]
pub struct Faults(Vec<ConfigError>);

impl Faults {
    /// What was read, unless something is wrong.
    ///
    /// # Panics
    ///
    /// If nothing was read and nothing is wrong.
    pub(super) fn none_or<T>(faults: Vec<ConfigError>, read: Option<T>) -> Result<T, Self> {
        if faults.is_empty() {
            Ok(read.expect("what cannot be read has a fault"))
        } else {
            Err(Self(faults))
        }
    }

    /// All of them, in the order of the places: the file, the environment, flags, then values that fit no section.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }

    fn first(&self) -> &ConfigError {
        self.iter().next().expect("there is at least one")
    }

    /// The only one.
    #[cfg(test)]
    pub(super) fn alone(mut self) -> ConfigError {
        assert_eq!(self.0.len(), 1, "{:?}", self.0);
        self.0.remove(0)
    }
}

/// The first fault, and where the others are told.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first())?;
        match self.0.len() - 1 {
            0 => Ok(()),
            others => write!(f, " (and {others} more: `sir0 config check` tells all)"),
        }
    }
}

impl Error for Faults {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.first().source()
    }
}
