//! Root file systems in place of the images that registries hold, made from Debian's packages. They are kept in
//! `target/containers`; a run after the first finds them there.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use super::{
    Build,
    machine::{Machine, NEXT},
};
use crate::{provision, shell};

const ENTRYPOINT: &str = include_str!("../../containers/docker-entrypoint.sh");
const ACCOUNTS: &str = include_str!("../../containers/accounts.sh");
/// What distroless' `cc` holds.
const BASE: &[&str] = &[
    "base-files",
    "netbase",
    "tzdata",
    "libc6",
    "libssl3",
    "libgcc-s1",
    "gcc-12-base",
    "libgomp1",
    "libstdc++6",
];
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Leaves out the files that are never read in a container.
const LEAN: &[&str] = &[
    "--quiet",
    "--variant=minbase",
    "--aptopt=APT::Sandbox::User \"root\"",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
];

/// Makes the root file systems that are not there.
pub(super) fn make(machine: &Machine, build: Build) -> Result<()> {
    let envoy = provision::envoy()?;
    let key = format!("{ENTRYPOINT}{ACCOUNTS}{}", envoy.display());
    once(machine, "servers.tar", &key, |tar| servers(machine, &envoy, tar))?;
    once(machine, "base", &BASE.concat(), |folder| base(machine, folder))?;
    if build == Build::Full {
        let toolchain = shell::run_quietly(Command::new("rustc").args(["--print", "sysroot"]))?;
        once(machine, "rust.tar", &toolchain, |tar| rust(machine, toolchain.trim(), tar))?;
    }
    Ok(())
}

/// Does this work unless it was done before with the same key.
fn once(
    machine: &Machine,
    name: &str,
    key: &str,
    work: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let (made, stamp) = (machine.home.join(name), machine.home.join(format!("{name}.key")));
    if fs::read_to_string(&stamp).is_ok_and(|known| known == key) {
        return Ok(());
    }
    if made.is_dir() {
        fs::remove_dir_all(&made)?;
    }
    work(&made)?;
    fs::write(stamp, key)?;
    println!("   made in target/containers: {name}");
    Ok(())
}

/// PostgreSQL, Redis and Envoy, all in one.
fn servers(machine: &Machine, envoy: &Path, tar: &Path) -> Result<()> {
    let files = machine.home.join("files");
    fs::create_dir_all(&files)?;
    fs::write(files.join("docker-entrypoint.sh"), ENTRYPOINT)?;
    fs::write(files.join("accounts.sh"), ACCOUNTS)?;
    fs::copy(envoy, files.join("envoy"))?;
    let at = |name: &str| files.join(name).display().to_string();
    let programs = [at("docker-entrypoint.sh"), at("envoy")];
    shell::run_quietly(Command::new("chmod").arg("0755").args(&programs))?;
    let accounts = format!("--customize-hook=sh '{}' \"$1\"", at("accounts.sh"));
    let [entrypoint, envoy] = programs;
    let copied = format!("--customize-hook=copy-in '{entrypoint}' '{envoy}' /usr/local/bin");
    let mut make = Command::new("mmdebstrap");
    make.args(LEAN).args(["--include=postgresql-17,redis-server", &accounts, &copied, NEXT]);
    shell::run_quietly(make.arg(tar).arg(&machine.mirror))?;
    Ok(())
}

/// The libraries of the image that the program runs on, and no shell.
fn base(machine: &Machine, folder: &Path) -> Result<()> {
    for package in machine.downloads("bookworm", BASE)? {
        shell::run_quietly(Command::new("dpkg-deb").arg("-x").arg(package).arg(folder))?;
    }
    fs::create_dir_all(folder.join("etc/ssl/certs"))?;
    fs::copy(CERTIFICATES, folder.join(&CERTIFICATES[1..]))?;
    let user = "nonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n";
    fs::write(folder.join("etc/passwd"), user)?;
    Ok(())
}

/// This machine's toolchain, with what compiles C.
fn rust(machine: &Machine, toolchain: &str, tar: &Path) -> Result<()> {
    const AT: &str = "usr/local/rustup/toolchains/here";
    let script = machine.home.join("files/rust.sh");
    let lines = format!(
        "set -eu\n\
         mkdir -p \"$1/{AT}\" \"$1/usr/local/cargo/bin\"\n\
         cp -a '{toolchain}'/bin '{toolchain}'/lib '{toolchain}'/libexec \"$1/{AT}/\"\n\
         for each in cargo rustc rustdoc; do ln -s /{AT}/bin/$each \"$1/usr/local/cargo/bin/$each\"; done\n\
         cp {CERTIFICATES} \"$1{CERTIFICATES}\"\n"
    );
    fs::write(&script, lines)?;
    let hook = format!("--customize-hook=sh '{}' \"$1\"", script.display());
    let mut make = Command::new("mmdebstrap");
    make.args(LEAN).args(["--include=ca-certificates,gcc,libc6-dev", &hook, "bookworm"]);
    shell::run_quietly(make.arg(tar).arg(&machine.mirror))?;
    Ok(())
}
