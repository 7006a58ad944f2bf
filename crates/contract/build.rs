//! Turns `proto/` into Rust and OpenAPI.

use std::{env, error::Error, fs, path::PathBuf};

use sir0_contract_build::{Contract, Info};

const PROTO: &str = "../../proto";
const FILES: &[&str] = &[
    "sir0/accounts/v1/accounts_service.proto",
    "sir0/accounts/internal/v1/trust_service.proto",
    "sir0/storefront/v1/games_service.proto",
    "sir0/status/v1/status_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed={PROTO}");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?);
    let contract = Contract::read(&[PROTO], FILES)?;
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
