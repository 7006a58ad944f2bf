//! `sir0 doctor`: looks at everything this configuration needs, changes nothing, and says what to do.

use std::{fmt::Display, path::Path, time::Duration};

use sir0_kernel::{Clock, SystemClock};
use sir0_redis::Redis;
use sir0_rpc::peer;
use sir0_storage::{Exam, Place, Step, StepState};
use sir0_tokens::SigningKey;

use crate::{Config, Parts, afar::Afar, migrate::steps, parts::Part, services};

/// Tokens expire by the clocks of several machines: further apart than this, one refuses what another just made.
const CLOCKS_APART: Duration = Duration::from_secs(2);
/// A database that takes longer to answer makes every call slow.
const SLOW: Duration = Duration::from_millis(500);

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
    let runs = |one| part.is_none_or(|only| only == one);
    let mut report = Report { is_well: true };
    if config.keeps_files(part.map_or(Parts::ALL, Parts::only)) {
        report.about("data folder", data_folder(&config.data_dir));
    }
    if runs(Part::Accounts) {
        report.about("signing key", signing_key(config));
    }
    for (service, place, _) in services::places(config)? {
        if part.is_some_and(|only| only.name() != service.name()) {
            continue;
        }
        let steps = steps(config, service, true).await;
        report.about(&format!("{} database", service.name()), database(&place).await);
        report.about(&format!("{} tables", service.name()), tables(steps));
    }
    if part != Some(Part::Edge) {
        report.about("redis", redis(config).await);
    }
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
                report.about(&format!("peer {}", peer.name()), found);
            }
        }
        Err(error) => {
            report.about("peers", Finding::Ill(full(&error), "write them as `http://HOST:PORT`"));
        }
    }
    if let Some(file) = &config.peers.secret_file {
        report.about(
            "peers' secret",
            match peer::Secret::read(file) {
                Ok(_) => Finding::Well(file.display().to_string()),
                Err(error) => {
                    Finding::Ill(error.to_string(), "make it with `openssl rand -hex 32`")
                }
            },
        );
    }
    Ok(report.is_well)
}

struct Report {
    is_well: bool,
}

impl Report {
    #[expect(clippy::print_stdout, reason = "this is the program speaking to its user")]
    fn about(&mut self, what: &str, found: Finding) {
        match found {
            Finding::Well(detail) => println!("ok    {what}: {detail}"),
            Finding::Doubtful(detail, cure) => println!("look  {what}: {detail}\n      → {cure}"),
            Finding::Ill(detail, cure) => {
                self.is_well = false;
                println!("FAIL  {what}: {detail}\n      → {cure}");
            }
        }
    }
}

fn data_folder(folder: &Path) -> Finding {
    let name = folder.display();
    if !folder.exists() {
        return Finding::Doubtful(format!("{name} is not there yet"), "`sir0 serve` makes it");
    }
    // Only trying tells: modes, owners, read-only mounts and full disks all say no in their own way.
    match tempfile_in(folder) {
        Ok(()) => Finding::Well(format!("{name} can be written")),
        Err(error) => Finding::Ill(
            format!("{name} cannot be written: {error}"),
            "check its owner, whether it is mounted read-only, and `df`",
        ),
    }
}

fn tempfile_in(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    std::fs::write(&path, b"a visit")?;
    std::fs::remove_file(path)
}

fn signing_key(config: &Config) -> Finding {
    let path = services::signing_key_path(config);
    if !path.exists() {
        return match config.accounts.signing_key {
            Some(_) => Finding::Ill(
                format!("{} is not there", path.display()),
                "make it with `openssl genpkey -algorithm ed25519`; all instances share it",
            ),
            None => Finding::Doubtful(
                format!("{} is not there yet", path.display()),
                "the first `sir0 serve` makes it; several instances need one they share",
            ),
        };
    }
    match SigningKey::open(&path) {
        Ok(key) => Finding::Well(format!("{} is key {}", path.display(), key.kid())),
        Err(error) => Finding::Ill(full(&error), "accounts does not start without it"),
    }
}

async fn database(place: &Place) -> Finding {
    if let Place::Sqlite(file) = place
        && !file.exists()
    {
        return Finding::Doubtful(
            format!("{} is not there yet", file.display()),
            "`sir0 serve` makes it",
        );
    }
    let exam = match place.examine().await {
        Ok(exam) => exam,
        Err(error) => {
            return Finding::Ill(
                full(&error),
                "check that it runs, its address, user and password",
            );
        }
    };
    let Exam { engine, took, clock, is_writable, connections } = exam;
    let detail = format!("{engine} answers in {} ms", took.as_millis());
    if !is_writable {
        return Finding::Ill(
            format!("{detail}, but only reads"),
            "promote the standby, or check the owner of the file",
        );
    }
    if let Some(clock) = clock {
        let apart = Duration::from_micros(clock.micros().abs_diff(SystemClock.now().micros()));
        if apart > CLOCKS_APART + took {
            return Finding::Ill(
                format!("{detail}, its clock is {} ms from ours", apart.as_millis()),
                "let both machines follow NTP",
            );
        }
    }
    if let Some((used, most)) = connections
        && used * 10 > most * 8
    {
        return Finding::Doubtful(
            format!("{detail}, {used} of its {most} connections are in use"),
            "lower `database_connections`, raise `max_connections`, or put a pooler in between",
        );
    }
    if took > SLOW {
        return Finding::Doubtful(
            detail,
            "every call waits for this: check the network and its load",
        );
    }
    Finding::Well(detail)
}

fn tables(steps: sir0_storage::Result<Vec<Step>>) -> Finding {
    match steps {
        Err(error) => Finding::Ill(full(&error), "see the database above"),
        Ok(steps) => {
            let missing = steps.iter().filter(|step| step.state == StepState::Missing).count();
            if missing == 0 {
                Finding::Well(format!("all {} steps are there", steps.len()))
            } else {
                let detail = format!("{missing} of {} steps are missing", steps.len());
                Finding::Doubtful(detail, "`sir0 migrate` applies them, and so does `sir0 serve`")
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
