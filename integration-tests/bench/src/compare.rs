//! sir0 and a bare server in turns, so that a machine that slows down slows both down.

use std::{fs, net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context, Result};

use crate::{
    load::{Figures, Generators, Load, Target},
    process::{Bare, Process},
    rest,
    sir0::Sir0,
};

/// How the turns are taken.
pub(crate) struct Setup<'s> {
    pub(crate) generators: &'s Generators,
    pub(crate) sir0: &'s Sir0,
    pub(crate) bare_rest: &'s Bare,
    pub(crate) bare_grpc: &'s Bare,
    /// The file with the encoded gRPC answer.
    pub(crate) answer: &'s Path,
    pub(crate) folder: &'s Path,
    pub(crate) rounds: u32,
    pub(crate) turn: Duration,
}

/// One load, measured on both.
pub(crate) struct Comparison {
    pub(crate) what: &'static str,
    /// Whether the ratio has a bar to reach.
    pub(crate) has_bar: bool,
    pub(crate) generator: &'static str,
    pub(crate) sir0: Side,
    pub(crate) bare: Side,
}

/// One server's turns.
#[derive(Default)]
pub(crate) struct Side {
    pub(crate) per_second: Vec<f64>,
    pub(crate) p99_ms: Vec<f64>,
    /// Processor microseconds per request; none where the system does not tell.
    pub(crate) processor_us: Vec<f64>,
}

/// What, whether its ratio has a bar to reach, and the load itself.
const LOADS: [(&str, bool, Load); 4] = [
    ("REST `GET` one game", true, Load::Rest { path: rest::ONE, connections: 32 }),
    ("REST list of 20 games", false, Load::Rest { path: rest::TWENTY, connections: 32 }),
    (
        "gRPC `GetGame`, 4 connections, 16 calls each",
        true,
        Load::Grpc { connections: 4, calls: 16 },
    ),
    (
        "gRPC `GetGame`, 100 connections, 1 call each",
        false,
        Load::Grpc { connections: 100, calls: 1 },
    ),
];

const FRAME_HEADER: usize = 5;

/// Every load, in the order of the table.
pub(crate) async fn all(setup: &Setup<'_>) -> Result<Vec<Comparison>> {
    let mut comparisons = Vec::new();
    for (what, has_bar, load) in LOADS {
        println!("measuring {what}");
        let (sir0, bare) = setup.one(load).await.with_context(|| format!("measuring {what}"))?;
        let generator = setup.generators.name(load);
        comparisons.push(Comparison { what, has_bar, generator, sir0, bare });
    }
    Ok(comparisons)
}

impl Setup<'_> {
    async fn one(&self, load: Load) -> Result<(Side, Side)> {
        let bare = match load {
            Load::Rest { .. } => self.bare_rest,
            Load::Grpc { .. } => self.bare_grpc,
        };
        let (mut ours, mut theirs) = (Side::default(), Side::default());
        // Warm: caches filled, connections accepted before, pages mapped.
        let warm_up = Duration::from_secs(1);
        self.generators.run(load, self.target(self.sir0.address)?, warm_up).await?;
        self.generators.run(load, self.target(bare.address)?, warm_up).await?;
        for _ in 0..self.rounds {
            self.turn(load, self.sir0.address, &self.sir0.process, &mut ours).await?;
            self.turn(load, bare.address, &bare.process, &mut theirs).await?;
        }
        Ok((ours, theirs))
    }

    async fn turn(
        &self,
        load: Load,
        address: SocketAddr,
        process: &Process,
        side: &mut Side,
    ) -> Result<()> {
        let before = process.processor_seconds();
        let Figures { requests, per_second, p99_ms } =
            self.generators.run(load, self.target(address)?, self.turn).await?;
        side.per_second.push(per_second);
        side.p99_ms.push(p99_ms);
        if let (Some(before), Some(after)) = (before, process.processor_seconds()) {
            side.processor_us.push((after - before) / requests * 1_000_000.0);
        }
        Ok(())
    }

    fn target(&self, address: SocketAddr) -> Result<Target<'_>> {
        let answer = fs::metadata(self.answer).context("the answer is gone")?.len();
        let answer_bytes = FRAME_HEADER + usize::try_from(answer)?;
        Ok(Target { address, answer_bytes, folder: self.folder })
    }
}
