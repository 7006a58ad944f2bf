//! `sir0 doctor`: looks at everything this configuration needs, changes nothing, and says what to do. It uses the same
//! checks as `sir0 serve`, so that neither accepts what the other refuses.

mod database;
mod files;
mod port;

use std::time::Duration;

use sir0_host::{Configured, Finding, full};
use sir0_redis::Redis;
use sir0_rpc::peer;
use sir0_storage::Location;

use super::say;
use crate::{Config, Parts, parts::Part, remote_health::RemoteHealth};

/// How long a peer may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Looks at what the platform needs, or one part of it; prints a line for each thing, and answers whether all of it
/// works.
pub async fn doctor(config: &Config, part: Option<Part>) -> anyhow::Result<bool> {
    let parts = part.map_or(Parts::ALL, Parts::only);
    let mut report = Report { is_well: true };
    if let Err(error) = config.suffices_for(parts) {
        report.about("settings", Finding::Failing(full(&error), "`sir0 --help` lists all"))?;
    }
    report.about("port", port::look(config, parts).await)?;
    if config.keeps_files(parts) {
        report.about("data folder", files::data_folder(&config.data_dir))?;
    }
    for each in config.services.of(parts) {
        for (what, found) in each.examine(&config.data_dir) {
            report.about(what, found)?;
        }
    }
    for each in config.services.of(parts) {
        service(config, each, &mut report).await?;
    }
    if part != Some(Part::Edge) {
        report.about("redis", redis(config).await)?;
    }
    peers(config, &mut report).await?;
    Ok(report.is_well)
}

/// The database of a service: its files, the database itself, and its tables.
async fn service(
    config: &Config,
    service: &dyn Configured,
    report: &mut Report,
) -> anyhow::Result<()> {
    let name = service.service().name;
    let place = match service.location(&config.data_dir) {
        Ok(place) => place,
        Err(error) => {
            let failing = Finding::Failing(full(&error), error.cure());
            return Ok(report.about(&format!("{name} database"), failing)?);
        }
    };
    if let Some(found) = files::of_database(&place) {
        report.about(&format!("{name} files"), found)?;
    }
    let found = database::look(&place).await;
    report.about(&format!("{name} database"), found.finding)?;
    if found.is_there {
        let tables = database::tables(config, service).await;
        report.about(&format!("{name} tables"), tables.finding)?;
        if tables.is_there {
            rows(config, service, &place, report).await?;
        }
    }
    Ok(())
}

/// What a service says about its rows.
async fn rows(
    config: &Config,
    service: &dyn Configured,
    place: &Location,
    report: &mut Report,
) -> anyhow::Result<()> {
    let name = service.service().name;
    match service.inspect(place, &config.data_dir).await {
        Ok(findings) => {
            for (what, found) in findings {
                report.about(&format!("{name} {what}"), found)?;
            }
        }
        Err(error) => {
            report.about(&format!("{name} rows"), Finding::Failing(full(&error), error.cure()))?;
        }
    }
    Ok(())
}

async fn peers(config: &Config, report: &mut Report) -> anyhow::Result<()> {
    match RemoteHealth::all(&config.peers) {
        Ok(peers) => {
            for peer in peers {
                let found = if peer.works(PATIENCE).await {
                    Finding::Well("it serves".to_owned())
                } else {
                    Finding::Failing(
                        "it does not say that it serves".to_owned(),
                        "check that it runs, its own doctor, and that this machine reaches its URL",
                    )
                };
                report.about(&format!("peer {}", peer.name()), found)?;
            }
        }
        Err(error) => {
            report.about(
                "peers",
                Finding::Failing(full(&error), "write them as `http://HOST:PORT`"),
            )?;
        }
    }
    if let Some(file) = &config.peers.secret_file {
        let found = match peer::Secret::read(file) {
            Ok(_) => Finding::Well(file.display().to_string()),
            Err(error) => Finding::Failing(full(&error), "make it with `openssl rand -hex 32`"),
        };
        report.about("peers' secret", found)?;
    }
    Ok(())
}

struct Report {
    is_well: bool,
}

impl Report {
    fn about(&mut self, what: &str, found: Finding) -> std::io::Result<()> {
        match found {
            Finding::Well(detail) => say(&format!("ok    {what}: {detail}\n")),
            Finding::Doubtful(detail, cure) => {
                say(&format!("look  {what}: {detail}\n      → {cure}\n"))
            }
            Finding::Failing(detail, cure) => {
                self.is_well = false;
                say(&format!("FAIL  {what}: {detail}\n      → {cure}\n"))
            }
        }
    }
}

async fn redis(config: &Config) -> Finding {
    if config.redis.url.is_none() {
        return Finding::Well("none, this process keeps its own cache and doorbell".to_owned());
    }
    let redis = match Redis::open(&config.redis) {
        Ok(redis) => redis,
        Err(error) => {
            return Finding::Failing(full(&error), "correct `redis.url` or `redis.password_file`");
        }
    };
    match redis.check().await {
        Ok(took) => Finding::Well(format!("answers in {} µs", took.as_micros())),
        Err(error) => Finding::Doubtful(
            full(&error),
            "nothing fails without it, but reads are slower and changes travel by the poll",
        ),
    }
}
