//! A setting: the one place where a key, its variable, its flag and its meaning meet.

/// One thing that can be tuned.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its path in `sir0.toml`, such as `log.filter`.
    pub key: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// Its flag, if it has one.
    pub flag: Option<&'static str>,
    /// What its values look like.
    pub kind: Kind,
    /// What it does, for the help page.
    pub meaning: &'static str,
}

/// What the values of a setting look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Where to listen.
    Address,
    /// Where clients reach the program.
    Url,
    /// Where to keep files.
    Folder,
    /// Where a service keeps its tables.
    Database,
    /// Where Redis is.
    Redis,
    /// Where another part is.
    Peer,
    /// Where traces go.
    Collector,
    /// A file that is there already.
    File,
    /// What to log.
    Filter,
    /// The form of the log, for people or for programs.
    Format,
    /// A name that others see.
    Name,
    /// A currency.
    Currency,
    /// Addresses and networks.
    Networks,
    /// A count, or a size in the unit its meaning states.
    Number,
    /// A part of a whole, from 0 to 1.
    Share,
    /// A stretch of time.
    Duration,
    /// On or off.
    Switch,
}

impl Kind {
    /// What would be right, for the message about a wrong value.
    #[must_use]
    pub const fn wants(self) -> &'static str {
        match self {
            Self::Address => "an address and a port, such as `127.0.0.1:8080` or `[::1]:8080`",
            Self::Url => {
                "an address, such as `https://games.example` or `https://example.com/games`"
            }
            Self::Folder => "the path of a folder, such as `./data`",
            Self::Database => {
                "a database, such as `sqlite:./data/games.db` or `postgres://sir0@localhost/games`"
            }
            Self::Redis => "a Redis, such as `redis://localhost:6379`",
            Self::Peer => "where another part is, such as `http://accounts:8080`",
            Self::Collector => "an OTLP collector over gRPC, such as `http://localhost:4317`",
            Self::File => "the path of a file, such as `/run/secrets/signing-key`",
            Self::Share => "a number from 0 to 1, such as `0.1`",
            Self::Filter => {
                "a level, such as `info`, or levels, such as `info,sir0_storefront=debug`"
            }
            Self::Format => "`text` or `json`",
            Self::Name => "a name, such as `sir0`",
            Self::Currency => "a currency of ISO 4217, such as `EUR`",
            Self::Networks => "addresses or networks, such as `10.0.0.0/8, fd00::/8`",
            Self::Number => "a whole number, such as `1000`",
            Self::Duration => "a time with its unit, such as `500ms`, `15s` or `5m`",
            Self::Switch => "`true` or `false`",
        }
    }

    /// Reads a value from a place that knows only text, or says what is wrong with it.
    pub(crate) fn value(self, text: &str) -> Result<toml::Value, String> {
        match self {
            _ if text.is_empty() => Err("is empty".to_owned()),
            Self::Number => {
                text.parse().map(toml::Value::Integer).map_err(|fault| fault.to_string())
            }
            Self::Share => text
                .parse()
                .map(toml::Value::Float)
                .map_err(|fault: std::num::ParseFloatError| fault.to_string()),
            Self::Switch => text
                .parse()
                .map(toml::Value::Boolean)
                .map_err(|fault: std::str::ParseBoolError| fault.to_string()),
            _ => Ok(toml::Value::String(text.to_owned())),
        }
    }
}

impl Setting {
    /// A setting without a flag. Its key is its path in the file, its meaning a line for the help page.
    #[must_use]
    pub const fn new(
        key: &'static str,
        variable: &'static str,
        kind: Kind,
        meaning: &'static str,
    ) -> Self {
        Self { key, variable, flag: None, kind, meaning }
    }

    /// The same setting with a flag.
    #[must_use]
    pub const fn with_flag(self, flag: &'static str) -> Self {
        Self { flag: Some(flag), ..self }
    }

    /// Writes a value where the key says, over the one before.
    pub(crate) fn place(&self, table: &mut toml::Table, value: toml::Value) {
        let (sections, name) = match self.key.rsplit_once('.') {
            Some((sections, name)) => (Some(sections), name),
            None => (None, self.key),
        };
        let mut place = table;
        for section in sections.into_iter().flat_map(|sections| sections.split('.')) {
            place = place
                .entry(section)
                .or_insert_with(|| toml::Table::new().into())
                .as_table_mut()
                .expect("no key of the table is a section too");
        }
        place.insert(name.to_owned(), value);
    }

    /// Whether the path names this setting or a section it is in.
    pub(crate) fn is_or_is_in(&self, path: &str) -> bool {
        self.key.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}
