//! Why there is no configuration, in words that say what to change and where.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing has this name.
    #[error("`{name}` ({origin}) is no setting, the nearest one is `{nearest}`")]
    Unknown {
        /// As it was written.
        name: String,
        /// Where it was written.
        origin: Origin,
        /// The known name that looks most like it.
        nearest: &'static str,
    },
    /// A section was given a value.
    #[error("`{section}` ({origin}) is a section, set one of its keys, such as `{example}`")]
    Section {
        /// The section.
        section: String,
        /// Where it was written.
        origin: Origin,
        /// A key inside it.
        example: &'static str,
    },
    /// A setting cannot have this value.
    #[error("`{key}` cannot be `{value}` ({origin}): {reason}; it wants {wants}")]
    BadValue {
        /// The setting.
        key: &'static str,
        /// As it was written. Databases are left out, because their passwords are secret.
        value: String,
        /// Where it was written.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
        /// What would be right.
        wants: &'static str,
    },
    /// A part that is to run by itself lacks a setting that it needs.
    #[error("`sir0 serve {part}` needs `{key}` ({variable}): {reason}")]
    Lacking {
        /// The part.
        part: &'static str,
        /// The setting that is missing.
        key: &'static str,
        /// Its environment variable.
        variable: &'static str,
        /// What it is needed for.
        reason: &'static str,
    },
    /// None of the given values is to blame.
    #[error("the settings do not fit together: {reason}")]
    Impossible {
        /// What is wrong with them.
        reason: String,
    },
    /// The file is not TOML.
    #[error("{origin} is not TOML: {reason}")]
    Syntax {
        /// Where reading ended.
        origin: Origin,
        /// What is wrong there.
        reason: String,
    },
    /// The file is far larger than any configuration.
    #[error("{} has more than {most} bytes, which is no configuration", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        most: u64,
    },
    /// The file cannot be opened or read.
    #[error("{} could not be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line of the file, counted from 1.
    File {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag on the command line.
    Flag(&'static str),
}

impl Origin {
    /// Where this byte of the file stands.
    pub(crate) fn in_file(path: &Path, text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or_default();
        let line = 1 + before.matches('\n').count();
        Self::File { path: path.to_owned(), line }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "from the environment, {name}"),
            Self::Flag(name) => write!(f, "from {name}"),
        }
    }
}

/// The beginning of a text, fit for a terminal.
pub(crate) fn legible(text: &str) -> String {
    const MOST: usize = 80;
    let mut shown: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
