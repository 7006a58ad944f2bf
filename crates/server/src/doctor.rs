//! `sir0 doctor`: looks at everything this configuration needs, changes nothing, and says what to do. It uses the same
//! checks as `sir0 serve`, so that neither accepts what the other refuses.

mod database;
mod files;
mod port;

use std::{fmt::Display, time::Duration};

use sir0_redis::Redis;
use sir0_rpc::peer;

use crate::{Config, Parts, afar::Afar, parts::Part, say::say, services};

/// How long a peer may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was found about one thing.
enum Finding {
    Well(String),
    /// It works, but somebody should look.
    Doubtful(String, &'static str),
    /// It does not work, and this is what to do.
    Ill(String, &'static str),
}

/// Looks at what the platform needs, or one part of it; prints a line for each thing, and answers whether all of it
/// works.
pub async fn doctor(config: &Config, part: Option<Part>) -> anyhow::Result<bool> {
    let parts = part.map_or(Parts::ALL, Parts::only);
    let mut report = Report { is_well: true };
    if let Err(error) = config.suffices_for(parts) {
        report.about("settings", Finding::Ill(full(&error), "`sir0 --help` lists all"))?;
    }
    report.about("port", port::look(config, parts).await)?;
    if config.keeps_files(parts) {
        report.about("data folder", files::data_folder(&config.data_dir))?;
    }
    if parts.include(Part::Accounts) {
        report.about("signing key", files::signing_key(config))?;
    }
    for (service, place, _) in services::each_place(config) {
        if !parts.include(service.part()) {
            continue;
        }
        let name = format!("{} database", service.name());
        match place {
            Ok(place) => {
                if let Some(found) = files::of_database(&place) {
                    report.about(&format!("{} files", service.name()), found)?;
                }
                let found = database::look(&place).await;
                let is_there = found.is_there;
                report.about(&name, found.finding)?;
                if is_there {
                    let found = database::tables(config, service).await;
                    report.about(&format!("{} tables", service.name()), found)?;
                }
            }
            Err(error) => report.about(&name, Finding::Ill(full(&error), error.cure()))?,
        }
    }
    if part != Some(Part::Edge) {
        report.about("redis", redis(config).await)?;
    }
    peers(config, &mut report).await?;
    Ok(report.is_well)
}

async fn peers(config: &Config, report: &mut Report) -> anyhow::Result<()> {
    match Afar::all(&config.peers) {
        Ok(peers) => {
            for peer in peers {
                let found = if peer.works(PATIENCE).await {
                    Finding::Well("it serves".to_owned())
                } else {
                    Finding::Ill(
                        "it does not say that it serves".to_owned(),
                        "check that it runs, its own doctor, and that this machine reaches its URL",
                    )
                };
                report.about(&format!("peer {}", peer.name()), found)?;
            }
        }
        Err(error) => {
            report
                .about("peers", Finding::Ill(full(&error), "write them as `http://HOST:PORT`"))?;
        }
    }
    if let Some(file) = &config.peers.secret_file {
        let found = match peer::Secret::read(file) {
            Ok(_) => Finding::Well(file.display().to_string()),
            Err(error) => Finding::Ill(full(&error), "make it with `openssl rand -hex 32`"),
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
            Finding::Ill(detail, cure) => {
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
            return Finding::Ill(full(&error), "correct `redis.url` or `redis.password_file`");
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

/// An error with its causes, on one line.
fn full(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|cause| (cause as &dyn Display).to_string()).collect::<Vec<_>>().join(": ")
}
