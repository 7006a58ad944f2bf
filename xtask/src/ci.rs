//! What must hold before a change is merged, cheapest first. Warnings are errors.

use anyhow::Result;

#[cfg(target_os = "linux")]
use crate::containers;
use crate::{
    arrows, dependencies, deploy, drill, proto, provision, run::Run, shell, test, toolchain, typos,
};

/// Every check, then every test, then the short drills, then the containers.
pub(crate) fn command() -> Result<()> {
    let mut run = Run::start();
    run.step("tools", || {
        provision::build_tools()?;
        provision::rust_components()
    });
    run.step("rust", toolchain::check);
    run.step("format", || shell::run(&mut shell::cargo(["fmt", "--all", "--check"])));
    run.step("arrows", arrows::check);
    run.step("proto", proto::check);
    run.step("typos", typos::check);
    run.step("dependencies", dependencies::check);
    run.step("clippy", || {
        shell::run(&mut shell::cargo([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    });
    run.step("docs", || {
        let mut doc = shell::cargo(["doc", "--quiet", "--workspace", "--no-deps"]);
        shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
    deploy::steps(&mut run);
    test::steps(&mut run);
    run.step("drills", drill::short);
    #[cfg(target_os = "linux")]
    run.step("containers", containers::step);
    run.finish()
}
