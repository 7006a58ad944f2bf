//! The workspace as cargo sees it: its packages, and which of them lean on which.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// The profile of programs that are deployed and measured, and the folder below `target` that they are in.
pub(crate) const DIST: &str = "dist";

/// What cargo knows of the workspace.
pub(crate) struct Workspace {
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One package of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Every package it names in its `Cargo.toml`, for building and testing too.
    pub(crate) uses: Vec<String>,
    /// Those of them that are not only for its tests.
    pub(crate) builds_with: Vec<String>,
    /// Whether it has a room `host`, by which a program runs it: it is a service.
    pub(crate) has_host: bool,
}

/// The folder everything else is in.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the workspace")
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn read() -> Result<Self> {
        let asked = ["metadata", "--format-version", "1", "--no-deps"];
        let answer = shell::run_quietly(&mut shell::cargo(asked))?;
        let answer: Value = serde_json::from_str(&answer).context("cargo's answer is not JSON")?;
        let target = text(&answer, "target_directory")?.into();
        let packages =
            list(&answer, "packages")?.iter().map(Package::read).collect::<Result<_>>()?;
        Ok(Self { target, packages })
    }
}

impl Package {
    fn read(value: &Value) -> Result<Self> {
        let manifest = PathBuf::from(text(value, "manifest_path")?);
        let folder = manifest.parent().context("a manifest lies in a folder")?.to_owned();
        let (mut uses, mut builds_with) = (Vec::new(), Vec::new());
        for dependency in list(value, "dependencies")? {
            let name = text(dependency, "name")?;
            if dependency["kind"] != "dev" {
                builds_with.push(name.clone());
            }
            uses.push(name);
        }
        let has_host = folder.join("src/host.rs").exists();
        Ok(Self { name: text(value, "name")?, folder, uses, builds_with, has_host })
    }
}

fn text(value: &Value, key: &str) -> Result<String> {
    value[key].as_str().map(str::to_owned).with_context(|| format!("cargo says no `{key}`"))
}

fn list<'v>(value: &'v Value, key: &str) -> Result<&'v [Value]> {
    value[key].as_array().map(Vec::as_slice).with_context(|| format!("cargo says no `{key}`"))
}
