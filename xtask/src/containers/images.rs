//! The images that the project's files name, in an engine that reaches no registry.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{Build, checkout::BUILT_HERE, engine::Engine, machine::Machine};
use crate::{shell, workspace};

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const STAND_IN: &str = "stand-in";
/// What the official image of PostgreSQL says of itself.
const POSTGRES: &str = "\
FROM stand-in
ENV PGDATA=/var/lib/postgresql/data PATH=/usr/local/bin:/usr/lib/postgresql/17/bin:/usr/sbin:/usr/bin:/sbin:/bin
VOLUME /var/lib/postgresql/data
ENTRYPOINT [\"docker-entrypoint.sh\"]
STOPSIGNAL SIGINT
CMD [\"postgres\"]
";

/// Puts our own root file systems where registries would have theirs, under the names that the files use.
pub(super) fn registries(engine: &Engine, machine: &Machine, build: Build) -> Result<()> {
    let root = workspace::root();
    let dockerfile = fs::read_to_string(root.join("Dockerfile"))?;
    let compose = fs::read_to_string(root.join("docker-compose.yml"))?;
    let distroless = named(&dockerfile, "FROM ", "distroless")?;
    let as_it_is = ["USER 65532", "WORKDIR /home/nonroot", &format!("ENV {PATH}")];
    import(engine, &machine.home.join("base"), distroless, &as_it_is)?;
    import(engine, &machine.home.join("servers.tar"), STAND_IN, &[])?;
    from(engine, POSTGRES, named(&compose, "image: ", "postgres:")?)?;
    for name in ["redis:", "envoyproxy/envoy:"] {
        engine.docker(["tag", STAND_IN, named(&compose, "image: ", name)?])?;
    }
    if build == Build::Full {
        let cargo = "ENV PATH=/usr/local/cargo/bin:/usr/sbin:/usr/bin:/sbin:/bin CARGO_HOME=/usr/local/cargo";
        let rust = named(&dockerfile, "FROM ", "rust:")?;
        import(engine, &machine.home.join("rust.tar"), rust, &[cargo])?;
    }
    Ok(())
}

/// Makes what the stages before the last one leave, from a program that is built already.
pub(super) fn staged(engine: &Engine, machine: &Machine, program: &Path) -> Result<()> {
    let stage = machine.home.join("stage");
    let built = stage.join("build/target/dist/sir0");
    fs::create_dir_all(stage.join("empty"))?;
    fs::create_dir_all(stage.join("build/target/dist"))?;
    fs::copy(program, &built).with_context(|| format!("{} is missing", program.display()))?;
    shell::run_quietly(Command::new("strip").arg(&built))?;
    fs::copy(workspace::root().join("LICENSE"), stage.join("build/LICENSE"))?;
    import(engine, &stage, BUILT_HERE, &[])
}

/// Builds the stages before the last one, as they stand.
pub(super) fn full(engine: &Engine) -> Result<()> {
    let mut build = engine.command("docker");
    build.args(["build", "--network=host", "--quiet", "--target=build", "--tag", BUILT_HERE, "."]);
    shell::run_quietly(build.current_dir(workspace::root()))?;
    Ok(())
}

/// The image of this start that a file names.
fn named<'t>(text: &'t str, before: &str, start: &str) -> Result<&'t str> {
    let words = text.lines().filter_map(|line| line.trim().strip_prefix(before));
    let mut names = words.filter_map(|line| line.split_whitespace().next());
    names
        .find(|name| name.contains(start))
        .with_context(|| format!("no file names an image `{start}…`"))
}

/// Makes an image from a folder or an archive.
fn import(engine: &Engine, files: &Path, name: &str, changes: &[&str]) -> Result<()> {
    let mut import = engine.command("docker");
    import.arg("import");
    import.args(changes.iter().flat_map(|change| ["--change", change]));
    if files.is_file() {
        shell::run_quietly(import.arg(files).arg(name))?;
        return Ok(());
    }
    let mut tar = Command::new("tar")
        .args(["--owner=0", "--group=0", "-C"])
        .arg(files)
        .args(["-c", "."])
        .stdout(Stdio::piped())
        .spawn()
        .context("there is no tar")?;
    let archive = tar.stdout.take().context("a piped stream is there once")?;
    shell::run_quietly(import.args(["-", name]).stdin(archive))?;
    if !tar.wait()?.success() {
        bail!("{} cannot be archived", files.display());
    }
    Ok(())
}

/// Builds an image from this text alone.
fn from(engine: &Engine, dockerfile: &str, name: &str) -> Result<()> {
    let folder = engine.folder().join("text");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("Dockerfile"), dockerfile)?;
    let mut build = engine.command("docker");
    shell::run_quietly(build.args(["build", "--quiet", "--tag", name]).arg(folder))?;
    Ok(())
}
