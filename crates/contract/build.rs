//! Turns `proto/` into Rust and OpenAPI.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use sir0_contract_build::{Contract, Info};

/// The folder of the packages is in it.
const PROTO: &str = "../../proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    let contract = Contract::read_below(Path::new(PROTO), "sir0")?;
    contract.write_rust(&out)?;
    let info = Info {
        title: "SIR0",
        version: env!("CARGO_PKG_VERSION"),
        summary: "A games distribution platform anyone can run.",
        description: "The same calls are served over gRPC, gRPC-Web and REST on this port.",
        license: env!("CARGO_PKG_LICENSE"),
    };
    fs::write(out.join("openapi.json"), contract.openapi(&info))?;
    Ok(())
}
