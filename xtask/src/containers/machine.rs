//! What a run takes from Debian: the engine, and Compose and Buildx, which the next Debian has.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{provision, shell, workspace::Workspace};

/// The Debian whose engine runs, and the one after it, which has newer packages.
const DEBIAN: &str = "bookworm";
pub(super) const NEXT: &str = "trixie";

/// A program, and the package that brings it.
const NEEDED: &[(&str, &str)] = &[
    ("dockerd", "docker.io"),
    ("docker", "docker.io"),
    ("iptables", "iptables"),
    ("mmdebstrap", "mmdebstrap"),
    ("ip", "iproute2"),
    ("curl", "curl"),
    ("git", "git"),
];
const PLUGINS: &[&str] = &["docker-compose", "docker-buildx"];

/// A machine that has everything.
pub(super) struct Machine {
    /// What is kept from run to run: `target/containers`.
    pub(super) home: PathBuf,
    /// Where this machine has its packages from.
    pub(super) mirror: String,
}

impl Machine {
    /// Where `docker` looks for its plugins.
    pub(super) fn docker_config(&self) -> PathBuf {
        self.home.join("config")
    }

    /// The folder of images, containers and volumes, for as long as a run takes.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// Downloads packages of a Debian, and answers with the files. Nothing is unpacked.
    pub(super) fn downloads(&self, suite: &str, packages: &[&str]) -> Result<Vec<PathBuf>> {
        let folder = self.home.join("apt").join(suite);
        if folder.is_dir() {
            // An older version of a package would be unpacked as well.
            fs::remove_dir_all(&folder)?;
        }
        for each in ["lists/partial", "archives/partial", "packages"] {
            fs::create_dir_all(folder.join(each))?;
        }
        let configuration = self.apt_of_its_own(suite, &folder)?;
        let apt = |arguments: &[&str]| {
            let mut apt = Command::new("apt-get");
            apt.args(arguments).env("APT_CONFIG", &configuration);
            shell::run_quietly(apt.current_dir(folder.join("packages")))
        };
        apt(&["update", "-qq"])?;
        apt(&[&["download", "-qq"], packages].concat())?;
        files_in(&folder.join("packages"))
    }

    /// Sets up apt for another Debian than the machine's, and changes nothing in the machine's own lists.
    fn apt_of_its_own(&self, suite: &str, folder: &Path) -> Result<PathBuf> {
        let at = |name: &str| folder.join(name).display().to_string();
        fs::write(folder.join("status"), "")?;
        let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
        let source = format!("deb [signed-by={keys}] {} {suite} main\n", self.mirror);
        fs::write(folder.join("sources.list"), source)?;
        let settings = [
            ("Dir::State", folder.display().to_string()),
            ("Dir::State::status", at("status")),
            ("Dir::Cache", folder.display().to_string()),
            ("Dir::Etc::sourcelist", at("sources.list")),
            ("Dir::Etc::sourceparts", "-".to_owned()),
            ("APT::Sandbox::User", "root".to_owned()),
        ];
        let lines = settings.map(|(name, value)| format!("{name} \"{value}\";\n"));
        let configuration = folder.join("apt.conf");
        fs::write(&configuration, lines.concat())?;
        Ok(configuration)
    }
}

/// Installs what is missing. A failure says why no engine can be had.
pub(super) fn prepare() -> Result<Machine> {
    if !provision::is_debian_as_root() || codename()? != DEBIAN {
        bail!("only Debian 12 is known to bring one, and only to root");
    }
    let mut missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(program, _)| !shell::finds(program))
        .map(|(_, package)| *package)
        .collect();
    missing.dedup();
    if !missing.is_empty() {
        provision::servers(&missing)?;
    }
    let machine = Machine { home: Workspace::read()?.target.join("containers"), mirror: mirror()? };
    plugins(&machine)?;
    Ok(machine)
}

fn codename() -> Result<String> {
    let text = fs::read_to_string("/etc/os-release").context("which Debian this is, is unknown")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    Ok(line.unwrap_or_default().to_owned())
}

/// The mirror that the machine has Debian from, as apt knows it.
fn mirror() -> Result<String> {
    let codename = format!("Codename: {DEBIAN}");
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", "$(REPO_URI)", &codename, "Created-By: Packages"]);
    let said = shell::run_quietly(&mut apt)?;
    said.lines().next().map(str::to_owned).context("apt knows no source of Debian")
}

/// Compose 2 and Buildx. They ask for no newer C library than this Debian has.
fn plugins(machine: &Machine) -> Result<()> {
    let into = machine.docker_config().join("cli-plugins");
    if PLUGINS.iter().all(|plugin| into.join(plugin).is_file()) {
        return Ok(());
    }
    fs::create_dir_all(&into)?;
    let unpacked = machine.home.join("plugins");
    for package in machine.downloads(NEXT, PLUGINS)? {
        shell::run_quietly(Command::new("dpkg-deb").arg("-x").arg(package).arg(&unpacked))?;
    }
    for file in files_in(&unpacked.join("usr/libexec/docker/cli-plugins"))? {
        fs::copy(&file, into.join(file.file_name().context("a file has a name")?))?;
    }
    println!("   downloaded into target/containers: {}", PLUGINS.join(" "));
    Ok(())
}

fn files_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder);
    let entries = entries.with_context(|| format!("could not look into {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}
