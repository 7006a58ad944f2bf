//! Breaks things on purpose, under load, and holds what comes out against a bar.

mod caller;
mod cancelled;
mod cut;
mod dice;
mod fleet;
mod flood;
mod game;
mod guesses;
mod heard;
mod islands;
mod kill;
mod ledger;
mod load;
mod locked;
mod machine;
mod members;
mod memory;
mod once;
mod passwords;
mod postgres;
mod report;
mod rolling;
mod sessions;
mod signins;
mod slow_line;
mod streams;
mod times;
mod waiting;
mod watcher;
mod writers;

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
    /// Ninety addresses guess passwords while someone signs in.
    Signins,
    /// Ninety addresses try passwords for the account of someone who signs in.
    Guesses,
    /// What a sign-in costs beside its hash, and what its time tells.
    Passwords,
    /// A hundred connections leave unread what they ask for.
    Waiting,
    /// A session ends here; how soon is it over there?
    Sessions,
    /// Many write on three instances, watchers come and go, and Redis is killed.
    Writers,
    /// Instances are killed one after the other, under load through the proxy.
    Kill,
    /// Every instance is stopped in order and started again, under load through the proxy.
    Rolling,
    /// Nothing arrives from Redis any more, and nothing says so. Needs root.
    Cut,
}

/// Every drill, in the order of the page.
const ALL: [Name; 14] = [
    Name::Writers,
    Name::Kill,
    Name::Rolling,
    Name::Cut,
    Name::Cancelled,
    Name::Postgres,
    Name::Once,
    Name::Sessions,
    Name::Streams,
    Name::Flood,
    Name::Signins,
    Name::Guesses,
    Name::Passwords,
    Name::Waiting,
];
const CI: [Name; 7] = [
    Name::Writers,
    Name::Kill,
    Name::Rolling,
    Name::Cancelled,
    Name::Postgres,
    Name::Once,
    Name::Sessions,
];
/// The exit code when a drill cannot run here.
const SKIPPED: i32 = 2;

/// Runs them one after the other. Fails when one found something wrong; what is only slow stands in its table.
pub(crate) async fn run(options: Options) -> Result<()> {
    let one = [options.name];
    let names = match options.name {
        Name::All => &ALL[..],
        Name::Ci => &CI[..],
        _ => &one[..],
    };
    let (mut wrong, mut is_skipped) = (Vec::new(), false);
    for name in names {
        if let Some(why) = name.cannot() {
            println!("drill {}: SKIPPED, {why}\n", name.word());
            is_skipped = true;
            continue;
        }
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
    if is_skipped {
        std::process::exit(SKIPPED);
    }
    Ok(())
}

impl Name {
    /// Why it cannot run here, if so.
    fn cannot(self) -> Option<String> {
        if self == Self::Cut { cut::cannot() } else { None }
    }

    async fn run(self, is_short: bool) -> Result<Report> {
        match self {
            Self::All | Self::Ci => bail!("these are several drills"),
            Self::Cancelled => cancelled::run(is_short).await,
            Self::Postgres => postgres::run(is_short).await,
            Self::Once => once::run(is_short).await,
            Self::Streams => streams::run(is_short).await,
            Self::Flood => flood::run(is_short).await,
            Self::Signins => signins::run(is_short).await,
            Self::Guesses => guesses::run(is_short).await,
            Self::Passwords => passwords::run(is_short).await,
            Self::Waiting => waiting::run(is_short).await,
            Self::Sessions => sessions::run(is_short).await,
            Self::Writers => writers::run(is_short).await,
            Self::Kill => kill::run(is_short).await,
            Self::Rolling => rolling::run(is_short).await,
            Self::Cut => cut::run(is_short).await,
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
            Self::Signins => "signins",
            Self::Guesses => "guesses",
            Self::Passwords => "passwords",
            Self::Waiting => "waiting",
            Self::Sessions => "sessions",
            Self::Writers => "writers",
            Self::Kill => "kill",
            Self::Rolling => "rolling",
            Self::Cut => "cut",
        }
    }
}
