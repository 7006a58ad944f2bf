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

/// The programs that the lines of README and docs call, and the programs that give those lines a separate network.
const PAGES: &[Tool] = &[
    Tool { program: "curl", packages: &["curl"] },
    Tool { program: "ip", packages: &["iproute2"] },
    Tool { program: "mount", packages: &["mount"] },
    Tool { program: "unshare", packages: &["util-linux"] },
];

const REQUIREMENTS: &str = include_str!("../judges/requirements.txt");
const CONSTRAINTS: &str = include_str!("../judges/constraints.txt");
const READERS: &str = include_str!("../deploy/requirements.txt");
const READERS_CONSTRAINTS: &str = include_str!("../deploy/constraints.txt");
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

/// Installs servers that this process starts. Debian would also start them for the machine, so for this once it is told
/// not to, unless the machine has its own policy.
#[cfg(unix)]
pub(crate) fn servers(packages: &[&str]) -> Result<()> {
    let policy = Path::new("/usr/sbin/policy-rc.d");
    let _quiet = is_debian_as_root().then(|| NoServices::for_now(policy)).transpose()?;
    install(packages)
}

/// Installs what the lines of README and docs need. On a system without separate networks, the lines do without.
pub(crate) fn pages() -> Result<()> {
    if cfg!(target_os = "linux") { need(PAGES) } else { need(&PAGES[..1]) }
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
    let programs = python_programs("judges", "grpcurl", &format!("{REQUIREMENTS}{CONSTRAINTS}"))?;
    link_buf(&programs)?;
    Ok(programs)
}

/// The folder with a Python that can ask Kubernetes' schemas, made when it is not there or holds other versions.
pub(crate) fn readers() -> Result<PathBuf> {
    let wanted = format!("{READERS}{READERS_CONSTRAINTS}");
    python_programs("deploy", "kubernetes-validate", &wanted)
}

/// Envoy in the version that the containers run.
pub(crate) fn envoy() -> Result<PathBuf> {
    let where_is = "import envoy, pathlib; \
        print(pathlib.Path(envoy.__file__).with_name('_bin') / 'envoy', end='')";
    let path = shell::run_quietly(Command::new(readers()?.join("python")).args(["-c", where_is]))?;
    Ok(path.into())
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

/// Makes a separate Python in `target/NAME` with what `xtask/NAME` asks for. Answers with the folder of its programs.
/// The program `proof` has to start.
fn python_programs(name: &str, proof: &str, wanted: &str) -> Result<PathBuf> {
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
    let python = python.context("install Python 3.10 or later, then run this again")?;
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

/// The program that Debian asks whether a service may be started. It is removed again if it is ours.
#[cfg(unix)]
struct NoServices {
    ours: Option<PathBuf>,
}

#[cfg(unix)]
impl NoServices {
    fn for_now(policy: &Path) -> Result<Self> {
        use std::{
            io::{ErrorKind, Write},
            os::unix::fs::OpenOptionsExt,
        };

        let made = fs::File::options().write(true).create_new(true).mode(0o755).open(policy);
        let mut made = match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Ok(Self { ours: None });
            }
            made => made.with_context(|| format!("could not make {}", policy.display()))?,
        };
        let this = Self { ours: Some(policy.to_owned()) };
        // 101 is "not allowed".
        made.write_all(b"#!/bin/sh\nexit 101\n")
            .with_context(|| format!("could not write {}", policy.display()))?;
        Ok(this)
    }
}

#[cfg(unix)]
impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(policy) = &self.ours
            && let Err(error) = fs::remove_file(policy)
        {
            println!("   remove {}, it keeps services from starting: {error}", policy.display());
        }
    }
}

pub(crate) fn is_debian_as_root() -> bool {
    let is_root =
        || shell::run_quietly(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0");
    Path::new("/etc/debian_version").exists() && is_root()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn services_may_not_start_while_servers_are_installed_and_may_afterwards() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let policy = folder.path().join("policy-rc.d");

        let quiet = NoServices::for_now(&policy).expect("nothing is there");
        let answer = Command::new(&policy).args(["redis-server", "start"]).status();
        drop(quiet);

        assert_eq!(answer.expect("it can be run").code(), Some(101));
        assert!(!policy.exists());
    }

    #[test]
    fn a_policy_of_the_machine_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let policy = folder.path().join("policy-rc.d");
        fs::write(&policy, "its own").expect("an empty folder");

        drop(NoServices::for_now(&policy).expect("it is respected"));

        assert_eq!(fs::read_to_string(policy).expect("it is still there"), "its own");
    }
}
