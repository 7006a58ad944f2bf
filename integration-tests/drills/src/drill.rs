//! Breaks things on purpose, under load, and holds what comes out against a bar.

mod cancelled;
mod dice;
mod fleet;
mod flood;
mod ledger;
mod machine;
mod once;
mod postgres;
mod report;
mod sessions;
mod slow_line;
mod streams;
mod times;

use std::{path::PathBuf, time::Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use self::report::Report;

/// Which drill, how long, and where the figures go.
#[derive(Args)]
pub(crate) struct Options {
    /// Which drill.
    name: Name,
    /// As short as it still means something. The page stays as it is.
    #[arg(long)]
    short: bool,
    /// The page with the figures; `-` only prints them.
    #[arg(long, default_value = "docs/reliability.md")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Name {
    /// All of them.
    All,
    /// Those whose short form runs with every change.
    Ci,
    /// Clients leave in the middle of calls, with a slow database and few connections.
    Cancelled,
    /// PostgreSQL is killed and started again, five times.
    Postgres,
    /// What may happen once is asked for by 32 at the same moment.
    Once,
    /// 10,000 streams are open, and something changes.
    Streams,
    /// Ten times as many logins as can be hashed.
    Flood,
    /// A session ends here; how soon is it over there?
    Sessions,
}

/// Every drill, in the order of the page.
const ALL: [Name; 6] =
    [Name::Cancelled, Name::Postgres, Name::Once, Name::Sessions, Name::Streams, Name::Flood];
const CI: [Name; 4] = [Name::Cancelled, Name::Postgres, Name::Once, Name::Sessions];

/// Runs them one after the other. Fails when one found something wrong; what is only slow stands in its table.
pub(crate) async fn run(options: Options) -> Result<()> {
    let one = [options.name];
    let names = match options.name {
        Name::All => &ALL[..],
        Name::Ci => &CI[..],
        _ => &one[..],
    };
    let mut wrong = Vec::new();
    for name in names {
        let (started, load) = (Instant::now(), machine::load());
        println!("drill {}{}", name.word(), if options.short { ", short" } else { "" });
        let report = name.run(options.short).await?;
        let took = started.elapsed().as_secs();
        let verdict = if report.is_met() { "PASS" } else { "MISSED" };
        println!("\n{report}\n{}: {verdict}, {took} s\n", name.word());
        if !options.short && options.out.as_os_str() != "-" {
            let circumstances = format!(
                "`cargo xtask drill {}`, {took} s, {}. Load average before: {load}.",
                name.word(),
                machine::describe()
            );
            report.write(&options.out, name.word(), &circumstances)?;
        }
        if !report.is_true() {
            wrong.push(name.word());
        }
    }
    if !wrong.is_empty() {
        bail!("something was wrong: {}", wrong.join(", "));
    }
    Ok(())
}

impl Name {
    async fn run(self, is_short: bool) -> Result<Report> {
        match self {
            Self::All | Self::Ci => bail!("these are several drills"),
            Self::Cancelled => cancelled::run(is_short).await,
            Self::Postgres => postgres::run(is_short).await,
            Self::Once => once::run(is_short).await,
            Self::Streams => streams::run(is_short).await,
            Self::Flood => flood::run(is_short).await,
            Self::Sessions => sessions::run(is_short).await,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Ci => "ci",
            Self::Cancelled => "cancelled",
            Self::Postgres => "postgres",
            Self::Once => "once",
            Self::Streams => "streams",
            Self::Flood => "flood",
            Self::Sessions => "sessions",
        }
    }
}
