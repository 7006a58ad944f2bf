//! The table of settings: the one place where a key, its variable, its flag and its meaning meet. Reading, refusing and
//! `sir0 --help` all use it.

use std::{collections::BTreeSet, sync::LazyLock};

use super::environment::PREFIX;

/// One thing that can be tuned.
#[derive(Debug)]
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
            Self::Networks => "addresses or networks, such as `10.0.0.0/8, fd00::/8`",
            Self::Number => "a whole number, such as `1000`",
            Self::Duration => "a time with its unit, such as `500ms`, `15s` or `5m`",
            Self::Switch => "`true` or `false`",
        }
    }

    /// Reads a value from a place that knows only text, or says what is wrong with it.
    pub(super) fn value(self, text: &str) -> Result<toml::Value, String> {
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
    /// Writes a value where the key says, over the one before.
    pub(super) fn place(&self, table: &mut toml::Table, value: toml::Value) {
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
    pub(super) fn is_or_is_in(&self, path: &str) -> bool {
        self.key.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

/// The setting with this key.
pub(super) fn of_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// The setting with this variable.
pub(super) fn of_variable(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.variable == name)
}

/// The first setting in this section, if it is one.
pub(super) fn in_section(section: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key != section && setting.is_or_is_in(section))
}

/// Everything that can be written in the file.
pub(super) fn keys_and_sections() -> &'static BTreeSet<&'static str> {
    static NAMES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
        let keys = SETTINGS.iter().map(|setting| setting.key);
        let sections = keys.clone().flat_map(|key| {
            key.match_indices('.').map(move |(end, _)| key.get(..end).unwrap_or_default())
        });
        keys.chain(sections).collect()
    });
    &NAMES
}

/// The known name that becomes this one with the fewest slips of the pen.
pub(super) fn nearest<'n>(
    name: &str,
    known: impl Iterator<Item = &'n &'static str>,
) -> &'static str {
    // Comparing costs the product of the lengths; no name of ours is this long.
    const ENOUGH: usize = 64;
    let name: String = name.trim_start_matches(PREFIX).chars().take(ENOUGH).collect();
    known
        .copied()
        .min_by_key(|known| {
            let known = known.trim_start_matches(PREFIX);
            strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase())
        })
        .unwrap_or_default()
}

const fn setting(
    key: &'static str,
    variable: &'static str,
    kind: Kind,
    meaning: &'static str,
) -> Setting {
    Setting { key, variable, flag: None, kind, meaning }
}

impl Setting {
    const fn with_flag(self, flag: &'static str) -> Self {
        Self { flag: Some(flag), ..self }
    }
}

/// Every setting, in the order of the help page.
pub const SETTINGS: &[Setting] = &[
    setting("listen", "SIR0_LISTEN", Kind::Address, "the one port everything is on")
        .with_flag("--listen"),
    setting("data_dir", "SIR0_DATA_DIR", Kind::Folder, "where databases and keys are kept")
        .with_flag("--data-dir"),
    setting("log.filter", "SIR0_LOG", Kind::Filter, "what to log, in all or by target")
        .with_flag("--log"),
    setting(
        "log.format",
        "SIR0_LOG_FORMAT",
        Kind::Format,
        "`text` for people, `json` for machines",
    ),
    setting(
        "log.access",
        "SIR0_LOG_ACCESS",
        Kind::Switch,
        "a line for each request, with the address of its client",
    ),
    setting(
        "accounts.database",
        "SIR0_ACCOUNTS_DATABASE_URL",
        Kind::Database,
        "where accounts are; unset, accounts.db in the data folder",
    ),
    setting(
        "accounts.database_password_file",
        "SIR0_ACCOUNTS_DATABASE_PASSWORD_FILE",
        Kind::File,
        "holds the password for it, so that no variable does",
    ),
    setting(
        "accounts.database_connections",
        "SIR0_ACCOUNTS_DATABASE_CONNECTIONS",
        Kind::Number,
        "the most connections one process has to it (PostgreSQL)",
    ),
    setting(
        "accounts.signing_key",
        "SIR0_ACCOUNTS_SIGNING_KEY",
        Kind::File,
        "the key that signs access tokens; unset, made in the data folder",
    ),
    setting(
        "accounts.issuer",
        "SIR0_ACCOUNTS_ISSUER",
        Kind::Name,
        "who signs access tokens (`iss`)",
    ),
    setting(
        "accounts.audience",
        "SIR0_ACCOUNTS_AUDIENCE",
        Kind::Name,
        "whom access tokens are for (`aud`)",
    ),
    setting(
        "accounts.session_lifetime",
        "SIR0_ACCOUNTS_SESSION_LIFETIME",
        Kind::Duration,
        "how long a sign-in lasts",
    ),
    setting(
        "accounts.hashing.log_n",
        "SIR0_ACCOUNTS_HASHING_LOG_N",
        Kind::Number,
        "scrypt's cost of a password, as a power of two",
    ),
    setting("accounts.hashing.r", "SIR0_ACCOUNTS_HASHING_R", Kind::Number, "scrypt's block size"),
    setting("accounts.hashing.p", "SIR0_ACCOUNTS_HASHING_P", Kind::Number, "scrypt's rounds"),
    setting(
        "accounts.hashing.memory_mib",
        "SIR0_ACCOUNTS_HASHING_MEMORY_MIB",
        Kind::Number,
        "memory for hashing at a time, in MiB",
    ),
    setting(
        "accounts.hashing.queue",
        "SIR0_ACCOUNTS_HASHING_QUEUE",
        Kind::Number,
        "how many passwords may wait to be hashed",
    ),
    setting(
        "accounts.hashing.patience",
        "SIR0_ACCOUNTS_HASHING_PATIENCE",
        Kind::Duration,
        "how long a password may wait",
    ),
    setting(
        "storefront.database",
        "SIR0_STOREFRONT_DATABASE_URL",
        Kind::Database,
        "where games are; unset, storefront.db in the data folder",
    ),
    setting(
        "storefront.database_password_file",
        "SIR0_STOREFRONT_DATABASE_PASSWORD_FILE",
        Kind::File,
        "holds the password for it, so that no variable does",
    ),
    setting(
        "storefront.database_connections",
        "SIR0_STOREFRONT_DATABASE_CONNECTIONS",
        Kind::Number,
        "the most connections one process has to it (PostgreSQL)",
    ),
    setting(
        "storefront.cached_games",
        "SIR0_STOREFRONT_CACHED_GAMES",
        Kind::Number,
        "how many games to keep at hand in memory",
    ),
    setting(
        "redis.url",
        "SIR0_REDIS_URL",
        Kind::Redis,
        "rings between processes and shares their caches; unset, neither",
    ),
    setting(
        "redis.password_file",
        "SIR0_REDIS_PASSWORD_FILE",
        Kind::File,
        "holds the password for it, so that no variable does",
    ),
    setting(
        "redis.patience",
        "SIR0_REDIS_PATIENCE",
        Kind::Duration,
        "how long a call waits for it before it goes on without",
    ),
    setting(
        "peers.accounts",
        "SIR0_ACCOUNTS_URL",
        Kind::Peer,
        "where accounts is, for a storefront or an edge that runs apart",
    ),
    setting(
        "peers.storefront",
        "SIR0_STOREFRONT_URL",
        Kind::Peer,
        "where the storefront is, for an edge that runs apart",
    ),
    setting(
        "peers.secret_file",
        "SIR0_PEERS_SECRET_FILE",
        Kind::File,
        "holds what services that run apart show each other",
    ),
    setting(
        "limits.body_bytes",
        "SIR0_LIMITS_BODY_BYTES",
        Kind::Number,
        "the largest body of a request, in bytes",
    ),
    setting(
        "limits.header_bytes",
        "SIR0_LIMITS_HEADER_BYTES",
        Kind::Number,
        "the largest headers of a request, in bytes",
    ),
    setting(
        "limits.json_depth",
        "SIR0_LIMITS_JSON_DEPTH",
        Kind::Number,
        "how deep a JSON body may be nested",
    ),
    setting(
        "limits.streams_per_connection",
        "SIR0_LIMITS_STREAMS_PER_CONNECTION",
        Kind::Number,
        "calls at a time on one connection",
    ),
    setting("limits.connections", "SIR0_LIMITS_CONNECTIONS", Kind::Number, "connections at a time"),
    setting(
        "limits.waiting_bytes",
        "SIR0_LIMITS_WAITING_BYTES",
        Kind::Number,
        "bytes that may wait for clients, a quarter of them for one",
    ),
    setting(
        "limits.proxies",
        "SIR0_LIMITS_PROXIES",
        Kind::Networks,
        "proxies that are believed about the address of a client",
    ),
    setting(
        "limits.header_timeout",
        "SIR0_LIMITS_HEADER_TIMEOUT",
        Kind::Duration,
        "how long headers may take to arrive",
    ),
    setting(
        "limits.keep_alive_timeout",
        "SIR0_LIMITS_KEEP_ALIVE_TIMEOUT",
        Kind::Duration,
        "how long an HTTP/1 connection may rest between two requests",
    ),
    setting(
        "limits.idle_timeout",
        "SIR0_LIMITS_IDLE_TIMEOUT",
        Kind::Duration,
        "how long an HTTP/2 connection may stay open without a call",
    ),
    setting(
        "limits.body_timeout",
        "SIR0_LIMITS_BODY_TIMEOUT",
        Kind::Duration,
        "how long a body may take to arrive",
    ),
    setting(
        "limits.linger",
        "SIR0_LIMITS_LINGER",
        Kind::Duration,
        "how long the port stays open when stopping, for a proxy to notice",
    ),
    setting(
        "limits.drain",
        "SIR0_LIMITS_DRAIN",
        Kind::Duration,
        "how long calls may take to end when stopping, after that",
    ),
    setting(
        "traces.endpoint",
        "SIR0_TRACES_ENDPOINT",
        Kind::Collector,
        "where traces go; unset, none are made",
    ),
    setting(
        "traces.sample",
        "SIR0_TRACES_SAMPLE",
        Kind::Share,
        "the share of traces begun here that are kept",
    ),
];
