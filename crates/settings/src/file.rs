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

/// How many faults of a file are told. Finding the nearest name costs far more than reading one.
const MOST_FAULTS: usize = 100;

/// What a file says.
#[derive(Debug, Default)]
pub struct Content {
    /// The settings, in the order of the file.
    pub given: Vec<Given>,
    /// What is wrong with the rest: the first hundred faults.
    pub faults: Vec<ConfigError>,
}

/// Reads a file that may be missing.
pub fn read_if_there(table: &Table, path: impl AsRef<Path>) -> Content {
    match text_of(path.as_ref()) {
        Err(ConfigError::Unreadable { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
            Content::default()
        }
        text => content(table, path.as_ref(), text),
    }
}

/// Reads a file that has to be there.
#[must_use]
pub fn read(table: &Table, path: &Path) -> Content {
    content(table, path, text_of(path))
}

fn content(table: &Table, path: &Path, text: Result<String, ConfigError>) -> Content {
    let mut content = Content::default();
    let read = text.and_then(|text| parse(table, path, &text, &mut content));
    content.faults.extend(read.err());
    content
}

fn text_of(path: &Path) -> Result<String, ConfigError> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text))
        .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
    if text.len() as u64 > MOST_BYTES {
        return Err(ConfigError::TooLarge { path: path.to_owned(), most: MOST_BYTES });
    }
    Ok(text)
}

/// Reads a whole text. Answers with an error when it is none of ours as a whole.
fn parse(
    settings: &Table,
    path: &Path,
    text: &str,
    content: &mut Content,
) -> Result<(), ConfigError> {
    let page = Page { settings, path, text };
    let table = DeTable::parse(text).map_err(|fault| ConfigError::Syntax {
        origin: page.origin(fault.span().map_or(0, |span| span.start)),
        reason: fault.message().to_owned(),
    })?;
    page.walk("", table.get_ref(), content);
    Ok(())
}

struct Page<'p> {
    settings: &'p Table,
    path: &'p Path,
    text: &'p str,
}

impl Page<'_> {
    /// Collects the values of a section. It enters only sections that exist, so it goes no deeper than they do.
    fn walk(&self, section: &str, table: &DeTable<'_>, content: &mut Content) {
        for (name, value) in table {
            if content.faults.len() >= MOST_FAULTS {
                return;
            }
            let separator = if section.is_empty() { "" } else { "." };
            let key = format!("{section}{separator}{}", name.get_ref());
            let origin = self.origin(name.span().start);

            if let Some(setting) = self.settings.of_key(&key) {
                match self.given(setting, value, origin) {
                    Ok(given) => content.given.push(given),
                    Err(fault) => content.faults.push(fault),
                }
            } else if let Some(example) = self.settings.in_section(&key) {
                if let DeValue::Table(inner) = value.get_ref() {
                    self.walk(&key, inner, content);
                } else {
                    let example = example.key;
                    content.faults.push(ConfigError::Section { section: key, origin, example });
                }
            } else {
                let nearest = self.settings.nearest_key(&key);
                let name = legible(&key);
                content.faults.push(ConfigError::Unknown { name, origin, nearest });
            }
        }
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
