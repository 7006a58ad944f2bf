//! The settings of accounts written out, for the help page and for the test that no key lacks its row in the table.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use sir0_accounts::{Config, hashing};

/// Takes the settings apart by name: a setting that is added there does not compile until it is written here too.
pub(super) fn serialize<S: Serializer>(config: &Config, serializer: S) -> Result<S::Ok, S::Error> {
    let Config {
        database,
        database_password_file,
        database_connections,
        signing_key,
        issuer,
        audience,
        session_lifetime,
        hashing,
    } = config;
    let mut section = serializer.serialize_struct("accounts", 8)?;
    section.serialize_field("database", database)?;
    section.serialize_field("database_password_file", database_password_file)?;
    section.serialize_field("database_connections", database_connections)?;
    section.serialize_field("signing_key", signing_key)?;
    section.serialize_field("issuer", issuer)?;
    section.serialize_field("audience", audience)?;
    let session_lifetime = humantime_serde::re::humantime::format_duration(*session_lifetime);
    section.serialize_field("session_lifetime", &session_lifetime.to_string())?;
    section.serialize_field("hashing", &Hashing(hashing))?;
    section.end()
}

struct Hashing<'c>(&'c hashing::Config);

impl Serialize for Hashing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hashing::Config { log_n, r, p, memory_mib, queue, patience } = self.0;
        let mut section = serializer.serialize_struct("hashing", 6)?;
        section.serialize_field("log_n", log_n)?;
        section.serialize_field("r", r)?;
        section.serialize_field("p", p)?;
        section.serialize_field("memory_mib", memory_mib)?;
        section.serialize_field("queue", queue)?;
        let patience = humantime_serde::re::humantime::format_duration(*patience);
        section.serialize_field("patience", &patience.to_string())?;
        section.end()
    }
}
