//! Changes on both engines: sir0, an older build of it, and the same statements by hand, in turns.

pub(crate) mod engine;
mod pgbench;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};

use self::{
    engine::{Engine, Home},
    pgbench::Pgbench,
};
use crate::{
    cli::Plan,
    load::changes::{Changes, Length},
    sir0::Sir0,
    stats,
};

/// How many clients change games at once.
pub(crate) const CLIENTS: usize = 32;

/// What changes cost on each engine, or why one could not be measured.
pub(crate) struct Writes {
    pub(crate) engines: Vec<OnEngine>,
    /// What is not in the table, in words.
    pub(crate) missing: Vec<String>,
}

/// The turns on one engine.
pub(crate) struct OnEngine {
    /// Its name, with the version if it is a server.
    pub(crate) name: String,
    pub(crate) sir0: Turns,
    /// The older build.
    pub(crate) before: Option<Turns>,
    /// The same statements by hand.
    pub(crate) by_hand: Option<Turns>,
}

/// One side's turns.
#[derive(Default)]
pub(crate) struct Turns {
    pub(crate) per_second: Vec<f64>,
    pub(crate) p50_ms: Vec<f64>,
    pub(crate) p99_ms: Vec<f64>,
    /// Processor microseconds of sir0 per change; none where the system does not tell.
    pub(crate) processor_us: Vec<f64>,
}

impl Turns {
    fn take(&mut self, times_ms: &[f64], per_second: f64) {
        self.per_second.push(per_second);
        self.p50_ms.push(stats::percentile(times_ms, 50));
        self.p99_ms.push(stats::percentile(times_ms, 99));
    }
}

/// Both engines, one after the other.
pub(crate) async fn measure(plan: &Plan, folder: &Path) -> Result<Writes> {
    let mut missing = Vec::new();
    let mut engines = vec![on(Engine::Sqlite, plan, folder, &mut missing).await?];
    if sir0_throwaway::has_postgres() {
        let server = engine::durable_postgres().await?;
        engines.push(on(Engine::Postgres(server), plan, folder, &mut missing).await?);
    } else {
        missing.push("PostgreSQL is not installed here".to_owned());
    }
    Ok(Writes { engines, missing })
}

async fn on(
    engine: Engine,
    plan: &Plan,
    folder: &Path,
    missing: &mut Vec<String>,
) -> Result<OnEngine> {
    let name = engine.name();
    println!("measuring changes on {name}");
    let home = Home::new(&engine, folder)?;
    let mut sir0 = Side::start(&home, &plan.sir0, "sir0").await?;
    let mut before = match &plan.before {
        Some(older) => Some(Side::start(&home, older, "before").await?),
        None => None,
    };
    let mut by_hand = match &engine {
        Engine::Sqlite => None,
        Engine::Postgres(server) => match pgbench::find() {
            Ok(program) => Some(ByHand::prepare(&home, server, program, plan).await?),
            Err(why) => {
                missing.push(why);
                None
            }
        },
    };
    let turn = Duration::from_secs(plan.seconds);
    for round in 0..=plan.rounds {
        // The first is to warm up, and shorter: caches filled, statements prepared, pages mapped.
        let (turn, counts) =
            if round == 0 { (Duration::from_secs(1), false) } else { (turn, true) };
        sir0.turn(turn, counts).await?;
        if let Some(before) = &mut before {
            before.turn(turn, counts).await?;
        }
        if let Some(by_hand) = &mut by_hand {
            by_hand.turn(turn, counts).await?;
        }
    }
    let before = match before {
        Some(before) => Some(before.stop().await?),
        None => None,
    };
    let by_hand = by_hand.map(|by_hand| by_hand.turns);
    Ok(OnEngine { name, sir0: sir0.stop().await?, before, by_hand })
}

/// A running sir0 and its turns.
struct Side {
    sir0: Sir0,
    changes: Arc<Changes>,
    turns: Turns,
}

impl Side {
    async fn start(home: &Home<'_>, program: &Path, name: &str) -> Result<Self> {
        let installation = home.install(program, name)?;
        installation.create_publisher().await?;
        let sir0 = Sir0::start(&installation, &["--demo"]).await?;
        let changes = Changes::to(sir0.address).await?;
        Ok(Self { sir0, changes, turns: Turns::default() })
    }

    async fn turn(&mut self, turn: Duration, counts: bool) -> Result<()> {
        let before = self.sir0.process.processor_seconds();
        let answered = self.changes.make(CLIENTS, Length::Time(turn)).await?;
        let after = self.sir0.process.processor_seconds();
        if !counts {
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53 requests")]
        let requests = answered.times_ms.len() as f64;
        self.turns.take(&answered.times_ms, requests / answered.took.as_secs_f64());
        if let (Some(before), Some(after)) = (before, after) {
            self.turns.processor_us.push((after - before) / requests * 1_000_000.0);
        }
        Ok(())
    }

    async fn stop(self) -> Result<Turns> {
        self.sir0.stop().await?;
        Ok(self.turns)
    }
}

/// A database that sir0 made and no process serves, and its turns.
struct ByHand {
    pgbench: Pgbench,
    turns: Turns,
}

impl ByHand {
    async fn prepare(
        home: &Home<'_>,
        server: &sir0_throwaway::Postgres,
        program: PathBuf,
        plan: &Plan,
    ) -> Result<Self> {
        const NAME: &str = "pgbench";
        let installation = home.install(&plan.sir0, NAME)?;
        Sir0::start(&installation, &["--demo"]).await?.stop().await?;
        let script = plan.script.canonicalize();
        let script = script.with_context(|| format!("there is no {}", plan.script.display()))?;
        let database = engine::storefront(NAME);
        let numbers = server.psql(
            &database,
            "SELECT count(*) FROM pg_catalog.pg_proc WHERE proname = 'number_events'",
        );
        let pgbench = Pgbench {
            program,
            script,
            database: server.url(&database),
            numbers_events: numbers != "0",
            folder: installation.data().to_owned(),
        };
        Ok(Self { pgbench, turns: Turns::default() })
    }

    async fn turn(&mut self, turn: Duration, counts: bool) -> Result<()> {
        let (times_ms, per_second) = self.pgbench.run(CLIENTS, turn).await?;
        if counts {
            self.turns.take(&times_ms, per_second);
        }
        Ok(())
    }
}
