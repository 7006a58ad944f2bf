//! What can be tuned in the storefront.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use sir0_host::Configured;
use sir0_kernel::Currency;
use sir0_settings::{Kind, Setting};

/// The settings of [`Config`].
pub(crate) const SETTINGS: &[Setting] = &[
    Setting::new(
        "storefront.database",
        "SIR0_STOREFRONT_DATABASE_URL",
        Kind::Database,
        "where games are; unset, storefront.db in the data folder",
    ),
    Setting::new(
        "storefront.database_password_file",
        "SIR0_STOREFRONT_DATABASE_PASSWORD_FILE",
        Kind::File,
        "holds the password for it, so that no variable does",
    ),
    Setting::new(
        "storefront.database_connections",
        "SIR0_STOREFRONT_DATABASE_CONNECTIONS",
        Kind::Number,
        "the most connections one process has to it (PostgreSQL)",
    ),
    Setting::new(
        "storefront.cached_games",
        "SIR0_STOREFRONT_CACHED_GAMES",
        Kind::Number,
        "how many games to keep at hand in memory",
    ),
    Setting::new(
        "storefront.events_kept_for",
        "SIR0_STOREFRONT_EVENTS_KEPT_FOR",
        Kind::Duration,
        "how long a change is kept at least; the latest 100000 are kept longer",
    ),
    Setting::new(
        "storefront.currency",
        "SIR0_STOREFRONT_CURRENCY",
        Kind::Currency,
        "what prices are in; once named it stays; unset, the one that was named, or EUR",
    ),
];

/// What can be tuned in the storefront.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A `sqlite:` path or a `postgres:` URL; without one, `storefront.db` in the data folder. No other service shares
    /// it.
    pub database: Option<String>,
    /// The file with the password of the `postgres:` URL.
    pub database_password_file: Option<PathBuf>,
    /// How many connections one process has to PostgreSQL at most.
    pub database_connections: u32,
    /// How many single games of up to 1 KiB are kept in memory. A larger one counts as several. 0 reads each from the
    /// database. Pages of lists have separate room.
    pub cached_games: u64,
    /// How long the events of changes are kept at least: a stream that resumes within this time starts over for no change. The
    /// latest 100,000 are kept longer.
    #[serde(with = "humantime_serde")]
    pub events_kept_for: Duration,
    /// The currency of all prices. A store keeps the one that is named first.
    #[serde(with = "currency")]
    pub currency: Option<Currency>,
    /// Where pictures are kept, and how many are encoded at a time.
    pub media: sir0_media::Config,
}

impl Config {
    /// Whether there is a place for pictures. On PostgreSQL several processes share the tables, and each has a data folder of
    /// its own, so a place has to be named.
    pub(crate) fn keeps_pictures(&self) -> bool {
        let is_named = self.media.s3.bucket.is_some() || self.media.folder.is_some();
        is_named || self.keeps_tables_in_a_file()
    }
}

/// A currency by its code.
mod currency {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
    use sir0_kernel::Currency;

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference to the field"
    )]
    pub(super) fn serialize<S: Serializer>(
        currency: &Option<Currency>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        currency.as_ref().map(Currency::code).serialize(to)
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(
        from: D,
    ) -> Result<Option<Currency>, D::Error> {
        let code = Option::<String>::deserialize(from)?;
        code.map(|code| code.parse().map_err(de::Error::custom)).transpose()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: None,
            database_password_file: None,
            database_connections: 20,
            cached_games: 10_000,
            events_kept_for: Duration::from_mins(10),
            currency: None,
            media: sir0_media::Config::default(),
        }
    }
}
