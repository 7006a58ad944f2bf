//! `sir0 config check`: everything that is wrong with the file, the environment and the flags, at once.

use std::fmt::Write;

use sir0_host::full;

use crate::{
    Config, Parts,
    commands::say,
    config::{Faults, settings},
    parts::Part,
};

/// Prints a line for each fault, and answers whether there is none. With a part, also for what the part lacks.
pub fn check(read: Result<Config, Faults>, part: Option<Part>) -> anyhow::Result<bool> {
    let told = match read {
        Ok(config) => {
            let faults = unusable(&config, part.map_or(Parts::ALL, Parts::only));
            if faults.is_empty() {
                say(&well(&config))?;
                return Ok(true);
            }
            faults
        }
        Err(faults) => faults.iter().map(|fault| full(fault)).collect(),
    };
    let mut text = String::new();
    for fault in told {
        writeln!(text, "FAIL  {fault}").expect("a string grows");
    }
    say(&text)?;
    Ok(false)
}

/// What is read and could not be used all the same.
fn unusable(config: &Config, parts: Parts) -> Vec<String> {
    let lacking = config.lacking(parts).map(|fault| full(&fault));
    let databases = config.services.of(parts).filter_map(|service| {
        let key = format!("{}.database", service.service().name);
        let fault = full(&service.location(&config.data_dir).err()?);
        Some(format!("`{key}`{} cannot be used: {fault}", place(config, &key)))
    });
    let redis = config.redis.check().err().map(|fault| {
        format!("`redis.url`{} cannot be used: {}", place(config, "redis.url"), full(&fault))
    });
    lacking.chain(databases).chain(redis).collect()
}

/// Where a setting was written, if it was.
fn place(config: &Config, key: &str) -> String {
    config.sources.origins.get(key).map(|origin| format!(" ({origin})")).unwrap_or_default()
}

fn well(config: &Config) -> String {
    let given = config.sources.origins.len();
    let all = settings().iter().count();
    format!("ok    {given} of {all} settings are given, and all of them are good\n")
}
