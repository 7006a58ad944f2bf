//! The containers for real: a separate engine, the images that the files name, and what the documents promise of them.
//!
//! 1. [`machine`]: what it takes from Debian.
//! 2. [`roots`]: root file systems in place of the images that registries hold.
//! 3. [`engine`]: the engine, in a separate network.
//! 4. [`images`]: the images in the engine.
//! 5. [`checkout`]: a fresh clone of the project.
//! 6. [`story`]: what is done there, and what must be true of it; [`events`]: what happens meanwhile.

mod calls;
mod checkout;
mod engine;
mod events;
mod images;
mod machine;
mod roots;
mod story;
mod topology;

use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{provision, shell, workspace::Workspace};

/// How much of the `Dockerfile` is gone through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Build {
    /// Its last stage, around the binary that is there.
    Staged,
    /// All of it.
    Full,
}

/// `cargo xtask containers [--full]`. Fails where no engine can be had.
pub(crate) fn command(arguments: &[&str]) -> Result<()> {
    let build = match arguments {
        [] => Build::Staged,
        ["--full"] => Build::Full,
        _ => bail!("`cargo xtask containers` takes `--full` and nothing else"),
    };
    let engine = had(build).context("no container engine can be had here")?;
    run(engine, build)
}

/// Runs for every change. Where no engine can be had, that is said, and is no failure.
pub(crate) fn step() -> Result<()> {
    match had(Build::Staged) {
        Ok(machine) => run(machine, Build::Staged),
        Err(reason) => {
            println!(
                "   no container engine can be had here, so nothing was run in one: {reason:#}"
            );
            Ok(())
        }
    }
}

/// What the run is made of, once an engine has answered.
struct Had {
    machine: machine::Machine,
    engine: engine::Engine,
    log: Log,
}

fn had(build: Build) -> Result<Had> {
    let mut log = Log::start();
    let machine = machine::prepare()?;
    if machine.data().exists() {
        // A run that was killed with its warden left this folder.
        std::fs::remove_dir_all(machine.data())?;
    }
    log.says("engine, Compose and Buildx are installed");
    roots::make(&machine, build)?;
    log.says("root file systems are made");
    let network = match build {
        Build::Staged => engine::Network::Own,
        Build::Full => engine::Network::OfTheMachine,
    };
    let engine = engine::Engine::start(&machine, network)?;
    log.says("the engine answers");
    Ok(Had { machine, engine, log })
}

fn run(had: Had, build: Build) -> Result<()> {
    let Had { machine, mut engine, mut log } = had;
    images::registries(&engine, &machine, build)?;
    match build {
        Build::Staged => {
            shell::run(&mut shell::cargo(["build", "--quiet", "--package", "sir0"]))?;
            let program = Workspace::read()?.target.join("debug/sir0");
            images::staged(&engine, &machine, &program)?;
        }
        Build::Full => {
            images::full(&engine)?;
            log.says("every stage of the Dockerfile is built");
            engine.keeps_its_images();
            drop(engine);
            engine = engine::Engine::start(&machine, engine::Network::Own)?;
        }
    }
    log.says("the images that the files name are there");
    let tools = story::Tools {
        node: provision::node_packages().map(|()| provision::node_folder())?,
        judges: provision::judges()?,
    };
    let checkout = checkout::make(engine.folder())?;
    story::tell(&engine, &checkout, &tools, &mut log)
}

/// Says what was reached, and when.
struct Log {
    begun: Instant,
}

impl Log {
    fn start() -> Self {
        Self { begun: Instant::now() }
    }

    fn says(&mut self, what: &str) {
        println!("   {:>4} s  {what}", self.begun.elapsed().as_secs());
    }
}
