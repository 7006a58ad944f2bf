//! A file of settings: read whole, with the line of each value, so that an error can name the line to correct.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

use crate::{ConfigError, Given, Origin, Setting, Table, error::legible};

/// A configuration of every setting with a page of comments is a hundredth of this.
const MOST_BYTES: u64 = 1 << 20;

/// Reads a file that may be missing.
pub fn read_if_there(table: &Table, path: impl AsRef<Path>) -> Result<Vec<Given>, ConfigError> {
    match read(table, path.as_ref()) {
        Err(ConfigError::Unreadable { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
            Ok(Vec::new())
        }
        result => result,
    }
}

/// Reads a file that has to be there.
pub fn read(table: &Table, path: &Path) -> Result<Vec<Given>, ConfigError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text))
        .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
    if text.len() as u64 > MOST_BYTES {
        return Err(ConfigError::TooLarge { path: path.to_owned(), most: MOST_BYTES });
    }
    parse(table, path, &text)
}

fn parse(settings: &Table, path: &Path, text: &str) -> Result<Vec<Given>, ConfigError> {
    let page = Page { settings, path, text };
    let table = DeTable::parse(text).map_err(|fault| ConfigError::Syntax {
        origin: page.origin(fault.span().map_or(0, |span| span.start)),
        reason: fault.message().to_owned(),
    })?;
    let mut given = Vec::new();
    page.walk("", table.get_ref(), &mut given)?;
    Ok(given)
}

struct Page<'p> {
    settings: &'p Table,
    path: &'p Path,
    text: &'p str,
}

impl Page<'_> {
    /// Collects the values of a section. It enters only sections that exist, so it goes no deeper than they do.
    fn walk(
        &self,
        section: &str,
        table: &DeTable<'_>,
        given: &mut Vec<Given>,
    ) -> Result<(), ConfigError> {
        for (name, value) in table {
            let separator = if section.is_empty() { "" } else { "." };
            let key = format!("{section}{separator}{}", name.get_ref());
            let origin = self.origin(name.span().start);

            if let Some(setting) = self.settings.of_key(&key) {
                given.push(self.given(setting, value, origin)?);
            } else if let Some(example) = self.settings.in_section(&key) {
                let DeValue::Table(inner) = value.get_ref() else {
                    return Err(ConfigError::Section {
                        section: key,
                        origin,
                        example: example.key,
                    });
                };
                self.walk(&key, inner, given)?;
            } else {
                let nearest = self.settings.nearest_key(&key);
                return Err(ConfigError::Unknown { name: legible(&key), origin, nearest });
            }
        }
        Ok(())
    }

    fn given(
        &self,
        setting: &'static Setting,
        value: &Spanned<DeValue<'_>>,
        origin: Origin,
    ) -> Result<Given, ConfigError> {
        let written = self.text.get(value.span()).unwrap_or_default().to_owned();
        let given = |value| Given { setting, value, written, origin };
        match toml::Value::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(value) => Ok(given(value)),
            // TOML allows numbers that no machine holds.
            Err(fault) => {
                Err(given(toml::Value::Boolean(false)).refused(fault.message().to_owned()))
            }
        }
    }

    fn origin(&self, byte: usize) -> Origin {
        Origin::in_file(self.path, self.text, byte)
    }
}
