//! Measures the parts that were asked for, one after the other, and writes the table.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};

use crate::{
    cli::{Part, Plan, typed},
    compare::{self, Comparison},
    disk, import,
    load::Generators,
    machine::Machine,
    media, memory,
    process::{Answers, Bare, Runner},
    report::Report,
    rest, rpc, search,
    sir0::{Installation, Sir0},
    start, streams, tokens, writes,
};

/// Measures, prints, writes.
pub(crate) async fn run(plan: &Plan) -> Result<()> {
    let folder = tempfile::tempdir().context("could not make a folder for the measurement")?;
    let machine = Machine::read().await;
    let installation = Installation::new(&plan.sir0, &folder.path().join("data"))?;
    installation.create_publisher().await?;

    let mut report = Report::new(machine, typed(), plan.rounds, plan.seconds);
    let served = [Part::Reads, Part::Streams, Part::Starts];
    if served.into_iter().any(|part| plan.has(part)) {
        let sir0 = Sir0::start(&installation, &["--demo"]).await?;
        if plan.has(Part::Reads) {
            report.loads = reads(plan, &sir0, folder.path()).await?;
        }
        if plan.has(Part::Streams) {
            let Plan { streams, changes, burst, .. } = *plan;
            let delivery = streams::measure(sir0.address, streams, changes, burst).await?;
            report.delivery = Some(delivery);
        }
        sir0.stop().await?;
    }
    if plan.has(Part::Starts) {
        report.start = Some(start::measure(&installation, plan.starts).await?);
    }
    if plan.has(Part::Tokens) {
        report.tokens = Some(tokens::measure()?);
    }
    if plan.has(Part::Writes) {
        report.writes = Some(writes::measure(plan, folder.path()).await?);
    }
    if plan.has(Part::Disk) {
        report.disk = Some(disk::measure(plan, folder.path()).await?);
    }
    if plan.has(Part::Search) {
        report.found = search::measure(plan, folder.path()).await?;
    }
    if plan.has(Part::Import) {
        report.imported = import::measure(plan, folder.path()).await?;
    }
    if plan.has(Part::Media) {
        report.media = media::measure(plan, folder.path()).await?;
    }
    if plan.has(Part::Memory) {
        report.memory = memory::measure(plan, folder.path()).await?;
    }

    let text = report.to_string();
    println!("{text}");
    if let Some(file) = plan.table() {
        std::fs::write(&file, text)
            .with_context(|| format!("could not write {}", file.display()))?;
    }
    ensure!(report.is_complete(), "not every change reached every stream, see the table");
    Ok(())
}

async fn reads(plan: &Plan, sir0: &Sir0, folder: &Path) -> Result<Vec<Comparison>> {
    let generators = Generators::find(plan.built_in).await;
    let routes = rest::copy_answers(sir0.address, folder).await?;
    let answers = rpc::copy_answers(sir0.address, folder).await?;
    let bare_rest = Bare::start(&Runner::default(), Answers::Rest(&routes)).await?;
    let bare_grpc = Bare::start(&Runner::default(), Answers::Grpc(&answers)).await?;
    rest::must_agree(sir0.address, bare_rest.address).await?;
    rpc::must_agree(sir0.address, bare_grpc.address).await?;
    let loads = compare::all(&compare::Setup {
        generators: &generators,
        sir0,
        bare_rest: &bare_rest,
        bare_grpc: &bare_grpc,
        answer: &answers.one,
        folder,
        rounds: plan.rounds,
        turn: Duration::from_secs(plan.seconds),
    })
    .await?;
    bare_rest.stop().await?;
    bare_grpc.stop().await?;
    Ok(loads)
}
