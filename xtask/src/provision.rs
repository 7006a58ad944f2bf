//! What the chores need and a machine may lack. On Debian as root it is installed, and said so; what fits
//! into the project folder is fetched anywhere; the rest is named for a person to install.

mod python;
#[cfg(unix)]
mod quiet;
mod rust;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

pub(crate) use self::{
    python::{checkers, envoy, judges, readers},
    rust::{Runner, rust_components, test_runner},
};
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

/// What counts instructions.
const COUNTERS: &[Tool] = &[Tool { program: "valgrind", packages: &["valgrind"] }];

/// The programs that the lines of README and docs call, and the programs that give those lines a separate network.
const PAGES: &[Tool] = &[
    Tool { program: "curl", packages: &["curl"] },
    Tool { program: "oathtool", packages: &["oathtool"] },
    Tool { program: "ip", packages: &["iproute2"] },
    Tool { program: "mount", packages: &["mount"] },
    Tool { program: "unshare", packages: &["util-linux"] },
];

/// The names of Chromium, which `chromium.js` looks for too. The first is a package of Debian, and its smallest: 100 MB.
const CHROMIUMS: [&str; 4] =
    ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/// What compiling the C parts (`SQLite`, cryptography) takes.
pub(crate) fn build_tools() -> Result<()> {
    need(BUILD_TOOLS)
}

/// Installs servers that this process starts. Debian would also start them for the machine, so for this once it is told
/// not to, unless the machine has its own policy.
#[cfg(unix)]
pub(crate) fn servers(packages: &[&str]) -> Result<()> {
    let policy = Path::new("/usr/sbin/policy-rc.d");
    let _quiet = is_debian_as_root().then(|| quiet::NoServices::for_now(policy)).transpose()?;
    install(packages)
}

/// Installs what the lines of README and docs need; `oathtool` is a judge, too. On a system without separate networks,
/// the lines do without.
pub(crate) fn pages() -> Result<()> {
    if cfg!(target_os = "linux") { need(PAGES) } else { need(&PAGES[..2]) }
}

/// nginx, which pictures are measured beside. Without it they are not measured.
pub(crate) fn file_server() {
    if !shell::finds("nginx")
        && let Err(failure) = servers(&["nginx-light"])
    {
        println!("{failure:#}; going on without nginx");
    }
}

/// Programs that make load cheaply. Without them the bench makes it itself, and its table says so.
pub(crate) fn load_generators() {
    if let Err(failure) = need(LOAD_GENERATORS) {
        println!("{failure:#}; going on with the built-in load generator");
    }
}

/// Valgrind, without which there are no counts of instructions.
pub(crate) fn instruction_counter() -> Result<()> {
    need(COUNTERS)
}

/// The folder of the Node tests, whose packages hold buf too.
pub(crate) fn node_folder() -> PathBuf {
    workspace::root().join("integration-tests/web")
}

/// The folder of the clients that generators write, whose packages are the generators.
fn generators_folder() -> PathBuf {
    workspace::root().join("integration-tests/generated")
}

/// Where the packages of the Node tests put their programs.
pub(crate) fn node_programs() -> PathBuf {
    node_folder().join("node_modules/.bin")
}

/// Everything in the lock file of the Node tests; nothing to do when it is there already.
pub(crate) fn node_packages() -> Result<()> {
    packages_in(&node_folder())
}

/// The generators that are written for Node.
pub(crate) fn generators() -> Result<()> {
    packages_in(&generators_folder())
}

/// What uses the pages in a browser, and a Chromium for it: the one that `CHROMIUM` names, or one on the `PATH`.
pub(crate) fn browser() -> Result<()> {
    packages_in(&workspace::root().join("integration-tests/browser"))?;
    if env::var_os("CHROMIUM").is_some() || CHROMIUMS.iter().any(|name| shell::finds(name)) {
        return Ok(());
    }
    install(&CHROMIUMS[..1])
}

/// What runs Postman's collections, and makes them of an OpenAPI document.
pub(crate) fn postman() -> Result<()> {
    packages_in(&workspace::root().join("integration-tests/postman"))
}

fn packages_in(folder: &Path) -> Result<()> {
    let _turn = turn()?;
    let name = folder.strip_prefix(workspace::root()).unwrap_or(folder).display();
    let wanted = fs::read_to_string(folder.join("package-lock.json"))
        .with_context(|| format!("{name} has no package-lock.json"))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if !shell::finds("npm") {
        bail!("install Node 20.19 or later with npm, then run this again");
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder);
    shell::run_quietly(&mut npm)?;
    fs::write(stamp, wanted).context("could not write into node_modules")?;
    println!("   installed by npm into {name}: what its lock file says");
    Ok(())
}

/// What reads `docker-compose.yml`: the plugin of a container engine, or the program that needs none.
pub(crate) fn compose() -> Result<Command> {
    let mut plugin = Command::new("docker");
    plugin.arg("compose");
    if shell::run_quietly(Command::new("docker").args(["compose", "version"])).is_ok() {
        return Ok(plugin);
    }
    need(&[Tool { program: "docker-compose", packages: &["docker-compose"] }])?;
    Ok(Command::new("docker-compose"))
}

/// Waits until no other process, a test for example, installs into the project folder. The turn ends when this is
/// dropped.
fn turn() -> Result<fs::File> {
    const FAILED: &str = "could not write into target/";
    let target = Workspace::read()?.target;
    fs::create_dir_all(&target).context(FAILED)?;
    let turn = fs::File::create(target.join("installing.lock")).context(FAILED)?;
    turn.lock().context(FAILED)?;
    Ok(turn)
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

pub(crate) fn is_debian_as_root() -> bool {
    let is_root =
        || shell::run_quietly(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0");
    Path::new("/etc/debian_version").exists() && is_root()
}
