//! What the chores need and a machine may lack. On Debian as root it is installed, and said so; what fits
//! into the project folder is fetched anywhere; the rest is named for a person to install.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    shell,
    workspace::{self, Workspace},
};

/// A program, and the Debian packages that bring it.
struct Tool {
    program: &'static str,
    packages: &'static [&'static str],
}

const BUILD_TOOLS: &[Tool] = &[
    Tool { program: "cc", packages: &["gcc", "libc6-dev"] },
    Tool { program: "make", packages: &["make"] },
    Tool { program: "pkg-config", packages: &["pkg-config"] },
];

const LOAD_GENERATORS: &[Tool] = &[
    Tool { program: "wrk", packages: &["wrk"] },
    Tool { program: "h2load", packages: &["nghttp2-client"] },
];

const REQUIREMENTS: &str = include_str!("../judges/requirements.txt");
const CONSTRAINTS: &str = include_str!("../judges/constraints.txt");
const NEXTEST: &str = "0.9.143";

/// What runs the Rust tests.
pub(crate) enum Runner {
    /// cargo-nextest, found with this `PATH`.
    Nextest {
        /// Where programs are looked for.
        path: OsString,
    },
    /// `cargo test`, which every Rust has.
    Cargo,
}

/// What compiling the C parts (`SQLite`, cryptography) takes.
pub(crate) fn build_tools() -> Result<()> {
    need(BUILD_TOOLS)
}

/// Programs that make load cheaply. Without them the bench makes it itself, and its table says so.
pub(crate) fn load_generators() {
    if let Err(failure) = need(LOAD_GENERATORS) {
        println!("{failure:#}; going on with the built-in load generator");
    }
}

/// `rustfmt` and `clippy`, which a minimal Rust lacks.
pub(crate) fn rust_components() -> Result<()> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if shell::run_quietly(&mut shell::cargo([subcommand, "--version"])).is_err() {
            shell::run_quietly(Command::new("rustup").args(["component", "add", component]))
                .with_context(|| format!("install the Rust component {component}"))?;
            println!("   installed by rustup: {component}");
        }
    }
    Ok(())
}

/// The folder of the Node tests, whose packages hold buf too.
pub(crate) fn node_folder() -> PathBuf {
    workspace::root().join("integration-tests/web")
}

/// Where its packages put their programs.
pub(crate) fn node_programs() -> PathBuf {
    node_folder().join("node_modules/.bin")
}

/// Everything in the lock file of the Node tests; nothing to do when it is there already.
pub(crate) fn node_packages() -> Result<()> {
    let folder = node_folder();
    let wanted = fs::read_to_string(folder.join("package-lock.json"))
        .context("integration-tests/web has no package-lock.json")?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if !shell::finds("npm") {
        bail!("install Node 20 or later with npm, then run this again");
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
    shell::run_quietly(&mut npm)?;
    fs::write(stamp, wanted).context("could not write into node_modules")?;
    println!("   installed by npm into integration-tests/web: what its lock file says");
    Ok(())
}

/// The folder with grpcurl, schemathesis and buf, made when it is not there or holds other versions.
pub(crate) fn judges() -> Result<PathBuf> {
    let home = Workspace::read()?.target.join("judges");
    let programs = home.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let stamp = home.join("installed.txt");
    let wanted = format!("{REQUIREMENTS}{CONSTRAINTS}");
    let is_there = fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted)
        && shell::run_quietly(Command::new(programs.join("grpcurl")).arg("--version")).is_ok();
    if !is_there {
        make_judges(&home, &programs)?;
        fs::write(&stamp, wanted).context("could not write into target/judges")?;
    }
    link_buf(&programs)?;
    Ok(programs)
}

fn make_judges(home: &Path, programs: &Path) -> Result<()> {
    let python = ["python3", "python"].into_iter().find(|python| shell::finds(python));
    let python = python.context("install Python 3.10 or later, then run this again")?;
    // Debian splits venv's better half off.
    if shell::run_quietly(Command::new(python).args(["-c", "import ensurepip, venv"])).is_err() {
        install(&["python3-venv"])?;
    }
    let mut venv = Command::new(python);
    shell::run_quietly(venv.args(["-m", "venv", "--clear"]).arg(home))?;
    let own = workspace::root().join("xtask/judges");
    let mut pip = Command::new(programs.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
        .arg(own.join("requirements.txt"))
        .arg("--constraint")
        .arg(own.join("constraints.txt"));
    shell::run_quietly(&mut pip)?;
    println!("   installed by pip into target/judges: grpcurl, schemathesis");
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

/// cargo-nextest if it is there or can be had, else `cargo test`.
pub(crate) fn test_runner() -> Result<Runner> {
    let home = Workspace::read()?.target.join("judges-rust");
    let path = shell::path_with(home.join("bin"))?;
    let is_there = || {
        let mut nextest = shell::cargo(["nextest", "--version"]);
        shell::run_quietly(nextest.env("PATH", &path)).is_ok()
    };
    if !is_there() {
        println!("   building cargo-nextest {NEXTEST} into target/, this takes some minutes");
        // Unoptimised: it is built once and waits for tests, and the optimiser would take longer than it saves.
        let mut install = shell::cargo([
            "install",
            "cargo-nextest",
            "--locked",
            "--debug",
            "--quiet",
            "--version",
            NEXTEST,
            "--root",
        ]);
        if let Err(failure) = shell::run_quietly(install.arg(home)) {
            println!("   {failure:#}\n   cargo-nextest cannot be had; going on with `cargo test`");
            return Ok(Runner::Cargo);
        }
    }
    Ok(Runner::Nextest { path })
}

fn need(tools: &[Tool]) -> Result<()> {
    let packages: Vec<&str> = tools
        .iter()
        .filter(|tool| !shell::finds(tool.program))
        .flat_map(|tool| tool.packages)
        .copied()
        .collect();
    if packages.is_empty() { Ok(()) } else { install(&packages) }
}

fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !is_debian_as_root() {
        bail!("install {names}: on Debian, `sudo apt-get install {names}`");
    }
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        shell::run_quietly(&mut apt)
    };
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-qq", "--yes", "--no-install-recommends"], packages].concat())?;
    println!("   installed by apt: {names}");
    Ok(())
}

fn is_debian_as_root() -> bool {
    let is_root =
        || shell::run_quietly(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0");
    Path::new("/etc/debian_version").exists() && is_root()
}
